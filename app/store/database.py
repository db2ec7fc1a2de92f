"""One door to the database: `read()` and `write()` hand out a connection, on SQLite or PostgreSQL."""

import math
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from app.store.driver import cursor_of

PATIENCE = 30  # seconds that a write waits for another process on SQLite


class FairLock:
    """First come, first served: a busy writer cannot starve the others, as a plain lock lets it."""

    def __init__(self) -> None:
        self._inner = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self) -> None:
        with self._inner:
            if not self._held and not self._waiting:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def release(self) -> None:
        with self._inner:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


class Database:
    """The engine of one process. Write transactions on SQLite begin IMMEDIATE and take turns."""

    def __init__(self, url: str, pool_size: int = 8) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turns = FairLock()
        if self.is_sqlite:
            if self.url.database:
                Path(self.url.database).parent.mkdir(0o700, parents=True, exist_ok=True)
            self.engine: Engine = create_engine(
                self.url, connect_args={"timeout": PATIENCE}, pool_size=pool_size
            )
            event.listen(self.engine, "connect", _prepare_sqlite)
        else:
            # In another zone the first and last days that there are would be before year 1 or after 9999.
            self.engine = create_engine(
                self.url, pool_size=pool_size, pool_pre_ping=True, connect_args={"options": "-c timezone=UTC"}
            )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for looking; whatever it does is rolled back."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection
            connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on any error. Keep it under 50 ms."""
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        self._turns.acquire()
        try:
            with self.engine.connect() as connection:
                _begin_immediate(connection)
                yield connection
                connection.commit()
        finally:
            self._turns.release()

    def empty_log(self) -> bool:
        """What was removed must not live on in SQLite's write-ahead log; False: somebody is reading it."""
        if not self.is_sqlite:
            return True
        with self.engine.connect() as connection:
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        return not busy

    def close(self) -> None:
        self.engine.dispose()


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock, asking once a millisecond while another process has it.

    SQLite's own way of waiting sleeps longer each time, up to a tenth of a second: so long the lock lies free.
    """
    until = time.monotonic() + PATIENCE
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        with cursor_of(connection, "BEGIN IMMEDIATE") as cursor:
            while not _begun(cursor, until):
                time.sleep(0.001)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * PATIENCE}")


def _begun(cursor: sqlite3.Cursor, until: float) -> bool:
    try:
        cursor.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
            raise
        return False
    return True


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: read() and write() say BEGIN.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "secure_delete = ON",
        "temp_store = MEMORY",
        "cache_size = -64000",
        # Each checkpoint waits for the disk twice with the lock in hand; at the usual 4 MB that is some ten times a
        # second under load.
        "wal_autocheckpoint = 8000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    # Decay needs pow(), which SQLite has only when it was built with its mathematics.
    try:
        connection.execute("SELECT pow(0.5, 1)")
    except sqlite3.OperationalError:
        connection.create_function("pow", 2, math.pow, deterministic=True)
