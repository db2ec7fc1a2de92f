"""Many rows at once, past the parts of SQLAlchemy that cost most: driver-level on SQLite, COPY on PostgreSQL.

Values are turned into the driver's column by column, which is several times faster than row by row.
"""

import json
import json.encoder
from collections.abc import Callable, Sequence
from functools import cache
from itertools import repeat
from operator import is_
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from app.store.driver import cursor_of, run_many
from app.store.tables.columns import Id, Instant, Json
from app.store.types import to_micros

Row = tuple[Any, ...]
Bind = Callable[[Any], Any]

_WORTH_A_COPY = 20


def _encoder() -> Callable[[Any], str]:
    """As `json.dumps`, which builds its C encoder anew for each value: dearer than a small value itself."""
    default, build = json.JSONEncoder(), getattr(json.encoder, "c_make_encoder", None)
    if build is None:
        return default.encode
    quoted = json.encoder.encode_basestring_ascii
    parts = build(None, default.default, quoted, None, ": ", ", ", False, False, True)
    return lambda value: "".join(parts(value, 0))


_encode = _encoder()


def insert_many(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert `rows`, whose values stand in the order of `columns`, in this transaction."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        run_many(connection, _insert_sql(table, columns), _bound(connection, table, columns, rows))
    elif len(rows) >= _WORTH_A_COPY:
        _copy(connection, table, columns, rows)
    else:
        connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])


def insert_missing(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Insert those of `rows` that collide with nothing: a conflict is a skip."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        sql = f"{_insert_sql(table, columns)} ON CONFLICT DO NOTHING"
        run_many(connection, sql, _bound(connection, table, columns, rows))
    else:
        statement = postgresql.insert(table).on_conflict_do_nothing()
        connection.execute(statement, [dict(zip(columns, row, strict=True)) for row in rows])


def _copy(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f'COPY "{table.name}" ({names}) FROM STDIN'
    with cursor_of(connection, statement) as cursor, cursor.copy(statement) as copy:
        for row in _bound(connection, table, columns, rows):
            copy.write_row(row)


def _bound(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> list[Row]:
    values: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, bind in _binds(table, columns, connection.dialect):
        column = values[place]
        first = column[0]
        if column[-1] is first and all(map(is_, column, repeat(first))):
            values[place] = [bind(first)] * len(column)
        else:
            values[place] = [bind(value) for value in column]
    return list(zip(*values, strict=True))


@cache
def _insert_sql(table: Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * len(columns))})'  # noqa: S608


@cache
def _binds(table: Table, columns: tuple[str, ...], dialect: Dialect) -> tuple[tuple[int, Bind], ...]:
    """The places of a row whose values must be turned into the driver's, and how."""
    found = []
    for place, name in enumerate(columns):
        bind = bind_of(table.c[name].type, dialect)
        if bind is not None:
            found.append((place, bind))
    return tuple(found)


def bind_of(column_type: Any, dialect: Dialect) -> Bind | None:
    """How a value becomes the driver's; None: it is taken as it is."""
    if isinstance(column_type, Id):
        return _id_bytes if dialect.name == "sqlite" else None
    if isinstance(column_type, Instant):
        return _micros if dialect.name == "sqlite" else _aware
    if isinstance(column_type, type(Json)):
        return _json
    bind: Bind | None = column_type.dialect_impl(dialect).bind_processor(dialect)
    return bind


def _id_bytes(value: Any) -> bytes | None:
    return None if value is None else value.int.to_bytes(16, "big")


def _aware(value: Any) -> Any:
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{value} has no time zone; give an aware instant, such as one in UTC.")
    return value


def _micros(value: Any) -> int | None:
    return None if value is None else to_micros(value)


def _json(value: Any) -> str | None:
    # COPY and SQLite both take the text.
    return None if value is None else "{}" if value == {} else _encode(value)
