"""Talks as evidence, prospects accepted or sent back: once each, with reasons, through the one door."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.core.ids import timed_id
from app.services import talks
from app.services.ids import new_id
from app.services.talks import TalkFault, Told
from app.services.world import World
from app.store.database import Database
from app.store.tables import (
    audit_entries,
    contact_criteria,
    contact_stages,
    contacts,
    deliveries,
    events,
    tasks,
    timeline,
    users,
)  # fmt: skip
from tests.support.line import NOW, people
from tests.support.rules import DAY, one, programme, rows, settle


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path)


@pytest.fixture
def ann(world: World) -> UUID:
    row = {
        "id": new_id(NOW), "workspace_id": world.workspace_id, "email": "ann@halden.example", "name": "Ann", "title": "",
        "signature": "", "role": "sales", "may_publish": False, "may_send": False, "must_change_password": False,
        "failed_sign_ins": 0, "created_at": NOW,
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(users).values(row))
    return UUID(str(row["id"]))


@pytest.fixture
def who(world: World) -> UUID:
    return people(world, 1)[0]


def record(world: World, who: UUID, ann: UUID, key: UUID | None = None, **told: Told) -> bool:
    at = NOW - timedelta(hours=1)
    return talks.record(
        world, who, key or talks.new_key(NOW), "call", at, "They bill by hand", told, NOW, ann
    )


def stage_of(world: World, who: UUID) -> str:
    return str(one(world, contact_stages, contact_id=who).stage)


def test_what_was_told_is_evidence_with_the_name_of_who_heard_it(world: World, who: UUID, ann: UUID) -> None:
    key = talks.new_key(NOW)
    told = {"need": Told(value="time"), "means": Told(value="2300", note="=a year"), "authority": Told("no")}
    assert record(world, who, ann, key, **told)
    assert not record(world, who, ann, key, **told)
    found = {row.criterion: row for row in rows(world, contact_criteria, contact_id=who)}
    assert (found["need"].state, found["need"].value) == ("yes", "time")
    assert (found["means"].state, found["means"].value) == ("yes", 2300)
    assert found["authority"].state == "no"
    assert found["means"].evidence["what"] == "=a year"
    assert found["need"].evidence["what"] == "They bill by hand"
    assert found["need"].evidence["name"] == "Ann"
    spoken = [row for row in rows(world, events, contact_id=who) if row.kind == "call_recorded"]
    assert [(row.id, row.subject, row.verdict) for row in spoken] == [(key, "call", "human")]
    assert [r.user_id for r in rows(world, audit_entries) if r.action == "talk.written_down"] == [ann]
    settle(world)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("means", Told(value="much")), ("means", Told(value="nan")), ("means", Told(value="1e300")),
        ("need", Told(value="gold")), ("need", Told(state="maybe")),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_one_writes_nothing(
    world: World, who: UUID, ann: UUID, name: str, told: Told
) -> None:
    with pytest.raises(TalkFault) as fault:
        record(world, who, ann, **{name: told})
    assert fault.value.place == name
    assert rows(world, contact_criteria) == []
    assert [row for row in rows(world, events) if row.kind == "call_recorded"] == []


def test_a_talk_of_nothing_of_the_future_or_by_an_old_form_is_refused(
    world: World, who: UUID, ann: UUID
) -> None:
    def write(**other: object) -> None:
        given = {"key": talks.new_key(NOW), "kind": "call", "at": NOW, "note": "x", "told": {}, **other}
        talks.record(world, who, now=NOW, by=ann, **given)  # type: ignore[arg-type]

    old = timed_id(NOW - timedelta(days=15), b"0123456789")
    for other in (
        {"note": ""}, {"at": NOW + DAY}, {"at": NOW - timedelta(days=400)}, {"kind": "letter"}, {"key": old},
        {"key": UUID(int=7)},
    ):  # fmt: skip
        with pytest.raises(TalkFault):
            write(**other)
    with pytest.raises(TalkFault) as fault:
        talks.record(world, new_id(NOW), talks.new_key(NOW), "call", NOW, "x", {}, NOW, ann)
    assert fault.value.reason.code == "contact.unknown"


def test_accepting_moves_by_the_one_door_and_makes_it_theirs(world: World, who: UUID, ann: UUID) -> None:
    key = talks.new_key(NOW)
    assert talks.accept(world, who, key, "prospect", "lead", "They asked for an offer", NOW, ann)
    assert not talks.accept(world, who, key, "prospect", "lead", "They asked for an offer", NOW, ann)
    assert stage_of(world, who) == "prospect"
    assert one(world, contacts, id=who).owner_id == ann
    [moved] = [row for row in rows(world, timeline, contact_id=who) if row.kind == "stage"]
    assert (moved.code, moved.params["why"]) == ("stage.accepted_because", "They asked for an offer")
    with pytest.raises(TalkFault) as fault:
        talks.accept(world, who, talks.new_key(NOW), "customer", "lead", "", NOW, ann)
    assert fault.value.reason.code == "talk.stale"
    assert stage_of(world, who) == "prospect"


def test_sent_back_they_are_nurtured_and_looked_at_again_on_the_day(
    world: World, who: UUID, ann: UUID
) -> None:
    talks.accept(world, who, talks.new_key(NOW), "prospect", "lead", "", NOW, ann)
    key, wake = talks.new_key(NOW), NOW + 90 * DAY
    for new in (True, False):
        assert talks.send_back(world, who, key, "lead", "prospect", "No budget", wake, True, NOW, ann) is new
    assert stage_of(world, who) == "lead"
    assert one(world, contacts, id=who).paused_until == wake
    task = one(world, tasks, contact_id=who)
    assert (task.kind, task.owner_id, task.due_at) == ("wake", ann, wake)
    assert [(row.recipient_user_id, row.due_at) for row in rows(world, deliveries, contact_id=who)] == [
        (ann, wake)
    ]


def test_sending_back_wants_a_reason_a_day_and_a_stage(world: World, who: UUID, ann: UUID) -> None:
    for stage, why, wake in (
        ("lead", " ", NOW + DAY), ("lead", "x", NOW), ("lead", "x", NOW + timedelta(days=4000)),
        ("planet", "x", NOW + DAY),
    ):  # fmt: skip
        with pytest.raises(TalkFault):
            talks.send_back(world, who, talks.new_key(NOW), stage, "lead", why, wake, False, NOW, ann)
    assert rows(world, tasks) == []
