"""Past SQLAlchemy to the driver, inside its transaction: where a statement costs less than the way to it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


@contextmanager
def cursor_of(connection: Connection, statement: str) -> Iterator[Any]:
    """A cursor of the driver. Its errors become those of SQLAlchemy, which callers know."""
    driver: Any = connection.dialect.dbapi
    cursor: Any = connection.connection.cursor()
    try:
        yield cursor
    except driver.Error as fault:
        raise DBAPIError.instance(statement, None, fault, driver.Error, dialect=connection.dialect) from fault
    finally:
        cursor.close()


def run_many(connection: Connection, statement: str, rows: Sequence[Any]) -> int:
    """Run `statement` once for each row; how many rows of the table it touched."""
    with cursor_of(connection, statement) as cursor:
        cursor.executemany(statement, rows)
        return int(cursor.rowcount)


def run(connection: Connection, statement: str, values: Any) -> int:
    """Run `statement` once; how many rows of the table it touched."""
    with cursor_of(connection, statement) as cursor:
        if connection.dialect.name != "sqlite":
            cursor.execute(statement, values)
            return int(cursor.rowcount)
        # Its driver counts only where the statement begins with the word UPDATE or INSERT.
        before = cursor.connection.total_changes
        cursor.execute(statement, values)
        return int(cursor.connection.total_changes - before)
