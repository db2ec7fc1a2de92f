"""The rules for everybody: their versions, and whom a change of them would reach, each of a bounded look."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import Row

from app.store.tables import (
    consents,
    contact_stages,
    contacts,
    definition_versions,
    deliveries,
    score_entries,
    users,
)  # fmt: skip

MOST_VERSIONS = 30
CHUNK = 500


def versions_of(connection: Connection, definition_id: UUID) -> list[Row[Any]]:
    """The newest versions without their texts: number, when, by whom, why."""
    table = definition_versions.c
    query: Any = (
        select(table.number, table.published_at, table.note, users.c.name)
        .outerjoin(users, users.c.id == table.author_id)
        .where(table.definition_id == definition_id)
    )
    return list(connection.execute(query.order_by(table.number.desc()).limit(MOST_VERSIONS)).all())


def newest(connection: Connection, workspace_id: UUID, limit: int) -> list[UUID]:
    """The newest contacts who are there."""
    table = contacts.c
    query = select(table.id).where(
        table.workspace_id == workspace_id, table.erased_at.is_(None), table.merged_into.is_(None)
    )
    return list(connection.execute(query.order_by(table.created_at.desc()).limit(limit)).scalars())


def waiting(connection: Connection, workspace_id: UUID, limit: int) -> list[Row[Any]]:
    """Marketing mails that wait, those due first: contact, when due, and the contact's zone and country."""
    table = deliveries.c
    query: Any = (
        select(table.id, table.contact_id, table.due_at, contacts.c.zone, contacts.c.country)
        .join(contacts, contacts.c.id == table.contact_id)
        .where(
            table.workspace_id == workspace_id, table.state.in_(("queued", "deferred")),
            table.message_class == "marketing",
        )
    )  # fmt: skip
    return list(connection.execute(query.order_by(table.due_at).limit(limit)).all())


def sent_since(
    connection: Connection, contact_ids: Sequence[UUID], since: datetime
) -> Sequence[tuple[UUID, datetime]]:
    """When marketing mails left to these contacts."""
    table = deliveries.c
    found: list[tuple[UUID, datetime]] = []
    for start in range(0, len(contact_ids), CHUNK):
        query = select(table.contact_id, table.accepted_at).where(
            table.contact_id.in_(contact_ids[start : start + CHUNK]),
            table.message_class == "marketing",
            table.accepted_at > since,
        )
        found += [(row[0], row[1]) for row in connection.execute(query)]
    return found


def entries_of(connection: Connection, contact_ids: Sequence[UUID]) -> list[Row[Any]]:
    """The score's ledger of these contacts."""
    table = score_entries.c
    found: list[Row[Any]] = []
    for start in range(0, len(contact_ids), CHUNK):
        query: Any = select(table.contact_id, table.measure, table.rule, table.points, table.at).where(
            table.contact_id.in_(contact_ids[start : start + CHUNK])
        )
        found += connection.execute(query).all()
    return found


def at_stages(connection: Connection, workspace_id: UUID, lifecycle: str) -> dict[str, int]:
    """How many people stand at each stage."""
    table = contact_stages.c
    query = (
        select(table.stage, func.count())
        .where(table.workspace_id == workspace_id, table.lifecycle == lifecycle)
        .group_by(table.stage)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def agreed(connection: Connection, workspace_id: UUID, limit: int) -> tuple[dict[str, int], int]:
    """Of the newest contacts how many agreed to each topic, and how many were looked at."""
    table = contacts.c
    newest_ones = (
        select(table.id)
        .where(table.workspace_id == workspace_id, table.erased_at.is_(None), table.merged_into.is_(None))
        .order_by(table.created_at.desc())
        .limit(limit)
        .subquery()
    )
    looked = connection.execute(select(func.count()).select_from(newest_ones)).scalar_one()
    query = (
        select(consents.c.purpose, func.count())
        .join(newest_ones, newest_ones.c.id == consents.c.contact_id)
        .where(consents.c.state == "given")
        .group_by(consents.c.purpose)
    )
    return {row[0]: row[1] for row in connection.execute(query)}, int(looked)
