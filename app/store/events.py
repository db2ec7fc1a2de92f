"""Which events and which contacts are known already, asked for many at once."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, select

from app.store.tables import contacts, events


def known(connection: Connection, event_ids: Collection[UUID]) -> dict[UUID, tuple[UUID, str]]:
    """Contact and kind of those of `event_ids` that are written down."""
    rows = connection.execute(
        select(events.c.id, events.c.contact_id, events.c.kind).where(events.c.id.in_(event_ids))
    )
    return {row.id: (row.contact_id, row.kind) for row in rows}


def existing(connection: Connection, workspace_id: UUID, contact_ids: Collection[UUID]) -> set[UUID]:
    """Those of `contact_ids` that are contacts of the workspace and were not erased."""
    query = select(contacts.c.id).where(
        contacts.c.workspace_id == workspace_id,
        contacts.c.id.in_(contact_ids),
        contacts.c.erased_at.is_(None),
    )
    return set(connection.execute(query).scalars())
