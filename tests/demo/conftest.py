"""A small demo beside a real workspace with people of its own."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from sqlalchemy import insert, select

from app.cli.demo_making import Made, Wish, make
from app.demo.doors import MovedClock
from app.services import accounts, demo
from app.services.importing import ImportOptions
from app.services.importing.whole import import_file
from app.services.starting import start
from app.services.world import World, open_world
from app.store.accounts import main_workspace
from app.store.caught import CaughtMails
from app.store.database import Database
from app.store.tables import metadata, users
from config import Settings
from tests.support.databases import open_sqlite

END = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SMALL = Wish(seed=7, people=40, days=45)
PASSWORD = "a trellis holds things"
REAL = """E-mail,First name,Company,Website,Country,Time zone,Language
birgit@lindehaven.example,Birgit,Lindehaven,lindehaven.example,DK,Europe/Copenhagen,en
nora@hudson.example,Nora,Hudson Homes,hudson.example,IT,Europe/Rome,it
"""


@dataclass(slots=True)
class Installation:
    """A real workspace, and room for a demo beside it."""

    database: Database
    settings: Settings
    workspace_id: UUID

    def import_real(self) -> None:
        """Two contacts who wait for their first mail."""
        path = self.settings.data_dir / "people.csv"
        path.write_text(REAL)
        options = ImportOptions(enroll="now", consents=("guides",), basis="a form", consent_source="fair")
        import_file(open_world(self.database, self.workspace_id, self.settings), path, options, END)

    def add_user(self, email: str, password: str) -> None:
        hashed = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(password)
        account = accounts.new_account(self.workspace_id, email, "Ann", "marketer", hashed, END)
        with self.database.write() as connection:
            connection.execute(insert(users).values({**account, "must_change_password": False}))

    def make(self, wish: Wish = SMALL, end: datetime = END) -> Made:
        with demo.held(self.settings.data_dir):
            return make(self.database, self.settings, wish, end)

    def remove(self) -> bool:
        with demo.held(self.settings.data_dir) as lock:
            gone = demo.remove(self.database, self.settings)
            lock.unlink()
        return gone

    def demo_world(self) -> World:
        there = demo.workspace_of(self.database)
        assert there is not None
        return open_world(self.database, there, demo.demo_settings(self.settings))

    def caught(self) -> CaughtMails:
        return CaughtMails(self.settings.data_dir / demo.FOLDER / "caught.db")

    def rows(self, table: Any, **wanted: Any) -> list[Any]:
        query = select(table)
        for name, value in wanted.items():
            query = query.where(table.c[name] == value)
        with self.database.read() as connection:
            return list(connection.execute(query).all())

    def everything(self) -> dict[str, list[str]]:
        """Every row of every table, and every file of the data folder but the database's own."""
        found: dict[str, list[str]] = {}
        with self.database.read() as connection:
            for table in metadata.sorted_tables:
                found[table.name] = sorted(map(repr, connection.execute(select(table)).all()))
        folder = self.settings.data_dir
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("trellis.db"):
                found[str(path.relative_to(folder))] = [hashlib.sha256(path.read_bytes()).hexdigest()]
        return found


def settings_of(folder: Path) -> Settings:
    return Settings(_env_file=None, data_dir=folder, secret_key="k" * 32)  # type: ignore[call-arg]


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a first start, to be copied."""
    folder = tmp_path_factory.mktemp("first-start")
    settings = settings_of(folder)
    database = Database(settings.url_of_database)
    start(database, settings, "admin@halden.example", END, lambda line: None)
    database.empty_log()
    database.close()
    return folder / "trellis.db"


def install(started: Path, folder: Path) -> Installation:
    database = open_sqlite(started, folder / "trellis.db")
    with database.read() as connection:
        workspace_id = main_workspace(connection)
    assert workspace_id is not None
    return Installation(database, settings_of(folder), workspace_id)


@pytest.fixture(scope="module")
def real(started: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with two real contacts who wait for their first mail."""
    made = install(started, tmp_path_factory.mktemp("demo"))
    made.import_real()
    yield made
    made.database.close()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(END)
