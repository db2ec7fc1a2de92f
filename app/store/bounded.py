"""Looking for a while only: a question that takes longer than it may is broken off, and nothing is locked by it."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.store.database import Database

# How many steps of SQLite's machine pass between two looks at the clock.
STEPS = 20_000


class TooLong(Exception):
    """The question was broken off."""


@contextmanager
def looking_for(database: Database, seconds: float) -> Iterator[Connection]:
    """A connection for looking, of which every statement together may take `seconds`. Raises TooLong."""
    with database.read() as connection:
        until = time.monotonic() + seconds
        driver: Any = connection.connection.driver_connection
        if database.is_sqlite:
            driver.set_progress_handler(lambda: time.monotonic() > until, STEPS)
        else:
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        try:
            yield connection
        except DBAPIError as error:
            if _broken_off(error.orig):
                raise TooLong from None
            raise
        finally:
            if database.is_sqlite:
                driver.set_progress_handler(None, 0)


def _broken_off(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorname == "SQLITE_INTERRUPT"
    return getattr(error, "sqlstate", None) == "57014"
