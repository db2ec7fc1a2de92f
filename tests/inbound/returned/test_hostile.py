"""Nothing a stranger sends stops the reader or takes its time: size, depth, numbers, codecs and patterns."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inbound.returned import Reading, read_message
from app.inbound.returned.parts import MAX_DEPTH, MAX_PARTS, open_message
from tests.inbound.returned.building import WHO, letter, recipient, report
from tests.inbound.returned.corpus_mailers import MAILERS

WHATS = {"bounce", "complaint", "delay", "reply", "auto-reply", "none"}
DAEMON = b"From: MAILER-DAEMON@mx.example.org\nReturn-Path: <>\nSubject: Undelivered Mail\n"
HTML = DAEMON + b"Content-Type: text/html\n\n"
FLOODS = {
    "parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 50_000,
    "same boundary": b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * 20_000,
    "letters": b"Content-Type: message/rfc822\n\n" * 20_000,
    "headers": b"X-A: b\n" * 1_000_000 + b"\nhello",
    "folds": b"Subject: a\n" + b" b\n" * 500_000 + b"\nx",
    "words": b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\n\nx",
    "lines": DAEMON + b"\n" + b"a@b.example: 550 5.1.1 x\n" * 200_000,
    "one line": DAEMON + b"\n" + b"a" * 3_000_000,
    "at signs": DAEMON + b"\n" + b"@" * 500_000 + b"a@" * 500_000,
    "dots": DAEMON + b"\nx@" + b"a." * 500_000,
    "prose": DAEMON + b"\n" + (b"delivered mail message user " * 60 + b"a@b.example\n") * 1_500,
    "blanks": DAEMON + b"\n" + b" \n" * 500_000 + b" " * 1_000_000,
    "dashes": DAEMON + b"\n" + b"--x\nX-Y: z\n" * 100_000,
    "open tags": HTML + b"<" * 1_000_000,
    "open styles": HTML + b"<style>" * 200_000,
    "line breaks": HTML + b"<br> \n" * 200_000,
    "traces": DAEMON + b"\n" + b"Received: from a\n b\n" * 100_000,
    "parameters": b"Content-Type: text/plain" + b'; a="' * 200_000 + b"\n\nx",
    "recipients": DAEMON
    + b"Content-Type: message/delivery-status\n\n"
    + b"Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1\n\n" * 40_000,
    "codes": DAEMON + b"\n" + b"550 5.1.1 " * 100_000,
    "json": DAEMON + b'\n{"notificationType":' + b"[" * 100_000,
    "wrote": b"From: a@b.example\nSubject: Re: x\nIn-Reply-To: <a@b>\n\n" + b"On a wrote\n" * 100_000,
    "punycode": b"Content-Type: text/plain; charset=punycode\n\n" + b"a-b" * 300_000,
    "addresses": b"To: " + b"<a@b.example>," * 200_000 + b"\n\nx",
}


@pytest.mark.parametrize("raw", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_is_read_or_cut(raw: bytes) -> None:
    reading = read_message(raw)
    assert reading.found
    assert all(each.what in WHATS for each in reading.found)


def test_ten_thousand_levels_end_at_the_limit() -> None:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (at, at) for at in range(10_000)
    )
    root, faults = open_message(head + b"\n\nx\n")
    assert max(part.depth for part in root.walk()) == MAX_DEPTH
    assert faults == ("too_deep",)


def test_parts_and_octets_have_a_limit() -> None:
    root, faults = open_message(FLOODS["parts"])
    assert len(list(root.walk())) <= MAX_PARTS + 1
    assert faults == ("too_many_parts",)
    # What a hundred megabytes say is at their beginning.
    reading = read_message(letter(f"<{WHO}>: 550 5.1.1 user unknown\n") + b"x" * 100_000_000)
    assert reading.faults == ("too_large",)
    assert reading.found[0].address == WHO


@given(st.binary(max_size=3_000))
def test_any_octets_are_read(raw: bytes) -> None:
    assert isinstance(read_message(raw), Reading)


PIECES = st.sampled_from(
    [
        b"\n", b"\n\n", b"\r", b"--=_b1\n", b"--=_b1--\n", b"Content-Type: multipart/report; boundary=\"=_b1\"\n", b"Content-Type: text/html\n",
        b"Content-Type: message/delivery-status\n", b"Content-Type: message/rfc822\n", b"Content-Transfer-Encoding: base64\n", b"Return-Path: <>\n",
        b"Subject: =?x?b?!!!?=\n", b"Subject: Undelivered Mail\n", b"From: MAILER-DAEMON\n", b"Final-Recipient: rfc822; \\x{110000}@x\n", b"Action: failed\n",
        b"Status: 5.1.1\n", b"Status: 9.9.9\n", b"Diagnostic-Code: smtp; 550", b"\x00", b"\xff\xfe", b"<a@b.example>: 550\n", b"Feedback-Type: abuse\n",
        b"X-Failed-Recipients: ,,<>,@\n", b'{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"\\ud800"}]}}', b"&#xD800;", b"<style>",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=40))
def test_any_ruins_of_a_report_are_read(pieces: list[bytes]) -> None:
    reading = read_message(b"".join(pieces))
    for each in reading.found:
        assert each.what in WHATS
        # What is told can be stored and printed.
        f"{each.address}{each.reason}".encode()
        assert not any(ord(sign) < 32 for sign in each.address + each.reason)


@given(st.sampled_from(MAILERS), st.integers(0, 4_000), st.binary(max_size=6), st.booleans())
def test_a_damaged_notice_is_read(sample, at: int, junk: bytes, is_cut: bool) -> None:  # type: ignore[no-untyped-def]
    raw = sample.raw[:at] + junk + (b"" if is_cut else sample.raw[at + len(junk) :])
    assert all(each.what in WHATS for each in read_message(raw).found)


@given(st.text(max_size=40), st.text(max_size=200))
@settings(max_examples=50)
def test_a_subject_and_text_of_any_signs_are_read(subject: str, text: str) -> None:
    clean = " ".join(subject.split()).encode("utf-8", "replace").decode()
    read_message(letter("", clean) + text.encode("utf-8", "replace"))
    read_message(report(text.encode("utf-8", "replace").decode(), recipient("5.1.1")))
