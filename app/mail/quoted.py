"""Quoted-printable (RFC 2045, 6.7) in pieces that can be joined.

Every encoded piece begins and ends at the start of a line, by a soft break where the text goes on. So literals
are encoded once, when a template is compiled, values once a mail, and a plain join of both is valid.
"""

import re
from binascii import a2b_qp, b2a_qp
from functools import lru_cache
from html import escape
from typing import Any

from app.mail.sandbox import Blank, RenderError

SOFT = "=\r\n"
_HOLE = "\r\n\r\n\r\n"
_SPECIAL = re.compile("[&<>\"']").search
_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_CONTROL = {
    code: None for code in [*range(0x20), 0x7F, *range(0x80, 0xA0), *_BIDI] if code not in (0x09, 0x0A)
}
_ALL_CONTROL = _CONTROL | {0x09: " ", 0x0A: " ", 0x0D: " ", 0x2028: " ", 0x2029: " "}


class Encoded(str):
    """Text that is quoted-printable already."""

    __slots__ = ()


def clean_body(text: str) -> str:
    """Text without control characters and without marks that turn the reading direction round."""
    if text.isprintable():
        return text
    return text.replace("\r\n", "\n").translate(_CONTROL)


def clean_line(text: str) -> str:
    """One line of text for a header: controls and line breaks gone, and no `=?` that could begin a coded word."""
    if not text.isprintable():
        text = text.translate(_ALL_CONTROL)
    text = " ".join(text.split())
    while "=?" in text:
        text = text.replace("=?", "= ?")
    return text


def quoted(text: str) -> str:
    """The text encoded; lines end in CRLF and have at most 76 characters."""
    if not text:
        return ""
    encoded = b2a_qp(text.encode("utf-8", "replace"), istext=True).decode("ascii")
    # No line begins with a dot (RFC 2049, 3): it could be lost on the way, and SMTP would have to double it.
    if encoded[0] == ".":
        encoded = f"=2E=\n{encoded[1:]}" if len(encoded) > 1 else "=2E"
    while "\n." in encoded:
        encoded = encoded.replace("\n.", "\n=2E=\n").replace("=2E=\n\n", "=2E\n")
    if "\n" in encoded:
        encoded = encoded.replace("\n", "\r\n")
        if encoded[-1] == "\n":
            return encoded
    if len(encoded) - encoded.rfind("\n") - 1 <= 75:
        return encoded + SOFT
    # The last line is full: its last octet goes on a line of its own, never cutting an =XX.
    cut = 3 if encoded[-3] == "=" else 1
    return encoded[:-cut] + SOFT + encoded[-cut:] + SOFT


def without_holes(encoded: str) -> str:
    """Encoded text with at most one empty line in a row; conditions and lists can leave more."""
    if _HOLE not in encoded:
        return encoded
    # A soft break before two line ends is no hole; it is set aside.
    encoded = encoded.replace(SOFT + "\r\n\r\n", "\0")
    while _HOLE in encoded:
        encoded = encoded.replace(_HOLE, "\r\n\r\n")
    while "\0\r\n" in encoded:
        encoded = encoded.replace("\0\r\n", "\0")
    return encoded.replace("\0", SOFT + "\r\n\r\n")


def unquoted(text: str) -> str:
    """The text behind quoted-printable, with line feeds."""
    return a2b_qp(text.encode("ascii")).decode("utf-8").replace("\r\n", "\n")


@lru_cache(maxsize=8192)
def _text(value: str) -> str:
    return quoted(clean_body(value))


@lru_cache(maxsize=8192)
def _html(value: str) -> str:
    # Most values hold nothing to escape; then both parts share one encoding.
    return quoted(escape(clean_body(value))) if _SPECIAL(value) else _text(value)


def plain(value: Any) -> str:
    """A merge value as text. Raises MissingField for a blank and RenderError for anything but a plain value."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Blank):
        return str(value)
    raise RenderError("not_plain", type=type(value).__name__)


def html_value(value: Any) -> str:
    """A merge value for the HTML part: cleaned, escaped, encoded."""
    kind = type(value)
    return value if kind is Encoded else _html(value if kind is str else plain(value))


def text_value(value: Any) -> str:
    """A merge value for the text part: cleaned and encoded."""
    kind = type(value)
    return value if kind is Encoded else _text(value if kind is str else plain(value))


def line_value(value: Any) -> str:
    """A merge value for the subject: one cleaned line."""
    return clean_line(plain(value))
