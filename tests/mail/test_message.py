"""The bytes that leave, line by line of the mail contract."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest

from app.mail.headers import HeaderError, Mailbox, check_headers
from app.mail.message import Listing, build_message, expected_fields
from app.mail.program import Program
from app.mail.sandbox import RenderError
from tests.mail.support import (
    FRONT,
    URLS,
    built,
    compiled,
    context,
    envelope,
    hello,
    part,
    read,
    section,
    template,
)

ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version")


def head(raw: bytes) -> str:
    return raw.partition(b"\r\n\r\n")[0].decode()


def line(raw: bytes, name: str) -> str:
    return re.sub(r"\r\n ", " ", head(raw)).split(f"{name}: ")[1].split("\r\n")[0]


def service(front: str = "kind: discovery\nclass: service\nsubject: S\n") -> Program:
    return Program.load(compiled(template(section("<mj-text>Hello</mj-text>"), front)))


def test_line_1_only_crlf_and_short_lines() -> None:
    raw = built(data=context(first_name="Á" * 400, city="word " * 300))
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", raw) is None
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert body.isascii()


def test_line_1_the_six_fields_stand_exactly_once() -> None:
    names = [match.lower() for match in re.findall(r"(?m)^([A-Za-z-]+):", head(built()))]
    assert [names.count(name.lower()) for name in ONCE] == [1] * 6
    assert len(names) == len(set(names))


def test_line_2_text_comes_first_and_both_are_utf8() -> None:
    parts = list(read(built()).iter_parts())
    assert [p.get_content_type() for p in parts] == ["text/plain", "text/html"]
    assert {p.get_content_charset() for p in parts} == {"utf-8"}


def test_line_2_the_text_part_is_readable_and_has_the_same_links() -> None:
    raw = built(data=context(city="Rome"))
    text, html = part(raw, "plain"), part(raw, "html")
    assert "Good morning Ada," in text
    assert "Analytical Engines in Rome: read" in text
    assert f"Read the guide: {URLS.hit}/2\n" in text
    assert URLS.unsubscribe in text
    assert "Halden Metering ApS, Vesterbrogade 12, 1620 København" in text
    assert set(re.findall(r"https://t\.example\.com[^\s\"<>]+", html)) - {f"{URLS.hit}/0"} == set(
        re.findall(r"https://t\.example\.com[^\s\"<>]+", text)
    )
    for left in ("{{", "{%", "None", "undefined", "<p>", "&amp;"):
        assert left not in text


def test_line_2_a_condition_that_fails_leaves_no_hole() -> None:
    text = part(built(), "plain")
    assert "\n\n\n" not in text
    assert "What it costs" not in text
    assert "What it costs" in part(built(data=context(persona="finance", lines=["a"])), "plain")


def test_line_3_the_message_id_is_the_one_given_and_attempts_are_equal() -> None:
    assert line(built(), "Message-ID") == "<abc234@halden.example.com>"
    assert built() == built()


@pytest.mark.parametrize("bad", ["abc@x", "<a b@x>", "<a@x>\r\nBcc: x@y.z", "<>"])
def test_line_3_a_broken_message_id_is_refused(bad: str) -> None:
    with pytest.raises(HeaderError):
        built(message_id=bad)


def test_line_5_the_way_out_stands_unfolded_and_byte_exact() -> None:
    token = "x" * 300
    listing = Listing(
        "getting-started", "news.example.com", f"https://t.example.com/u/{token}", "mailto:out@example.com"
    )
    raw = built(listing=listing)
    assert (
        f"\r\nList-Unsubscribe: <https://t.example.com/u/{token}>, <mailto:out@example.com>\r\n".encode()
        in raw
    )
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert b"\r\nList-Id: <getting-started.news.example.com>\r\n" in raw
    assert b"Feedback-ID" not in raw


def test_line_5_feedback_has_four_clean_fields_at_most() -> None:
    four = Listing("t", "example.com", URLS.unsubscribe, feedback=("a:b", "c\r\nX: y", "d", "e"))
    assert line(built(listing=four), "Feedback-ID") == "a-b:c-X-y:d:e"
    five = Listing("t", "example.com", URLS.unsubscribe, feedback=("a", "b", "c", "d", "e"))
    with pytest.raises(HeaderError, match="four"):
        built(listing=five)


@pytest.mark.parametrize(
    "url",
    [
        "http://t.example.com/u",
        "http://127.0.0.1.example.com/u",
        "http://localhost@x.example/u",
        "https://t.example.com/a b",
        "https://x/>,<y",
        "",
    ],
)
def test_line_5_a_way_out_that_is_no_https_address_is_refused(url: str) -> None:
    with pytest.raises(HeaderError):
        built(listing=Listing("t", "example.com", url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/u/x", "http://localhost/u/x"])
def test_line_5_on_ones_own_machine_the_way_out_needs_no_certificate(url: str) -> None:
    assert line(built(listing=Listing("t", "example.com", url)), "List-Unsubscribe") == f"<{url}>"


def test_line_5_marketing_needs_a_list_and_other_mail_has_none() -> None:
    with pytest.raises(HeaderError, match="way to leave"):
        built(listing=None)
    raw = built(service(), listing=None)
    assert "List-" not in head(raw)
    with pytest.raises(HeaderError, match="no list"):
        built(service())


def test_an_internal_mail_says_that_no_answer_is_wanted() -> None:
    program = service("kind: internal\nclass: internal\nsubject: S\n")
    assert line(built(program, listing=None), "Auto-Submitted") == "auto-generated"


def test_line_7_an_international_domain_goes_out_in_a_labels() -> None:
    raw = built(recipient=Mailbox("", "Tom@Bücher.example"))
    assert line(raw, "To") == "Tom@xn--bcher-kva.example"


def test_line_7_a_non_ascii_local_part_stays_what_it_is() -> None:
    raw = built(recipient=Mailbox("", "用户@example.com"))
    assert "To: 用户@example.com\r\n".encode() in raw


@pytest.mark.parametrize(
    "name",
    [
        "Lovelace, Ada",
        "Tomáš Novák, PhD",
        'Ada "the" Countess',
        "O'Brien; Pat",
        "日本太郎" * 12,
        "a\\b",
        "(Sales) Ada",
        "Ada.",
    ],
)
def test_line_7_display_names_survive(name: str) -> None:
    raw = built(recipient=Mailbox(name, "ada@example.org"))
    shown, address = parseaddr(str(message_from_bytes(raw)["To"]))
    assert (str(make_header(decode_header(shown))), address) == (name, "ada@example.org")
    assert all(len(word) <= 75 for word in re.findall(rb"=\?utf-8\?b\?[^ ]+\?=", raw))
    assert max(map(len, head(raw).split("To: ")[1].split("\r\n")[0:3])) <= 120


@pytest.mark.parametrize(
    "hostile",
    ["Ada\r\nBcc: all@example.com", "Ada\nX: y", "Ada\x00", "Ada\r", "Ada\u2028Bcc: x", "=?utf-8?b?QmNjOiB4?=", "A\u202edcb", "\x85Ada", "==??=?q?"],
)  # fmt: skip
def test_line_8_no_value_reaches_the_head(hostile: str) -> None:
    program = Program.load(
        compiled(
            template(
                section("<mj-text>Hi</mj-text>"), FRONT.replace("A subject", "Hi {{ contact.first_name }}")
            )
        )
    )
    raw = built(program, context(first_name=hostile), recipient=Mailbox(hostile, "ada@example.org"))
    message = read(raw)
    assert "Bcc" not in message
    assert "X" not in message
    assert not re.search("[\x00\u202e\u2028\x85]", message["Subject"] + str(message["To"]))
    assert b"=?utf-8?b?QmNj" not in raw
    assert len(message.keys()) == len(expected_fields("marketing", envelope()))


@pytest.mark.parametrize("address", ["ada@example.org\r\nBcc: x@y.z", "ada", "a b@example.org", "<a@b.c>", "a@b c", "@x.y", "a@", "a,b@example.org", f"{'a' * 65}@example.org", "a@-x-.org"])  # fmt: skip
def test_line_8_a_broken_address_is_refused(address: str) -> None:
    for place in (
        {"recipient": Mailbox("", address)},
        {"sender": Mailbox("", address)},
        {"reply_to": address},
    ):
        with pytest.raises(HeaderError):
            built(**place)


def test_line_8_the_check_sees_an_added_a_lost_and_a_broken_field() -> None:
    raw, names = built(), expected_fields("marketing", envelope())
    check_headers(raw, names)
    for bad in (
        raw.replace(b"Subject:", b"Bcc: x@y.z\r\nSubject:", 1),
        raw.replace(b"Subject:", b"Bcc: x@y.z\nSubject:", 1),
        raw.replace(b"MIME-Version: 1.0\r\n", b"", 1),
        raw.replace(b"Subject: ", b"Subject\r\n", 1),
        raw.replace(b"\r\n\r\n", b"\r\n", 1000),
        raw + b"x" * 999 + b"\r\n",
    ):
        with pytest.raises(HeaderError):
            check_headers(bad, names)


def test_line_9_a_mail_that_gmail_would_cut_is_not_sent() -> None:
    with pytest.raises(RenderError, match="html_too_large"):
        built(data=context(city="x" * 110_000))


def test_line_9_language_title_and_hidden_preheader() -> None:
    html = part(built(), "html")
    assert '<html lang="en"' in html
    assert "<title>Where your hours go, Ada</title>" in html
    assert re.search(r"<body[^>]*><div style=\"display:none[^>]*>Three places to look first, Ada</div>", html)
    assert "Three places" not in part(built(), "plain")


def test_line_10_marketing_shows_who_writes_and_how_to_leave() -> None:
    for kind in ("plain", "html"):
        shown = part(built(), kind)
        assert "Halden Metering ApS" in shown
        assert "Vesterbrogade 12, 1620 København" in shown
        assert URLS.unsubscribe in shown


def test_the_pixel_is_there_only_when_tracking_is_on() -> None:
    tracked, untracked = part(built(), "html"), part(built(track=False), "html")
    assert re.search(rf'<img src="{re.escape(URLS.hit)}/0" alt=""[^>]*></body></html>', tracked)
    assert URLS.hit not in untracked
    assert "<!---->" not in untracked
    assert 'href="https://halden.example.com/guides/first?a=1&amp;b=2&amp;utm_source=trellis' in untracked


def test_the_boundary_comes_from_the_delivery_and_occurs_in_no_part() -> None:
    raw = built()
    boundary = read(raw).get_boundary()
    assert boundary is not None
    assert raw.count(f"--{boundary}".encode()) == 3
    other: dict[str, Any] = {"delivery": envelope().delivery.__class__(int=5)}
    assert read(built(**other)).get_boundary() != boundary


def test_a_long_subject_is_folded_and_reads_the_same() -> None:
    words = "seven words that will not fit into one line of a mail at all, " * 3
    program = Program.load(
        compiled(template(section("<mj-text>Hi</mj-text>"), FRONT.replace("A subject", "{{ contact.city }}")))
    )
    for subject in (words.strip(), ("Größe " * 30).strip(), "x" * 200):
        raw = built(program, context(city=subject))
        assert read(raw)["Subject"] == subject
        folded = head(raw).split("Subject: ")[1].split("\r\nDate")[0]
        assert max(map(len, folded.split("\r\n"))) <= 76


def test_a_subject_without_end_is_cut_and_an_empty_one_refused() -> None:
    program = Program.load(
        compiled(template(section("<mj-text>Hi</mj-text>"), FRONT.replace("A subject", "{{ contact.city }}")))
    )
    assert len(read(built(program, context(city="y" * 50_000)))["Subject"]) <= 250
    with pytest.raises(RenderError, match="empty_subject"):
        built(program, context(city="\u202e\x00"))


def test_the_date_is_utc() -> None:
    raw = built(at=datetime(2026, 3, 29, 1, 30, 59, 999_999, tzinfo=UTC))
    assert line(raw, "Date") == "Sun, 29 Mar 2026 01:30:59 +0000"


def test_the_hot_path_refuses_what_only_the_count_can_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.mail.message.date_line", lambda at: "Date: x\r\nBcc: y@z.example\r\n")
    with pytest.raises(HeaderError, match="other_fields"):
        build_message(hello(), context(), envelope(), URLS, track=True)
