"""The hosts behind a domain's mail: who takes replies and bounces, who sends, where links lead."""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address

from app.mail.dns import NoSuchDomain, Resolver
from app.mail.domain.findings import OK, STOP, WARN, Finding, Record


def check_mx(resolver: Resolver, domain: str, purpose: str) -> Iterator[Finding]:
    """Whether mail to the domain arrives; `purpose` is `replies` or `bounces`. Raises NoAnswer and Refused."""
    params = {"domain": domain, "purpose": purpose}
    try:
        records = resolver.mx(domain)
    except NoSuchDomain:
        yield Finding("mx", "domain.mx.no_domain", STOP, params)
        return
    if records and not any(host for _, host in records):
        yield Finding("mx", "domain.mx.refuses", STOP, params)
    elif not records:
        publish = Record(domain, "MX", "10 the host that takes your mail")
        found = bool(_addresses(resolver, domain))
        code, level = ("domain.mx.by_address", WARN) if found else ("domain.mx.none", STOP)
        yield Finding("mx", code, level, params, publish)
    else:
        hosts = [host for _, host in records if host]
        lost = [host for host in hosts if not _addresses(resolver, host)]
        if lost:
            level = STOP if len(lost) == len(hosts) else WARN
            yield Finding("mx", "domain.mx.lost_host", level, {**params, "hosts": lost})
        if len(lost) < len(hosts):
            yield Finding("mx", "domain.mx.ok", OK, {**params, "hosts": hosts})


def _addresses(resolver: Resolver, name: str) -> tuple[str, ...]:
    with suppress(NoSuchDomain):
        return resolver.addresses(name)
    return ()


def check_ptr(resolver: Resolver, address: str) -> Iterator[Finding]:
    """Whether the address that mail leaves from has a name that leads back to it. Raises NoAnswer and Refused."""
    params = {"address": address}
    try:
        names = resolver.names_of(address)
    except NoSuchDomain:
        names = ()
    back = [name for name in names if ip_address(address) in map(ip_address, _addresses(resolver, name))]
    if not names:
        yield Finding("ptr", "domain.ptr.none", STOP, params)
    elif not back:
        kind = "AAAA" if ip_address(address).version == 6 else "A"
        publish = Record(names[0], kind, address)
        yield Finding("ptr", "domain.ptr.no_way_back", STOP, {**params, "names": list(names)}, publish)
    else:
        yield Finding("ptr", "domain.ptr.ok", OK, {**params, "name": back[0]})


def check_links(resolver: Resolver, host: str) -> Iterator[Finding]:
    """Whether the host in our links is to be found. Raises NoAnswer and Refused."""
    params = {"host": host}
    addresses = _addresses(resolver, host)
    if not addresses:
        yield Finding("links", "domain.links.none", STOP, params)
    elif not any(ip_address(address).is_global for address in addresses):
        yield Finding("links", "domain.links.private", STOP, {**params, "addresses": list(addresses)})
    else:
        yield Finding("links", "domain.links.ok", OK, {**params, "addresses": list(addresses)})
