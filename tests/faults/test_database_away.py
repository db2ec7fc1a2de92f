"""PostgreSQL crashes while four connections send, and comes back: nothing lost, nothing twice, little unsure."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.mail.smtp import SmtpRoute
from app.runtime.engine import Engine
from app.runtime.jobs import jobs, run_job
from app.services.running import run_due
from app.services.sending import committing
from app.services.world import World
from app.store.database import Database
from app.store.tables import attempts, deliveries
from tests.support import line
from tests.support.databases import Postgres
from tests.support.rules import rows
from tests.support.smtp_server import ScriptedServer

MAILS, CONNECTIONS, MIDDLE = 120, 4, 35
TICK = timedelta(seconds=5)
ONCE_EACH = Counter(line.address(number) for number in range(MAILS))


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    server = Postgres(alone=True)
    yield server
    server.start_again()
    server.stop()


@pytest.fixture
def own_database(own_postgres: Postgres) -> Iterator[Database]:
    database = own_postgres.create()
    yield database
    own_postgres.start_again()
    own_postgres.drop(database)


class Worker:
    """A worker of four connections with mails to send; `crash` happens in the middle of the bytes of one of them."""

    def __init__(self, database: Database, folder: Path, port: int, crash: "Crash") -> None:
        self.world: World = line.lay(database, folder, smtp_connections=CONNECTIONS, batch_size=50)
        line.enroll(self.world, line.people(self.world, MAILS))
        while run_due(self.world, line.NOW).taken:
            pass
        self.engine = Engine(
            self.world, Spool(folder / "spool"), LinkMaps(folder / "links"),
            SmtpRoute("127.0.0.1", port, "none", timeout=20), lambda: line.NOW, on_phase=crash.at,
        )  # fmt: skip
        self.engine.recover()

    def tick(self) -> int:
        return run_job(self.engine, next(job for job in jobs(TICK) if job.name == "send"))

    def send_all(self) -> None:
        while self.tick():
            pass

    def close(self) -> None:
        self.engine.stop()
        self.engine.close()


class Crash:
    """The server of the database crashes at the MIDDLE-th time that `phase` is reached; `back` starts it at once."""

    def __init__(self, server: Postgres, phase: str, *, back: bool) -> None:
        self._server, self._phase, self._back = server, phase, back
        self._left, self._guard = MIDDLE, threading.Lock()
        self.happened = False

    def at(self, phase: str) -> None:
        if phase != self._phase:
            return
        with self._guard:
            self._left -= 1
            if self._left == 0:
                self.happened = True
                self._server.crash()
                if self._back:
                    self._server.start_again()


def taken(server: ScriptedServer) -> Counter[str]:
    return Counter(mail.recipient for mail in server.received)


def states(worker: Worker) -> Counter[str]:
    return Counter(row.state for row in rows(worker.world, deliveries))


@pytest.mark.parametrize("phase", ["body", "sent", "replied"])
def test_back_within_seconds_the_worker_goes_on_by_itself(
    phase: str, own_postgres: Postgres, own_database: Database, tmp_path: Path
) -> None:
    with ScriptedServer() as server:
        crash = Crash(own_postgres, phase, back=True)
        worker = Worker(own_database, tmp_path, server.port, crash)
        worker.send_all()
        # A connection that was claiming just then broke off; the next tick settles what it held.
        worker.send_all()
        worker.close()
    assert taken(server) == ONCE_EACH
    assert states(worker) == {"accepted": MAILS}
    assert len(rows(worker.world, attempts)) == MAILS


def test_away_for_longer_the_next_tick_settles_by_the_journal(
    own_postgres: Postgres, own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "PAUSES", (0.0,))
    with ScriptedServer() as server:
        worker = Worker(own_database, tmp_path, server.port, Crash(own_postgres, "replied", back=False))
        with capture_logs() as told:
            assert worker.tick() == 0
            out = taken(server)
            # Away for a whole tick: nothing leaves, and nothing ends the worker.
            assert worker.tick() == 0
        assert [one["event"] for one in told].count("job.failed") == 2
        assert MIDDLE <= out.total() < MAILS
        assert taken(server) == out
        own_postgres.start_again()
        worker.send_all()
        worker.close()
    assert taken(server) == ONCE_EACH
    assert states(worker) == {"accepted": MAILS}
    assert len(rows(worker.world, attempts)) == MAILS
