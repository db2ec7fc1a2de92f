"""Mail addresses: the key under which one is unique, beside the form in which it is shown.

A full check of unusual addresses needs the tables of `email-validator` (app/services/addresses.py).
What can be decided here are the plain ones, which nearly all are.
"""

import re
from dataclasses import dataclass

# Local part: words of letters and digits with single signs between them (RFC 5321 allows more).
_PLAIN = re.compile(
    r"[A-Za-z0-9_]+(?:[.+\-][A-Za-z0-9_]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_RESERVED = ("arpa", "invalid", "local", "localhost", "onion", "test")  # RFC 6761, 7686
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_NAMED = re.compile(r"<([^<>]+)>")
_BETWEEN = re.compile(r"[;,|\s]+")
LONGEST_LOCAL, LONGEST = 64, 254


@dataclass(frozen=True, slots=True)
class Address:
    """`key` is lower case with the domain as A-labels (RFC 5891); "+" details keep two addresses apart."""

    key: str
    shown: str
    domain: str


def plain_address(text: str) -> Address | None:
    """The address, when it is of the plain kind; None asks for the full check."""
    if _PLAIN.fullmatch(text) is None or len(text) > LONGEST:
        return None
    local, _, domain = text.partition("@")
    domain = domain.lower()
    if len(local) > LONGEST_LOCAL or "--" in domain or domain.rsplit(".", 1)[1] in _RESERVED:
        return None
    return Address(f"{local.lower()}@{domain}", text, domain)


def checked_address(local: str, ascii_domain: str, shown: str) -> Address:
    """An address that was checked elsewhere. `ascii_domain` is in A-labels."""
    domain = ascii_domain.lower()
    return Address(f"{local.lower()}@{domain}", shown, domain)


def addresses_in(cell: str) -> list[str]:
    """The addresses written in one cell: "Anna <a@x.it>", "mailto:a@x.it", "a@x.it; b@x.it"."""
    text = cell.translate(_INVISIBLE).strip()
    if not text:
        return []
    named = _NAMED.findall(text)
    if named:
        return [part.strip() for part in named]
    text = text.removeprefix("mailto:").removeprefix("MAILTO:")
    if text.count("@") < 2:
        return [text.strip(" ;,")]
    return [part for part in _BETWEEN.split(text) if part]
