"""Requests to enter: once an occasion, by the sequence's own terms, and answered with a reason."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.core.reasons import Reason
from app.services import enrolling
from app.services.enrolling import BACK_OFF, admit_due, ask_admission, waiting
from app.services.world import World
from app.store.database import Database
from app.store.tables import admissions, contact_stages, contact_tags, definitions, enrollments
from tests.support.line import NOW, people
from tests.support.rules import AFTER, AGAIN, DAY, SLOWLY, change, one, programme, rows, told

WHY = Reason("enroll.person", {"by": "Olga"})


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path, (AGAIN, AFTER, SLOWLY))


def ask(
    world: World,
    who: UUID,
    sequence: str,
    occasion: str = "first",
    at: datetime = NOW,
    trigger: str = "person",
) -> bool:
    definition = world.library.catalogue(NOW).sequences[sequence].definition_id
    with world.database.write() as connection:
        return ask_admission(
            connection,
            world.workspace_id,
            definition,
            who,
            trigger=trigger,
            occasion=occasion,
            reason=WHY,
            now=at,
        )


def refusals(world: World, who: UUID) -> list[str]:
    return [code for kind, code in told(world, who) if kind == "not_enrolled"]


def leave(world: World, who: UUID, at: datetime) -> None:
    change(world, enrollments, {"contact_id": who, "ended_at": None}, state="ended", due_at=None, ended_at=at)


def test_who_may_enter_stands_at_the_first_step_with_the_reason(world: World) -> None:
    (who,) = people(world, 1)
    assert ask(world, who, "discovery")
    assert admit_due(world, NOW) == 1
    inside = one(world, enrollments, contact_id=who)
    version = world.library.catalogue(NOW).sequences["discovery"]
    assert (inside.state, inside.step, inside.due_at, inside.entry_number) == ("due", "hello", NOW, 1)
    assert inside.version_id == version.version_id
    assert (inside.reason_code, inside.entered_by) == ("enroll.person", "person")
    assert one(world, admissions, contact_id=who).state == "admitted"
    assert told(world, who) == [("enrolled", "enroll.person")]
    assert admit_due(world, NOW) == 0


def test_the_same_occasion_asks_once(world: World) -> None:
    (who,) = people(world, 1)
    assert ask(world, who, "again", "the fair")
    assert not ask(world, who, "again", "the fair", at=NOW + DAY)
    admit_due(world, NOW)
    assert not ask(world, who, "again", "the fair", at=NOW + DAY)
    assert ask(world, who, "again", "another fair")
    assert len(rows(world, admissions)) == 2


def test_a_request_waits_until_it_is_due(world: World) -> None:
    (who,) = people(world, 1)
    definition = world.library.catalogue(NOW).sequences["discovery"].definition_id
    with world.database.write() as connection:
        ask_admission(
            connection, world.workspace_id, definition, who, trigger="person", occasion="x", reason=WHY, now=NOW,
            due_at=NOW + DAY,
        )  # fmt: skip
    assert admit_due(world, NOW) == 0
    assert admit_due(world, NOW + DAY) == 1


@pytest.mark.parametrize(
    ("sequence", "days", "comes_back"),
    [("discovery", 400, False), ("again", 0, True), ("after", 29, False), ("after", 31, True)],
)
def test_coming_back_never_always_or_after_a_while(
    world: World, sequence: str, days: int, comes_back: bool
) -> None:
    (who,) = people(world, 1)
    ask(world, who, sequence, "first", trigger="person")
    admit_due(world, NOW)
    leave(world, who, NOW)
    later = NOW + days * DAY
    ask(world, who, sequence, "second", at=later)
    assert admit_due(world, later) == 1
    entries = rows(world, enrollments, contact_id=who)
    assert sorted(row.entry_number for row in entries) == ([1, 2] if comes_back else [1])
    assert refusals(world, who) == ([] if comes_back else ["enroll.was_here"])


def test_nobody_is_inside_twice(world: World) -> None:
    (who,) = people(world, 1)
    ask(world, who, "again", "first")
    ask(world, who, "again", "second")
    assert admit_due(world, NOW) == 2
    assert len(rows(world, enrollments, contact_id=who)) == 1
    assert refusals(world, who) == ["enroll.already_inside"]


def test_another_stage_is_refused_unless_a_person_says_so(world: World) -> None:
    who, other = people(world, 2)
    for each in (who, other):
        change(world, contact_stages, {"contact_id": each}, stage="customer")
    ask(world, who, "discovery", trigger="stage_entered")
    ask(world, other, "discovery", trigger="person")
    assert admit_due(world, NOW) == 2
    assert refusals(world, who) == ["enroll.other_stage"]
    assert [row.contact_id for row in rows(world, enrollments)] == [other]


def test_never_holds_even_against_a_person(world: World) -> None:
    (who,) = people(world, 1)
    with world.database.write() as connection:
        tag = {"contact_id": who, "tag": "competitor", "workspace_id": world.workspace_id, "added_at": NOW}
        connection.execute(insert(contact_tags).values(**tag))
    ask(world, who, "discovery")
    admit_due(world, NOW)
    assert refusals(world, who) == ["enroll.never"]
    request = one(world, admissions, contact_id=who)
    assert (request.state, request.reason_code, request.ended_at) == ("refused", "enroll.never", NOW)


def test_at_most_so_many_a_day_the_others_wait_their_turn(world: World) -> None:
    for who in people(world, 5):
        ask(world, who, "slowly")
    inside = []
    for hour in range(0, 60):
        at = NOW + timedelta(hours=hour)
        while admit_due(world, at):
            pass
        inside.append(len(rows(world, enrollments)))
    assert [inside[0], inside[23], inside[24], inside[47], inside[48]] == [2, 2, 4, 4, 5]
    entered = sorted(row.entered_at for row in rows(world, enrollments))
    assert all(later - earlier >= DAY for earlier, later in zip(entered, entered[2:], strict=False))


def test_while_a_sequence_is_paused_people_wait_at_its_door(world: World) -> None:
    (who,) = people(world, 1)
    change(world, definitions, {"key": "discovery"}, state="paused")
    ask(world, who, "discovery")
    assert admit_due(world, NOW) == 1
    assert rows(world, enrollments) == []
    with world.database.read() as connection:
        assert waiting(connection, world.workspace_id) == 1
    assert admit_due(world, NOW) == 0
    change(world, definitions, {"key": "discovery"}, state="live")
    assert admit_due(world, NOW + BACK_OFF) == 1
    assert len(rows(world, enrollments)) == 1


def test_an_archived_sequence_takes_nobody(world: World) -> None:
    (who,) = people(world, 1)
    ask(world, who, "discovery")
    change(world, definitions, {"key": "discovery"}, state="archived")
    admit_due(world, NOW)
    assert refusals(world, who) == ["enroll.not_live"]


def test_who_came_first_enters_first(world: World) -> None:
    crowd = people(world, 4)
    for number, who in enumerate(reversed(crowd)):
        ask(world, who, "slowly", at=NOW + timedelta(minutes=number))
    admit_due(world, NOW + timedelta(minutes=10), limit=10)
    assert {row.contact_id for row in rows(world, enrollments)} == {crowd[3], crowd[2]}


def test_one_bad_request_stops_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = people(world, 2)
    decide = enrolling.refusal

    def stumbles(*given: object) -> Reason | None:
        if getattr(given[3], "contact_id", None) == bad:
            raise RuntimeError("a rule that cannot be asked")
        return decide(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(enrolling, "refusal", stumbles)
    for who in (bad, good):
        ask(world, who, "discovery")
    assert admit_due(world, NOW) == 2
    assert [row.contact_id for row in rows(world, enrollments)] == [good]
    assert one(world, admissions, contact_id=bad).due_at == NOW + BACK_OFF
    assert admit_due(world, NOW + DAY + BACK_OFF) == 1
    request = one(world, admissions, contact_id=bad)
    assert (request.state, request.reason_code) == ("refused", "enroll.error")
    assert refusals(world, bad) == ["enroll.error"]
