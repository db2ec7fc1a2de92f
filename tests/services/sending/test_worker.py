"""What is due goes out once; whatever was committed before intent wins."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import OperationalError

from app.services.running import run_due
from app.services.sending import committing, worker
from app.services.sending.outcomes import Tried, record
from app.services.world import World
from app.store import sending
from app.store.database import Database
from app.store.tables import deliveries, enrollments, identities, workspaces
from tests.services.sending.conftest import House
from tests.support import line
from tests.support.smtp_server import ScriptedServer


def recipients(server: ScriptedServer) -> Counter[str]:
    return Counter(mail.recipient for mail in server.received)


def test_all_that_is_due_leaves_once_and_its_people_go_on(house: House, server: ScriptedServer) -> None:
    house.plan(25)
    assert house.sender(server.port, connections=2).send_due() == 25
    assert recipients(server) == Counter(line.address(number) for number in range(25))
    assert house.states() == {"accepted": 25}
    assert {(one.phase, one.outcome, one.number) for one in house.rows("attempts")} == {
        ("dot", "accepted", 1)
    }
    assert len(house.rows("timeline", kind="mail_accepted")) == 25
    run_due(house.world, house.now)
    assert {(one.step, one.inside) for one in house.rows("enrollments")} == {("pause", True)}


def test_sending_again_sends_nothing(house: House, server: ScriptedServer) -> None:
    house.plan(3)
    sender = house.sender(server.port)
    assert (sender.send_due(), sender.send_due()) == (3, 0)
    assert len(server.received) == 3


class Acting:
    """A clock that does something when it is read for the n-th time."""

    def __init__(self, now: datetime, reading: int, act: Callable[[], None]) -> None:
        self._now, self._left, self._act = now, reading, act

    def __call__(self) -> datetime:
        self._left -= 1
        if self._left == 0:
            self._act()
        return self._now


def test_who_unsubscribes_between_claim_and_intent_gets_nothing(house: House, server: ScriptedServer) -> None:
    """The clock is read before the claim and again when the slice is written: in between they leave."""
    leaving, staying = house.plan(2)

    def leave() -> None:
        assert {one.state for one in house.rows("deliveries")} == {"claimed"}
        with house.database.write() as connection:
            assert sending.cancel_waiting(connection, leaving, "gate.suppressed", {}, house.now) == 1

    house.sender(server.port, clock=Acting(house.now, 2, leave)).send_due()
    assert [one.state for one in house.rows("deliveries", contact_id=leaving)] == ["cancelled"]
    assert [one.state for one in house.rows("deliveries", contact_id=staying)] == ["accepted"]
    assert recipients(server) == {line.address(1): 1}


@pytest.mark.parametrize("connections", [1, 3])
def test_the_red_button_stops_within_a_slice_a_connection(
    house: House, server: ScriptedServer, connections: int
) -> None:
    house.plan(80)
    pressed = update(workspaces).values(stopped_at=house.now)

    def press(moment: str) -> None:
        if moment == "replied" and not server.commands.count("pressed"):
            server.commands.append("pressed")
            house.change(pressed)

    sender = house.sender(server.port, connections=connections, on_phase=press)
    sender.send_due()
    out = len(server.received)
    assert 1 <= out <= worker.SLICE * connections
    assert house.states() == {"accepted": out, "queued": 80 - out}
    assert {one.claim_token for one in house.rows("deliveries", state="queued")} == {None}
    assert sender.send_due() == 0
    house.change(update(workspaces).values(stopped_at=None))
    sender.send_due()
    assert set(recipients(server).values()) == {1}
    assert house.states() == {"accepted": 80}


def test_a_worker_that_is_told_to_end_gives_back_what_it_did_not_begin(
    house: House, server: ScriptedServer
) -> None:
    house.plan(40)
    sender = house.sender(server.port, on_phase=lambda moment: sender.stop() if moment == "replied" else None)
    sender.send_due()
    assert house.states() == {"accepted": 10, "queued": 30}
    assert {one.claimed_by for one in house.rows("deliveries", state="queued")} == {None}


def test_an_address_that_cannot_go_on_the_wire_stops_no_other(house: House, server: ScriptedServer) -> None:
    who = house.plan(5)
    house.change(
        update(identities).where(identities.c.contact_id == who[2]).values(value="two words@example.com")
    )
    house.sender(server.port).send_due()
    assert house.states() == {"accepted": 4, "failed": 1}
    run_due(house.world, house.now)
    assert {one.step for one in house.rows("enrollments")} == {"pause"}


def test_outcomes_are_written_again_after_a_lock(
    house: House, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.plan(12)
    calls = count(1)

    def sometimes(connection: Connection, world: World, tried: Sequence[Tried]) -> None:
        record(connection, world, tried)
        if next(calls) in (2, 3):
            raise OperationalError("COMMIT", None, Exception("database is locked"))

    monkeypatch.setattr(committing, "record", sometimes)
    monkeypatch.setattr(committing, "PAUSES", (0, 0, 0))
    house.sender(server.port).send_due()
    assert next(calls) == 6  # three slices to write, and two that had to be written again
    assert house.states() == {"accepted": 12}
    assert len(house.rows("attempts")) == 12
    assert set(recipients(server).values()) == {1}


def test_a_commit_whose_word_was_lost_is_not_told_twice(
    house: House, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line to the database broke after the commit and before it was confirmed."""
    house.plan(25)
    written, calls = committing.Commits._written, count(1)

    def unheard(self: committing.Commits, *args: Any) -> None:
        written(self, *args)
        if next(calls) in (2, 4):
            raise OperationalError("COMMIT", None, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr(committing.Commits, "_written", unheard)
    monkeypatch.setattr(committing, "PAUSES", (0, 0, 0))
    house.sender(server.port).send_due()
    assert next(calls) > 5
    assert house.states() == {"accepted": 25}
    assert len(house.rows("attempts")) == len(house.rows("timeline", kind="mail_accepted")) == 25
    assert set(recipients(server).values()) == {1}


def test_a_tick_that_finds_the_last_one_at_work_leaves_it_alone(house: House, server: ScriptedServer) -> None:
    house.plan(3)
    overlapping: list[int] = []

    def tick(moment: str) -> None:
        if moment == "replied":
            sender.settle()
            overlapping.append(sender.send_due())

    sender = house.sender(server.port, on_phase=tick)
    assert sender.send_due() == 3
    assert overlapping == [0, 0, 0]
    assert house.states() == {"accepted": 3}


def test_two_workers_never_write_to_one_contact_at_once(postgres_database: Database, tmp_path: Path) -> None:
    """Two mails a person, a cap of one a day: however the workers meet, one goes and the other waits."""
    second = line.LINE.replace("sequence: line", "sequence: other").replace(
        "discovery/hello", "discovery/more"
    )
    house = House(
        postgres_database, tmp_path, sequences=[line.LINE, second],
        mails={"discovery/hello": line.MAIL, "discovery/more": line.MAIL},
    )  # fmt: skip
    who = house.plan(120)
    line.enroll(house.world, who, "other", at=line.NOW - timedelta(seconds=1))
    while run_due(house.world, line.NOW).taken:
        pass
    with ScriptedServer() as server:
        senders = [house.sender(server.port, worker=name, connections=2) for name in ("one", "two")]
        threads = [Thread(target=sender.send_due) for sender in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # A worker that met only locked contacts leaves them for the next tick.
        senders[0].send_due()
    house.close()
    assert recipients(server) == Counter(line.address(number) for number in range(120))
    assert house.states() == {"accepted": 120, "deferred": 120}
    assert {one.reason_code for one in house.rows("deliveries", state="deferred")} == {"gate.cap"}


def test_the_same_mail_planned_twice_is_one(house: House, server: ScriptedServer) -> None:
    """A conflict on the key is a skip: here somebody wrote the row before the engine did."""
    (who,) = line.people(house.world, 1)
    line.enroll(house.world, [who])
    run_due(house.world, house.now)
    with house.database.read() as connection:
        row = dict(connection.execute(select(deliveries)).one()._mapping)
    enrollment = row["enrollment_id"]
    house.change(deliveries.delete())
    early = {**row, "id": enrollment, "template": "discovery/hello"}
    house.change(insert(deliveries).values(early))
    house.change(
        update(enrollments).values(
            state="due", due_at=house.now, inside=False, visit=0, visits={}, step="hello"
        )
    )
    ran = run_due(house.world, house.now)
    assert (ran.saved, ran.failed) == (1, 0)
    assert [one.id for one in house.rows("deliveries")] == [enrollment]
    house.sender(server.port).send_due()
    assert len(server.received) == 1
