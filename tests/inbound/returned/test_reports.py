"""Delivery reports well made and not: many recipients, folded, misplaced, mislabelled, in other alphabets."""

import pytest

from app.inbound.returned import Returned, read_message
from tests.inbound.returned.building import COPY, US, WHO, letter, recipient, report

BELA = "bela@example.org"


def found(raw: bytes) -> list[tuple[str, str, str | None, str | None]]:
    return [(each.address, each.what, each.class_, each.enhanced) for each in read_message(raw).found]


def one(raw: bytes) -> Returned:
    (each,) = read_message(raw).found
    return each


def test_each_recipient_has_its_own_fate() -> None:
    block = "\n".join(
        [
            recipient("5.1.1", "smtp; 550 5.1.1 User unknown"),
            recipient("5.2.2", "smtp; 552 5.2.2 mailbox full", who=BELA),
            recipient("2.1.5", "smtp; 250 2.1.5 Ok", "relayed", "chris@example.org"),
            recipient("4.4.1", "", "delayed", "dora@example.org"),
        ]
    )
    assert found(report("", block)) == [
        (WHO, "bounce", "hard", "5.1.1"),
        (BELA, "bounce", "soft", "5.2.2"),
        ("chris@example.org", "none", None, "2.1.5"),
        ("dora@example.org", "delay", "soft", "4.4.1"),
    ]


def test_recipients_without_an_empty_line_between_them_are_told_apart() -> None:
    block = recipient("5.1.1", "smtp; 550 unknown user") + recipient(
        "5.2.2", "smtp; 552 over quota", who=BELA
    )
    assert found(report("", block)) == [(WHO, "bounce", "hard", "5.1.1"), (BELA, "bounce", "soft", "5.2.2")]


def test_an_empty_line_inside_a_recipient_loses_nothing() -> None:
    block = f"Final-Recipient: rfc822; {WHO}\n\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n"
    each = one(report("", block))
    assert (each.class_, each.enhanced, each.code) == ("hard", "5.1.1", 550)


@pytest.mark.parametrize(
    ("field", "address"),
    [
        (f"rfc822; {WHO}", WHO),
        (f"RFC822;{WHO}", WHO),
        (f"rfc822; <{WHO}>", WHO),
        (f"<{WHO}>", WHO),
        (WHO, WHO),
        (f"rfc822; @relay.example.org:{WHO}", WHO),
        (f"rfc822;\n\t{WHO}", WHO),
        (f"rfc822; Anna Kovacs <{WHO}>", WHO),
        ('rfc822; "anna kovacs"@example.com', '"anna kovacs"@example.com'),
        ("utf-8; jos\\x{E9}@example.com", "josé@example.com"),
        ("utf-8; josé@example.com", "josé@example.com"),
        ("rfc822; anna+3Dkovacs@example.com", "anna=kovacs@example.com"),
        ("rfc822; anna+news@example.com", "anna+news@example.com"),
        ("LOCAL; anna@[192.0.2.1]", "anna@[192.0.2.1]"),
    ],
)
def test_an_address_is_read_however_it_is_written(field: str, address: str) -> None:
    assert one(report("", f"Final-Recipient: {field}\nAction: failed\nStatus: 5.1.1\n")).address == address


def test_the_address_we_wrote_to_counts_before_what_forwarding_made_of_it() -> None:
    block = recipient("5.1.1", who=BELA, more=f"Original-Recipient: rfc822;{WHO}\n")
    assert one(report("", block)).address == WHO


def test_an_unknown_original_leaves_the_final_address() -> None:
    assert one(report("", recipient("5.1.1", more="Original-Recipient: rfc822;unknown\n"))).address == WHO


def test_a_mailbox_without_a_domain_is_found_in_the_text() -> None:
    raw = report(f"<{WHO}>: user unknown\n", recipient("5.1.1", who="anna.kovacs"))
    assert one(raw).address == WHO


@pytest.mark.parametrize("action", ["failed", "Failed", "failure", "FAILED (permanent)", "failed; gave up"])
def test_a_failure_is_one_in_any_spelling(action: str) -> None:
    assert one(report("", recipient("5.1.1", action=action))).what == "bounce"


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "Delivered (to mailbox)"])
def test_good_news_is_no_bounce(action: str) -> None:
    assert one(report("", recipient("2.0.0", action=action))).what == "none"


