"""Companies: one a domain; without a domain, one a name."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, select, update

from app.core.ids import content_id
from app.store.bulk import insert_missing
from app.store.tables import companies, contacts

COMPANY = ("id", "workspace_id", "domain", "name", "fields", "created_at")
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def nameless_id(workspace_id: UUID, key: str) -> UUID:
    """The id of a company without a domain is made of its folded name, so the same name is the same company."""
    return content_id(_NO_TIME, f"company:{workspace_id}", key)


def find(
    connection: Connection, workspace_id: UUID, domains: Collection[str], ids: Collection[UUID]
) -> list[RowMapping]:
    """The companies with one of these domains or of these ids: id, domain, name, fields."""
    found: list[RowMapping] = []
    columns = companies.c
    query = select(columns.id, columns.domain, columns.name, columns.fields)
    for column, values in ((columns.domain, domains), (columns.id, ids)):
        if values:
            rows = connection.execute(
                query.where(columns.workspace_id == workspace_id, column.in_(list(values)))
            )
            found.extend(rows.mappings().all())
    return found


def add_missing(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows in the order of COMPANY; who was faster stays."""
    insert_missing(connection, companies, COMPANY, rows)


def lock(connection: Connection, workspace_id: UUID, company_id: UUID) -> RowMapping | None:
    """The company, held until the transaction ends, so that two who change it take turns."""
    mine = (companies.c.workspace_id == workspace_id) & (companies.c.id == company_id)
    return connection.execute(select(companies).where(mine).with_for_update()).mappings().first()


def fill(connection: Connection, company_id: UUID, values: Mapping[str, Any]) -> None:
    """Set what is known of a company; its people are judged anew, because fit looks at companies."""
    connection.execute(update(companies).where(companies.c.id == company_id).values(**values))
    people = update(contacts).where(contacts.c.company_id == company_id)
    connection.execute(people.values(judge_due_at=contacts.c.updated_at))
