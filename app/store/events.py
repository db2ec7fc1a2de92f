"""Which events and which contacts are known already, asked for many at once."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, select

from app.store.hits import living
from app.store.tables import events


def known(connection: Connection, event_ids: Collection[UUID]) -> dict[UUID, tuple[UUID, str]]:
    """Contact and kind of those of `event_ids` that are written down."""
    rows = connection.execute(
        select(events.c.id, events.c.contact_id, events.c.kind).where(events.c.id.in_(event_ids))
    )
    return {row.id: (row.contact_id, row.kind) for row in rows}


def existing(connection: Connection, workspace_id: UUID, contact_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Those of `contact_ids` that are contacts of the workspace and were not erased, with who they are now: what is
    told of somebody who was merged is told of the survivor.
    """
    whose = living(connection, contact_ids)
    return {asked: who.contact_id for asked, who in whose.items() if who.workspace_id == workspace_id}
