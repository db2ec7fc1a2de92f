"""What a person sees of a caught mail, out of bytes that may be broken in every way MIME allows."""

from __future__ import annotations

import email
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

MAX_HEAD = 64 * 1024
MAX_HEADERS = 300
MAX_HEADER = 4_000
MAX_DEPTH = 12
MAX_PARTS = 200
MAX_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class CaughtHead:
    """The headers a list of mails shows; empty where missing. `sent_at` is None when Date cannot be read."""

    subject: str
    from_header: str
    to_header: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaughtParts:
    """A mail taken apart. `cut` says that a limit on size, depth or number left something out."""

    headers: list[tuple[str, str]]
    html: str | None
    text: str | None
    attachments: list[str]
    source: str
    cut: bool


@dataclass(slots=True)
class _Found:
    html: str | None = None
    text: str | None = None
    attachments: list[str] = field(default_factory=list)
    cut: bool = False


def head(raw: bytes) -> CaughtHead:
    """Subject, From, To and Date of a mail."""
    message = _headers(raw)
    return CaughtHead(
        _shown(message["Subject"]), _shown(message["From"]), _shown(message["To"]), _instant(message["Date"])
    )


def parts(raw: bytes) -> CaughtParts:
    """The mail taken apart; whatever cannot be read is left out or shown as it is."""
    found = _Found()
    try:
        for part in _walk(email.message_from_bytes(raw), found):
            _sort_in(part, found)
    except RecursionError:
        # Thousands of parts within parts: the headers and the source can still be shown.
        found.cut = True
    fields = list(_headers(raw).items())
    source = raw[:MAX_TEXT].decode("utf-8", "replace")
    return CaughtParts(
        [(name, _shown(value)) for name, value in fields[:MAX_HEADERS]],
        found.html,
        found.text,
        found.attachments,
        source,
        found.cut or len(raw) > MAX_TEXT or len(fields) > MAX_HEADERS,
    )


def _headers(raw: bytes) -> Message:
    """The headers alone; bytes that stand there unencoded are taken for UTF-8."""
    start = raw[:MAX_HEAD]
    ends = [end for end in (start.find(b"\r\n\r\n"), start.find(b"\n\n")) if end >= 0]
    return email.message_from_string(start[: min(ends, default=None)].decode("utf-8", "replace"))


def _walk(message: Message, found: _Found) -> Iterator[Message]:
    """The leaves in their order; a mail within the mail is a leaf."""
    waiting = [(message, 0)]
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        part, depth = waiting.pop()
        if part.get_content_maintype() != "multipart" or not part.is_multipart():
            yield part
        elif depth < MAX_DEPTH:
            inner: Sequence[object] = list(part.get_payload())
            waiting += [(child, depth + 1) for child in reversed(inner) if isinstance(child, Message)]
        else:
            found.cut = True
    found.cut = found.cut or bool(waiting)


def _sort_in(part: Message, found: _Found) -> None:
    kind = part.get_content_type()
    attached = part.get_content_disposition() == "attachment"
    if kind == "text/html" and not attached and found.html is None:
        found.html = _text(part, found)
    elif kind == "text/plain" and not attached and found.text is None:
        found.text = _text(part, found)
    else:
        found.attachments.append(_shown(_file_name(part)) or kind)


def _text(part: Message, found: _Found) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    found.cut = found.cut or len(raw) > MAX_TEXT
    raw = raw[:MAX_TEXT]
    try:
        return raw.decode(str(part.get_content_charset("utf-8")), "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _file_name(part: Message) -> str | None:
    try:
        return part.get_filename()
    except (LookupError, ValueError, TypeError):
        return None


def _shown(value: object) -> str:
    """A header's value decoded where it can be, on one line, without a byte that is no text."""
    words = "" if value is None else str(value)[:MAX_HEADER]
    with suppress(ValueError, LookupError, MessageError):
        words = str(make_header(decode_header(words)))
    words = words.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def _instant(value: object) -> datetime | None:
    try:
        moment = parsedate_to_datetime(str(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
