"""Custom fields: declared, named anew, taken out of use; and how many people and companies have a value."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.engine import Row

from app.store import ledger
from app.store.tables import companies, contacts, field_definitions

# So many of the newest are looked at: enough to see whether a field lives, and quick with a million people.
MOST = 5000


def listing(connection: Connection, workspace_id: UUID) -> Sequence[Row[Any]]:
    table = field_definitions.c
    query = select(field_definitions).where(table.workspace_id == workspace_id)
    return connection.execute(query.order_by(table.subject.desc(), table.label, table.key)).all()


def find(connection: Connection, workspace_id: UUID, field_id: UUID) -> Row[Any] | None:
    table = field_definitions.c
    query = select(field_definitions).where(table.workspace_id == workspace_id, table.id == field_id)
    return connection.execute(query).one_or_none()


def add(connection: Connection, row: dict[str, Any]) -> bool:
    """False where the subject has a field of that key already."""
    return ledger.insert_new(connection, field_definitions, [row]) == 1


def change(connection: Connection, field_id: UUID, **values: Any) -> None:
    connection.execute(update(field_definitions).where(field_definitions.c.id == field_id).values(**values))


def filled(connection: Connection, workspace_id: UUID, subject: str) -> tuple[Counter[tuple[str, str]], int]:
    """Of the newest people or companies: how many have each value of each field, and how many were looked at."""
    if subject == "company":
        query = select(companies.c.fields).where(companies.c.workspace_id == workspace_id)
        query = query.order_by(companies.c.id.desc())
    else:
        query = select(contacts.c.fields).where(
            contacts.c.workspace_id == workspace_id,
            contacts.c.erased_at.is_(None),
            contacts.c.merged_into.is_(None),
        )
        query = query.order_by(contacts.c.created_at.desc())
    counted: Counter[tuple[str, str]] = Counter()
    looked = 0
    for fields in connection.execute(query.limit(MOST)).scalars():
        looked += 1
        counted.update((key, str(value)) for key, value in fields.items() if value not in (None, ""))
    return counted, looked
