"""The job that calls web hooks, in the one worker that ticks everything, and in two at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import event, select

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.mail.smtp import SmtpRoute
from app.runtime.engine import Engine
from app.runtime.jobs import tick_all
from app.services.calling import Caller
from app.services.running import run_due
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW
from tests.support.receiver import OK, Receiver


def tell(receiver: Receiver) -> str:
    return f"""\
sequence: line
for: lead
topic: guides
enter: {{on: person}}
steps:
  - tell: {{web_hook: "http://127.0.0.1:{receiver.port}/in"}}
  - pause: {{wait: 30 days}}
"""


def house(database: Database, folder: Path, receiver: Receiver, people: int) -> World:
    world = line.lay(database, folder, sequences=(tell(receiver),), web_hooks_to_this_machine=True)
    line.enroll(world, line.people(world, people))
    return world


def states(world: World) -> list[str]:
    with world.database.read() as connection:
        return list(connection.execute(select(tables.web_calls.c.state)).scalars())


def test_one_tick_takes_a_step_to_the_other_system(database: Database, tmp_path: Path) -> None:
    receiver = Receiver(None, lambda came, line: OK)
    world = house(database, tmp_path, receiver, 12)
    route = SmtpRoute("127.0.0.1", 9, "none")
    engine = Engine(world, Spool(tmp_path / "spool"), LinkMaps(tmp_path / "maps"), route, lambda: NOW)
    tick_all(engine)
    engine.stop()
    engine.close()
    receiver.stop()
    assert len(receiver.came) == 12
    assert states(world) == ["done"] * 12


def test_two_workers_make_each_call_once(database: Database, tmp_path: Path) -> None:
    receiver = Receiver(None, lambda came, line: OK)
    world = house(database, tmp_path, receiver, 40)
    run_due(world, NOW)
    with ThreadPoolExecutor(2) as workers:
        rounds = [workers.submit(Caller(world, lambda: NOW).call_due) for _ in range(20)]
    assert sum(each.result() for each in rounds) == 40
    receiver.stop()
    keys = [came.headers["Idempotency-Key"] for came in receiver.came]
    assert len(keys) == len(set(keys)) == 40
    assert states(world) == ["done"] * 40


def test_what_is_due_is_found_by_its_index(sqlite_database: Database, tmp_path: Path) -> None:
    receiver = Receiver(None, lambda came, line: OK)
    receiver.stop()
    world = house(sqlite_database, tmp_path, receiver, 1)
    said: list[tuple[str, object]] = []
    event.listen(
        sqlite_database.engine, "before_cursor_execute", lambda *given: said.append((given[2], given[3]))
    )
    Caller(world, lambda: NOW).call_due()
    query, values = next(each for each in said if "row_number" in each[0])
    with sqlite_database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all()
    steps = [row[3] for row in plan if "web_calls" in row[3]]
    assert any("ix_web_calls_due" in step for step in steps)
    # Beside it only the primary key, the first index that SQLite made itself.
    assert [
        step for step in steps if "ix_web_calls_due" not in step and "autoindex_web_calls_1" not in step
    ] == []
