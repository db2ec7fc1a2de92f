"""The lines of the ledger: what happened, what changed, and why. Written in batches, read per contact."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, select

from app.store.prepared import inserting, inserting_new
from app.store.tables import events, fact_changes, timeline


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert what is not there yet; a conflict on a key is a skip, never an error. Returns how many are new."""
    if not rows:
        return 0
    return inserting_new(table, tuple(rows[0]), connection.dialect.name).run(connection, rows)


def add_timeline(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        inserting(timeline, tuple(rows[0])).run(connection, rows)


def add_fact_changes(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        inserting(fact_changes, tuple(rows[0])).run(connection, rows)


def add_events(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Events know themselves by their content: one told twice is one row."""
    return insert_new(connection, events, rows)


def timeline_of(connection: Connection, contact_id: UUID, until: datetime | None = None) -> list[Any]:
    """A contact's timeline, oldest first, up to an instant."""
    query = select(timeline).where(timeline.c.contact_id == contact_id)
    if until is not None:
        query = query.where(timeline.c.at <= until)
    return list(connection.execute(query.order_by(timeline.c.at, timeline.c.id)).all())
