"""Who came by whose recommendation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from app.store.hits import living
from app.store.tables import contacts


def recommender(connection: Connection, workspace_id: UUID, contact_id: UUID) -> tuple[UUID, str] | None:
    """Who the contact of a link is now, and their first name; None when they were erased, or are none of ours."""
    found = living(connection, [contact_id]).get(contact_id)
    if found is None or found.workspace_id != workspace_id:
        return None
    query = select(contacts.c.first_name).where(contacts.c.id == found.contact_id)
    return found.contact_id, connection.execute(query).scalar_one() or ""


def write(connection: Connection, contact_id: UUID, by: UUID, now: datetime) -> bool:
    """Keep by whom somebody came, once: False where it is known already, or they would have come by themselves."""
    if contact_id == by:
        return False
    mine = (contacts.c.id == contact_id, contacts.c.referred_by.is_(None))
    changed = (
        update(contacts)
        .where(*mine)
        .values(referred_by=by, revision=contacts.c.revision + 1, updated_at=now, judge_due_at=now)
    )
    return connection.execute(changed).rowcount == 1


def named(connection: Connection, contact_id: UUID) -> Any:
    """The survivor of a contact with their names, for a colleague to read; None when they were erased."""
    found = living(connection, [contact_id]).get(contact_id)
    if found is None:
        return None
    columns = (contacts.c.id, contacts.c.first_name, contacts.c.last_name)
    return connection.execute(select(*columns).where(contacts.c.id == found.contact_id)).one()


def brought_by(connection: Connection, contact_id: UUID, limit: int) -> Sequence[Any]:
    """Who came by the contact's recommendation, newest first."""
    query = (
        select(contacts.c.id, contacts.c.first_name, contacts.c.last_name)
        .where(
            contacts.c.referred_by == contact_id,
            contacts.c.erased_at.is_(None),
            contacts.c.merged_into.is_(None),
        )
        .order_by(contacts.c.id.desc())
        .limit(limit)
    )
    return connection.execute(query).all()
