"""What programs read, page by page: rows behind an id, with what belongs to them asked for once a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, Table, select

from app.store.hints import within
from app.store.tables import (
    broadcasts,
    companies,
    contacts,
    definitions,
    deliveries,
    enrollments,
    identities,
    tasks,
    users,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """Which rows, and from where on. `equal` are columns of the table with their values; None: any."""

    workspace_id: UUID
    equal: dict[str, Any]
    after: UUID | None = None
    limit: int = 50
    newest: bool = False


def contact_rows(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, RowMapping]:
    """What `load_known` leaves out."""
    columns = contacts.c
    query = (
        select(
            columns.id, columns.company_id, columns.created_at, columns.updated_at, users.c.email.label("owner"),
            companies.c.name.label("company"), companies.c.domain,
        )
        .outerjoin(users, users.c.id == columns.owner_id)
        .outerjoin(companies, companies.c.id == columns.company_id)
        .where(columns.id.in_(ids))
    )  # fmt: skip
    return {row["id"]: row for row in connection.execute(query).mappings()}


def merged_into(connection: Connection, workspace_id: UUID, contact_id: UUID) -> UUID | None:
    mine = (contacts.c.workspace_id == workspace_id) & (contacts.c.id == contact_id)
    return connection.execute(select(contacts.c.merged_into).where(mine)).scalar_one_or_none()


def company_page(connection: Connection, cut: Cut) -> Sequence[RowMapping]:
    columns = companies.c
    query = select(columns.id, columns.name, columns.domain, columns.fields, columns.created_at)
    return _page(connection, query, companies, cut)


def enrollment_page(connection: Connection, cut: Cut, sequence: str | None) -> Sequence[RowMapping]:
    columns = enrollments.c
    query = select(
        columns.id, columns.contact_id, columns.state, columns.step, columns.entry_number, columns.due_at,
        columns.entered_at, columns.entered_by, columns.ended_at, columns.reason_code, columns.reason_params,
        definitions.c.key.label("sequence"),
    ).join(definitions, definitions.c.id == columns.definition_id)  # fmt: skip
    if sequence is not None:
        query = query.where(definitions.c.key == sequence, definitions.c.kind == "sequence")
    return _page(connection, query, enrollments, cut)


def delivery_page(connection: Connection, cut: Cut) -> Sequence[RowMapping]:
    """Mails to contacts; what goes to colleagues is no delivery to a program."""
    columns = deliveries.c
    query = (
        select(
            columns.id, columns.contact_id, columns.enrollment_id, columns.step, columns.template, columns.message_class,
            columns.topic, columns.state, columns.address, columns.sender, columns.due_at, columns.planned_at,
            columns.accepted_at, columns.ended_at, columns.attempts, columns.reason_code, columns.reason_params,
            definitions.c.key.label("sequence"),
        )
        .outerjoin(definitions, definitions.c.id == columns.definition_id)
        .where(columns.recipient_user_id.is_(None))
    )  # fmt: skip
    return _page(connection, query, deliveries, cut)


def task_page(connection: Connection, cut: Cut) -> Sequence[RowMapping]:
    columns = tasks.c
    query = select(
        columns.id, columns.contact_id, columns.kind, columns.title, columns.body, columns.state, columns.due_at,
        columns.created_at, columns.ended_at, columns.reason_code, columns.reason_params,
        users.c.email.label("owner"),
    ).outerjoin(users, users.c.id == columns.owner_id)  # fmt: skip
    return _page(connection, query, tasks, cut)


def broadcast_page(connection: Connection, cut: Cut) -> Sequence[RowMapping]:
    return _page(connection, select(broadcasts), broadcasts, cut)


def user_of(connection: Connection, workspace_id: UUID, email: str) -> UUID | None:
    mine = (users.c.workspace_id == workspace_id) & (users.c.email == email)
    return connection.execute(select(users.c.id).where(mine)).scalar_one_or_none()


def address_of(connection: Connection, workspace_id: UUID, key: str) -> UUID | None:
    """Whose address it is."""
    mine = (identities.c.workspace_id == workspace_id) & (identities.c.kind == "email")
    query = select(identities.c.contact_id).where(mine, identities.c.value == key)
    return connection.execute(query).scalar_one_or_none()


def _page(connection: Connection, query: Select[Any], table: Table, cut: Cut) -> Sequence[RowMapping]:
    """One row more than `limit` says that there are others. Ids sort by the time they were made."""
    query = query.where(within(table, cut.workspace_id))
    for name, value in cut.equal.items():
        if value is not None:
            query = query.where(table.c[name] == value)
    order = table.c.id
    if cut.after is not None:
        query = query.where(order < cut.after if cut.newest else order > cut.after)
    query = query.order_by(order.desc() if cut.newest else order).limit(cut.limit + 1)
    return connection.execute(query).mappings().all()
