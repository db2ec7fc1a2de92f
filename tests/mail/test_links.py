"""Addresses: read once, classified, followed, labelled."""

import pytest

from app.mail.links import classify, destination, is_web, unescape_attribute, urls_for, with_utm

UTM = "utm_source=trellis&utm_medium=email&utm_campaign=guide&utm_content=hello"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a?x=1&amp;y=2", "a?x=1&y=2"),
        ("a?x=1&y=2", "a?x=1&y=2"),
        ("a?x=1&copy=2", "a?x=1&copy=2"),
        ("a?x=1&copy2", "a?x=1&copy2"),
        ("a?x=1&amp;copy=2", "a?x=1&copy=2"),
        ("a&amp;amp;b", "a&amp;b"),
        ("a&copy;", "a©"),
        ("a&#38;b&#x26;c", "a&b&c"),
        ("a&unknown;b", "a&unknown;b"),
        ("a&lt", "a<"),
        ("100%25", "100%25"),
    ],
)
def test_entities_are_resolved_exactly_once_as_html_reads_them(written: str, read: str) -> None:
    assert unescape_attribute(written) == read


@pytest.mark.parametrize(
    ("url", "roots", "kind"),
    [
        ("https://example.com/", set(), "tracked"),
        ("HTTP://example.com", set(), "tracked"),
        ("{{ brand.home }}/x", {"brand"}, "tracked"),
        ("https://x.example/{{ brand.name }}", {"brand"}, "tracked"),
        ("{{ links.unsubscribe }}", {"links"}, "special"),
        ("{{ links.secret }}", {"links"}, "bad"),
        ("#top", set(), "fixed"),
        ("mailto:a@b.example", set(), "fixed"),
        ("tel:+39 06 123", set(), "fixed"),
        ("answer:yes", set(), "answer"),
        ("answer:", set(), "bad"),
        ("{{ contact.site }}", {"contact"}, "checked"),
        ("mailto:{{ sender.email }}", {"sender"}, "checked"),
        ("https://x.example/?c={{ contact.code }}", {"contact"}, "checked"),
        ("javascript:{{ contact.x }}", {"contact"}, "bad"),
        ("javascript:{{ brand.home }}", {"brand"}, "bad"),
        ("ftp://example.com", set(), "bad"),
        ("https://", set(), "bad"),
        ("https://a\\b.example/", set(), "bad"),
    ],
)
def test_each_kind_of_address(url: str, roots: set[str], kind: str) -> None:
    assert classify(url, frozenset(roots)) == kind


@pytest.mark.parametrize(
    "url", ["https://example.com/a?b=c#d", "http://1.2.3.4:8080/", "https://münchen.example/ü"]
)
def test_web_addresses_are_followed(url: str) -> None:
    assert is_web(url)
    assert destination(url, {}) == url


@pytest.mark.parametrize(
    "url", ["javascript:x", "data:x", "//x", "https:x", "https://u:p@x.example/", "https://x.example/\r\nX: y", "", "file:///x"]
)  # fmt: skip
def test_nothing_else_is_followed(url: str) -> None:
    assert not is_web(url)
    with pytest.raises(ValueError, match="web address"):
        destination(url, {})


def test_the_settings_cannot_turn_a_link_into_something_else() -> None:
    assert destination("{{ brand.home }}/a", {"home": "https://x.example"}) == "https://x.example/a"
    for home in ("", "javascript:alert(1)//", "https://"):
        with pytest.raises(ValueError, match="web address"):
            destination("{{ brand.home }}/a", {"home": home})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.example", f"https://x.example?{UTM}"),
        ("https://x.example/a?b=c", f"https://x.example/a?b=c&{UTM}"),
        ("https://x.example/a?", f"https://x.example/a?{UTM}"),
        ("https://x.example/a?b&", f"https://x.example/a?b&{UTM}"),
        ("https://x.example/a#part", f"https://x.example/a?{UTM}#part"),
        ("https://x.example/a?b=%20+#/route?c=d", f"https://x.example/a?b=%20+&{UTM}#/route?c=d"),
        ("https://x.example/?utm_source=own", "https://x.example/?utm_source=own&utm_medium=email&utm_campaign=guide&utm_content=hello"),
        (f"https://x.example/?{UTM}", f"https://x.example/?{UTM}"),
        ("https://x.example/?UTM_Campaign=", "https://x.example/?UTM_Campaign=&utm_source=trellis&utm_medium=email&utm_content=hello"),
        ("https://x.example/?next=https://y.example/?a=1&amp;b", f"https://x.example/?next=https://y.example/?a=1&amp;b&{UTM}"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)  # fmt: skip
def test_labels_are_added_and_nothing_is_changed(url: str, expected: str) -> None:
    assert with_utm(url, "guide", "hello") == expected


def test_labels_are_escaped_and_left_out_when_there_is_no_campaign() -> None:
    assert with_utm("https://x.example/", "a&b=c", "d e").endswith("utm_campaign=a%26b%3Dc&utm_content=d%20e")
    assert with_utm("https://x.example/", "", "step") == "https://x.example/"


def test_the_addresses_of_a_mail() -> None:
    urls = urls_for("https://t.example.com", "TRACK", "MANAGE")
    assert urls.hit == "https://t.example.com/c/TRACK"
    assert urls.web_view == "https://t.example.com/v/TRACK", "people pass it on"
    assert {
        url.rpartition("/")[2] for url in (urls.unsubscribe, urls.preferences, urls.why, urls.answer)
    } == {"MANAGE"}
