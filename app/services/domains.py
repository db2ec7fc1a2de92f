"""Is a From domain ready to be believed: its SPF, our keys, DMARC, hosts that take what comes back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from app.mail.dkim_keys import strings
from app.mail.dns import NoAnswer, Refused, Resolver
from app.mail.domain.dkim_record import check_dkim
from app.mail.domain.dmarc import check_alignment, check_dmarc, find_policy
from app.mail.domain.findings import STOP, WARN, Finding
from app.mail.domain.hosts import check_links, check_mx, check_ptr
from app.mail.domain.spf import check_spf
from app.mail.headers import wire_domain
from app.services.dkim_keys import Key, listed
from app.services.sentences import say
from app.services.world import World
from app.store import senders

# What large relays ask their customers to put into SPF, by the end of the relay's host name.
RELAYS = {
    "amazonaws.com": "include:amazonses.com",
    "postmarkapp.com": "include:spf.mtasv.net",
    "mailgun.org": "include:mailgun.org",
    "sendgrid.net": "include:sendgrid.net",
    "brevo.com": "include:spf.brevo.com",
    "sendinblue.com": "include:spf.brevo.com",
    "office365.com": "include:spf.protection.outlook.com",
    "gmail.com": "include:_spf.google.com",
    "google.com": "include:_spf.google.com",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What to look at: the From domain, selectors of keys that are not ours, the address that mail leaves from."""

    domain: str
    selectors: Sequence[str] = ()
    address: str = ""


def check_domain(world: World, resolver: Resolver, wish: Wish) -> Iterator[Finding]:
    """Every finding, in the order in which to mend them. It ends at once where the resolver does not answer."""
    rooms = _rooms(world, resolver, wish)
    for room in rooms:
        try:
            yield from room()
        except Refused as fault:
            yield Finding("dns", "domain.dns.refused", STOP, {"name": fault.name, "detail": fault.detail})
        except NoAnswer as fault:
            yield Finding("dns", "domain.dns.no_answer", STOP, {"name": fault.name, "detail": fault.detail})
            return


def _rooms(world: World, resolver: Resolver, wish: Wish) -> tuple[Callable[[], Iterable[Finding]], ...]:
    domain = wish.domain
    envelopes = envelopes_of(world, domain)
    bounces = tuple(dict.fromkeys(name for name, _ in envelopes))
    keys = keys_for(world, domain)
    signing = [key.domain for key in keys if key.state == "active"] + [domain] * len(wish.selectors)

    def spf() -> Iterator[Finding]:
        for name, mechanism in envelopes:
            yield from check_spf(resolver, name, mechanism=mechanism, address=wish.address)

    def dmarc() -> Iterator[Finding]:
        policy = find_policy(resolver, domain)
        yield from check_dmarc(resolver, domain, policy)
        for name in bounces:
            yield from check_alignment(policy, domain, name, signing)

    def mx() -> Iterator[Finding]:
        yield from check_mx(resolver, domain, "replies")
        for name in bounces:
            if name != domain:
                yield from check_mx(resolver, name, "bounces")

    rooms: list[Callable[[], Iterable[Finding]]] = [spf, lambda: _keys(resolver, keys, wish), dmarc, mx]
    if wish.address:
        rooms.append(lambda: check_ptr(resolver, wish.address))
    host = urlsplit(world.settings.public_url).hostname or ""
    if not _is_local(host):
        rooms.append(lambda: check_links(resolver, host))
    return tuple(rooms)


def _keys(resolver: Resolver, keys: Sequence[Key], wish: Wish) -> Iterator[Finding]:
    for key in keys:
        for finding in check_key(resolver, key):
            # A key that does not sign yet does no harm.
            yield replace(finding, level=WARN) if key.state == "new" and finding.level == STOP else finding
    for selector in wish.selectors:
        if selector not in {key.selector for key in keys}:
            yield from check_dkim(resolver, wish.domain, selector)
    if not wish.selectors and not any(key.state == "active" for key in keys):
        code = "domain.dkim.not_active" if keys else "domain.dkim.no_key"
        yield Finding("dkim", code, WARN, {"domain": keys[0].domain if keys else wish.domain})


def check_key(resolver: Resolver, key: Key) -> list[Finding]:
    """How one key of ours is published; a resolver that does not answer is a finding too."""
    try:
        return list(check_dkim(resolver, key.domain, key.selector, (key.algorithm, key.public_key)))
    except (NoAnswer, Refused) as fault:
        code = "domain.dns.refused" if isinstance(fault, Refused) else "domain.dns.no_answer"
        return [Finding("dns", code, STOP, {"name": fault.name, "detail": fault.detail})]


def unpublished(resolver: Resolver, keys: Sequence[Key]) -> list[Finding]:
    """What keeps receivers from believing these keys: why not to sign with them yet."""
    return [finding for key in keys for finding in check_key(resolver, key) if finding.level == STOP]


def looked_up(resolver: Resolver, key: Key) -> list[dict[str, Any]]:
    """What the DNS says of a key at this moment, in words."""
    return [told(finding) for finding in check_key(resolver, key)]


def keys_for(world: World, domain: str) -> tuple[Key, ...]:
    """The keys that sign or will sign mail from the domain: its own, else those of the nearest domain above."""
    kept = [key for key in listed(world) if key.state != "retired"]
    while domain:
        found = tuple(key for key in kept if key.domain == domain)
        if found:
            return found
        domain = domain.partition(".")[2]
    return ()


def envelopes_of(world: World, domain: str) -> tuple[tuple[str, str], ...]:
    """Where bounces of the domain's senders go, and what the SPF record there must hold for their relay."""
    settings = world.settings
    with world.database.read() as connection:
        ours = [
            row for row in senders.in_use(connection, world.workspace_id) if _domain_of(row.address) == domain
        ]
    found = [(row.bounce_domain or settings.bounce_domain, row.host or settings.smtp_host) for row in ours]
    if not found or _domain_of(settings.sender_address) == domain:
        found.append((settings.bounce_domain, settings.smtp_host))
    named = [(wire_domain(bounce) if bounce else domain, relay_mechanism(host)) for bounce, host in found]
    return tuple(dict.fromkeys(named))


def _domain_of(address: str) -> str:
    return wire_domain(address.rpartition("@")[2])


def relay_mechanism(host: str) -> str:
    """What a relay wants to see in SPF; empty where we do not know it."""
    host = host.lower().rstrip(".")
    return next((term for end, term in RELAYS.items() if host == end or host.endswith(f".{end}")), "")


def _is_local(host: str) -> bool:
    """An address, or a name that only this machine or network knows: nothing the DNS could say."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host
    return True


def told(finding: Finding) -> dict[str, Any]:
    """A finding in words: what was looked at, its state, what was found, and what to do about it."""
    remedy = "" if finding.level == "ok" else say(f"{finding.code}.remedy", finding.params)
    line: dict[str, Any] = {
        "what": say(f"domain.about.{finding.about}", {}),
        "state": finding.level,
        "found": say(finding.code, finding.params),
        "remedy": remedy,
        "code": finding.code,
        "publish": None,
    }
    if finding.publish is not None:
        record = finding.publish
        line["publish"] = {
            "name": record.name, "type": record.type, "value": record.value,
            "strings": strings(record.value) if record.type == "TXT" else (),
        }  # fmt: skip
    return line
