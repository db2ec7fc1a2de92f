"""DKIM keys as operators handle them: made, published by hand in the DNS, activated, retired."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.reasons import Reason
from app.mail.dkim import PrivateKey, Signer
from app.mail.dkim_keys import (
    ALGORITHMS,
    algorithm_of,
    key_text,
    new_key,
    public_text,
    record,
    record_name,
    strings,
    zone_line,
)  # fmt: skip
from app.mail.headers import HeaderError, wire_domain
from app.services.ids import new_id
from app.services.secrets import Vault
from app.services.world import World
from app.store import accounts
from app.store import dkim as rows

ED25519_MARK = "e"


class KeyFault(Exception):
    """What was asked of a key cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its private part, and the record that publishes it."""

    id: UUID
    domain: str
    selector: str
    algorithm: str
    state: str
    public_key: str
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None

    @property
    def name(self) -> str:
        """Where its record stands in the DNS."""
        return record_name(self.domain, self.selector)

    @property
    def record(self) -> str:
        return record(self.algorithm, self.public_key)

    def told(self) -> dict[str, Any]:
        """Everything there is to tell, for a program to read."""
        return {
            "domain": self.domain, "selector": self.selector, "algorithm": self.algorithm, "state": self.state,
            "created_at": self.created_at, "activated_at": self.activated_at, "retired_at": self.retired_at,
            "name": self.name, "type": "TXT", "record": self.record, "strings": strings(self.record),
            "zone_line": zone_line(self.name, self.record),
        }  # fmt: skip


def make(
    world: World, domain: str, now: datetime, *, selector: str = "", algorithms: Iterable[str] = ALGORITHMS,
    private_key: PrivateKey | None = None, by: UUID | None = None,
) -> tuple[Key, ...]:  # fmt: skip
    """New keys of a domain, one for each algorithm, not signing yet; or `private_key`, made elsewhere.

    Two keys need two selectors: that of the Ed25519 key ends in `e`. `by`: who asked on a page. Raises KeyFault.
    """
    wired = read_domain(domain)
    fresh = [private_key] if private_key is not None else [new_key(each) for each in algorithms]
    vault = Vault(world.settings)
    with world.database.write() as connection:
        taken = {row.selector for row in rows.all_keys(connection, world.workspace_id, wired)}
        base = selector.lower() or _free_selector(now, taken)
        made = []
        for key in fresh:
            algorithm = algorithm_of(key)
            marked = f"{base}{ED25519_MARK}" if len(fresh) > 1 and algorithm == "ed25519" else base
            made.append(_row(world, wired, marked, key, vault, taken, now))
            rows.add(connection, made[-1])
            _audit(connection, world, "dkim.made", made[-1]["id"], f"{marked}._domainkey.{wired}", now, by)
    ids = {row["id"] for row in made}
    return tuple(key for key in listed(world, wired) if key.id in ids)


def _row(
    world: World, domain: str, selector: str, key: PrivateKey, vault: Vault, taken: set[str], now: datetime
) -> dict[str, Any]:
    if selector in taken:
        raise KeyFault("dkim.selector_taken", selector=selector, domain=domain)
    try:
        Signer(domain, selector, key)
    except ValueError:
        raise KeyFault("dkim.selector", selector=selector) from None
    return {
        "id": new_id(now), "workspace_id": world.workspace_id, "domain": domain, "selector": selector,
        "algorithm": algorithm_of(key), "private_key": vault.seal(key_text(key)),
        "public_key": public_text(key), "state": "new", "created_at": now,
    }  # fmt: skip


def _free_selector(now: datetime, taken: set[str]) -> str:
    """By the month, so that a look at it tells a key's age: t202611, then t202611b and so on."""
    month = f"t{now:%Y%m}"
    names = [month, *(f"{month}{letter}" for letter in "bcdfghijklmnopqrstuvwxyz")]
    return next((name for name in names if not {name, name + ED25519_MARK} & taken), f"{month}-{len(taken)}")


def read_domain(text: str) -> str:
    """The domain as it stands in the DNS. Raises KeyFault."""
    try:
        wired = wire_domain(text.strip().rstrip("."))
    except HeaderError:
        wired = ""
    if "." not in wired:
        raise KeyFault("dkim.domain", domain=text[:80])
    return wired


def listed(world: World, domain: str | None = None) -> tuple[Key, ...]:
    """Every key, or those of a domain."""
    with world.database.read() as connection:
        return tuple(_key(row) for row in rows.all_keys(connection, world.workspace_id, domain))


def find(world: World, domain: str, selector: str) -> Key:
    """One key. Raises KeyFault."""
    wired = read_domain(domain)
    for key in listed(world, wired):
        if key.selector == selector.lower():
            return key
    raise KeyFault("dkim.unknown", selector=selector, domain=wired)


def activate(world: World, key: Key, now: datetime, by: UUID | None = None) -> tuple[Key, ...]:
    """Sign with it from now on; the key of the same algorithm that signed so far retires. Those that retired."""
    with world.database.write() as connection:
        found = [_key(row) for row in rows.all_keys(connection, world.workspace_id, key.domain)]
        before = tuple(
            other
            for other in found
            if other.state == "active" and other.algorithm == key.algorithm and other.id != key.id
        )
        rows.retire(connection, [other.id for other in before], now)
        rows.activate(connection, key.id, now)
        _audit(connection, world, "dkim.activated", key.id, key.name, now, by)
        for other in before:
            _audit(connection, world, "dkim.retired", other.id, other.name, now, by)
    return before


def retire(world: World, key: Key, now: datetime, by: UUID | None = None) -> bool:
    """Sign with it no more. Its record must stay until what it signed has arrived. False: it was so already."""
    if key.state == "retired":
        return False
    with world.database.write() as connection:
        rows.retire(connection, [key.id], now)
        _audit(connection, world, "dkim.retired", key.id, key.name, now, by)
    return True


def _key(row: Row[Any]) -> Key:
    return Key(
        row.id, row.domain, row.selector, row.algorithm, row.state, row.public_key, row.created_at,
        row.activated_at, row.retired_at,
    )  # fmt: skip


def _audit(
    connection: Connection, world: World, action: str, key_id: UUID, name: str, now: datetime, by: UUID | None
) -> None:
    row = {
        "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by, "action": action,
        "subject_kind": "dkim_key", "subject": str(key_id), "detail": {"name": name, "through": "page" if by else "shell"},
    }  # fmt: skip
    accounts.audit(connection, row)
