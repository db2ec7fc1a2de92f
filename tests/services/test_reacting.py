"""Events and their consequences: once each, only what a person did, and never past an open criterion."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from app.services import reacting
from app.services.reacting import judge_changed, react_due
from app.services.sending.gating import claim_and_gate
from app.services.world import World
from app.store import reacting as store
from app.store.database import Database
from app.store.tables import (
    admissions,
    contact_criteria,
    contact_stages,
    contacts,
    definitions,
    deliveries,
    enrollments,
    events,
    fact_changes,
    score_entries,
    scores,
    tasks,
    timeline,
)
from tests.support.line import NOW, enroll, people
from tests.support.rules import (
    AGAIN,
    DAY,
    answered,
    change,
    happen,
    one,
    owned_lead,
    programme,
    rows,
    settle,
    told,
)

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path, (AGAIN,))


def stage_of(world: World, who: UUID) -> str:
    return str(one(world, contact_stages, contact_id=who).stage)


def interested(world: World, who: UUID) -> None:
    """Three clicks of fifteen points, more than the entry to prospect asks for."""
    for subject in ("discovery/hello", "discovery/two", "discovery/three"):
        happen(world, who, "clicked", subject)


def engagement(world: World, who: UUID) -> float:
    return sum(
        row.points for row in rows(world, score_entries, contact_id=who) if row.measure == "engagement"
    )


def test_each_event_is_reacted_to_once(world: World) -> None:
    (who,) = people(world, 1)
    happen(world, who, "clicked", "discovery/hello")
    assert react_due(world, NOW) == 1
    assert react_due(world, NOW) == 0
    assert engagement(world, who) == 5
    assert one(world, events, contact_id=who).processed_at == NOW
    # As after a crash between the reaction and its mark: the same event counts once all the same.
    change(world, events, {"contact_id": who}, processed_at=None)
    assert react_due(world, SOON) == 1
    assert engagement(world, who) == 5
    assert one(world, scores, contact_id=who, measure="engagement").value == 5


def test_what_is_still_to_come_waits(world: World) -> None:
    (who,) = people(world, 1)
    happen(world, who, "clicked", at=NOW + DAY)
    assert react_due(world, NOW) == 0


def test_of_each_contact_one_event_at_a_time_in_the_order_of_their_coming(world: World) -> None:
    first, second = people(world, 2)
    happen(world, first, "visited", "later", NOW, received_at=NOW + timedelta(seconds=9))
    happen(world, first, "visited", "earlier", NOW)
    happen(world, second, "visited", "other", NOW)
    assert react_due(world, SOON) == 2
    assert {row.subject for row in rows(world, events, processed_at=None)} == {"later"}
    assert react_due(world, SOON) == 1
    subjects = [row.params["subject"] for row in rows(world, timeline, contact_id=first)]
    assert set(subjects) == {"earlier", "later"}


@pytest.mark.parametrize("verdict", ["machine", "unknown"])
def test_what_no_person_surely_did_moves_nobody(world: World, verdict: str) -> None:
    who = owned_lead(world)
    enroll(world, [who], "discovery", state="waiting", step="heard", inside=True, due_at=NOW + 9 * DAY,
           waiting_for=None)  # fmt: skip
    for criterion, answer in (("need", "time"), ("authority", "me")):
        answered(world, who, criterion, answer)
    settle(world)
    for number in range(6):
        happen(world, who, "clicked", f"discovery/{number}", verdict=verdict)
    settle(world)
    assert stage_of(world, who) == "lead"
    assert engagement(world, who) == 0
    assert one(world, enrollments, contact_id=who).state == "waiting"
    lines = [row for row in rows(world, timeline, contact_id=who) if row.code == "event.clicked"]
    assert [row.params["verdict"] for row in lines] == [verdict] * 6


def test_opening_alone_never_moves_anybody(world: World) -> None:
    who = owned_lead(world)
    for criterion, answer in (("need", "time"), ("authority", "me")):
        answered(world, who, criterion, answer)
    for number in range(20):
        happen(world, who, "opened", f"discovery/{number}", NOW + timedelta(seconds=number))
    settle(world, SOON)
    assert stage_of(world, who) == "lead"
    assert engagement(world, who) == 0


def test_without_authority_a_lead_stays_a_lead_however_high_the_score(world: World) -> None:
    who = owned_lead(world)
    answered(world, who, "need", "time")
    answered(world, who, "authority", "others")
    for number in range(40):
        happen(world, who, "clicked", f"discovery/{number}")
    settle(world)
    assert engagement(world, who) == 200
    assert stage_of(world, who) == "lead"
    assert rows(world, tasks) == []


def test_an_unknown_criterion_holds_the_door_too(world: World) -> None:
    who = owned_lead(world)
    interested(world, who)
    answered(world, who, "need", "time")
    settle(world)
    assert stage_of(world, who) == "lead"
    answered(world, who, "authority", "me")
    settle(world)
    assert stage_of(world, who) == "prospect"


def test_a_score_below_the_bound_holds_it_as_well(world: World) -> None:
    who = owned_lead(world)
    for criterion, answer in (("need", "time"), ("authority", "me")):
        answered(world, who, criterion, answer)
    happen(world, who, "clicked", "discovery/hello")
    settle(world)
    assert stage_of(world, who) == "lead"


def test_becoming_a_prospect_with_everything_that_goes_with_it(world: World) -> None:
    who = owned_lead(world)
    (inside,) = enroll(world, [who], "discovery")
    settle(world)
    planned = one(world, deliveries, enrollment_id=inside)
    assert planned.state == "queued"
    answered(world, who, "need", "time")
    answered(world, who, "authority", "me")
    interested(world, who)
    settle(world)

    assert stage_of(world, who) == "prospect"
    left = one(world, enrollments, id=inside)
    assert (left.state, left.reason_code, left.due_at) == ("ended", "goal.reached", None)
    assert one(world, deliveries, enrollment_id=inside).state == "cancelled"
    came = one(world, enrollments, contact_id=who, entered_by="stage_entered")
    decision = world.library.catalogue(NOW).sequences["decision"]
    assert came.definition_id == decision.definition_id
    task = one(world, tasks, contact_id=who)
    assert (task.title, task.kind, task.state, task.reason_code) == (
        "Call them",
        "call",
        "open",
        "stage.qualified",
    )
    letter = one(world, deliveries, message_class="internal")
    assert (letter.state, letter.recipient_user_id, letter.template) == (
        "queued",
        task.owner_id,
        "internal/task",
    )
    codes = [code for _, code in told(world, who)]
    for wanted in ("stage.qualified", "goal.reached", "enroll.stage_entered", "ask.answered"):
        assert wanted in codes, wanted
    assert codes.count("stage.qualified") == 2  # the move, and its task
    reason = next(row.params for row in rows(world, timeline, contact_id=who, kind="stage"))
    assert (reason["from"], reason["to"], reason["fit"]) == ("lead", "prospect", 10)
    assert reason["engagement"] >= reason["engagement_at_least"] == 10
    assert set(reason["criteria"]) == {"need", "authority"}


def test_the_same_again_makes_no_second_task_and_no_second_entry(world: World) -> None:
    who = owned_lead(world)
    answered(world, who, "need", "time")
    answered(world, who, "authority", "me")
    interested(world, who)
    settle(world)
    with world.database.write() as connection:
        connection.execute(events.update().values(processed_at=None))
    settle(world)
    assert len(rows(world, tasks)) == 1
    assert len(rows(world, deliveries, message_class="internal")) == 1
    assert len(rows(world, enrollments)) == 1
    assert len(rows(world, admissions)) == 1


@pytest.mark.parametrize("kind", ["unsubscribed", "replied", "bounced"])
def test_who_leaves_replies_or_bounces_leaves_the_sequence(world: World, kind: str) -> None:
    (who,) = people(world, 1)
    (inside,) = enroll(world, [who], "discovery")
    settle(world)
    happen(world, who, kind, "discovery/hello")
    settle(world)
    left = one(world, enrollments, id=inside)
    assert (left.state, left.reason_code) == ("ended", "exit.event")
    mail = one(world, deliveries, enrollment_id=inside)
    assert (mail.state, mail.reason_code, mail.reason_params) == (
        "cancelled", "gate.enrollment_ended", {"why": "exit.event"},
    )  # fmt: skip
    assert ("ended", "exit.event") in told(world, who)


def test_who_waits_for_a_click_goes_on_by_a_persons(world: World) -> None:
    (who,) = people(world, 1)
    (inside,) = enroll(world, [who], "discovery")
    settle(world)
    change(world, deliveries, {"enrollment_id": inside}, state="accepted", accepted_at=NOW)
    change(world, enrollments, {"id": inside}, state="due", due_at=NOW, outcome="accepted")
    settle(world)
    assert one(world, enrollments, id=inside).state == "waiting"
    happen(world, who, "clicked", "discovery/hello", verdict="machine")
    settle(world)
    assert one(world, enrollments, id=inside).state == "waiting"
    happen(world, who, "clicked", "discovery/hello", SOON)
    settle(world, SOON)
    assert one(world, enrollments, id=inside).state == "ended"


def test_an_answer_is_kept_with_its_evidence_and_the_older_one_in_the_history(world: World) -> None:
    (who,) = people(world, 1)
    first = answered(world, who, "means", "100")
    settle(world)
    known = one(world, contact_criteria, contact_id=who)
    assert (known.state, known.value, known.evidence["event"]) == ("yes", 100, str(first))
    answered(world, who, "means", "0", SOON)
    settle(world, SOON)
    assert one(world, contact_criteria, contact_id=who).state == "no"
    changes = [(row.old, row.new) for row in rows(world, fact_changes, contact_id=who, kind="criterion")]
    assert changes[1] == ({"state": "yes", "value": 100}, {"state": "no", "value": 0})


def test_an_answer_nobody_offered_changes_nothing(world: World) -> None:
    (who,) = people(world, 1)
    answered(world, who, "means", "a million")
    answered(world, who, "shoe size", "44")
    settle(world)
    assert rows(world, contact_criteria) == []
    assert {code for kind, code in told(world, who) if kind == "answered"} == {
        "ask.unknown_answer", "ask.unknown_criterion",
    }  # fmt: skip


def test_a_named_event_opens_a_sequence_once(world: World) -> None:
    (who,) = people(world, 1)
    happen(world, who, "custom:fair", "munich")
    settle(world)
    inside = one(world, enrollments, contact_id=who)
    assert inside.entered_by == "event"
    assert ("enrolled", "enroll.event") in told(world, who)


def test_a_machine_opens_none(world: World) -> None:
    (who,) = people(world, 1)
    happen(world, who, "custom:fair", "munich", verdict="machine")
    settle(world)
    assert rows(world, enrollments) == []


def test_who_reaches_the_stage_of_a_paused_sequence_enters_when_it_goes_on(world: World) -> None:
    (who,) = people(world, 1)
    change(world, definitions, {"key": "again"}, state="paused")
    happen(world, who, "custom:fair", "munich")
    settle(world)
    assert rows(world, enrollments) == []
    change(world, definitions, {"key": "again"}, state="live")
    settle(world, NOW + DAY)
    assert len(rows(world, enrollments)) == 1


def test_a_bad_event_is_tried_five_times_and_put_aside_and_the_others_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, other = people(world, 2)
    bad = happen(world, who, "visited", "broken")
    happen(world, other, "clicked", "discovery/hello")
    decide = reacting.react

    def stumbles(happening: object, *given: object, **named: object) -> object:
        if getattr(happening, "subject", "") == "broken":
            raise RuntimeError("cannot be understood")
        return decide(happening, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(reacting, "react", stumbles)
    at = NOW
    tries = 0
    while one(world, events, id=bad).processed_at is None:
        at += timedelta(hours=1)
        react_due(world, at)
        tries += 1
        assert tries < 20
    assert tries == store.MOST_FAILURES
    assert one(world, events, id=bad).failures == 5
    # Nothing half-done stays, and that it was put aside is told once.
    assert told(world, who) == [("event_failed", "event.failed")]
    assert engagement(world, other) == 5
    assert react_due(world, at + DAY) == 0


def test_while_a_bad_event_waits_the_contacts_next_one_is_heard(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (who,) = people(world, 1)
    happen(world, who, "visited", "broken")
    decide = reacting.react
    monkeypatch.setattr(
        reacting, "react",
        lambda happening, *given, **named: 1 / 0 if happening.subject == "broken" else decide(happening, *given, **named),
    )  # fmt: skip
    react_due(world, NOW)
    happen(world, who, "clicked", "discovery/hello")
    assert react_due(world, NOW) == 1
    assert engagement(world, who) == 5


def test_a_changed_fact_is_judged_without_an_event(world: World) -> None:
    """Sales noted the last criterion by hand: the stage follows, and the contact is judged once."""
    who = owned_lead(world)
    interested(world, who)
    answered(world, who, "need", "time")
    settle(world)
    with world.database.write() as connection:
        connection.execute(
            contact_criteria.insert().values(
                contact_id=who, criterion="authority", workspace_id=world.workspace_id, state="yes", value="me",
                evidence={"who": "sales"}, changed_at=NOW,
            )
        )  # fmt: skip
    assert judge_changed(world, SOON) == 0
    change(world, contacts, {"id": who}, judge_due_at=SOON)
    assert judge_changed(world, SOON) == 1
    assert judge_changed(world, SOON) == 0
    assert stage_of(world, who) == "prospect"
    assert len(rows(world, tasks)) == 1


def test_the_gate_has_the_last_word_when_the_stage_moved_meanwhile(world: World) -> None:
    """A mail of discovery was claimed; the contact became a prospect; the mail does not go."""
    who = owned_lead(world)
    (inside,) = enroll(world, [who], "discovery")
    settle(world)
    catalogue = world.library.catalogue(NOW)
    taken = claim_and_gate(world, catalogue, NOW, 10)
    assert taken is not None
    assert [row.enrollment_id for row in taken.passed] == [inside]
    answered(world, who, "need", "time")
    answered(world, who, "authority", "me")
    interested(world, who)
    settle(world)
    assert one(world, deliveries, enrollment_id=inside).state == "cancelled"


def test_a_reaction_waits_for_a_step_that_is_being_saved(postgres_database: Database, tmp_path: Path) -> None:
    """Otherwise it would decide on a stay as it was, and its effects would be written without it."""
    world = programme(postgres_database, tmp_path)
    (who,) = people(world, 1)
    (inside,) = enroll(world, [who], "discovery")
    happen(world, who, "unsubscribed", "discovery/hello")
    with ThreadPoolExecutor(1) as thread:
        with world.database.write() as saving:
            saving.execute(
                enrollments.update()
                .where(enrollments.c.id == inside)
                .values(revision=enrollments.c.revision + 1, step="heard", visit=3)
            )
            reacting_now = thread.submit(react_due, world, NOW)
            _until_somebody_waits(world)
            assert not reacting_now.done()
        assert reacting_now.result(30) == 1
    left = one(world, enrollments, id=inside)
    assert (left.state, left.step, left.visit, left.revision) == ("ended", "heard", 3, 2)


def _until_somebody_waits(world: World) -> None:
    """The database itself says that a lock is waited for."""
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(5000):
        with world.database.read() as connection:
            if connection.execute(waits).scalar_one():
                return
    raise AssertionError("nobody waits")
