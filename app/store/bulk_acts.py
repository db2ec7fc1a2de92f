"""Acts on many contacts: what was asked, how far it is, whom it changed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from app.store.hints import said, within
from app.store.ledger import insert_new
from app.store.tables import bulk_acts, bulk_changes, contact_tags, contacts, enrollments, users

RUNNING = "state = 'running'"


def add(connection: Connection, row: dict[str, Any]) -> bool:
    """Write an act down; False: its form was sent before."""
    return insert_new(connection, bulk_acts, [row]) == 1


def by_form(connection: Connection, workspace_id: UUID, form_key: str) -> RowMapping | None:
    query = select(bulk_acts).where(
        bulk_acts.c.workspace_id == workspace_id, bulk_acts.c.form_key == form_key
    )
    return connection.execute(query).mappings().first()


def find(connection: Connection, workspace_id: UUID, act_id: UUID) -> RowMapping | None:
    """One act, with the name of who did it."""
    query = (
        select(bulk_acts, users.c.name.label("by_name"))
        .outerjoin(users, users.c.id == bulk_acts.c.user_id)
        .where(bulk_acts.c.workspace_id == workspace_id, bulk_acts.c.id == act_id)
    )
    return connection.execute(query).mappings().first()


def recent(connection: Connection, workspace_id: UUID, limit: int) -> Sequence[RowMapping]:
    query = (
        select(bulk_acts, users.c.name.label("by_name"))
        .outerjoin(users, users.c.id == bulk_acts.c.user_id)
        .where(bulk_acts.c.workspace_id == workspace_id)
        .order_by(bulk_acts.c.created_at.desc())
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def running(connection: Connection, workspace_id: UUID) -> list[UUID]:
    query = select(bulk_acts.c.id).where(bulk_acts.c.workspace_id == workspace_id, said(bulk_acts, RUNNING))
    return list(connection.execute(query.order_by(bulk_acts.c.id)).scalars())


def hold(connection: Connection, act_id: UUID) -> RowMapping | None:
    """The act while it runs, for one worker alone; None where it is over or another has it in hand."""
    query = select(bulk_acts).where(bulk_acts.c.id == act_id, said(bulk_acts, RUNNING))
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    return connection.execute(query).mappings().first()


def change(connection: Connection, act_id: UUID, **values: Any) -> None:
    connection.execute(update(bulk_acts).where(bulk_acts.c.id == act_id).values(**values))


def stop(connection: Connection, workspace_id: UUID, act_id: UUID, by: UUID, now: datetime) -> bool:
    mine = (bulk_acts.c.workspace_id == workspace_id) & (bulk_acts.c.id == act_id)
    stopped = update(bulk_acts).where(mine, bulk_acts.c.state == "running")
    return connection.execute(stopped.values(state="stopped", finished_at=now, stopped_by=by)).rowcount == 1


def note_changes(
    connection: Connection, workspace_id: UUID, act_id: UUID, changed: Collection[tuple[UUID, UUID | None]]
) -> None:
    """Whom the act changed, with the owner they had."""
    rows = [
        {"act_id": act_id, "contact_id": who, "workspace_id": workspace_id, "old_owner": owner}
        for who, owner in changed
    ]
    if rows:
        insert_new(connection, bulk_changes, rows)


def changes(
    connection: Connection, act_id: UUID, after: UUID | None, limit: int
) -> list[tuple[UUID, UUID | None]]:
    query = select(bulk_changes.c.contact_id, bulk_changes.c.old_owner).where(bulk_changes.c.act_id == act_id)
    if after is not None:
        query = query.where(bulk_changes.c.contact_id > after)
    rows = connection.execute(query.order_by(bulk_changes.c.contact_id).limit(limit))
    return [(row.contact_id, row.old_owner) for row in rows]


def changed_of(connection: Connection, act_id: UUID, ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """The owner each of these contacts had before the act."""
    query = select(bulk_changes.c.contact_id, bulk_changes.c.old_owner).where(
        bulk_changes.c.act_id == act_id, bulk_changes.c.contact_id.in_(ids)
    )
    return {row.contact_id: row.old_owner for row in connection.execute(query)}


def count_changes(connection: Connection, act_id: UUID) -> int:
    query = select(func.count()).select_from(bulk_changes).where(bulk_changes.c.act_id == act_id)
    return connection.execute(query).scalar_one()


def newest_contact(connection: Connection, workspace_id: UUID) -> UUID | None:
    query = select(contacts.c.id).where(within(contacts, workspace_id))
    return connection.execute(query.order_by(contacts.c.id.desc()).limit(1)).scalar()


def here(connection: Connection, workspace_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Those of the contacts who are still there: neither erased nor merged into another."""
    query = select(contacts.c.id).where(
        contacts.c.id.in_(ids), contacts.c.workspace_id == workspace_id, contacts.c.merged_into.is_(None),
        contacts.c.erased_at.is_(None),
    )  # fmt: skip
    return set(connection.execute(query).scalars())


def tagged_at(connection: Connection, ids: Collection[UUID], tag: str) -> dict[UUID, datetime]:
    """Who has the tag, and since when."""
    query = select(contact_tags.c.contact_id, contact_tags.c.added_at).where(
        contact_tags.c.contact_id.in_(ids), contact_tags.c.tag == tag
    )
    return {row.contact_id: row.added_at for row in connection.execute(query)}


def remove_tag(connection: Connection, ids: Collection[UUID], tag: str) -> None:
    mine = contact_tags.c.contact_id.in_(ids) & (contact_tags.c.tag == tag)
    connection.execute(delete(contact_tags).where(mine))


def last_stays(
    connection: Connection, definition_id: UUID, ids: Collection[UUID]
) -> dict[UUID, tuple[int, datetime | None]]:
    """Of each contact who ever was in the sequence: the number of the last stay and when it ended."""
    query = (
        select(
            enrollments.c.contact_id, enrollments.c.entry_number, enrollments.c.state, enrollments.c.ended_at
        )
        .where(enrollments.c.definition_id == definition_id, enrollments.c.contact_id.in_(ids))
        .order_by(enrollments.c.entry_number)
    )
    return {
        row.contact_id: (row.entry_number, row.ended_at if row.state == "ended" else None)
        for row in connection.execute(query)
    }
