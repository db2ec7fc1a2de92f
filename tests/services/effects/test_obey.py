"""Each effect becomes its rows, with its reason, and the same effect twice is one."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.core.effects import (
    AddInterest,
    AddScore,
    CallWebHook,
    CreateTask,
    Effect,
    Emit,
    EnrollIn,
    MoveStage,
    Note,
    QueueMail,
    SetCriterion,
    SetField,
    SetTag,
)
from app.core.enrollments import Enrollment
from app.core.reasons import Reason
from app.core.steps import Capped, Manner
from app.services.effects import Act, obey
from app.services.effects.obey import when_capped
from app.services.ids import new_id
from app.services.world import World
from app.store.database import Database
from app.store.tables import (
    admissions,
    contact_criteria,
    contact_stages,
    contact_tags,
    contacts,
    deliveries,
    events,
    fact_changes,
    interests,
    score_entries,
    scores,
    tasks,
    timeline,
    web_calls,
)
from tests.support.line import NOW, enroll, people, version_of
from tests.support.rules import DAY, one, owned_lead, programme, rows, told

WHY = Reason("set.by_step", {"step": "note"})


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path)


def do(world: World, who: UUID, *effects: Effect, at: Any = NOW, **act: Any) -> None:
    catalogue = world.library.catalogue(NOW)
    with world.database.write() as connection:
        obey(connection, world, catalogue, [Act(who, effect, **act) for effect in effects], at)


def inside(world: World, who: UUID) -> dict[str, Any]:
    """An enrollment of the contact, as the engine hands it over with its effects."""
    (made,) = enroll(world, [who], "discovery")
    enrollment = Enrollment(made, who, "discovery", 1, "hello", NOW, NOW, NOW, visit=1)
    return {"enrollment": enrollment, "version": version_of(world, "discovery")}


def history(world: World, who: UUID) -> list[tuple[str, str, object, object, str]]:
    return [
        (row.kind, row.name, row.old, row.new, row.reason_code)
        for row in rows(world, fact_changes, contact_id=who)
    ]


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [("persona", "builder", "builder"), ("flats", 12.0, 12.0), ("renewal", date(2027, 3, 1), "2027-03-01")],
)
def test_a_field_is_set_and_cleared_with_its_history(
    world: World, name: str, value: Any, kept: object
) -> None:
    (who,) = people(world, 1)
    do(world, who, SetField(name, value, WHY))
    do(world, who, SetField(name, value, WHY), at=NOW + DAY)
    row = one(world, contacts, id=who)
    assert (row._mapping[name] if name == "persona" else row.fields[name]) == kept
    assert (row.revision, row.judge_due_at) == (1, NOW)
    assert history(world, who) == [("field", name, None, kept, "set.by_step")]
    do(world, who, SetField(name, None, WHY), at=NOW + DAY)
    row = one(world, contacts, id=who)
    assert (row.persona, name in row.fields) == (None, False)
    assert history(world, who)[1] == ("field", name, kept, None, "set.by_step")
    assert told(world, who) == [("field", "set.by_step")] * 2


def test_other_fields_stay_when_one_is_set(world: World) -> None:
    (who,) = people(world, 1, fields={"flats": 3, "note": "x"})
    do(world, who, SetField("flats", 4.0, WHY))
    assert one(world, contacts, id=who).fields == {"flats": 4.0, "note": "x"}


def test_a_tag_is_put_on_and_taken_off_once(world: World) -> None:
    (who,) = people(world, 1)
    for present in (True, True, False, False):
        do(world, who, SetTag("warm", present, WHY))
    assert rows(world, contact_tags) == []
    assert [(old, new) for _, _, old, new, _ in history(world, who)] == [(None, True), (True, None)]
    do(world, who, SetTag("warm", True, WHY))
    assert one(world, contact_tags).tag == "warm"


def test_a_criterion_keeps_its_evidence_and_the_older_answer_stays_in_the_history(world: World) -> None:
    (who,) = people(world, 1)
    do(world, who, SetCriterion("means", "yes", 100.0, {"what": "100", "who": "contact"}, WHY))
    do(world, who, SetCriterion("means", "no", 0.0, {"what": "0", "who": "sales"}, WHY), at=NOW + DAY)
    known = one(world, contact_criteria, contact_id=who)
    assert (known.state, known.value, known.evidence["who"], known.changed_at) == (
        "no",
        0,
        "sales",
        NOW + DAY,
    )
    assert [(old, new) for _, _, old, new, _ in history(world, who)] == [
        (None, {"state": "yes", "value": 100}), ({"state": "yes", "value": 100}, {"state": "no", "value": 0}),
    ]  # fmt: skip


def test_a_score_is_the_fold_of_its_entries_and_an_occasion_counts_once(world: World) -> None:
    (who,) = people(world, 1)
    click = AddScore("engagement", "click", "event 1", 8.0, NOW, WHY)
    do(world, who, click, click)
    do(world, who, click)
    do(world, who, AddScore("engagement", "click", "event 2", 8.0, NOW + 30 * DAY, WHY))
    assert len(rows(world, score_entries, contact_id=who)) == 2
    score = one(world, scores, contact_id=who)
    assert (score.value, score.as_of) == (pytest.approx(12.0), NOW + 30 * DAY)
    do(world, who, AddScore("fit", "big", "company.size=80", 10.0, NOW, WHY))
    assert one(world, scores, contact_id=who, measure="fit").half_life is None


def test_a_late_entry_counts_for_what_it_is_worth_by_now(world: World) -> None:
    (who,) = people(world, 1)
    do(world, who, AddScore("engagement", "click", "2", 8.0, NOW + 30 * DAY, WHY))
    do(world, who, AddScore("engagement", "click", "1", 8.0, NOW, WHY))
    score = one(world, scores, contact_id=who)
    halvings = (score.as_of - NOW) / (30 * DAY)
    assert score.value * 0.5 ** (1 - halvings) == pytest.approx(12.0)


def test_interests_add_up_and_fade(world: World) -> None:
    (who,) = people(world, 1)
    do(world, who, AddInterest("pricing", 2.0, NOW, WHY), AddInterest("pricing", 2.0, NOW + 45 * DAY, WHY))
    assert one(world, interests, contact_id=who).value == pytest.approx(3.0)


def test_a_mail_is_planned_once_a_visit(world: World) -> None:
    (who,) = people(world, 1)
    act = inside(world, who)
    mail = QueueMail("hello", 1, ("discovery/hello",), NOW + DAY, NOW + 3 * DAY, Reason("step.send", {}))
    do(world, who, mail, **act)
    do(world, who, mail, **act)
    row = one(world, deliveries, contact_id=who)
    assert (row.state, row.template, row.step, row.visit) == ("queued", "discovery/hello", "hello", 1)
    assert (row.due_at, row.expires_at, row.planned_at) == (NOW + DAY, NOW + 3 * DAY, NOW)
    assert (row.message_class, row.content_kind, row.topic, row.once) == (
        "marketing",
        "discovery",
        "guides",
        True,
    )
    assert row.reason_code == "step.send"
    do(world, who, QueueMail("hello", 2, ("discovery/hello",), NOW, None, WHY, repeat=True), **act)
    assert [row.once for row in rows(world, deliveries, visit=2)] == [False]


def test_how_a_cap_is_met_stands_with_the_mail() -> None:
    assert when_capped(Manner()) == "defer"
    assert when_capped(Manner(when_capped=Capped("drop"))) == "drop"
    assert when_capped(Manner(when_capped=Capped("replace", "discovery/short"))) == "discovery/short"


def test_a_task_is_made_once_and_told_to_the_owner(world: World) -> None:
    who = owned_lead(world)
    task = CreateTask(
        "stage:prospect:1", "call", "Call them", NOW + DAY, Reason("stage.qualified", {"fit": 70})
    )
    do(world, who, task)
    do(world, who, task, at=NOW + DAY)
    row = one(world, tasks, contact_id=who)
    assert (row.title, row.due_at, row.state, row.reason_params) == (
        "Call them",
        NOW + DAY,
        "open",
        {"fit": 70},
    )
    mail = one(world, deliveries, contact_id=who)
    assert (mail.message_class, mail.recipient_user_id, mail.context) == (
        "internal", row.owner_id, {"task_id": str(row.id)},
    )  # fmt: skip
    assert told(world, who) == [("task", "stage.qualified")]


def test_a_move_goes_through_the_door(world: World) -> None:
    (who,) = people(world, 1)
    do(world, who, MoveStage("prospect", WHY))
    assert one(world, contact_stages, contact_id=who).stage == "prospect"


def test_a_refused_move_takes_along_what_was_to_come_with_it(world: World) -> None:
    who = owned_lead(world)
    reason = Reason("stage.qualified", {"to": "customer"})
    do(
        world, who, MoveStage("customer", reason), Emit("stage_entered", "customer", NOW, reason),
        CreateTask("k", "call", "Welcome them", None, reason), SetTag("seen", True, WHY),
    )  # fmt: skip
    assert one(world, contact_stages, contact_id=who).stage == "lead"
    assert rows(world, tasks) == []
    assert rows(world, events) == []
    assert told(world, who)[0] == ("stage_refused", "stage.leap")
    assert one(world, contact_tags).tag == "seen"


def test_an_event_of_the_engine_is_told_once(world: World) -> None:
    (who,) = people(world, 1)
    act = inside(world, who)
    goal = Emit("goal_reached", "discovery", NOW, Reason("goal.reached", {}))
    do(world, who, goal, **act)
    do(world, who, goal, **act)
    event = one(world, events, contact_id=who)
    assert (event.kind, event.subject, event.source, event.verdict) == (
        "goal_reached",
        "discovery",
        "engine",
        "human",
    )
    assert event.enrollment_id == act["enrollment"].id


def test_to_enroll_elsewhere_asks_at_that_door_once(world: World) -> None:
    (who,) = people(world, 1)
    act = inside(world, who)
    for _ in range(2):
        do(world, who, EnrollIn("decision", Reason("enroll.by_step", {"step": "other"})), **act)
    asked = one(world, admissions, contact_id=who)
    assert (asked.trigger, asked.state, asked.reason_code) == ("sequence", "waiting", "enroll.by_step")


def test_to_enroll_in_what_is_not_there_is_told(world: World) -> None:
    (who,) = people(world, 1)
    do(world, who, EnrollIn("gone", WHY))
    assert told(world, who) == [("not_enrolled", "enroll.unknown")]


def test_a_web_hook_is_queued_once_by_its_key(world: World) -> None:
    (who,) = people(world, 1)
    hook = CallWebHook("enrollment:1:tell:1", "https://crm.example.com/hook", WHY)
    do(world, who, hook)
    do(world, who, hook)
    call = one(world, web_calls, contact_id=who)
    assert (call.url, call.state, call.payload["contact"]) == (
        "https://crm.example.com/hook",
        "queued",
        str(who),
    )


def test_a_note_stands_on_the_timeline_with_its_sequence(world: World) -> None:
    (who,) = people(world, 1)
    act = inside(world, who)
    do(world, who, Note("step", NOW - timedelta(hours=1), Reason("branch.taken", {"to": "x"})), **act)
    line = one(world, timeline, contact_id=who)
    assert (line.kind, line.code, line.at) == ("step", "branch.taken", NOW - timedelta(hours=1))
    assert line.params == {"to": "x", "sequence": "discovery"}
    assert line.enrollment_id == act["enrollment"].id


def test_effects_of_many_are_obeyed_together(world: World) -> None:
    crowd = people(world, 5)
    catalogue = world.library.catalogue(NOW)
    acts = [Act(who, SetTag("warm", True, WHY)) for who in crowd]
    acts += [Act(who, Note("step", NOW, WHY), event_id=new_id(NOW)) for who in crowd]
    with world.database.write() as connection:
        obey(connection, world, catalogue, acts, NOW)
    assert len(rows(world, contact_tags)) == len(rows(world, fact_changes)) == 5
    assert len(rows(world, timeline)) == 10
