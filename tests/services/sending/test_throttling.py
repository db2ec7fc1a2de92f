"""Mails that wait for their turn: at a provider, for a sender's day, while a domain is new."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.core.throttling import HORIZON, RESTS, WARM_UP
from app.services import pace
from app.services.running import run_due
from app.services.sending.gating import claim_and_gate
from app.store.database import Database
from app.store.tables import deliveries
from tests.services.sending.conftest import House
from tests.support import line
from tests.support.smtp_server import ScriptedServer

PROVIDER = "example.com"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    built = House(database, tmp_path, smtp_host="relay.example")
    yield built
    built.close()


def claimed(house: House, at: datetime = line.NOW) -> int:
    """How many mails of one batch may leave at that instant."""
    taken = claim_and_gate(house.world, house.world.library.catalogue(at), at, 500)
    return len(taken.passed) if taken is not None else 0


def rate(house: House, per_minute: float) -> None:
    pace.set_rate(house.world, PROVIDER, per_minute, line.NOW)


def test_what_is_over_the_rate_gets_a_slot_and_no_line_on_a_timeline(house: House) -> None:
    rate(house, 60)
    house.plan(30)
    before = len(house.rows("timeline"))
    assert claimed(house) == 11
    waiting = house.rows("deliveries", state="deferred")
    assert {one.reason_code for one in waiting} == {"gate.throttled"}
    assert sorted(one.due_at for one in waiting) == [
        line.NOW + timedelta(seconds=number) for number in range(1, 20)
    ]
    assert {one.attempts for one in waiting} == {0}
    assert len(house.rows("timeline")) == before


def test_a_slot_once_given_is_kept(house: House) -> None:
    rate(house, 60)
    house.plan(30)
    claimed(house)
    assert claimed(house, line.NOW + timedelta(seconds=5)) == 5
    assert claimed(house, line.NOW + timedelta(minutes=1)) == 14
    assert house.rows("deliveries", state="deferred") == []


def test_the_slots_survive_the_worker(house: House) -> None:
    rate(house, 60)
    house.plan(11)
    assert claimed(house) == 11
    other = line.reopen(house.database, house.folder, smtp_host="relay.example", worker_name="other")
    line.enroll(other, line.people(other, 5, first=100))
    while run_due(other, line.NOW).taken:
        pass
    taken = claim_and_gate(other, other.library.catalogue(line.NOW), line.NOW, 500)
    assert taken is not None
    assert taken.passed == []


def test_what_finds_no_slot_within_the_horizon_asks_again(house: House) -> None:
    rate(house, 1)
    house.plan(30)
    claimed(house)
    queued = [
        one for one in house.rows("deliveries", state="deferred") if one.reason_code == "gate.throttle_queue"
    ]
    assert len(queued) > 10
    assert all(line.NOW + HORIZON / 2 <= one.due_at <= line.NOW + HORIZON for one in queued)


def test_a_small_sequence_goes_beside_a_large_one(database: Database, tmp_path: Path) -> None:
    second = line.LINE.replace("sequence: line", "sequence: other").replace(
        "discovery/hello", "discovery/more"
    )
    house = House(
        database, tmp_path, smtp_host="relay.example", sequences=[line.LINE, second],
        mails={"discovery/hello": line.MAIL, "discovery/more": line.MAIL},
    )  # fmt: skip
    rate(house, 60)
    house.plan(100)
    line.enroll(house.world, line.people(house.world, 5, first=200), "other")
    while run_due(house.world, line.NOW).taken:
        pass
    taken = claim_and_gate(house.world, house.world.library.catalogue(line.NOW), line.NOW, 500)
    assert taken is not None
    assert {row.sequence for row in taken.passed} == {"line", "other"}
    first_minute = [
        one
        for one in house.rows("deliveries", state="deferred")
        if one.due_at < line.NOW + timedelta(minutes=1)
    ]
    gone = sum(row.sequence == "other" for row in taken.passed)
    assert gone + sum(one.template == "discovery/more" for one in first_minute) == 5


def test_what_somebody_asked_for_goes_first_and_never_waits(house: House) -> None:
    rate(house, 1)
    house.plan(40)
    asked = house.rows("deliveries")[-3:]
    house.change(
        update(deliveries)
        .where(deliveries.c.id.in_([one.id for one in asked]))
        .values(message_class="service", due_at=line.NOW)
    )
    taken = claim_and_gate(house.world, house.world.library.catalogue(line.NOW), line.NOW, 10)
    assert taken is not None
    assert {row.id for row in taken.passed[:3]} == {one.id for one in asked}


def test_a_provider_that_asks_us_to_slow_down_rests_and_comes_back(house: House) -> None:
    house.plan(3)
    with ScriptedServer({"RCPT": ["421 4.7.0 Too many connections, slow down"]}) as server:
        house.sender(server.port).send_due()
    slowed = pace.slowed(house.world, line.NOW)
    assert [(one.provider, one.factor) for one in slowed] == [(PROVIDER, 0.5)]
    assert slowed[0].reason.code == "throttle.slowed_down"
    house.plan(2, first=50)
    assert claimed(house) == 0
    later = line.NOW + RESTS[0] + timedelta(minutes=3)
    assert claimed(house, later) > 0


def test_a_new_domain_sends_few_mails_on_its_first_day(house: House) -> None:
    rate(house, 100_000)
    sender = house.world.settings.sender_address
    pace.warm_up(house.world, sender.rpartition("@")[2], line.NOW)
    house.plan(WARM_UP[0] + 20)
    assert claimed(house) == WARM_UP[0]
    held = house.rows("deliveries", state="deferred")
    assert {one.reason_code for one in held} == {"gate.warm_up"}
    tomorrow = (line.NOW + timedelta(days=1)).date()
    assert {one.due_at.astimezone(UTC).date() for one in held} <= {line.NOW.date(), tomorrow}
    assert claimed(house, line.NOW + timedelta(days=1)) == 20
    assert pace.warm_ups(house.world, line.NOW)[0].sent == WARM_UP[0]


def test_the_built_in_catcher_takes_what_comes(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path)
    rate(house, 1)
    house.plan(40)
    assert claimed(house) == 40


def test_a_domain_is_asked_about_once_it_is_written_to(house: House) -> None:
    house.plan(2)
    claimed(house)
    assert [one.domain for one in house.rows("domain_checks")] == [PROVIDER]
