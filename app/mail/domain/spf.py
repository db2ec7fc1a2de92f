"""Whether a domain's SPF record lets our mail pass, and stays within what receivers look up (RFC 7208)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeVar

from app.mail.dns import NoSuchDomain, Resolver
from app.mail.domain.findings import OK, STOP, WARN, Finding, Record
from app.mail.domain.spf_record import (
    SpfFault,
    Term,
    is_spf,
    networks_of,
    read_spf,
    with_end,
    with_term,
)

Value = TypeVar("Value")
MOST_LOOKUPS = 10
MOST_VOID = 2
MOST_HOSTS = 10
DEEPEST = 20


@dataclass(slots=True)
class Walk:
    """What was met on the way through a record and all it includes, as a receiver meets it at worst."""

    resolver: Resolver
    lookups: int = 0
    void: int = 0
    includes: set[str] = field(default_factory=set)
    networks: list[IPv4Network | IPv6Network] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)  # code, at what

    def text_of(self, domain: str) -> str | None:
        """The one SPF record of a domain that another one names."""
        texts = [text for text in self._asked(self.resolver.txt, domain) if is_spf(text)]
        if len(texts) != 1:
            self.faults.append(("several" if texts else "broken_include", domain))
            return None
        return texts[0]

    def read(self, domain: str, text: str, path: tuple[str, ...]) -> tuple[Term, ...]:
        """Go through one record and what it names. Its own terms."""
        try:
            terms = read_spf(text)
        except SpfFault as fault:
            self.faults.append(("syntax", str(fault)))
            return ()
        passing = [term for term in terms if term.sign in ("", "+")]
        self.networks += networks_of(terms)
        for term in terms:
            # Of a record without end (a loop, a chain of thousands) we have seen enough.
            if term.asks and self.lookups <= 2 * MOST_LOOKUPS:
                self.lookups += 1
                self._follow(term, domain, path, passes=term in passing)
        return terms

    def _follow(self, term: Term, domain: str, path: tuple[str, ...], *, passes: bool) -> None:
        named = term.value or domain
        if "%" in named:
            return  # a macro: what it names depends on the mail
        if term.kind in ("include", "redirect"):
            self.includes.add(named)
            if named in path or len(path) > DEEPEST:
                self.faults.append(("loop", named))
            elif (text := self.text_of(named)) is not None:
                self.read(named, text, (*path, named))
        elif term.kind in ("a", "exists"):
            self._take(self._asked(self.resolver.addresses, named), term if passes else None)
        elif term.kind == "mx":
            hosts = [host for _, host in self._asked(self.resolver.mx, named) if host]
            if len(hosts) > MOST_HOSTS:
                self.faults.append(("many_mx", named))
            for host in hosts[:MOST_HOSTS]:
                # These questions do not count towards the ten (RFC 7208 4.6.4), nor as void.
                self._take(_or_none(self.resolver, host), term if passes else None)

    def _take(self, addresses: Sequence[str], term: Term | None) -> None:
        if term is not None and term.kind != "exists" and "/" not in term.written:
            self.networks += [ip_network(address) for address in addresses]
        elif term is not None and term.kind != "exists":
            self.networks += _widened(addresses, term.written.partition("/")[2])

    def _asked(self, ask: Callable[[str], tuple[Value, ...]], name: str) -> tuple[Value, ...]:
        try:
            found = ask(name)
        except NoSuchDomain:
            found = ()
        self.void += not found
        return found


def _or_none(resolver: Resolver, host: str) -> tuple[str, ...]:
    try:
        return resolver.addresses(host)
    except NoSuchDomain:
        return ()


def _widened(addresses: Sequence[str], lengths: str) -> list[IPv4Network | IPv6Network]:
    """The networks of `a/24//64` around addresses."""
    four, _, six = lengths.partition("//") if not lengths.startswith("/") else ("", "", lengths[1:])
    widths = {4: four or "32", 6: six or "128"}
    return [ip_network(f"{one}/{widths[ip_address(one).version]}", strict=False) for one in addresses]


def check_spf(
    resolver: Resolver, domain: str, *, mechanism: str = "", address: str = ""
) -> Iterator[Finding]:
    """The record of the envelope sender's domain. `mechanism` is what the relay wants to see in it, such as
    `include:amazonses.com`; `address` the IP address that mail leaves from, where it is known.

    Raises NoAnswer and Refused.
    """
    wanted = mechanism or (f"ip{ip_address(address).version}:{address}" if address else "mx")
    try:
        texts = [text for text in resolver.txt(domain) if is_spf(text)]
    except NoSuchDomain:
        texts = []
    if len(texts) != 1:
        code = "domain.spf.several" if texts else "domain.spf.none"
        publish = Record(domain, "TXT", texts[0] if texts else f"v=spf1 {wanted} ~all")
        yield Finding("spf", code, STOP, {"domain": domain, "count": len(texts)}, publish)
        return
    walk = Walk(resolver)
    terms = walk.read(domain, texts[0], (domain,))
    found = [*_faults(walk, domain), *_ends(terms, walk, domain, texts[0])]
    found += _covers(terms, walk, domain, texts[0], mechanism, address)
    yield from found
    if not any(finding.level == STOP for finding in found):
        yield Finding(
            "spf", "domain.spf.ok", OK, {"domain": domain, "lookups": walk.lookups, "text": texts[0]}
        )


def _faults(walk: Walk, domain: str) -> Iterator[Finding]:
    for code, at in dict.fromkeys(walk.faults):
        yield Finding("spf", f"domain.spf.{code}", STOP, {"domain": domain, "at": at})
    if walk.lookups > MOST_LOOKUPS:
        params = {"domain": domain, "count": walk.lookups, "most": MOST_LOOKUPS}
        yield Finding("spf", "domain.spf.many_lookups", STOP, params)
    if walk.void > MOST_VOID:
        params = {"domain": domain, "count": walk.void, "most": MOST_VOID}
        yield Finding("spf", "domain.spf.void", STOP, params)


def _ends(terms: Sequence[Term], walk: Walk, domain: str, text: str) -> Iterator[Finding]:
    """How the record ends, and what in it nobody should write any more."""
    params = {"domain": domain, "text": text}
    strict = Record(domain, "TXT", with_end(text, "~all"))
    ends = [term.sign or "+" for term in terms if term.kind == "all"]
    if ends and ends[0] == "+":
        yield Finding("spf", "domain.spf.all_pass", STOP, params, strict)
    elif ends and ends[0] == "?":
        yield Finding("spf", "domain.spf.neutral", WARN, params, strict)
    elif terms and not ends and not any(term.kind == "redirect" for term in terms):
        yield Finding("spf", "domain.spf.no_end", WARN, params, strict)
    if any(term.kind == "ptr" for term in terms):
        yield Finding("spf", "domain.spf.ptr", WARN, params)


def _covers(
    terms: Sequence[Term], walk: Walk, domain: str, text: str, mechanism: str, address: str
) -> Iterator[Finding]:
    if not terms:
        return
    kind, _, named = mechanism.partition(":")
    if mechanism and not (named in walk.includes if kind == "include" else mechanism in text.split()):
        publish = Record(domain, "TXT", with_term(text, mechanism))
        yield Finding(
            "spf", "domain.spf.relay_missing", STOP, {"domain": domain, "mechanism": mechanism}, publish
        )
    if address and not any(ip_address(address) in network for network in walk.networks):
        publish = Record(domain, "TXT", with_term(text, f"ip{ip_address(address).version}:{address}"))
        yield Finding(
            "spf", "domain.spf.address_missing", STOP, {"domain": domain, "address": address}, publish
        )
