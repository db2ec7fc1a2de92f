"""Senders are added, changed and removed, each time with an entry in the audit trail. Secrets never come back out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.relays import PRESETS
from app.mail.source import CLASSES
from app.services.ids import new_id
from app.services.reading import Unreadable
from app.services.secrets import Vault
from app.services.senders.checking import SenderFault, Wish, begin_with, check_whole, read_match, read_wish
from app.services.world import World
from app.store import accounts
from app.store import senders as rows

# What the audit trail tells only as "changed".
UNTOLD = frozenset({"password", "ca", "address", "name", "match", "username"})


def add(world: World, wish: Wish, now: datetime, by: UUID | None) -> str:
    """Take a sender in, its open fields filled by its preset; its address. Raises SenderFault."""
    wanted = read_wish(wish)
    begun = begin_with(wanted.get("preset", "plain"))
    if PRESETS[begun["preset"]].token_twice and wish.password and not wish.username:
        wanted["username"] = wish.password
    row = {**begun, **wanted}
    # A preset with a gap in its host is filled by whoever chose it.
    read_wish(Wish(host=row["host"]))
    row["match"] = _match_of(world, row, now)
    check_whole(row)
    with world.database.write() as connection:
        if rows.by_address(connection, world.workspace_id, row["address"]) is not None:
            raise SenderFault("senders.taken", "address", address=row["address"])
        _refuse_twin(connection, world, row, None)
        row["password"] = _sealed(world, row["password"])
        row |= {
            "id": new_id(now), "workspace_id": world.workspace_id, "created_at": now, "updated_at": now,
            "updated_by": by,
        }  # fmt: skip
        rows.add(connection, row)
        _audit(connection, world, row["id"], "sender.added", _told(wanted), now, by)
    address: str = row["address"]
    return address


def change(world: World, address: str, wish: Wish, now: datetime, by: UUID | None) -> dict[str, Any]:
    """Make a sender what is wished; what changed, without secrets. Raises SenderFault.

    A relay that moves takes no password with it: whoever can name another host could else have the password sent
    there.
    """
    wanted = read_wish(wish)
    with world.database.write() as connection:
        row = known(connection, world, address)
        before = dict(row._mapping)
        after = {**before, **wanted}
        if wanted.get("host", row.host) != row.host and before["password"] and wish.password is None:
            raise SenderFault("senders.password_again", "password", host=wanted["host"])
        after["match"] = _match_of(world, after, now)
        check_whole(after)
        if after["address"] != row.address and rows.by_address(
            connection, world.workspace_id, after["address"]
        ):
            raise SenderFault("senders.taken", "address", address=after["address"])
        _refuse_twin(connection, world, after, row.id)
        changed = {name: value for name, value in after.items() if value != before[name]}
        if not changed:
            return {}
        if "password" in changed:
            changed["password"] = _sealed(world, changed["password"])
        rows.change(connection, row.id, {**changed, "updated_at": now, "updated_by": by})
        _audit(connection, world, row.id, "sender.changed", _told(changed), now, by)
    return {name: "changed" if name in ("password", "ca") else value for name, value in changed.items()}


def remove(world: World, address: str, now: datetime, by: UUID | None) -> None:
    """Take a sender out; mail that is planned comes from the next one that serves. Raises SenderFault."""
    with world.database.write() as connection:
        row = known(connection, world, address)
        rows.remove(connection, row.id)
        _audit(connection, world, row.id, "sender.removed", {"preset": row.preset, "host": row.host}, now, by)


def known(connection: Connection, world: World, address: str) -> Row[Any]:
    """The sender with this address. Raises SenderFault."""
    row = rows.by_address(connection, world.workspace_id, address.strip())
    if row is None:
        raise SenderFault("senders.unknown", address=address[:200])
    return row


def purposes(world: World, now: datetime) -> frozenset[str]:
    """What a sender may serve as a purpose: the message classes and the content kinds of the lifecycle."""
    try:
        lifecycle = world.library.catalogue(now).rules.lifecycle
    except Unreadable:
        # Nothing is published yet: the classes are there all the same.
        return frozenset(CLASSES)
    kinds = {kind for stage in lifecycle.stages.values() for kind in stage.content_kinds}
    return frozenset({*CLASSES, *kinds})


def without_secret(row: Row[Any]) -> dict[str, Any]:
    """A sender for people and programs to read; of the password only whether there is one."""
    shown = {
        name: value for name, value in row._mapping.items() if name not in ("workspace_id", "updated_by")
    }
    had = shown.pop("password", None)
    return {**shown, "has_password": shown.get("has_password", had is not None)}


def _match_of(world: World, row: dict[str, Any], now: datetime) -> str:
    if not row["match"]:
        return ""
    known_purposes = purposes(world, now) if row["serves"] == "purpose" else frozenset()
    return read_match(row["serves"], row["match"], known_purposes)


def _refuse_twin(connection: Connection, world: World, row: dict[str, Any], own: UUID | None) -> None:
    other = rows.serving(connection, world.workspace_id, row["serves"], row["match"])
    if other is not None and other.id != own:
        raise SenderFault("senders.served", "match", match=row["match"], address=other.address)


def _sealed(world: World, password: str | None) -> str | None:
    return Vault(world.settings).seal(password) if password else None


def _told(values: dict[str, Any]) -> dict[str, Any]:
    return {name: "changed" if name in UNTOLD else value for name, value in values.items()}


def _audit(
    connection: Connection,
    world: World,
    sender_id: UUID,
    action: str,
    detail: dict[str, Any],
    now: datetime,
    by: UUID | None,
) -> None:
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "sender", "subject": str(sender_id), "detail": detail,
        },
    )  # fmt: skip
