"""Entering by a segment or by a date: who may asks once, who may not leaves no line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from app.services import gathering
from app.services.enrolling import admit_due
from app.services.gathering import gather
from app.services.running import run_due
from app.services.world import World
from app.store.database import Database
from app.store.tables import admissions, contact_stages, contact_tags, contacts, definitions, enrollments
from tests.support.line import NOW, lay, people
from tests.support.rules import DAY, change, one, rows, told

HOUR = timedelta(hours=1)
SEGMENT = "segment: warm\nlabel: Warm\nif: {tag: warm}\n"
HEAD = "sequence: {key}\nfor: lead\ntopic: guides\nenter: {enter}\nagain: {again}\nsteps:\n  - pause: {{wait: 3 days}}\n"


def sequence(key: str, enter: str, again: str = "never") -> str:
    return HEAD.format(key=key, enter=enter, again=again)


def world_of(database: Database, folder: Path, *sequences: str) -> World:
    segment = folder / "content/sequences/segments/warm.yaml"
    segment.parent.mkdir(parents=True)
    segment.write_text(SEGMENT)
    return lay(database, folder, sequences=sequences)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return world_of(
        database, tmp_path,
        sequence("warm-ones", "{segment: warm, never: {tag: competitor}, if: {field: city, is: Oslo}}"),
        sequence("renewal", "{date: renewal}", "always"),
    )  # fmt: skip


def tag(world: World, who: UUID, word: str = "warm") -> None:
    with world.database.write() as connection:
        values = {"contact_id": who, "tag": word, "workspace_id": world.workspace_id, "added_at": NOW}
        connection.execute(insert(contact_tags).values(**values))


def renews(world: World, who: UUID, day: str, **columns: Any) -> None:
    change(world, contacts, {"id": who}, fields={"renewal": day}, **columns)


def leave(world: World, at: datetime) -> None:
    """Whoever is inside of anything is through with it."""
    with world.database.write() as connection:
        ended = {"state": "ended", "due_at": None, "ended_at": at}
        connection.execute(update(enrollments).where(enrollments.c.state != "ended").values(**ended))


def inside(world: World) -> set[UUID]:
    return {row.contact_id for row in rows(world, enrollments) if row.state != "ended"}


def hour_by_hour(world: World, begin: datetime, hours: int) -> list[UUID]:
    entered: list[UUID] = []
    for hour in range(hours):
        at = begin + hour * HOUR
        gather(world, at)
        before = inside(world)
        while admit_due(world, at):
            pass
        entered += inside(world) - before
    return entered


def test_who_is_in_the_segment_enters_and_the_others_are_not_even_asked(world: World) -> None:
    warm, cold, rival, elsewhere, other_stage, erased = people(world, 6, city="Oslo")
    for who in (warm, rival, elsewhere, other_stage, erased):
        tag(world, who)
    tag(world, rival, "competitor")
    change(world, contacts, {"id": elsewhere}, city="Bergen")
    change(world, contacts, {"id": erased}, erased_at=NOW)
    change(world, contact_stages, {"contact_id": other_stage}, stage="prospect")
    assert gather(world, NOW) == 1
    assert [row.contact_id for row in rows(world, admissions)] == [warm]
    assert admit_due(world, NOW) == 1
    stay = one(world, enrollments)
    assert (stay.contact_id, stay.reason_code, stay.entered_by) == (warm, "enroll.segment", "segment")
    assert stay.reason_params == {"subject": "warm", "sequence": "warm-ones"}
    assert [told(world, who) for who in (cold, rival, elsewhere, other_stage, erased)] == [[]] * 5


def test_who_was_inside_once_does_not_come_back_and_no_refusal_is_told(world: World) -> None:
    (who,) = people(world, 1, city="Oslo")
    tag(world, who)
    assert hour_by_hour(world, NOW, 3) == [who]
    leave(world, NOW + DAY)
    assert hour_by_hour(world, NOW + DAY, 72) == []
    assert told(world, who) == [("enrolled", "enroll.segment")]
    assert len(rows(world, admissions)) == 1


@pytest.mark.parametrize(("again", "stays"), [("always", 4), ("after 2 days", 2), ("never", 1)])
def test_coming_back_once_a_day_at_most(database: Database, tmp_path: Path, again: str, stays: int) -> None:
    world = world_of(database, tmp_path, sequence("warm-ones", "{segment: warm}", again))
    (who,) = people(world, 1)
    tag(world, who)
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    for hour in range(0, 96, 6):
        at = midnight + hour * HOUR
        gather(world, at)
        admit_due(world, at)
        leave(world, at)
    assert len(rows(world, enrollments)) == stays
    assert {code for _, code in told(world, who)} == {"enroll.segment"}


def test_a_crowd_asks_once_and_takes_its_turns(database: Database, tmp_path: Path) -> None:
    world = world_of(database, tmp_path, sequence("warm-ones", "{segment: warm, at most: 2 a day}"))
    crowd = people(world, 5)
    for who in crowd:
        tag(world, who)
    assert gather(world, NOW, limit=2) == 5
    assert hour_by_hour(world, NOW, 49) != []
    assert inside(world) == set(crowd)
    assert len(rows(world, admissions)) == 5


def test_the_date_counts_on_the_persons_own_clock(world: World) -> None:
    zones = ["Pacific/Kiritimati", "Europe/Copenhagen", "Pacific/Pago_Pago"]
    crowd = people(world, 3)
    for who, zone in zip(crowd, zones, strict=True):
        renews(world, who, "2026-12-01", zone=zone)
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    entered: dict[UUID, int] = {}
    for hour in range(72):
        for who in hour_by_hour(world, begin + hour * HOUR, 1):
            entered[who] = hour
    # Midnight of the first of December is at 10:00 UTC the day before, at 23:00, and at 11:00 of that day.
    assert entered == dict(zip(crowd, (10, 23, 35), strict=True))
    assert {(row.reason_code, row.reason_params["subject"]) for row in rows(world, enrollments)} == {
        ("enroll.date", "renewal")
    }


def test_one_date_lets_in_once_and_another_one_again(world: World) -> None:
    (who,) = people(world, 1)
    renews(world, who, "2026-11-24")
    assert gather(world, NOW) == 1
    admit_due(world, NOW)
    leave(world, NOW)
    assert gather(world, NOW + HOUR) == 0
    assert gather(world, NOW + DAY) == 0
    renews(world, who, "2026-11-26")
    assert gather(world, NOW + 2 * DAY) == 1


@pytest.mark.parametrize("value", ["", "soon", "2026-11-25", "1980-11-24", 20261124, None])
def test_what_is_no_date_of_today_lets_nobody_in(world: World, value: object) -> None:
    (who,) = people(world, 1)
    change(world, contacts, {"id": who}, fields={"renewal": value})
    assert gather(world, NOW) == 0


def test_at_a_paused_door_they_wait_and_an_archived_one_is_not_asked(world: World) -> None:
    (who,) = people(world, 1)
    renews(world, who, "2026-11-24")
    change(world, definitions, {"key": "renewal"}, state="archived")
    assert gather(world, NOW) == 0
    change(world, definitions, {"key": "renewal"}, state="paused")
    assert gather(world, NOW) == 1
    admit_due(world, NOW)
    assert inside(world) == set()
    change(world, definitions, {"key": "renewal"}, state="live")
    admit_due(world, NOW + DAY)
    assert inside(world) == {who}


def test_a_sequence_that_cannot_be_asked_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (who,) = people(world, 1, city="Oslo")
    tag(world, who)
    renews(world, who, "2026-11-24")
    asked = gathering.candidates

    def stumbles(sequence: Any, now: datetime) -> Any:
        found = asked(sequence, now)
        return "no condition" if sequence.key == "renewal" else found

    monkeypatch.setattr(gathering, "candidates", stumbles)
    with pytest.raises(Exception):  # noqa: B017
        gather(world, NOW)
    assert [row.trigger for row in rows(world, admissions)] == ["segment"]


def test_a_segment_behind_if_is_known_at_the_door(database: Database, tmp_path: Path) -> None:
    world = world_of(database, tmp_path, sequence("cold", "{date: renewal, if: {segment: warm}}"))
    warm, cold = people(world, 2)
    tag(world, warm)
    for who in (warm, cold):
        renews(world, who, "2026-11-24")
    assert hour_by_hour(world, NOW, 1) == [warm]
    assert told(world, cold) == []


BRANCH = """\
sequence: branching
for: lead
enter: {date: renewal}
steps:
  - which: {branch: [{if: {segment: warm}, go: hot}, {else: end}]}
  - hot: {set: {tag: hot}}
"""


def test_a_segment_in_a_branch_is_known_on_the_way(database: Database, tmp_path: Path) -> None:
    world = world_of(database, tmp_path, BRANCH)
    warm, cold = people(world, 2)
    tag(world, warm)
    for who in (warm, cold):
        renews(world, who, "2026-11-24")
    assert len(hour_by_hour(world, NOW, 1)) == 2
    while run_due(world, NOW).taken:
        pass
    assert [row.contact_id for row in rows(world, contact_tags, tag="hot")] == [warm]
