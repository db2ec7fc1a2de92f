"""What programs are told of contacts: whole pages with a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from app.core.contacts import COLUMNS, Known
from app.services.addresses import AddressFault, read_address
from app.services.viewing import programme
from app.services.world import World
from app.store import broadcasts as broadcast_rows
from app.store import contacts as store
from app.store.views import Found
from app.store.views import api as views
from app.store.views import people as rows

# Rows, and the id to go on behind (None: this was the last page).
Page = tuple[list[RowMapping], UUID | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list of contacts is narrowed to. `email` is a whole address, `text` the beginning of a name."""

    stage: str | None = None
    tag: str | None = None
    owner: str | None = None
    email: str | None = None
    text: str | None = None
    after: UUID | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact with what belongs to them. `facts` are the built-in ones that are known."""

    id: UUID
    known: Known
    facts: dict[str, Any]
    fields: dict[str, Any]
    company_id: UUID | None
    company: str | None
    domain: str | None
    owner: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast, and the people it was frozen for by their state."""

    row: RowMapping
    heads: dict[str, int]


@dataclass(frozen=True, slots=True)
class FullBroadcast(Broadcast):
    """With why people were left out, what became of its mails, and what people did with them."""

    people: list[Found]
    mails: list[Found]
    answers: dict[tuple[str, str], int]


def contact(world: World, contact_id: UUID) -> Contact | UUID | None:
    """The contact; the id of the one they were merged into; None: there is nobody."""
    with world.database.read() as connection:
        if not store.exists(connection, world.workspace_id, contact_id):
            return None
        into = views.merged_into(connection, world.workspace_id, contact_id)
        return into or _contacts(connection, world, [contact_id])[0]


def contacts(world: World, asked: Asked, now: datetime) -> tuple[list[Contact], UUID | None]:
    """A page in the order in which they came in, and the id to go on behind (None: this was the last page)."""
    with world.database.read() as connection:
        names = programme.names(connection, world.workspace_id, world.settings.lifecycle_preset or None)
        owner = views.user_of(connection, world.workspace_id, asked.owner.lower()) if asked.owner else None
        if asked.owner and owner is None:
            return [], None
        if asked.email is not None:
            return _by_address(connection, world, asked.email), None
        wanted = rows.Wanted(
            world.workspace_id, names.key, now, stage=asked.stage, text=asked.text or "", owner_id=owner,
            tag=asked.tag or "", upwards=True, after=(None, asked.after) if asked.after else None, limit=asked.limit,
        )  # fmt: skip
        found = [row.id for row in rows.page(connection, wanted)]
        shown = found[: asked.limit]
        return _contacts(connection, world, shown), shown[-1] if len(found) > asked.limit else None


def _by_address(connection: Connection, world: World, text: str) -> list[Contact]:
    try:
        key = read_address(text).key
    except AddressFault:
        return []
    contact_id = views.address_of(connection, world.workspace_id, key)
    return _contacts(connection, world, [contact_id]) if contact_id is not None else []


def _contacts(connection: Connection, world: World, ids: Sequence[UUID]) -> list[Contact]:
    if not ids:
        return []
    names = programme.names(connection, world.workspace_id, world.settings.lifecycle_preset or None)
    known = store.load_known(connection, ids, names.key)
    besides = views.contact_rows(connection, ids)
    return [_contact(known[each], besides[each]) for each in ids]


def _contact(known: Known, row: RowMapping) -> Contact:
    facts = {name: known.facts.get(name) for name in COLUMNS}
    own = {name: value for name, value in known.facts.items() if name not in COLUMNS}
    return Contact(
        known.contact_id, known, facts, own, row["company_id"], row["company"], row["domain"], row["owner"],
        row["created_at"], row["updated_at"],
    )  # fmt: skip


def companies(world: World, domain: str | None, after: UUID | None, limit: int) -> Page:
    """The oldest first."""
    wanted = {"domain": domain.strip().lower() if domain is not None else None}
    with world.database.read() as connection:
        cut = views.Cut(world.workspace_id, wanted, after, limit)
        return _cut(views.company_page(connection, cut), limit)


def company(world: World, company_id: UUID) -> RowMapping | None:
    with world.database.read() as connection:
        found = views.company_page(connection, views.Cut(world.workspace_id, {"id": company_id}))
    return found[0] if found else None


def enrollments(
    world: World,
    contact_id: UUID | None,
    sequence: str | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Page:
    """The newest first."""
    wanted = {"contact_id": contact_id, "state": state}
    with world.database.read() as connection:
        cut = views.Cut(world.workspace_id, wanted, after, limit, newest=True)
        return _cut(views.enrollment_page(connection, cut, sequence), limit)


def deliveries(world: World, wanted: dict[str, Any], after: UUID | None, limit: int) -> Page:
    """The newest first; `wanted` are columns with their values."""
    with world.database.read() as connection:
        cut = views.Cut(world.workspace_id, wanted, after, limit, newest=True)
        return _cut(views.delivery_page(connection, cut), limit)


def delivery(world: World, delivery_id: UUID) -> RowMapping | None:
    with world.database.read() as connection:
        found = views.delivery_page(connection, views.Cut(world.workspace_id, {"id": delivery_id}))
    return found[0] if found else None


def tasks(
    world: World,
    contact_id: UUID | None,
    owner: str | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Page:
    """The newest first."""
    with world.database.read() as connection:
        owner_id = views.user_of(connection, world.workspace_id, owner.lower()) if owner else None
        if owner and owner_id is None:
            return [], None
        wanted = {"contact_id": contact_id, "owner_id": owner_id, "state": state}
        cut = views.Cut(world.workspace_id, wanted, after, limit, newest=True)
        return _cut(views.task_page(connection, cut), limit)


def broadcasts(
    world: World, state: str | None, after: UUID | None, limit: int
) -> tuple[list[Broadcast], UUID | None]:
    """The newest first."""
    with world.database.read() as connection:
        cut = views.Cut(world.workspace_id, {"state": state}, after, limit, newest=True)
        found, last = _cut(views.broadcast_page(connection, cut), limit)
        heads = broadcast_rows.heads(connection, [row["id"] for row in found])
    return [Broadcast(row, heads.get(row["id"], {})) for row in found], last


def broadcast(world: World, broadcast_id: UUID) -> FullBroadcast | None:
    with world.database.read() as connection:
        found = views.broadcast_page(connection, views.Cut(world.workspace_id, {"id": broadcast_id}))
        if not found:
            return None
        return FullBroadcast(
            found[0], broadcast_rows.heads(connection, [broadcast_id]).get(broadcast_id, {}),
            broadcast_rows.reasons(connection, broadcast_id), broadcast_rows.mails(connection, broadcast_id),
            broadcast_rows.answers(connection, broadcast_id),
        )  # fmt: skip


def _cut(rows: Sequence[RowMapping], limit: int) -> Page:
    shown = list(rows[:limit])
    return shown, shown[-1]["id"] if len(rows) > limit else None
