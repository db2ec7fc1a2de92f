"""Erasing a person: statistics stay, the person goes, and a keyed hash keeps imports from bringing them back.

What is personal is known from the tables' own declarations (`app.store.persons`). Files are searched
afterwards, and once more when nothing that was under way can come in late any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.privacy.files import search_files
from app.services.suppressing import ValueHash, suppress
from app.services.timeline import line
from app.services.world import World
from app.store import accounts, ledger, persons
from app.store import erasing as store
from app.store import recipients as people

log = structlog.get_logger()
# After so long no answer of a server, no spooled hit and no running import speaks of them any more.
SETTLE = timedelta(minutes=10)
LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class Erased:
    """`rows` were emptied or removed; `left` are files that still name the person, for somebody to look at."""

    contact_id: UUID
    rows: int
    left: tuple[str, ...]


def erase(
    world: World,
    contact_id: UUID,
    *,
    by: str,
    why: str,
    now: datetime,
    user_id: UUID | None = None,
    files: bool = True,
) -> Erased | None:
    """Forget the contact and all who were merged into them. None: there is nobody (any more).

    `by` is contact, system or user:<id>. Mail on its way cannot be called back; what waits is cancelled.
    Without `files` whole tables and files are searched later only, by `settle_due`: nobody waits for it.
    """
    with world.database.write() as connection:
        who = people.lock_contact(connection, world.workspace_id, contact_id)
        if who is None:
            return None
        group = persons.everybody_in(connection, who)
        addresses = store.addresses_of(connection, group)
        store.stand_still(connection, group, now)
        rows = persons.erase_rows(connection, group, _own_words(connection, world, now))
        store.take_away(connection, group, now)
        _keep_out(connection, world, addresses, now)
        _write_down(connection, world, group, addresses, by, why, user_id, now)
    return Erased(who, rows, _sweep(world, group, addresses, now) if files else ())


def settle_due(world: World, now: datetime) -> int:
    """Look again for what came in late, and end the erasures after which nothing can; how many were ended."""
    with world.database.read() as connection:
        rows = store.unsettled(connection, world.workspace_id)
    due = [row for row in rows if now >= row.at + SETTLE]
    return sum(_settle(world, row.id, row.contact_id, list(row.traces["addresses"]), now) for row in due)


def _settle(world: World, erasure_id: UUID, contact_id: UUID, addresses: list[str], now: datetime) -> bool:
    with world.database.write() as connection:
        group = persons.everybody_in(connection, contact_id)
        if store.on_the_way(connection, group):
            return False
        store.stand_still(connection, group, now)
        persons.erase_rows(connection, group, _own_words(connection, world, now))
    left = _sweep(world, group, addresses, now)
    if left:
        log.warning("erasing.files_left", files=left)
    with world.database.write() as connection:
        persons.erase_rows(connection, group, (), last=True)
        store.settle(connection, erasure_id, now)
    world.database.empty_log()
    return True


def _own_words(connection: Connection, world: World, now: datetime) -> set[str]:
    catalogue = world.library.catalogue(now)
    lifecycle, programme = catalogue.rules.lifecycle, catalogue.setting.programme
    own = {*lifecycle.stages, *lifecycle.criteria, *programme.topics, *programme.forms}
    return own | store.own_keys(connection, world.workspace_id)


def _keep_out(connection: Connection, world: World, addresses: list[str], now: datetime) -> None:
    hashed = ValueHash(world.settings)
    hashes = {hashed(address) for address in addresses}
    store.lift_whole(connection, world.workspace_id, hashes, now, "the person was erased")
    for address in addresses:
        suppress(
            connection, world, scope="marketing", value=address, reason=Reason(store.CODE), source="erasure", now=now
        )  # fmt: skip


def _write_down(
    connection: Connection,
    world: World,
    group: list[UUID],
    addresses: list[str],
    by: str,
    why: str,
    user_id: UUID | None,
    now: datetime,
) -> None:
    """The audit log, the story's last line and what is to be looked for in files; only the last names the person."""
    who = group[0]
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": user_id,
            "action": store.CODE, "subject_kind": "contact", "subject": str(who),
            "detail": {"by": by, "why": _without(why, addresses)[:LONGEST_WHY]},
        },
    )  # fmt: skip
    told = line(world.workspace_id, who, "contact", Reason(store.CODE), now, actor=by)
    ledger.add_timeline(connection, [told])
    row = {
        "id": new_id(now),
        "workspace_id": world.workspace_id,
        "contact_id": who,
        "asked_by": by,
        "at": now,
    }
    store.add(connection, {**row, "traces": {"addresses": addresses}})


def _without(why: str, addresses: list[str]) -> str:
    """The reason stays in the audit log, so the address does not stand in it."""
    words = [word for word in why.split() if not any(one in word.casefold() for one in addresses)]
    return " ".join(words)


def _sweep(world: World, group: list[UUID], addresses: list[str], now: datetime) -> tuple[str, ...]:
    """Rows that refer to nobody, then files, then the log of the database: outside of the person's transaction,
    because whole tables are read."""
    with world.database.read() as connection:
        named = [place for place in persons.searched() if persons.names(connection, place, addresses)]
        known = _own_words(connection, world, now)
    for place in named:
        with world.database.write() as connection:
            persons.erase_named(connection, place, addresses, known)
    left = search_files(world, group, addresses)
    world.database.empty_log()
    return left