def test_a_delay_is_never_hard() -> None:
    each = one(report("", recipient("5.1.1", "smtp; 550 5.1.1 user unknown", "delayed")))
    assert (each.what, each.class_) == ("delay", "soft")


@pytest.mark.parametrize(
    "kind", ["text/plain", "message/global-delivery-status", "application/octet-stream", "text/plain; name=\"details.txt\""]
)  # fmt: skip
def test_a_report_under_another_name_is_read(kind: str) -> None:
    raw = report("It failed.", recipient("5.1.1", "smtp; 550 5.1.1 user unknown"), kind=kind)
    assert found(raw) == [(WHO, "bounce", "hard", "5.1.1")]


def test_a_report_that_was_forwarded_by_a_machine_is_read() -> None:
    inner = report("", recipient("5.1.1", "smtp; 550 5.1.1 user unknown"), subject="Undelivered").decode()
    raw = letter(
        f"--=_o\nContent-Type: text/plain\n\nSee below.\n\n--=_o\nContent-Type: message/rfc822\n\n{inner}\n--=_o--\n",
        "FW: Undelivered", "Gateway <gateway@example.org>", Content_Type='multipart/mixed; boundary="=_o"',
    )  # fmt: skip
    assert found(raw) == [(WHO, "bounce", "hard", "5.1.1")]


def test_a_report_inside_the_mail_that_came_back_is_not_its_report() -> None:
    older = report("", recipient("5.1.1", who="old@example.org"), subject="Undelivered").decode()
    older = older.replace("=_b1", "=_b0")
    raw = report("", recipient("5.2.2", "smtp; 552 mailbox full"), copy=older)
    assert found(raw) == [(WHO, "bounce", "soft", "5.2.2")]


def test_missing_boundary_and_missing_header_are_borne() -> None:
    raw = report("", recipient("5.1.1", "smtp; 550 5.1.1 user unknown"))
    assert found(raw.replace(b'; boundary="=_b1"', b"")) == [(WHO, "bounce", "hard", "5.1.1")]
    cut = raw[: raw.index(b"Action:")] + b"Action: failed\nStatus: 5.1.1"
    assert found(cut) == [(WHO, "bounce", "hard", "5.1.1")]


def test_base64_under_a_false_name_is_read() -> None:
    import base64

    text = f"Your message could not be delivered.\n\n<{WHO}>: 550 5.1.1 User unknown\n\nThat is all there is to say.\n"
    packed = base64.encodebytes(text.encode()).decode()
    assert found(letter(packed)) == [(WHO, "bounce", "hard", "5.1.1")]
    prose = letter(text, Content_Transfer_Encoding="base64")
    assert found(prose) == [(WHO, "bounce", "hard", "5.1.1")]


def test_an_unknown_charset_is_borne() -> None:
    raw = letter(f"<{WHO}>: Postfach existiert nicht\n", Content_Type="text/plain; charset=x-no-such-thing")
    assert found(raw)[0][:3] == (WHO, "bounce", "hard")


def test_our_header_comes_back_with_it() -> None:
    reading = read_message(report("", recipient("5.1.1")))
    assert reading.original["message-id"] == "<m17@news.example.net>"
    assert reading.original["to"] == WHO
    assert reading.addressed_to == (US,)
    headers_only = report("", recipient("5.1.1"), copy=COPY).replace(
        b"message/rfc822", b"text/rfc822-headers"
    )
    assert read_message(headers_only).original["message-id"] == "<m17@news.example.net>"
    in_text = letter(
        f"<{WHO}>: user unknown\n\n--- Below this line is a copy of the message.\n\n{COPY}", "failure notice"
    )
    assert read_message(in_text).original["message-id"] == "<m17@news.example.net>"


def test_text_tells_of_each_recipient() -> None:
    raw = letter(
        f"Your message could not be delivered.\n\n<{WHO}>: 550 5.1.1 User unknown\n\n<{BELA}>: 552 5.2.2 Mailbox full\n",
    )
    assert found(raw) == [(WHO, "bounce", "hard", "5.1.1"), (BELA, "bounce", "soft", "5.2.2")]


def test_a_notice_that_names_no_one_takes_the_recipient_of_our_mail() -> None:
    raw = letter(f"Your message could not be delivered.\n\n--- Original message ---\n\n{COPY}")
    assert one(raw).address == WHO
    assert one(letter("Your message could not be delivered.\n")).address == ""
