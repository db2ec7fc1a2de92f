"""What recipients do counts at once, counts once, and can be taken back."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from app.core.lifecycle import CriterionDef
from app.core.reasons import Reason
from app.services import signals
from app.services.reacting import react_due
from app.services.running import run_due
from app.services.signals.recipients import AT_ONCE, Left
from app.services.suppressing import suppress
from app.store import tables
from tests.services.signals.conftest import Scene, later
from tests.support import line
from tests.support.line import NOW


def consent(scene: Scene, topic: str, state: str) -> None:
    row = {"contact_id": scene.person, "purpose": topic, "workspace_id": scene.world.workspace_id, "state": state,
           "basis": "form", "at": NOW}  # fmt: skip
    with scene.world.database.write() as connection:
        connection.execute(insert(tables.consents), [row])


def kinds(scene: Scene) -> list[tuple[str, str]]:
    return [(row.kind, row.subject) for row in scene.rows(tables.events, tables.events.c.occurred_at)]


def waiting_mail(scene: Scene, topic: str = "guides", **columns: object) -> None:
    scene.delivery(state="queued", topic=topic, accepted_at=None, intent_at=None, variant_id=None, **columns)


def states(scene: Scene) -> list[str]:
    return [row.state for row in scene.rows(tables.deliveries, tables.deliveries.c.id)]


def leave(
    scene: Scene, *, everything: bool = False, topic: str = "guides", at: datetime = NOW
) -> Left | None:
    token = scene.token(scene.extra["mail"], topic)
    return signals.unsubscribe(scene.world, token, everything=everything, source="page", now=at)


@pytest.fixture(autouse=True)
def _mail(scene: Scene) -> None:
    scene.extra["mail"] = scene.delivery()


def test_leaving_a_topic_withdraws_it_and_calls_its_mail_back(scene: Scene) -> None:
    consent(scene, "offers", "given")
    waiting_mail(scene)
    waiting_mail(scene, "offers")
    assert leave(scene) == Left(("guides",), False)
    assert scene.consents() == {"guides": "withdrawn", "offers": "given"}
    assert states(scene) == ["accepted", "cancelled", "queued"]
    assert kinds(scene) == [("unsubscribed", "guides")]
    assert [row.state for row in scene.rows(tables.consent_entries)] == ["withdrawn"]
    assert [(row.kind, row.name, row.old, row.new) for row in scene.rows(tables.fact_changes)] == [
        ("consent", "guides", "given", "withdrawn")
    ]
    assert scene.person_row().judge_due_at == NOW


def test_leaving_everything_stops_the_address_too(scene: Scene) -> None:
    consent(scene, "offers", "given")
    consent(scene, "news", "asked")
    consent(scene, "tracking", "given")
    waiting_mail(scene, "offers")
    assert leave(scene, everything=True) == Left(("guides", "offers"), True)
    assert scene.consents() == {
        "guides": "withdrawn",
        "offers": "withdrawn",
        "news": "withdrawn",
        "tracking": "given",
    }
    assert states(scene) == ["accepted", "cancelled"]
    assert [(row.scope, row.source) for row in scene.rows(tables.suppressions)] == [
        ("marketing", "recipient")
    ]


def test_a_mail_without_a_topic_is_left_with_everything(scene: Scene) -> None:
    left = leave(scene, topic="")
    assert left is not None
    assert left.everything
    assert scene.consents() == {"guides": "withdrawn"}


def test_twice_is_once(scene: Scene) -> None:
    leave(scene, everything=True)
    before = {table.name: len(scene.rows(table)) for table in tables.metadata.sorted_tables}
    assert leave(scene, everything=True, at=later(60)) == Left((), True)
    assert {table.name: len(scene.rows(table)) for table in tables.metadata.sorted_tables} == before


def test_at_the_same_time_is_once(scene: Scene) -> None:
    threads = [threading.Thread(target=leave, args=(scene,), kwargs={"everything": True}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds(scene) == [("unsubscribed", "")]
    assert len(scene.rows(tables.consent_entries)) == 1


def test_what_is_on_its_way_is_not_touched(scene: Scene) -> None:
    scene.delivery(state="intent", accepted_at=None)
    leave(scene, everything=True)
    assert states(scene) == ["accepted", "intent"]


def test_an_enrollment_that_waited_for_a_called_back_mail_goes_on(scene: Scene) -> None:
    (course,) = line.enroll(scene.world, [scene.person])
    run_due(scene.world, NOW)
    assert [row.state for row in scene.rows(tables.enrollments)] == ["sending"]
    leave(scene)
    run_due(scene.world, later(61))
    (row,) = scene.rows(tables.enrollments)
    assert (row.id, row.state, row.step, row.waiting_for) == (course, "due", "pause", None)


def test_a_sequence_that_ends_on_unsubscribing_ends(scene: Scene) -> None:
    consent(scene, "offers", "given")
    line.enroll(scene.world, [scene.person], "offers")
    run_due(scene.world, NOW)
    leave(scene, topic="offers")
    react_due(scene.world, later(1))
    run_due(scene.world, later(2))
    (row,) = scene.rows(tables.enrollments)
    assert (row.state, row.reason_code) == ("ended", "exit.event")


def test_the_gone_get_the_same_answer(scene: Scene) -> None:
    scene.set_person(erased_at=NOW)
    assert leave(scene) is None
    assert not signals.resubscribe(scene.world, scene.token(scene.extra["mail"]), now=NOW)
    assert kinds(scene) == []


def test_a_merged_contact_leaves_as_their_survivor(scene: Scene) -> None:
    (survivor,) = line.people(scene.world, 1, first=7)
    scene.set_person(merged_into=survivor)
    assert leave(scene) is not None
    states = {(row.contact_id, row.state) for row in scene.rows(tables.consents)}
    assert states == {(scene.person, "given"), (survivor, "withdrawn")}


def test_taking_it_back_gives_what_was_given(scene: Scene) -> None:
    consent(scene, "offers", "given")
    waiting_mail(scene)
    left = leave(scene, everything=True)
    assert left is not None
    token = scene.token(scene.extra["mail"])
    assert signals.resubscribe(scene.world, token, now=later(60), topics=left.topics)
    assert scene.consents() == {"guides": "given", "offers": "given"}
    assert [row.lifted_at for row in scene.rows(tables.suppressions)] == [later(60)]
    assert states(scene) == ["accepted", "cancelled"]
    # Leaving again is heard again.
    assert leave(scene, at=later(120)) == Left(("guides",), False)
    assert kinds(scene) == [("unsubscribed", ""), ("unsubscribed", "guides")]


def test_a_complaint_is_not_taken_back(scene: Scene) -> None:
    with scene.world.database.write() as connection:
        suppress(
            connection, scene.world, scope="marketing", value=line.address(0), reason=Reason("x"), source="complaint",
            now=NOW, contact_id=scene.person,
        )  # fmt: skip
    leave(scene)
    assert not signals.resubscribe(scene.world, scene.token(scene.extra["mail"]), now=later(60))
    assert [row.lifted_at for row in scene.rows(tables.suppressions)] == [None]


def test_topics_are_chosen(scene: Scene) -> None:
    waiting_mail(scene)
    token, offered = scene.token(scene.extra["mail"]), ["guides", "offers"]
    assert signals.choose_topics(scene.world, token, ["offers", "forged"], offered, now=NOW)
    assert scene.consents() == {"guides": "withdrawn", "offers": "given"}
    assert states(scene) == ["accepted", "cancelled"]
    assert kinds(scene) == [("unsubscribed", "guides")]
    assert signals.choose_topics(scene.world, token, ["offers"], offered, now=later(60))
    assert len(scene.rows(tables.consent_entries)) == 2


def test_the_pace_is_the_contacts_own_cap(scene: Scene) -> None:
    token, until = scene.token(scene.extra["mail"]), NOW + timedelta(weeks=6)
    assert signals.choose_pace(scene.world, token, 1, None, now=NOW)
    assert (scene.person_row().mails_a_week, scene.person_row().paused_until) == (1, None)
    assert signals.choose_pace(scene.world, token, None, until, now=NOW)
    assert (scene.person_row().mails_a_week, scene.person_row().paused_until) == (None, until)
    assert {row.name for row in scene.rows(tables.fact_changes)} == {"mails_a_week", "paused_until"}


# Answers


def question(scene: Scene) -> CriterionDef:
    return scene.world.library.catalogue(NOW).rules.lifecycle.criteria["means"]


def say(scene: Scene, key: str, after: float) -> str:
    criterion = question(scene)
    given = criterion.answer(key)
    assert given is not None
    return signals.answer(scene.world, scene.token(scene.extra["mail"]), criterion, given, now=later(after))


def believed(scene: Scene) -> list[str]:
    rows = scene.rows(tables.events, tables.events.c.occurred_at)
    return [row.payload["answer"] for row in rows if row.kind == "answered" and row.verdict == "human"]


def criterion_state(scene: Scene) -> str | None:
    rows = scene.rows(tables.contact_criteria)
    return rows[0].state if rows else None


def test_an_answer_becomes_evidence_when_nobody_else_answered(scene: Scene) -> None:
    assert say(scene, "100", 0) == "taken"
    react_due(scene.world, later(1))
    assert criterion_state(scene) is None
    react_due(scene.world, NOW + AT_ONCE)
    assert criterion_state(scene) == "yes"
    (row,) = scene.rows(tables.contact_criteria)
    assert row.evidence["who"] == "contact"


def test_the_same_answer_twice_is_one(scene: Scene) -> None:
    assert [say(scene, "100", after) for after in (0, 0.1, 5, 3600)] == ["taken"] * 4
    assert believed(scene) == ["100"]


def test_one_may_change_ones_mind_and_change_it_back(scene: Scene) -> None:
    for number, key in enumerate(("100", "0", "100")):
        assert say(scene, key, number * 60) == "taken"
    assert believed(scene) == ["100", "0", "100"]
    for _ in range(3):
        react_due(scene.world, later(600))
    assert criterion_state(scene) == "yes"


def test_different_answers_within_seconds_are_a_machines(scene: Scene) -> None:
    assert say(scene, "100", 0) == "taken"
    assert say(scene, "0", 2) == "several"
    assert believed(scene) == []
    for _ in range(3):
        react_due(scene.world, later(60))
    assert criterion_state(scene) is None
    # The person behind the scanner answers in peace.
    assert say(scene, "100", 60) == "taken"
    assert believed(scene) == ["100"]


def test_the_gone_do_not_answer(scene: Scene) -> None:
    scene.set_person(erased_at=NOW)
    assert say(scene, "100", 0) == "gone"
