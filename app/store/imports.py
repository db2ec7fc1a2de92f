"""Imports: one row a file, one row for each of its lines that was rejected or needs a word."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from app.store.bulk import Row, insert_many
from app.store.database import Database
from app.store.tables import import_rows, imports, users

IMPORT_ROW = ("import_id", "row_number", "result", "reason_code", "reason_params")
OPEN: tuple[str, ...] = ("ready", "running")
ASKED = ("checking", "weighing", "undoing")
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


def page(
    connection: Connection, workspace_id: UUID, older_than: UUID | None, limit: int
) -> Sequence[RowMapping]:
    """The newest imports with the name of who began them; ids rise with time."""
    query = select(imports, users.c.name.label("by")).select_from(
        imports.outerjoin(users, users.c.id == imports.c.user_id)
    )
    query = query.where(imports.c.workspace_id == workspace_id)
    if older_than is not None:
        query = query.where(imports.c.id < older_than)
    return connection.execute(query.order_by(imports.c.id.desc()).limit(limit)).mappings().all()


def one(connection: Connection, workspace_id: UUID, import_id: UUID) -> RowMapping | None:
    query = select(imports, users.c.name.label("by")).select_from(
        imports.outerjoin(users, users.c.id == imports.c.user_id)
    )
    mine = (imports.c.workspace_id == workspace_id) & (imports.c.id == import_id)
    return connection.execute(query.where(mine)).mappings().first()


def change(
    connection: Connection,
    workspace_id: UUID,
    import_id: UUID,
    states: Sequence[str],
    revision: int | None = None,
    **values: Any,
) -> bool:
    """Change an import while it is in one of `states` and, where `revision` is given, as it was seen; else False."""
    mine = (
        (imports.c.workspace_id == workspace_id) & (imports.c.id == import_id) & imports.c.state.in_(states)
    )
    if revision is not None:
        mine &= imports.c.revision == revision
        values["revision"] = revision + 1
    return connection.execute(update(imports).where(mine).values(**values)).rowcount == 1


def work_in_hand(connection: Connection, workspace_id: UUID) -> list[RowMapping]:
    """What the engine has to do for imports of the browser, oldest first."""
    confirmed = imports.c.state.in_(OPEN) & imports.c.confirmed_at.is_not(None)
    due = confirmed | imports.c.state.in_(ASKED)
    query = select(imports.c.id, imports.c.state).where(imports.c.workspace_id == workspace_id, due)
    return list(connection.execute(query.order_by(imports.c.id)).mappings())


def forget_rows(connection: Connection, import_id: UUID) -> None:
    connection.execute(delete(import_rows).where(import_rows.c.import_id == import_id))


def first_rows(connection: Connection, import_id: UUID, result: str, limit: int) -> Sequence[RowMapping]:
    mine = (import_rows.c.import_id == import_id) & (import_rows.c.result == result)
    query = select(import_rows).where(mine).order_by(import_rows.c.row_number).limit(limit)
    return connection.execute(query).mappings().all()


def counted_reasons(connection: Connection, import_id: UUID) -> list[tuple[str, str, int]]:
    """How often each reason was given: result, code, count."""
    what = (import_rows.c.result, import_rows.c.reason_code)
    query = select(*what, func.count()).where(import_rows.c.import_id == import_id).group_by(*what)
    return [(result, code, count) for result, code, count in connection.execute(query)]


def with_old_files(connection: Connection, workspace_id: UUID, before: datetime) -> list[RowMapping]:
    """Imports begun before then whose file was not removed yet."""
    query = select(imports.c.id, imports.c.path, imports.c.state).where(
        imports.c.workspace_id == workspace_id,
        imports.c.created_at < before,
        func.coalesce(imports.c.finished_at, imports.c.created_at) < before,
        imports.c.removed_at.is_(None),
    )
    return list(connection.execute(query.limit(_PAGE)).mappings())


def with_files(connection: Connection) -> list[UUID]:
    """Imports of every workspace whose files may stand."""
    return list(connection.execute(select(imports.c.id).where(imports.c.removed_at.is_(None))).scalars())


def examples(connection: Connection, import_id: UUID) -> Sequence[RowMapping]:
    """The first row of each reason."""
    mine = import_rows.c.import_id == import_id
    first = select(func.min(import_rows.c.row_number)).where(mine)
    first = first.group_by(import_rows.c.result, import_rows.c.reason_code)
    return (
        connection.execute(select(import_rows).where(mine, import_rows.c.row_number.in_(first)))
        .mappings()
        .all()
    )
