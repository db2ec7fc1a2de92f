"""A letter sent on is our message with theirs inside, byte for byte where that may be."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from app.mail.forwarding import LARGEST, with_letter
from app.mail.wire import check_lines

OURS = (
    b"From: Halden <hello@halden.example>\r\nTo: jonas@halden.example\r\nSubject: Answer Anna\r\n"
    b"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <abc@halden.example>\r\n"
    b'Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="=_in"\r\n'
    b"\r\n--=_in\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n"
    b"\r\n--=_in\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>\r\n\r\n--=_in--\r\n"
)
LETTER = b"From: Anna <anna@berg.example>\nSubject: Re: Guide\n\nYes, please.\n.\nAnna\n"


def read(raw: bytes) -> EmailMessage:
    check_lines(raw)
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def test_the_letter_is_inside_and_answers_go_to_its_writer() -> None:
    mail = read(with_letter(OURS, LETTER, "anna@berg.example"))
    assert mail["Reply-To"] == "anna@berg.example"
    assert mail["From"] == "Halden <hello@halden.example>"
    assert mail.get_content_type() == "multipart/mixed"
    body, letter = mail.iter_parts()
    assert body.get_content_type() == "multipart/alternative"
    assert body.get_body(("plain",)).get_content().strip() == "Hello"
    assert letter.get_content_type() == "message/rfc822"
    inner = letter.get_content()
    assert inner["Subject"] == "Re: Guide"
    assert "Yes, please." in inner.get_content()
    assert mail.keys().count("Content-Type") == 1


@pytest.mark.parametrize(
    "letter",
    [
        "From: Ünal <a@b.example>\r\n\r\nGrüße".encode("latin-1"),
        b"From: a@b.example\r\n\r\n\x00nul",
        b"x" * 1200,
        b"From: a@b.example\r\n\r\nbare\rreturn \xff",
    ],
    ids=["eight bits", "NUL", "long line", "bare CR"],
)
def test_what_may_not_stand_in_a_mail_is_coded_and_comes_out_as_it_was(letter: bytes) -> None:
    mail = read(with_letter(OURS, letter, "anna@berg.example"))
    attached = list(mail.iter_parts())[1]
    assert attached.get_content_type() == "application/octet-stream"
    assert attached.get_content() == letter


def test_a_letter_that_names_our_boundary_does_not_break_out() -> None:
    mail = read(
        with_letter(
            OURS, LETTER + b"\n--=_in--\n--=_in\nContent-Type: text/html\n\n<b>x</b>\n", "a@b.example"
        )
    )
    assert len(list(mail.iter_parts())) == 2


@pytest.mark.parametrize("letter", [None, b"x" * (LARGEST + 1)], ids=["none", "too large"])
def test_without_a_letter_it_is_our_mail_with_reply_to(letter: bytes | None) -> None:
    mail = read(with_letter(OURS, letter, "anna@berg.example"))
    assert mail["Reply-To"] == "anna@berg.example"
    assert mail.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize(
    "address", ["", "a@b\r\nBcc: all@x.example", "ünal@b.example", "no address", "a b@c.example"]
)
def test_an_address_that_is_none_sets_no_header(address: str) -> None:
    assert with_letter(OURS, None, address) == OURS
