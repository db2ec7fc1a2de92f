"""Everything a rehearsal starts from, for a chunk of contacts at a time. Only looks, never writes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from app.store.database import Database
from app.store.hints import said
from app.store.reacting import PENDING
from app.store.tables import admissions, contacts, definitions, deliveries, enrollments, events, score_entries

WAITING = ("queued", "deferred", "claimed", "intent")
OUT = ("uncertain", "accepted")
DAY = timedelta(days=1)


@contextmanager
def only_looking(database: Database) -> Iterator[Connection]:
    """A connection on which the database itself refuses to write."""
    with database.read() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA query_only = ON")
        else:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        try:
            yield connection
        finally:
            if database.is_sqlite:
                connection.exec_driver_sql("PRAGMA query_only = OFF")


def contact_ids(connection: Connection, workspace_id: UUID) -> list[UUID]:
    """Everybody who is there, the oldest first."""
    query = select(contacts.c.id).where(
        contacts.c.workspace_id == workspace_id,
        contacts.c.erased_at.is_(None),
        contacts.c.merged_into.is_(None),
    )
    return list(connection.execute(query.order_by(contacts.c.id)).scalars())


def stays(connection: Connection, ids: Sequence[UUID]) -> list[Row[Any]]:
    """All stays of these contacts with the key of the sequence, in the order of their numbers."""
    query = (
        select(enrollments, definitions.c.key.label("sequence"))
        .join(definitions, definitions.c.id == enrollments.c.definition_id)
        .where(enrollments.c.contact_id.in_(ids))
        .order_by(enrollments.c.entry_number)
    )
    return list(connection.execute(query).all())


def waiting_mails(connection: Connection, ids: Sequence[UUID]) -> list[Row[Any]]:
    """Mails to these contacts that are planned or in somebody's hands."""
    query = (
        select(deliveries, definitions.c.key.label("sequence"))
        .join(definitions, definitions.c.id == deliveries.c.definition_id, isouter=True)
        .where(
            deliveries.c.contact_id.in_(ids),
            deliveries.c.state.in_(WAITING),
            deliveries.c.recipient_user_id.is_(None),
        )
    )
    return list(connection.execute(query).all())


def sent(connection: Connection, ids: Sequence[UUID]) -> list[Row[Any]]:
    """(contact_id, template, message_class, at) of every mail that is out."""
    d = deliveries.c
    query: Any = select(d.contact_id, d.template, d.message_class, d.accepted_at, d.intent_at).where(
        d.contact_id.in_(ids), d.state.in_(OUT)
    )
    return list(connection.execute(query).all())


def requests(connection: Connection, ids: Sequence[UUID]) -> list[Row[Any]]:
    """Requests to enter that nobody decided yet, with the sequence's key."""
    query = (
        select(admissions, definitions.c.key.label("sequence"))
        .join(definitions, definitions.c.id == admissions.c.definition_id)
        .where(admissions.c.contact_id.in_(ids), said(admissions, "state = 'waiting'"))
        .order_by(admissions.c.due_at, admissions.c.id)
    )
    return list(connection.execute(query).all())


def unheard(connection: Connection, ids: Sequence[UUID]) -> list[Row[Any]]:
    """Events nobody has reacted to yet."""
    query = select(events).where(events.c.contact_id.in_(ids), said(events, PENDING))
    return list(connection.execute(query).all())


def entries(connection: Connection, ids: Sequence[UUID]) -> list[Row[Any]]:
    """The score's ledger: (contact_id, rule, measure, at, points)."""
    e = score_entries.c
    query: Any = select(e.contact_id, e.rule, e.measure, e.at, e.points).where(e.contact_id.in_(ids))
    return list(connection.execute(query).all())


def entered_lately(connection: Connection, definition_id: UUID, now: datetime) -> list[datetime]:
    """The entries of the last day into one sequence."""
    query = select(enrollments.c.entered_at).where(
        enrollments.c.definition_id == definition_id, enrollments.c.entered_at > now - DAY
    )
    return list(connection.execute(query).scalars())
