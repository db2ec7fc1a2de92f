"""Imports: one row a file, one row for each of its lines that was rejected or needs a word."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert, select, update

from app.store.bulk import Row, insert_many
from app.store.database import Database
from app.store.tables import import_rows, imports

IMPORT_ROW = ("import_id", "row_number", "result", "reason_code", "reason_params")
OPEN = ("ready", "running")
_PAGE = 5_000


@contextmanager
def chunk(database: Database) -> Iterator[Connection]:
    """`database.write()` without the checkpoint that SQLite puts into a commit of so many pages: it would hold
    up everybody who waits for the lock. `checkpoint` makes up for it.
    """
    with database.write() as connection:
        if not database.is_sqlite:
            yield connection
            return
        before = connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one()
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 0")
        try:
            yield connection
            connection.commit()
        except BaseException:
            connection.rollback()  # a full disk at the commit leaves the transaction open
            raise
        finally:
            connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {before}")


def checkpoint(database: Database) -> None:
    """Bring what chunks left in SQLite's log into the file, while others read and write."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(imports).values(**values))


def by_id(connection: Connection, import_id: UUID) -> RowMapping | None:
    return connection.execute(select(imports).where(imports.c.id == import_id)).mappings().first()


def unfinished(connection: Connection, workspace_id: UUID) -> list[UUID]:
    """The imports that were begun and not ended, oldest first."""
    query = select(imports.c.id).where(imports.c.workspace_id == workspace_id, imports.c.state.in_(OPEN))
    return list(connection.execute(query.order_by(imports.c.created_at, imports.c.id)).scalars())


def recent(connection: Connection, workspace_id: UUID, limit: int = 50) -> list[RowMapping]:
    query = select(imports).where(imports.c.workspace_id == workspace_id)
    return list(connection.execute(query.order_by(imports.c.created_at.desc()).limit(limit)).mappings())


def advance(connection: Connection, import_id: UUID, before: int, after: int) -> bool:
    """Take the rows from `before` to `after` for this transaction; False when another runner or a stop was first."""
    mine = (imports.c.id == import_id) & (imports.c.position == before) & imports.c.state.in_(OPEN)
    statement = update(imports).where(mine).values(position=after, state="running")
    return connection.execute(statement).rowcount == 1


def save(connection: Connection, import_id: UUID, **values: Any) -> None:
    connection.execute(update(imports).where(imports.c.id == import_id).values(**values))


def finish(
    connection: Connection,
    import_id: UUID,
    state: str,
    at: datetime,
    problem: Mapping[str, Any] | None = None,
) -> bool:
    """End an open import as done, failed or cancelled; False when it had ended before."""
    mine = (imports.c.id == import_id) & imports.c.state.in_(OPEN)
    values = {"state": state, "finished_at": at, "problem": problem}
    return connection.execute(update(imports).where(mine).values(**values)).rowcount == 1


def note_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """Rows in the order of IMPORT_ROW."""
    insert_many(connection, import_rows, IMPORT_ROW, rows)


def noted_rows(connection: Connection, import_id: UUID) -> Iterator[RowMapping]:
    """What was rejected or noted, in the order of the file."""
    after = -1
    while True:
        query = select(import_rows).where(
            import_rows.c.import_id == import_id, import_rows.c.row_number > after
        )
        page = connection.execute(query.order_by(import_rows.c.row_number).limit(_PAGE)).mappings().all()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]["row_number"]
