"""Who is outside of a sequence and asks for nothing, and how their last stay ended."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, exists, not_, select, true
from sqlalchemy.engine import Row

from app.store.hints import said
from app.store.tables import admissions, contacts, enrollments


def outside(definition_id: UUID, *, may_return: bool) -> ColumnElement[bool]:
    """Of contacts: neither inside nor waiting at the door; who was here before only where they `may_return`."""
    here = and_(enrollments.c.contact_id == contacts.c.id, enrollments.c.definition_id == definition_id)
    still = enrollments.c.state != "ended" if may_return else true()
    asking = and_(
        admissions.c.contact_id == contacts.c.id,
        admissions.c.definition_id == definition_id,
        said(admissions, "state = 'waiting'"),
    )
    return and_(
        not_(exists(select(1).where(here, still).correlate(contacts))),
        not_(exists(select(1).where(asking).correlate(contacts))),
    )


def last_stays(
    connection: Connection, definition_id: UUID, contact_ids: Sequence[UUID]
) -> dict[UUID, Row[Any]]:
    """By contact: number and end of the last stay in the sequence."""
    query = (
        select(enrollments.c.contact_id, enrollments.c.entry_number, enrollments.c.ended_at)
        .where(enrollments.c.definition_id == definition_id, enrollments.c.contact_id.in_(contact_ids))
        .order_by(enrollments.c.entry_number)
    )
    rows: Any = connection.execute(query)
    return {row.contact_id: row for row in rows}
