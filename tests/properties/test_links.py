"""Links as properties: whatever address is written is the one that is followed, tracked or not."""

import html
import string
from functools import cache
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.compile import compile_template
from app.mail.links import destination, is_web, unescape_attribute, with_utm
from app.mail.program import Program
from app.mail.source import parse_source
from tests.mail.support import BRAND, FRONT, URLS, built, context, part, section, template

UGLY = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "-._~:/?#[]@!$&'()*+,;=%\"<>|^`{} é日ü").filter(
        lambda char: char != " "
    ),
    max_size=40,
).filter(lambda text: not any(mark in text for mark in ("{{", "{%", "{#")))
URL = st.builds(
    lambda scheme, host, tail: f"{scheme}://{host}{tail}",
    st.sampled_from(["https", "http", "HTTPS"]),
    st.sampled_from(["example.com", "sub.example.com:8443", "münchen.example", "1.2.3.4"]),
    st.one_of(st.just(""), UGLY.map(lambda tail: "/" + tail), UGLY.map(lambda tail: "/?a=1&copy=2&" + tail)),
)
BARE = "<mjml><mj-body><trellis-content /></mj-body></mjml>"


class Hrefs(HTMLParser):
    """Collects the addresses of an HTML text as written."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            raw = (self.get_starttag_text() or "").split('href="')[1].split('"')[0]
            self.found.append(unescape_attribute(raw))


@cache
def numbered() -> Program:
    return Program.load(_compiled("https://example.com"))


def _compiled(url: str):  # type: ignore[no-untyped-def]
    body = section(
        f'<mj-text><a href="{html.escape(url)}">a</a></mj-text><mj-button href="{html.escape(url)}">b</mj-button>'
    )
    source = parse_source("discovery/hello", "", template(body, FRONT))
    return compile_template(source, layout=BARE, partials={}, brand_sample=BRAND)


@settings(max_examples=60, deadline=None)
@given(URL)
def test_following_a_tracked_link_leads_where_it_was_written_to(url: str) -> None:
    template_of_url = _compiled(url)
    assert [destination(link.url_template, BRAND) for link in template_of_url.links] == [url, url]
    program = Program.load(template_of_url)
    tracked = Hrefs()
    tracked.feed(part(built(program), "html"))
    assert tracked.found == [f"{URLS.hit}/1", f"{URLS.hit}/2"]
    direct = Hrefs()
    direct.feed(program.render_preview(context()).html)
    assert direct.found == [url, url]
    assert program.render_preview(context()).text.count(url) >= 2


@settings(max_examples=300, deadline=None)
@given(URL, st.text(min_size=1, max_size=12), st.text(max_size=12))
def test_labels_change_nothing_that_was_there(url: str, campaign: str, content: str) -> None:
    labelled = with_utm(url, campaign, content)
    assert is_web(labelled)
    assert with_utm(labelled, campaign, content) == labelled
    before, _, fragment = url.partition("#")
    start, _, end = labelled.partition("#")
    assert start.startswith(before)
    assert end == fragment


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_nothing_but_a_web_address_is_ever_followed(text: str) -> None:
    if is_web(text):
        assert text.lower().startswith(("http://", "https://"))
        assert not any(char.isspace() or ord(char) < 32 or char == "\\" for char in text)


@settings(max_examples=200, deadline=None)
@given(UGLY)
def test_escaping_and_reading_an_attribute_are_inverse(text: str) -> None:
    assert unescape_attribute(html.escape(text)) == text
