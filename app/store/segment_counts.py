"""How many people each segment held when it was last counted."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from app.store.tables import segment_counts
from app.store.views import Found


def kept(connection: Connection, workspace_id: UUID) -> dict[UUID, Found]:
    """By definition."""
    query = select(segment_counts).where(segment_counts.c.workspace_id == workspace_id)
    return {row.definition_id: row for row in connection.execute(query)}


def forget(connection: Connection, definition_id: UUID) -> None:
    connection.execute(delete(segment_counts).where(segment_counts.c.definition_id == definition_id))


def keep(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """The new counts in place of the older ones of the same segments."""
    if rows:
        ids = [row["definition_id"] for row in rows]
        connection.execute(delete(segment_counts).where(segment_counts.c.definition_id.in_(ids)))
        connection.execute(insert(segment_counts), rows)
