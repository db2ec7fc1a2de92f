"""Header values that cannot break a message: addresses, names, subjects, and the check of what was built.

Sources: RFC 5322 (fields, 998 and 78 characters), RFC 2047 (coded words of 75), RFC 6532 (UTF-8 addresses).
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

import idna

from app.mail.quoted import clean_line

LINE = 76
CODED_WORD = 75
MAX_NAME = 120
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_SHORT = re.compile(r"[ -~]{1,66}")
_LOCAL = re.compile(r"[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,\"]+")
_DOMAIN = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_NAME = re.compile(rb"([!-9;-~]+):")


class HeaderError(ValueError):
    """An address or a message that would not survive the way; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(f"{code}: {detail}")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name, may be empty, and an address."""

    name: str
    address: str


@lru_cache(maxsize=8192)
def wire_domain(domain: str) -> str:
    """The domain in A-labels, lower case (RFC 5891). Raises HeaderError when there is none."""
    try:
        wired = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise HeaderError("bad_domain", str(error)) from error
    if not _DOMAIN.fullmatch(wired):
        raise HeaderError("bad_domain", "the part after @ is no domain")
    return wired


def wire_address(address: str) -> str:
    """The address as it goes out: domain in A-labels, local part untouched. Raises HeaderError."""
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or local[0] == "." or local[-1] == "." or ".." in local:
        raise HeaderError("bad_address", "the part before @ is no local part")
    if len(local.encode()) > 64:
        raise HeaderError("bad_address", "the part before @ is over 64 octets")
    return f"{local}@{wire_domain(domain)}"


def needs_smtputf8(address: str) -> bool:
    """Whether only a server with SMTPUTF8 (RFC 6531) can take this address."""
    return not address.rpartition("@")[0].isascii()


def phrase(name: str, offset: int) -> str:
    """A display name as RFC 5322 wants it: bare, quoted, or in coded words; `offset` is where it begins."""
    name = clean_line(name)[:MAX_NAME].rstrip()
    if not name.isascii():
        return coded_words(name, offset)
    if _ATOMS.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@lru_cache(maxsize=4096)
def mailbox(header: str, box: Mailbox) -> str:
    """The line `header: name <address>`, folded when it is long."""
    address = wire_address(box.address)
    name = phrase(box.name, len(header) + 2) if box.name.strip() else ""
    if not name:
        return f"{header}: {address}\r\n"
    last = len(name) - name.rfind("\n") - 1 + (0 if "\n" in name else len(header) + 2)
    joint = " " if last + len(address) + 3 <= LINE else "\r\n "
    return f"{header}: {name}{joint}<{address}>\r\n"


def unstructured(header: str, text: str) -> str:
    """The line of a cleaned text, folded at spaces or in coded words."""
    if _SHORT.fullmatch(text):
        return f"{header}: {text}\r\n"
    offset = len(header) + 2
    longest = max(map(len, text.split(" ")), default=0)
    if text.isascii() and longest + offset < LINE:
        return f"{header}: {_folded(text, offset)}\r\n"
    return f"{header}: {coded_words(text, offset)}\r\n"


def _folded(text: str, offset: int) -> str:
    lines, room = [""], LINE - offset
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
            room = LINE - 1
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def coded_words(text: str, offset: int) -> str:
    """RFC 2047 words in UTF-8 and base64, at most 75 characters each, never cutting a character."""
    words: list[str] = []
    piece = b""
    room = _octets(min(CODED_WORD, LINE - offset))
    for char in text:
        octets = char.encode("utf-8", "replace")
        if len(piece) + len(octets) > room:
            words.append(_word(piece))
            piece, room = b"", _octets(CODED_WORD)
        piece += octets
    return "\r\n ".join([*words, _word(piece)])


def _octets(width: int) -> int:
    return (width - 12) // 4 * 3


def _word(octets: bytes) -> str:
    return f"=?utf-8?b?{b64encode(octets).decode('ascii')}?="


@lru_cache(maxsize=64)
def _date(second: int) -> str:
    return f"Date: {format_datetime(datetime.fromtimestamp(second, UTC))}\r\n"


def date_line(at: datetime) -> str:
    """The Date line of an aware instant."""
    return _date(int(at.timestamp()))


def check_headers(raw: bytes, expected: Sequence[str]) -> None:
    """Read a finished message's head again and compare its fields with those that were meant, in order.

    Raises HeaderError on a field too many, too few, a bare line end, or a line over 998 octets.
    """
    head, found, body = raw.partition(b"\r\n\r\n")
    if not found:
        raise HeaderError("no_body", "no empty line ends the head")
    if re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", raw):
        raise HeaderError("bare_line_end", "a CR, LF or NUL stands alone")
    names: list[str] = []
    for line in head.split(b"\r\n"):
        match = _NAME.match(line)
        if match:
            names.append(match[1].decode("ascii"))
        elif line[:1] not in (b" ", b"\t") or not line.strip() or not names:
            raise HeaderError("bad_line", "a line of the head is no field")
    if names != list(expected):
        raise HeaderError("other_fields", f"{names} instead of {list(expected)}")
    if any(len(line) > 998 for line in head.split(b"\r\n") + body.split(b"\r\n")):
        raise HeaderError("long_line", "a line has over 998 octets")
