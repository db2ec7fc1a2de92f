"""The bytes of one mail: head, text part, HTML part. Nothing after this changes or refolds them.

The parts come encoded out of the program; here only the head is written, by plain joins of cleaned values.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

from app.mail.headers import (
    HeaderError,
    Mailbox,
    check_headers,
    date_line,
    mailbox,
    unstructured,
    wire_address,
    wire_domain,
)
from app.mail.links import Urls
from app.mail.program import Context, Program, Rendered
from app.mail.wire import WholeLines, check_lines

_URL = re.compile(r"(?:https://|http://(?:localhost|127\.0\.0\.1)[:/])[!-;=?-~]{1,900}")
_MAILTO = re.compile(r"mailto:[!-;=?-~]{1,300}")
_FEEDBACK = re.compile(r"[^A-Za-z0-9._-]+")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}>")
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a marketing mail says about its list: the topic, its domain, and how to leave it.

    `feedback` are at most four stable words (campaign, customer, type, sender) for Feedback-ID.
    """

    topic: str
    domain: str
    unsubscribe: str
    mailto: str = ""
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the head of one mail says. `message_id` holds its angle brackets; `reply_to` may be empty."""

    delivery: UUID
    sender: Mailbox
    recipient: Mailbox
    at: datetime
    message_id: str
    reply_to: str = ""
    listing: Listing | None = None


def build_message(
    program: Program, context: Context, envelope: Envelope, urls: Urls, *, track: bool
) -> bytes:
    """Render one mail and write it out. Raises RenderError or HeaderError when it must not be sent.

    A marketing mail needs `envelope.listing`; other mail must have none.
    """
    return assemble(program.compiled.message_class, program.render(context, urls, track=track), envelope)


def assemble(message_class: str, rendered: Rendered, envelope: Envelope) -> bytes:
    """Head and parts of an already rendered mail."""
    boundary = "=_" + blake2b(envelope.delivery.bytes, digest_size=12).hexdigest()
    if not _MESSAGE_ID.fullmatch(envelope.message_id):
        raise HeaderError("bad_message_id", "Message-ID is no <token@domain>")
    head = [
        mailbox("From", envelope.sender),
        mailbox("To", envelope.recipient),
        unstructured("Subject", rendered.subject),
        date_line(envelope.at),
        f"Message-ID: {envelope.message_id}\r\n",
        *_reply_to(envelope.reply_to),
        *_class_lines(message_class, envelope.listing),
        f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n',
    ]
    written = "".join(head)
    _count(written, len(expected_fields(message_class, envelope)))
    whole = (
        f"{written}\r\n"
        f"--{boundary}\r\n{_TEXT_HEAD}{rendered.text}"
        f"\r\n--{boundary}\r\n{_HTML_HEAD}{rendered.html}"
        f"\r\n--{boundary}--\r\n"
    )
    # The head's line ends were just counted, and quoted-printable knows no others.
    return WholeLines(whole, "ascii" if whole.isascii() else "utf-8")


_TEXT_HEAD = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_HTML_HEAD = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"


def expected_fields(message_class: str, envelope: Envelope) -> tuple[str, ...]:
    """The names of the head's fields, in order."""
    names = ["From", "To", "Subject", "Date", "Message-ID"]
    if envelope.reply_to:
        names.append("Reply-To")
    if envelope.listing is not None and message_class == "marketing":
        names += ["List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"]
        names += ["Feedback-ID"] if envelope.listing.feedback else []
    if message_class == "internal":
        names.append("Auto-Submitted")
    return (*names, "MIME-Version", "Content-Type")


def checked_message(
    program: Program, context: Context, envelope: Envelope, urls: Urls, *, track: bool
) -> bytes:
    """`build_message` with the finished bytes read again in full: for a version's first mail and for tests."""
    raw = build_message(program, context, envelope, urls, track=track)
    check_headers(raw, expected_fields(program.compiled.message_class, envelope))
    check_lines(raw)
    return raw


def _reply_to(address: str) -> list[str]:
    return [f"Reply-To: {wire_address(address)}\r\n"] if address else []


def _class_lines(message_class: str, listing: Listing | None) -> list[str]:
    if message_class == "marketing":
        if listing is None:
            raise HeaderError("no_listing", "a marketing mail needs its topic and a way to leave it")
        return [_unsubscribe(listing), _list_lines(listing.topic, listing.domain, listing.feedback)]
    if listing is not None:
        raise HeaderError("listing_refused", f"a {message_class} mail has no list")
    return ["Auto-Submitted: auto-generated\r\n"] if message_class == "internal" else []


def _unsubscribe(listing: Listing) -> str:
    """One unfolded line: a folded or coded List-Unsubscribe hides the button in mail programs."""
    if not _URL.fullmatch(listing.unsubscribe) or (listing.mailto and not _MAILTO.fullmatch(listing.mailto)):
        raise HeaderError("bad_unsubscribe", "List-Unsubscribe needs an https address, then maybe a mailto")
    mailto = f", <{listing.mailto}>" if listing.mailto else ""
    return (
        f"List-Unsubscribe: <{listing.unsubscribe}>{mailto}\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )


@lru_cache(maxsize=1024)
def _list_lines(topic: str, domain: str, feedback: tuple[str, ...]) -> str:
    if not _KEY.fullmatch(topic):
        raise HeaderError("bad_topic", "a topic key is lower-case letters, digits, - and _")
    if len(feedback) > 4:
        raise HeaderError("bad_feedback", "Feedback-ID has at most four fields")
    line = f"List-Id: <{topic}.{wire_domain(domain)}>\r\n"
    if not feedback:
        return line
    return f"{line}Feedback-ID: {':'.join(_FEEDBACK.sub('-', word)[:60] for word in feedback)}\r\n"


def _count(head: str, expected: int) -> None:
    """The hot path's guard: as many fields as were written, and no line end outside CRLF."""
    ends = head.count("\r\n")
    if ends != head.count("\n") or ends != head.count("\r"):
        raise HeaderError("bare_line_end", "a line end in a value")
    if ends - head.count("\r\n ") != expected:
        raise HeaderError("other_fields", f"{ends} lines instead of {expected}")
