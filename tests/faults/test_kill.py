"""`kill -9` at every phase of a send: no mail twice, none lost, what nobody can know is listed."""

import itertools
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app.services.running import run_due
from app.services.sending.recovering import reap
from app.services.sending.worker import SLICE
from app.store.database import Database
from tests.faults.judging import Verdict, judge
from tests.faults.worker import CONNECTIONS
from tests.support import line

PHASES = ("claimed", "intent", "before-body", "body", "dot", "replied", "committing")
# When to die, counted in times the phase was reached: first thing, and in the middle of much.
COUNTS = {"claimed": (1, 2, 3), "intent": (1, 5, 9), "committing": (1, 4, 8)}
MAILS_DIED_AT = (3, 37, 90)


@dataclass(frozen=True)
class Kill:
    phase: str
    count: int


def run(
    database: Database, folder: Path, mails: int, kills: list[Kill], defect: str = "-"
) -> tuple[Verdict, int]:
    """Kill a worker again and again while it sends `mails`; the verdict and how often it was killed."""
    world = line.lay(database, folder)
    line.enroll(world, line.people(world, mails))
    killed, log = 0, folder / "taken.log"
    with sink(log) as port:
        for kill in [*kills, Kill("-", 0)]:
            code, listed = work(database, folder, port, kill, defect)
            killed += code == -signal.SIGKILL
            assert code in (0, -signal.SIGKILL)
            assert listed <= CONNECTIONS
    return judge(world, log), killed


@contextmanager
def sink(log: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "tests.faults.sink", str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


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


def assert_clean(verdict: Verdict, mails: int) -> None:
    assert verdict.clean, verdict
    assert verdict.planned == verdict.went_on == mails


def test_one_kill_a_phase(sqlite_database: Database, tmp_path: Path) -> None:
    kills = [Kill(phase, COUNTS.get(phase, MAILS_DIED_AT)[0]) for phase in PHASES]
    verdict, killed = run(sqlite_database, tmp_path, 300, kills)
    assert_clean(verdict, 300)
    assert killed == len(PHASES)
    assert 1 <= verdict.uncertain <= killed * CONNECTIONS


@pytest.mark.prove
@pytest.mark.parametrize("base", ["sqlite", "sqlite again", "postgres"])
def test_the_kill_matrix(base: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Two runs on SQLite and one on PostgreSQL, 21 kills each, nine in each phase."""
    database: Database = request.getfixturevalue(f"{base.split()[0]}_database")
    turns = [[Kill(phase, COUNTS.get(phase, MAILS_DIED_AT)[turn]) for phase in PHASES] for turn in range(3)]
    if base == "sqlite again":
        turns = [list(reversed(turn)) for turn in turns]
    kills = list(itertools.chain.from_iterable(turns))
    verdict, killed = run(database, tmp_path, 2000, kills)
    print(f"\n{base}: {killed} kills, {verdict}")
    assert_clean(verdict, 2000)
    assert killed == len(kills) == 21
    assert 1 <= verdict.uncertain <= killed * CONNECTIONS


def test_a_build_without_intent_is_found_out(sqlite_database: Database, tmp_path: Path) -> None:
    kills = [Kill("replied", 37), Kill("dot", 37), Kill("replied", 37)]
    verdict, killed = run(sqlite_database, tmp_path, 300, kills, defect="no-intent")
    assert killed == 3
    assert verdict.twice > 0


def test_a_worker_that_never_comes_back(sqlite_database: Database, tmp_path: Path) -> None:
    """Another one takes over after the lease: of the dead one's mails at most a slice a connection is uncertain."""
    world = line.lay(sqlite_database, tmp_path)
    line.enroll(world, line.people(world, 300))
    log = tmp_path / "taken.log"
    with sink(log) as port:
        code, _ = work(sqlite_database, tmp_path, port, Kill("replied", 60), "-")
        assert code == -signal.SIGKILL
        other = line.reopen(sqlite_database, tmp_path, worker_name="other")
        lease = timedelta(seconds=other.settings.lease_seconds + 1)
        found = reap(other, line.NOW + lease)
        assert 1 <= found.uncertain <= SLICE * CONNECTIONS
        assert work(sqlite_database, tmp_path, port, Kill("-", 0), "-", name="other")[0] == 0
    run_due(other, line.NOW + lease)
    verdict = judge(world, log)
    assert_clean(verdict, 300)
    assert verdict.uncertain == found.uncertain
