"""A world with people due for their first mail, and a server that takes it."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.mail.journal import Journal
from app.mail.smtp import SmtpRoute
from app.mail.smtp_pool import SmtpPool
from app.services.running import run_due
from app.services.sending.worker import Sender
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.support import line
from tests.support.smtp_server import ScriptedServer


class House:
    """One database, its world, and hands to work with."""

    def __init__(self, database: Database, folder: Path, **options: Any) -> None:
        self.database, self.folder = database, folder
        self.world: World = line.lay(database, folder, **options)
        self._host = options.get("smtp_host", "")
        self.now = line.NOW
        self.numbers = count()
        self._open: list[Any] = []

    def plan(self, count: int, *, first: int = 0, **columns: Any) -> list[UUID]:
        """People whose first mail is due."""
        who = line.people(self.world, count, first=first, **columns)
        line.enroll(self.world, who)
        while run_due(self.world, line.NOW).taken:
            pass
        return who

    def sender(self, port: int, *, worker: str = "main", connections: int = 1, **options: Any) -> Sender:
        world = line.reopen(self.database, self.folder, worker_name=worker, smtp_host=self._host)
        pool = SmtpPool(SmtpRoute("127.0.0.1", port, "none", timeout=10), connections)
        journal = Journal(self.folder / "journal", worker)
        self._open += [pool, journal]
        clock: Callable[[], Any] = options.pop("clock", lambda: self.now)
        return Sender(world, pool, journal, clock, connections=connections, **options)

    def states(self) -> dict[str, int]:
        d = tables.deliveries.c
        with self.database.read() as connection:
            rows = connection.execute(select(d.state, func.count()).group_by(d.state))
            return {row.state: row[1] for row in rows}

    def rows(self, table: str, **wanted: Any) -> list[Any]:
        chosen = getattr(tables, table)
        query = select(chosen).where(*(chosen.c[name] == value for name, value in wanted.items()))
        with self.database.read() as connection:
            return list(connection.execute(query))

    def change(self, statement: Any) -> None:
        with self.database.write() as connection:
            connection.execute(statement)

    def close(self) -> None:
        for each in self._open:
            each.close()


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    built = House(database, tmp_path)
    yield built
    built.close()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running
