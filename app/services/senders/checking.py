"""What a sender may be: every field read, and refused with its name and the remedy."""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_address
from typing import Any

from app.core.reasons import Reason
from app.core.relays import PRESETS, SECURITIES
from app.core.senders import SERVES
from app.mail.route import SmtpRoute
from app.services.addresses import AddressFault, read_address

LONGEST = 200
LONGEST_CA = 64_000
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.I)
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,59}")


class SenderFault(Exception):
    """What was asked cannot be done; nothing was written. `field` is the one to look at, if any."""

    def __init__(self, code: str, field: str = "", **params: Any) -> None:
        super().__init__(code)
        self.field = field
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sender is to be; None leaves a field as it is, or as its preset says.

    An empty `password` takes it away; 0 takes a limit away.
    """

    address: str | None = None
    name: str | None = None
    serves: str | None = None
    match: str | None = None
    preset: str | None = None
    host: str | None = None
    port: int | None = None
    security: str | None = None
    ca: str | None = None
    username: str | None = None
    password: str | None = None
    connections: int | None = None
    max_mails: int | None = None
    max_age: int | None = None
    daily_quota: int | None = None
    per_minute: int | None = None
    bounce_domain: str | None = None
    reply_domain: str | None = None
    enabled: bool | None = None

    def given(self) -> dict[str, Any]:
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in found.items() if value is not None}


def read_wish(wish: Wish) -> dict[str, Any]:
    """The fields that were given, each as it is stored (the password still open). Raises SenderFault."""
    return {name: _READ[name](name, value) for name, value in wish.given().items()}


def begin_with(preset: str) -> dict[str, Any]:
    """A new sender's fields, by the habits of its provider."""
    found = PRESETS[preset]
    return {
        "address": "", "name": "", "serves": "purpose", "match": "", "preset": found.key, "host": found.host,
        "port": found.port, "security": found.security, "ca": "", "username": found.username, "password": None,
        "connections": found.connections, "max_mails": found.max_mails, "max_age": found.max_age,
        "daily_quota": found.daily_quota, "per_minute": found.per_minute, "bounce_domain": "", "reply_domain": "",
        "enabled": True,
    }  # fmt: skip


def check_whole(row: Mapping[str, Any]) -> None:
    """What only shows when all fields are seen together. Raises SenderFault."""
    if not row["address"]:
        raise SenderFault("senders.no_address", "address")
    if not row["match"]:
        raise SenderFault("senders.no_match", "match", serves=row["serves"])
    if row["host"] and row["username"] and not _is_sealed_line(row["security"], row["host"]):
        raise SenderFault("senders.clear", "security", host=row["host"])
    if row["username"] and not row["host"]:
        raise SenderFault("senders.no_host_for_user", "host")
    if row["password"] and not row["username"]:
        raise SenderFault("senders.no_username", "username")
    domain = row["address"].rpartition("@")[2]
    for name in ("bounce_domain", "reply_domain"):
        if row[name] and not _is_aligned(row[name], domain):
            raise SenderFault("senders.domain_apart", name, value=row[name], domain=domain)


def _is_sealed_line(security: str, host: str) -> bool:
    if security in ("starttls", "tls"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_aligned(inner: str, outer: str) -> bool:
    """Below the From's domain, or the From's below it: what DMARC calls relaxed alignment."""
    return inner == outer or inner.endswith(f".{outer}") or outer.endswith(f".{inner}")


def _line(name: str, value: str) -> str:
    value = value.strip()
    if len(value) > LONGEST or not value.isprintable():
        raise SenderFault("senders.text", name, name=name, most=LONGEST)
    return value


def _address(name: str, value: str) -> str:
    try:
        return read_address(_line(name, value)).shown
    except AddressFault as fault:
        raise SenderFault(fault.reason.code, name, **fault.reason.params) from None


def _choice(choices: tuple[str, ...]) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if value not in choices:
            raise SenderFault("senders.choice", name, value=value[:40], known=", ".join(choices))
        return value

    return read


def _host(name: str, value: str) -> str:
    value = _line(name, value).rstrip(".")
    if "{" in value:
        raise SenderFault("senders.region", name, value=value)
    return _domain_name(name, value, least=1) if value and not _is_literal(value) else value


def _is_literal(value: str) -> bool:
    try:
        return bool(ip_address(value))
    except ValueError:
        return False


def _domain(name: str, value: str) -> str:
    value = _line(name, value).rstrip(".").removeprefix("@")
    return _domain_name(name, value, least=2) if value else ""


def _domain_name(name: str, value: str, least: int) -> str:
    try:
        labels = value.encode("idna").decode("ascii").lower().split(".")
    except UnicodeError:
        labels = []
    if len(labels) < least or not all(_LABEL.fullmatch(label) for label in labels):
        raise SenderFault("senders.host", name, value=value[:80])
    return ".".join(labels)


def _whole(least: int, most: int) -> Callable[[str, int], int]:
    def read(name: str, value: int) -> int:
        if not least <= value <= most:
            raise SenderFault("senders.number", name, name=name, least=least, most=most)
        return value

    return read


def _limit(name: str, value: int) -> int | None:
    return _whole(0, 100_000_000)(name, value) or None


def _ca(name: str, value: str) -> str:
    value = value.strip()
    if not value:
        return ""
    try:
        if len(value) > LONGEST_CA:
            raise ValueError(value)
        SmtpRoute("", 0, "tls", ca=value).tls()
    except (ssl.SSLError, ValueError):
        raise SenderFault("senders.ca", name) from None
    return value + "\n"


def _secret(name: str, value: str) -> str | None:
    if len(value) > 1000 or any(sign in value for sign in "\0\r\n"):
        raise SenderFault("senders.text", name, name=name, most=1000)
    return value or None


def _match(name: str, value: str) -> str:
    """Looked at again with what it serves, in `read_match`."""
    return _line(name, value)


def read_match(serves: str, value: str, purposes: frozenset[str]) -> str:
    """Whom a sender serves, in the form it is looked up by. Raises SenderFault."""
    if serves == "owner":
        return _address("match", value).lower()
    if serves == "domain":
        return _domain("match", value)
    word = value.lower()
    if not _WORD.fullmatch(word) or word not in purposes:
        raise SenderFault("senders.purpose", "match", value=value[:40], known=", ".join(sorted(purposes)))
    return word


def _same(name: str, value: Any) -> Any:
    return value


_READ: dict[str, Callable[[str, Any], Any]] = {
    "address": _address,
    "name": _line,
    "serves": _choice(SERVES),
    "match": _match,
    "preset": _choice(tuple(PRESETS)),
    "host": _host,
    "port": _whole(1, 65_535),
    "security": _choice(SECURITIES),
    "ca": _ca,
    "username": _line,
    "password": _secret,
    "connections": _whole(1, 100),
    "max_mails": _whole(1, 100_000),
    "max_age": _whole(10, 86_400),
    "daily_quota": _limit,
    "per_minute": _limit,
    "bounce_domain": _domain,
    "reply_domain": _domain,
    "enabled": _same,
}
