"""Reading replies, the codes in them and the pauses they ask for."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from app.mail.replies import MAX_TEXT, BadReply, Reply, judge, read_reply, retry_hint


def read(raw: bytes) -> Reply:
    return read_reply(io.BytesIO(raw).readline, lambda: False)


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
        ("try again in 400 hours", timedelta(days=1)),
        ("try again later", None),
        ("more than 10 mails in 5 minutes", None),
        ("try again in 99999999999 minutes", None),
    ],
)
def test_the_pause_a_server_asks_for(text: str, pause: timedelta | None) -> None:
    assert retry_hint(text) == pause


def test_only_a_deferral_carries_a_pause() -> None:
    assert judge(Reply(451, b"4.7.1 try again in 5 minutes"), "rcpt").retry_after == timedelta(minutes=5)
    assert judge(Reply(550, b"5.1.1 try again in 5 minutes"), "rcpt").retry_after is None
