"""Taking apart mails of any quality."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.caught_parts import MAX_DEPTH, MAX_PARTS, MAX_TEXT, head, parts

NEWSLETTER = b"""\
Subject: =?utf-8?b?SGFsbMO2Y2hlbg==?= and more\r
From: =?utf-8?q?J=C3=BCrgen?= <j@us.example>\r
To: jane@customer.example\r
Date: Mon, 2 Mar 2026 13:00:00 +0100\r
Content-Type: multipart/mixed; boundary=m\r
\r
--m\r
Content-Type: multipart/alternative; boundary=a\r
\r
--a\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=C3=BC=C3=9Fe\r
--a\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
PHA+SGk8L3A+\r
--a--\r
--m\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename*=utf-8''pr%C3%A4sentation.pdf\r
\r
x\r
--m\r
Content-Type: text/html\r
Content-Disposition: attachment; filename="page.html"\r
\r
<p>not the mail</p>\r
--m\r
Content-Type: message/rfc822\r
\r
Subject: inner\r
Content-Type: text/plain\r
\r
inner\r
--m--\r
"""


def test_a_whole_mail() -> None:
    taken = parts(NEWSLETTER)
    assert taken.text == "Gr\u00fc\u00dfe"
    assert taken.html == "<p>Hi</p>"
    assert taken.attachments == ["pr\u00e4sentation.pdf", "page.html", "message/rfc822"]
    assert taken.headers[:2] == [
        ("Subject", "Hall\u00f6chen and more"),
        ("From", "J\u00fcrgen <j@us.example>"),
    ]
    assert taken.source == NEWSLETTER.decode()
    assert not taken.cut


def test_the_head_of_a_mail() -> None:
    seen = head(NEWSLETTER)
    assert (seen.subject, seen.from_header) == ("Hall\u00f6chen and more", "J\u00fcrgen <j@us.example>")
    assert seen.sent_at == datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"", ""),
        (b"\r\n\r\n", ""),
        (b"no header at all", ""),
        (b"Subject: =?utf-8?b?a?=\r\n\r\n", "=?utf-8?b?a?="),
        (b"Subject: =?no-such?q?a?=\r\n\r\n", "=?no-such?q?a?="),
        (b"Subject: caf\xc3\xa9 \xff\r\n\r\n", "caf\u00e9 \ufffd"),
        (b"Subject: a\r\n b\tc\x00\x1b\r\n\r\n", "a b c"),
        (b"Subject: first\nSubject: second\n\nx", "first"),
    ],
)
def test_broken_heads(raw: bytes, subject: str) -> None:
    assert head(raw).subject == subject


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Mar 2026 13:00:00 +0100", "Mon, 2 Mar 99999 1:1:1 +9999"]
)
def test_broken_dates(date: str) -> None:
    assert head(f"Date: {date}\r\n\r\n".encode()).sent_at is None


def test_an_unknown_charset_is_read_as_utf_8() -> None:
    taken = parts(b"Content-Type: text/plain; charset=klingon\r\n\r\ncaf\xc3\xa9")
    assert taken.text == "caf\u00e9"


def test_limits_on_size_number_and_depth() -> None:
    big = parts(b"Content-Type: text/plain\r\n\r\n" + b"x" * (MAX_TEXT + 5))
    assert (big.cut, len(big.text or ""), len(big.source)) == (True, MAX_TEXT, MAX_TEXT)
    many = parts(b"Content-Type: multipart/mixed; boundary=m\r\n\r\n" + b"--m\r\n\r\nx\r\n" * (MAX_PARTS * 2))
    assert many.cut
    assert len(many.attachments) < MAX_PARTS
    for depth, cut in [(MAX_DEPTH - 1, False), (MAX_DEPTH + 1, True), (3_000, True)]:
        nest = b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
        )
        deep = parts(nest + b"\r\nhidden\r\n")
        assert deep.cut is cut
        assert (deep.text is None) is cut


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(NEWSLETTER)), st.binary(max_size=40), st.integers(0, 60))
def test_no_mail_is_too_broken(at: int, noise: bytes, without: int) -> None:
    raw = NEWSLETTER[:at] + noise + NEWSLETTER[at + without :]
    head(raw)
    assert parts(raw).source
