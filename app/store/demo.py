"""The demo's workspace: whether there is one, and how it goes, table by table."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from app.store.tables import (
    contacts,
    deliveries,
    import_rows,
    imports,
    job_runs,
    metadata,
    sign_ins,
    users,
    workspaces,
)

# Of the tables without a workspace of their own, what leads to it.
_BY_OTHERS = {"sign_ins": (sign_ins.c.user_id, users), "import_rows": (import_rows.c.import_id, imports)}


def find(connection: Connection) -> RowMapping | None:
    """The demo's workspace, whatever its key says of its state."""
    return connection.execute(select(workspaces).where(workspaces.c.is_demo)).mappings().first()


def is_demo(connection: Connection, workspace_id: UUID) -> bool:
    query = select(workspaces.c.is_demo).where(workspaces.c.id == workspace_id)
    return bool(connection.execute(query).scalar())


def make(connection: Connection, workspace_id: UUID, key: str, name: str, now: datetime) -> None:
    row = {"id": workspace_id, "key": key, "name": name, "is_demo": True, "created_at": now}
    connection.execute(insert(workspaces).values(**row))


def name_key(connection: Connection, workspace_id: UUID, key: str) -> None:
    connection.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(key=key))


def add_users(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    connection.execute(insert(users), list(rows))


def any_contacts(connection: Connection, workspace_id: UUID) -> bool:
    query = select(contacts.c.id).where(contacts.c.workspace_id == workspace_id).limit(1)
    return connection.execute(query).first() is not None


def tables() -> list[Table]:
    """Every table that holds rows of a workspace, those that others point to last."""
    return [
        table
        for table in reversed(metadata.sorted_tables)
        if table is not workspaces and ("workspace_id" in table.c or table.name in _BY_OTHERS)
    ]


def remove_some(connection: Connection, table: Table, workspace_id: UUID, most: int) -> int:
    """Up to `most` of the demo's rows of a table; how many went. Only a demo's rows ever do."""
    keys = list(table.primary_key)
    some = select(*keys).where(_of(table, workspace_id)).limit(most).subquery()
    found = select(*some.c)
    return connection.execute(delete(table).where(tuple_(*keys).in_(found))).rowcount


def _of(table: Table, workspace_id: UUID) -> ColumnElement[bool]:
    demo = select(workspaces.c.id).where(workspaces.c.id == workspace_id, workspaces.c.is_demo)
    if "workspace_id" in table.c:
        return table.c.workspace_id.in_(demo)
    column, through = _BY_OTHERS[table.name]
    return column.in_(select(through.c.id).where(through.c.workspace_id.in_(demo)))


def remove_workspace(connection: Connection, workspace_id: UUID, jobs: str) -> None:
    """The workspace's own row, and the notes of its jobs, whose names begin with `jobs`."""
    connection.execute(delete(job_runs).where(job_runs.c.job.startswith(jobs, autoescape=True)))
    connection.execute(delete(workspaces).where(workspaces.c.id == workspace_id, workspaces.c.is_demo))


def mail_states(connection: Connection, workspace_id: UUID) -> dict[str, int]:
    """How many mails there are in each state."""
    query = (
        select(deliveries.c.state, func.count())
        .where(deliveries.c.workspace_id == workspace_id)
        .group_by(deliveries.c.state)
    )
    return {row.state: row[1] for row in connection.execute(query)}
