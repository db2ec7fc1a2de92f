"""Small builders of messages that came back, and the label each is to be read with."""

from dataclasses import dataclass

WHO = "anna.kovacs@example.com"
US = "bounce+tz4k@news.example.net"
COPY = f"""Received: from app.example.net (app.example.net [192.0.2.10])
\tby out.example.net (Postfix) with ESMTP id 4F1
\tfor <{WHO}>; Mon, 5 Oct 2026 09:00:00 +0000 (UTC)
Message-ID: <m17@news.example.net>
From: Trellis <news@example.net>
To: {WHO}
Subject: The guide you asked for
MIME-Version: 1.0

Hello Anna
"""


@dataclass(frozen=True)
class Sample:
    """A message and what is to be read out of it."""

    name: str
    raw: bytes
    what: str = "bounce"
    class_: str | None = None
    enhanced: str | None = None
    code: int | None = None
    address: str = WHO


def letter(body: str, subject: str = "", sender: str = "", **fields: str) -> bytes:
    """A message of plain text. Names of fields have `_` for `-`; an empty value leaves a field out."""
    head = {
        "Return-Path": "<>", "From": sender or "Mail Delivery System <MAILER-DAEMON@mx.example.org>", "To": US,
        "Subject": subject or "Undelivered Mail Returned to Sender", "Date": "Mon, 5 Oct 2026 09:00:05 +0000",
        "Message-ID": "<b1@mx.example.org>", "MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }  # fmt: skip
    return ("".join(f"{name}: {value}\n" for name, value in head.items() if value) + "\n" + body).encode()


def report(
    text: str, block: str, *, subject: str = "", sender: str = "", copy: str = COPY, kind: str = "message/delivery-status",
    **fields: str,
) -> bytes:  # fmt: skip
    """A delivery report of three parts (RFC 3464): what is read, what is for machines, the mail itself."""
    parts = [
        ("text/plain; charset=utf-8", text),
        (
            kind,
            f"Reporting-MTA: dns; mx.example.org\nArrival-Date: Mon, 5 Oct 2026 09:00:00 +0000\n\n{block}",
        ),
        *([("message/rfc822", copy)] if copy else []),
    ]
    body = "".join(f"--=_b1\nContent-Type: {kind}\n\n{inner}\n" for kind, inner in parts) + "--=_b1--\n"
    fields.setdefault("Content_Type", 'multipart/report; report-type=delivery-status; boundary="=_b1"')
    return letter(body, subject, sender, **fields)


def recipient(
    status: str, diagnosis: str = "", action: str = "failed", who: str = WHO, more: str = ""
) -> str:
    """The block of one recipient in a report."""
    said = f"Diagnostic-Code: {diagnosis}\n" if diagnosis else ""
    return f"Final-Recipient: rfc822; {who}\nAction: {action}\nStatus: {status}\n{said}{more}"
