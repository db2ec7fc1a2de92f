"""`kill -9` at every phase of a send: no mail twice, none lost, what nobody can know is listed."""

import itertools
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app.services import dkim_keys
from app.services.running import run_due
from app.services.sending.recovering import reap
from app.services.sending.worker import SLICE
from app.services.world import World
from app.store.database import Database
from tests.faults.judging import Verdict, judge
from tests.faults.worker import CONNECTIONS
from tests.support import line
from tests.support.databases import Postgres, open_sqlite

PHASES = ("claimed", "intent", "before-body", "body", "dot", "replied", "committing")
# When to die, counted in times the phase was reached: first thing, and in the middle of much.
BATCHES, SLICES, EACH = (1, 2, 1, 3), (1, 5, 9, 2), (3, 37, 90, 11)
COUNTS = {"claimed": BATCHES, "intent": SLICES, "committing": SLICES}
ROUNDS = 12


@dataclass(frozen=True)
class Kill:
    phase: str
    count: int


@dataclass
class Sink:
    """The server's process; `signed` and `broken_off` are known when it has ended."""

    port: int
    signed: int = 0
    broken_off: int = 0


@dataclass(frozen=True)
class Figures:
    killed: int
    sink: Sink
    verdict: Verdict

    def line(self, base: str, phase: str) -> str:
        v = self.verdict
        figures = (self.killed, v.planned, v.uncertain, self.sink.broken_off, v.twice, v.lost + v.unsettled)
        return f"{base:12}{phase:14}" + "".join(f"{figure:>12}" for figure in figures)


HEADINGS = f"{'':26}" + "".join(
    f"{word:>12}" for word in ("kills", "mails", "uncertain", "broken off", "doubled", "lost")
)


def lay(database: Database, folder: Path, mails: int) -> World:
    """Mails that are due, of a sender whose domain signs with two keys."""
    world = line.lay(database, folder)
    for key in dkim_keys.make(world, world.settings.sender_address.partition("@")[2], line.NOW):
        dkim_keys.activate(world, key, line.NOW)
    line.enroll(world, line.people(world, mails))
    return world


def run(database: Database, folder: Path, mails: int, kills: Iterable[Kill], defect: str = "-") -> Figures:
    """Kill a worker again and again while it sends `mails`, then let it end."""
    world = lay(database, folder, mails)
    killed, log = 0, folder / "taken.log"
    with sink(log) as server:
        for kill in [*kills, Kill("-", 0)]:
            code, listed = work(database, folder, server.port, kill, defect)
            killed += code == -signal.SIGKILL
            assert code in (0, -signal.SIGKILL)
            assert listed <= CONNECTIONS
    return Figures(killed, server, judge(world, log))


@contextmanager
def sink(log: Path) -> Iterator[Sink]:
    command = [sys.executable, "-m", "tests.faults.sink", str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        server = Sink(int(process.stdout.readline()))
        yield server
        server.signed, server.broken_off = map(int, process.communicate()[0].split())


def work(
    database: Database, folder: Path, port: int, kill: Kill, defect: str, name: str = "main"
) -> tuple[int, int]:
    """One life of the worker: its exit code, and how many mails it called uncertain when it took over."""
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.faults.worker", str(folder), url, str(port), name]
    ended = subprocess.run(
        [*command, kill.phase, str(kill.count), defect], stdout=subprocess.PIPE, text=True, check=False
    )
    # It says nothing when it died while it took over.
    return ended.returncode, int((ended.stdout.split() or ["uncertain", "0"])[1])


def assert_clean(figures: Figures, mails: int) -> None:
    verdict = figures.verdict
    assert verdict.clean, verdict
    assert verdict.planned == verdict.went_on == mails
    assert verdict.uncertain <= figures.killed * CONNECTIONS
    assert figures.sink.signed >= mails - verdict.uncertain


def turns(phase: str, rounds: int) -> list[Kill]:
    counts = COUNTS.get(phase, EACH)
    return [Kill(phase, counts[number % len(counts)]) for number in range(rounds)]


@pytest.mark.parametrize(("base", "phases"), [("sqlite", PHASES), ("postgres", ("body", "committing"))])
def test_one_kill_a_phase(
    base: str, phases: tuple[str, ...], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database: Database = request.getfixturevalue(f"{base}_database")
    figures = run(database, tmp_path, 250, [turns(phase, 1)[0] for phase in phases])
    assert_clean(figures, 250)
    assert figures.killed == len(phases)
    assert figures.verdict.uncertain >= 1
    # The one in the middle of its body, at the least.
    assert figures.sink.broken_off >= 1


@pytest.mark.prove
def test_the_kill_matrix(
    tmp_path: Path, sqlite_template: Path, postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each phase many times over, on both databases; the figures are printed."""
    table = [HEADINGS]
    for base, phase in itertools.product(("SQLite", "PostgreSQL"), PHASES):
        folder = tmp_path / base / phase
        folder.mkdir(parents=True)
        database = (
            open_sqlite(sqlite_template, folder / "trellis.db") if base == "SQLite" else postgres.create()
        )
        figures = run(database, folder, 1500, turns(phase, ROUNDS))
        assert_clean(figures, 1500)
        assert figures.killed == ROUNDS
        table.append(figures.line(base, phase))
        database.close()
    with capsys.disabled():
        print("", *table, sep="\n")


def test_a_build_without_intent_is_found_out(sqlite_database: Database, tmp_path: Path) -> None:
    figures = run(sqlite_database, tmp_path, 300, [Kill("replied", 37), Kill("dot", 37)], defect="no-intent")
    assert figures.killed == 2
    assert figures.verdict.twice > 0


@pytest.mark.parametrize("base", ["sqlite", pytest.param("postgres", marks=pytest.mark.prove)])
def test_a_worker_that_never_comes_back(base: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Another one takes over after the lease: of the dead one's mails at most a slice a connection is uncertain."""
    database: Database = request.getfixturevalue(f"{base}_database")
    world = lay(database, tmp_path, 250)
    log = tmp_path / "taken.log"
    with sink(log) as server:
        code, _ = work(database, tmp_path, server.port, Kill("replied", 60), "-")
        assert code == -signal.SIGKILL
        other = line.reopen(database, tmp_path, worker_name="other")
        lease = timedelta(seconds=other.settings.lease_seconds + 1)
        found = reap(other, line.NOW + lease)
        assert 1 <= found.uncertain <= SLICE * CONNECTIONS
        assert work(database, tmp_path, server.port, Kill("-", 0), "-", name="other")[0] == 0
    run_due(other, line.NOW + lease)
    verdict = judge(world, log)
    assert verdict.clean, verdict
    assert verdict.planned == verdict.went_on == 250
    assert verdict.uncertain == found.uncertain
