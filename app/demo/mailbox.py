"""A caught mail as its reader sees it: what can be followed, answered, left, and written back to."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from html import unescape
from urllib.parse import urlsplit

_LINK = re.compile(r'(?:href|src)="(http[^"]+)"')


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person. Paths are those of our own server; `pixel` may be missing."""

    to: str
    envelope_from: str
    at: datetime
    sender: str
    reply_to: str
    subject: str
    message_id: str
    pixel: str
    links: tuple[str, ...]
    answers: tuple[str, ...]
    confirm: str
    one_click: str
    leave: str
    pass_on: str
    choices: str
    list_id: str
    raw: bytes

    @property
    def offers(self) -> bool:
        """A letter about the matter itself, by the list it belongs to: not one more guide."""
        return "<offers." in self.list_id

    @property
    def asks(self) -> bool:
        return bool(self.answers)


def read_mail(to: str, envelope_from: str, raw: bytes, at: datetime, home: str) -> Mail:
    """`home` is the public address that our own links begin with."""
    message: Message = message_from_bytes(raw)
    html = _html(message)
    paths = list(dict.fromkeys(filter(None, (_path(unescape(url), home) for url in _LINK.findall(html)))))
    one_click = re.search(r"<(http[^>]+)>", str(message["List-Unsubscribe"] or ""))
    return Mail(
        to=to, envelope_from=envelope_from, at=at, sender=_address(str(message["From"])),
        reply_to=_address(str(message["Reply-To"] or message["From"])), subject=str(make_header(decode_header(message["Subject"]))),
        message_id=str(message["Message-ID"]), pixel=next((p for p in paths if _is_pixel(p)), ""),
        links=tuple(p for p in paths if p.startswith("/c/") and not _is_pixel(p)),
        answers=tuple(p for p in paths if p.startswith("/a/")),
        confirm=next((p for p in paths if p.startswith("/k/")), ""),
        one_click=_path(one_click[1], home) if one_click else "",
        leave=next((p for p in paths if p.startswith("/u/")), ""),
        pass_on=next((p for p in paths if p.startswith("/i/")), ""),
        choices=next((p for p in paths if p.startswith("/p/")), ""), list_id=str(message["List-Id"] or ""), raw=raw,
    )  # fmt: skip


def _html(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/html":
            return bytes(part.get_payload(decode=True)).decode()
    return ""


def _is_pixel(path: str) -> bool:
    return path.startswith("/c/") and path.endswith("/0")


def _path(url: str, home: str) -> str:
    if not url.startswith(f"{home}/"):
        return ""
    parts = urlsplit(url[len(home) :])
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _address(header: str) -> str:
    found = re.search(r"<([^<>]+)>\s*$", header)
    return found[1] if found else header.strip()
