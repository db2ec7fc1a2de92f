"""Reading replies, the codes in them and the pauses they ask for."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.pauses import is_greylisted, retry_hint
from app.mail.replies import MAX_TEXT, BadReply, Reply, judge, read_reply


def read(raw: bytes) -> Reply:
    return read_reply(io.BytesIO(raw).readline)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_one_line_and_many(end: bytes) -> None:
    assert read(b"250 ok" + end) == Reply(250, b"ok")
    assert read(b"250" + end) == Reply(250, b"")
    assert read(b"250-a" + end + b"250 b" + end + b"250 next" + end) == Reply(250, b"a\nb")


@pytest.mark.parametrize(
    "raw", [b"hello\r\n", b"25x ok\r\n", b"150 ok\r\n", b"950 ok\r\n", b"250_ok\r\n", b"\r\n", b"25\r\n"]
)
def test_noise_is_no_reply(raw: bytes) -> None:
    with pytest.raises(BadReply):
        read(raw)


@pytest.mark.parametrize("raw", [b"", b"250 o", b"250-a\r\n"])
def test_an_end_is_no_reply(raw: bytes) -> None:
    with pytest.raises(ConnectionError):
        read(raw)


@pytest.mark.parametrize(
    ("words", "enhanced", "text"),
    [
        (b"5.1.1 no such user", "5.1.1", "no such user"),
        (b"5.7.26 a\n5.7.26 b", "5.7.26", "a b"),
        (b"5.1 no", None, "5.1 no"),
        (b"5.1.1111 no", None, "5.1.1111 no"),
        (b"9.1.1 no", None, "9.1.1 no"),
        (b"10.0.0.1 is listed", None, "10.0.0.1 is listed"),
        (b"", None, ""),
        (b"\xff\x00\x1b[31mred", None, "\ufffd [31mred"),
        (b"x" * 3_000, None, "x" * MAX_TEXT),
    ],
)
def test_enhanced_codes_and_clean_words(words: bytes, enhanced: str | None, text: str) -> None:
    reply = Reply(550, words)
    assert (reply.enhanced, reply.text) == (enhanced, text)


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("Greylisted, please try again in 5 minutes", timedelta(minutes=5)),
        ("Try again in 300 seconds.", timedelta(minutes=5)),
        ("retry in 1 hour", timedelta(hours=1)),
        ("wait 10 min", timedelta(minutes=10)),
        ("Greylisted for 300 seconds", timedelta(minutes=5)),
        ("Greylisting in action, please come back in 00:04:59", timedelta(minutes=4, seconds=59)),
        ("graylisted - try again after 5:00", timedelta(minutes=5)),
        ("retry timeout exceeded; next attempt in 90s", timedelta(seconds=90)),
        ("deferred: retry after 2h", timedelta(hours=2)),
        ("Please retry in 1 hour and 30 minutes", timedelta(minutes=90)),
        ("try again in an hour", timedelta(hours=1)),
        ("wait a minute and try again", timedelta(minutes=1)),
        ("TRY AGAIN IN 2 DAYS", timedelta(days=1)),
        ("delayed, see http://192.0.2.15/help", None),
        ("too many mails from 192.0.2.15, try later", None),
        ("try again in 400 hours", timedelta(days=1)),
        ("try again later", None),
        ("more than 10 mails in 5 minutes", None),
        ("try again in 99999999999 minutes", None),
    ],
)
def test_the_pause_a_server_asks_for(text: str, pause: timedelta | None) -> None:
    assert retry_hint(text) == pause


@pytest.mark.parametrize(
    ("code", "text", "is_one"),
    [
        (450, "Recipient address rejected: Greylisted, see http://postgrey.example/help", True),
        (451, "Graylisted, try again", True),
        (451, "greylisting in effect, please come back later", True),
        (451, "You are a first time sender; try again", True),
        (451, "mailbox busy", False),
        (550, "You are greylisted for good", False),
        (421, "greylist full, closing", False),
        (None, "greylisted", False),
    ],
)
def test_a_greylist_is_known(code: int | None, text: str, is_one: bool) -> None:
    assert is_greylisted(code, text) is is_one


@settings(max_examples=300)
@given(
    text=st.text(max_size=120)
    | st.from_regex(r"(again|wait|retry).{0,20}[0-9]{1,9} ?(s|min|h|d|:[0-9]{2})", fullmatch=True)
)
def test_no_text_asks_for_less_than_nothing_or_more_than_a_day(text: str) -> None:
    assert timedelta() <= (retry_hint(text) or timedelta()) <= timedelta(days=1)


def test_only_what_may_be_tried_again_carries_a_pause() -> None:
    assert judge(Reply(451, b"4.7.1 try again in 5 minutes"), "rcpt").retry_after == timedelta(minutes=5)
    assert judge(Reply(550, b"5.1.1 try again in 5 minutes"), "rcpt").retry_after is None
