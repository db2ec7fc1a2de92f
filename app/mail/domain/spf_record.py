"""An SPF record as its terms (RFC 7208 4.6, 5, 6)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

ASKING = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MODIFIER = re.compile(r"([a-z][a-z0-9._-]*)=(\S*)", re.I)


class SpfFault(ValueError):
    """A term that is none; the text is the term."""


@dataclass(frozen=True, slots=True)
class Term:
    """`kind` is a mechanism or `redirect`; `value` what stands behind its colon; `written` the whole term."""

    sign: str
    kind: str
    value: str
    written: str

    @property
    def asks(self) -> bool:
        """Whether the receiver must ask the DNS for it; ten of them are allowed."""
        return self.kind in ASKING


def is_spf(text: str) -> bool:
    return re.match(r"v=spf1(?: |$)", text, re.I) is not None


def read_spf(text: str) -> tuple[Term, ...]:
    """The terms of a record, unknown modifiers left out. Raises SpfFault."""
    return tuple(term for word in text.split()[1:] if (term := _term(word)) is not None)


def _term(word: str) -> Term | None:
    sign = word[0] if word[0] in "+?~-" else ""
    body = word[len(sign) :]
    modifier = _MODIFIER.fullmatch(word)
    if modifier and not sign:
        name = modifier[1].lower()
        if name == "redirect" and not modifier[2]:
            raise SpfFault(word)
        return Term("", "redirect", modifier[2].lower(), word) if name == "redirect" else None
    kind, value, prefix = _split(body)
    if kind in ("ip4", "ip6"):
        network_of(kind, value + prefix, word)
        return Term(sign, kind, value + prefix, word)
    bare = kind == "all" or (kind in ("include", "exists") and not value) or (":" in body and not value)
    if kind == "all" and body.lower() == "all":
        return Term(sign, "all", "", word)
    if kind not in ASKING or bare or not _prefix_holds(kind, prefix):
        raise SpfFault(word)
    return Term(sign, kind, value.lower(), word)


def _split(body: str) -> tuple[str, str, str]:
    """The mechanism, what stands behind its colon, and the network lengths behind that."""
    found = re.fullmatch(r"([A-Za-z0-9]+)(?::([^/]*))?(/.*)?", body)
    if found is None:
        return "", "", ""
    return found[1].lower(), found[2] or "", found[3] or ""


def _prefix_holds(kind: str, prefix: str) -> bool:
    if not prefix:
        return True
    found = re.fullmatch(r"(?:/(\d{1,2}))?(?://(\d{1,3}))?", prefix)
    return (
        kind in ("a", "mx") and found is not None and int(found[1] or 0) <= 32 and int(found[2] or 0) <= 128
    )


def network_of(kind: str, value: str, written: str = "") -> IPv4Network | IPv6Network:
    """The network of an `ip4` or `ip6` term. Raises SpfFault."""
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise SpfFault(written or value) from None
    if network.version != int(kind[-1]):
        raise SpfFault(written or value)
    return network


def with_term(text: str, term: str) -> str:
    """The record with one more mechanism, before its end."""
    words = text.split()
    place = next(
        (
            number
            for number, word in enumerate(words)
            if word.lstrip("+?~-").lower() == "all" or word.lower().startswith("redirect=")
        ),
        len(words),
    )
    return " ".join([*words[:place], term, *words[place:]])


def with_end(text: str, end: str) -> str:
    """The record with another `all` at its end."""
    return " ".join([word for word in text.split() if word.lstrip("+?~-").lower() != "all"] + [end])


def networks_of(terms: Sequence[Term]) -> tuple[IPv4Network | IPv6Network, ...]:
    """What the `ip4` and `ip6` terms that let mail pass name."""
    return tuple(
        network_of(term.kind, term.value)
        for term in terms
        if term.kind in ("ip4", "ip6") and term.sign in ("", "+")
    )
