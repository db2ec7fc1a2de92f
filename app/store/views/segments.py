"""The people of a segment by name, and the versions of its text."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, and_, select

from app.store.tables import companies, contact_stages, contacts, definition_versions, users
from app.store.views import Found
from app.store.views.people import addresses

MOST_VERSIONS = 30


def people(connection: Connection, ids: Sequence[UUID], lifecycle: str) -> list[Found]:
    """Names, company and stage, in the order of the ids."""
    stages = and_(contact_stages.c.contact_id == contacts.c.id, contact_stages.c.lifecycle == lifecycle)
    query = (
        select(
            contacts.c.id, contacts.c.first_name, contacts.c.last_name, companies.c.name.label("company"),
            contact_stages.c.stage,
        )
        .outerjoin(companies, companies.c.id == contacts.c.company_id)
        .outerjoin(contact_stages, stages)
        .where(contacts.c.id.in_(ids))
        .order_by(contacts.c.id)
    )  # fmt: skip
    return list(connection.execute(query))


def versions(connection: Connection, definition_id: UUID) -> list[Found]:
    """The newest versions with their authors."""
    table = definition_versions.c
    query = (
        select(table.id, table.number, table.published_at, table.note, users.c.name.label("author"))
        .outerjoin(users, users.c.id == table.author_id)
        .where(table.definition_id == definition_id)
        .order_by(table.number.desc())
        .limit(MOST_VERSIONS)
    )
    return list(connection.execute(query))


__all__ = ["addresses", "people", "versions"]
