"""What the world's names say: mail hosts, texts, addresses. Asked through a `Resolver` that tests replace.

Sources: RFC 1035; RFC 5321 5.1 (which hosts take a domain's mail), RFC 7505 (a domain that takes none).
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
import dns.reversename

from app.mail.headers import HeaderError, wire_domain

# Of one server, and of a whole question however many servers are asked.
SERVER_SECONDS = 2.0
LIFETIME_SECONDS = 5.0
CACHED = 20_000

Value = TypeVar("Value")
Mx = tuple[int, str]
NULL_MX: tuple[Mx, ...] = ((0, ""),)


class DnsFault(Exception):
    """A question that was not answered with records; `name` is what was asked about."""

    code = "dns.fault"

    def __init__(self, name: str, detail: str = "") -> None:
        self.name = name
        self.detail = detail
        super().__init__(f"{name}: {detail or self.code}")


class NoSuchDomain(DnsFault):
    """There is no such name, and a server that knows has said so."""

    code = "dns.no_such_domain"


class NoAnswer(DnsFault):
    """No name server answered in time, or none is known. Says nothing about the name."""

    code = "dns.no_answer"


class Refused(DnsFault):
    """The name servers answered that they will not or cannot say. Says nothing about the name."""

    code = "dns.refused"


class Resolver(Protocol):
    """Every method gives an empty tuple where the name has no such record, and raises a DnsFault."""

    def mx(self, domain: str) -> tuple[Mx, ...]:
        """(preference, host), the best first; `NULL_MX` where the domain takes no mail (RFC 7505)."""

    def txt(self, name: str) -> tuple[str, ...]:
        """Each record with its strings joined."""

    def addresses(self, name: str) -> tuple[str, ...]:
        """IPv4 and IPv6 addresses."""

    def names_of(self, address: str) -> tuple[str, ...]:
        """The names of an IP address (PTR). ValueError when it is none."""


class SystemResolver(Resolver):
    """Asks the name servers of this machine, or those given as `address` or `address:port`. Safe in threads."""

    def __init__(self, servers: Sequence[str] = (), lifetime: float | None = None) -> None:
        self._lifetime = LIFETIME_SECONDS if lifetime is None else lifetime
        self._resolver: dns.resolver.Resolver | None = None
        try:
            self._resolver = dns.resolver.Resolver(configure=not servers)
        except dns.resolver.NoResolverConfiguration:
            return
        self._resolver.timeout = min(SERVER_SECONDS, self._lifetime)
        self._resolver.cache = dns.resolver.LRUCache(CACHED)
        if servers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(*_place(one)) for one in servers]

    @property
    def servers(self) -> str:
        """Who is asked, for a message."""
        if self._resolver is None:
            return "nobody"
        return ", ".join(str(server).removeprefix("Do53:") for server in self._resolver.nameservers)

    def mx(self, domain: str) -> tuple[Mx, ...]:
        def read(record: Any) -> Mx:
            return record.preference, _host(record.exchange)

        return tuple(sorted(self._ask(domain, "MX", read)))

    def txt(self, name: str) -> tuple[str, ...]:
        return self._ask(name, "TXT", lambda record: b"".join(record.strings).decode("utf-8", "replace"))

    def addresses(self, name: str) -> tuple[str, ...]:
        def read(record: Any) -> str:
            return str(record.address)

        return (*self._ask(name, "A", read), *self._ask(name, "AAAA", read))

    def names_of(self, address: str) -> tuple[str, ...]:
        try:
            name = dns.reversename.from_address(address)
        except dns.exception.SyntaxError:
            raise ValueError(f"{address} is no IP address") from None
        return self._ask(name, "PTR", lambda record: _host(record.target))

    def _ask(self, asked: str | dns.name.Name, kind: str, read: Callable[[Any], Value]) -> tuple[Value, ...]:
        name = asked if isinstance(asked, dns.name.Name) else _name(asked)
        shown = _host(name)
        if self._resolver is None:
            raise NoAnswer(shown, "this machine names no DNS server")
        try:
            answer = self._resolver.resolve(
                name, kind, search=False, raise_on_no_answer=False, lifetime=self._lifetime
            )
        except dns.resolver.NXDOMAIN:
            raise NoSuchDomain(shown) from None
        except dns.resolver.NoNameservers as fault:
            raise _unwilling(shown, fault) from None
        except dns.exception.Timeout:
            raise NoAnswer(shown, f"no answer in {self._lifetime:g} seconds from {self.servers}") from None
        except (dns.exception.DNSException, OSError) as fault:
            raise NoAnswer(shown, str(fault)) from None
        return tuple(read(record) for record in answer.rrset or ())


def takes_mail(resolver: Resolver, domain: str) -> bool:
    """Whether some host takes the domain's mail: its MX, else the domain itself. Raises NoAnswer, Refused."""
    return bool(mail_hosts(resolver, domain))


def mail_hosts(resolver: Resolver, domain: str) -> tuple[str, ...]:
    """The hosts that take the domain's mail, the best first; none where there is none. Raises NoAnswer, Refused.

    Without MX it is the domain itself where that has an address (RFC 5321 5.1).
    """
    try:
        records = resolver.mx(domain)
        if records:
            return tuple(host for _, host in records if host)
        return (domain,) if resolver.addresses(domain) else ()
    except NoSuchDomain:
        return ()


def _place(server: str) -> tuple[str, int]:
    """An address with or without a port: 192.0.2.1, 192.0.2.1:5353, [2001:db8::1]:5353."""
    if server.startswith("["):
        address, _, port = server[1:].partition("]")
        return address, int(port[1:] or 53)
    if server.count(":") == 1:
        address, _, port = server.partition(":")
        return address, int(port)
    return server, 53


def _name(text: str) -> dns.name.Name:
    """What cannot be a name cannot be registered: it is told as one that does not exist."""
    try:
        wired = text if text.isascii() else wire_domain(text)
        return dns.name.from_text(wired.rstrip("."))
    except (dns.exception.DNSException, HeaderError, UnicodeError) as fault:
        raise NoSuchDomain(text[:253], str(fault)) from None


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else ""


def _unwilling(name: str, fault: dns.resolver.NoNameservers) -> DnsFault:
    """Servers that said no, told from servers that were not there."""
    errors = [error for *_, error, _ in fault.kwargs.get("errors", ())]
    said = sorted({error for error in errors if isinstance(error, str)})
    return Refused(name, ", ".join(said)) if said else NoAnswer(name, "; ".join(map(str, errors)))
