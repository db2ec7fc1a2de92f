from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.core.conditions import parse
from app.core.effects import AddInterest, AddScore, CreateTask, Effect, Emit, MoveStage, Note, SetCriterion
from app.core.facts import CriterionFact, Facts, Happening
from app.core.lifecycle import Answer, read_lifecycle
from app.core.reactions import Rules, changed, react
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.scoring import ScoringModel, read_scoring
from app.core.timing import Span
from tests.core.starter import (
    NOW,
    PRESETS,
    READY,
    contact,
    happening,
    lifecycle,
    programme,
    ripe,
    scoring,
)  # fmt: skip

NO_POINTS = ScoringModel(1)


def rules(preset: str = "inbound", model: ScoringModel | None = None) -> Rules:
    return Rules(lifecycle(preset), scoring() if model is None else model, programme())


def after(
    what: Happening,
    facts: Facts,
    by: Rules | None = None,
    payload: Mapping[str, Any] | None = None,
    standing: Mapping[str, float] | None = None,
) -> list[Effect]:
    return react(
        what, facts, by or rules(model=NO_POINTS), NOW,
        event_id="event-1", earlier={}, standing=standing or {}, payload=payload,
    )  # fmt: skip


def moves(effects: list[Effect]) -> list[str]:
    return [effect.stage for effect in effects if isinstance(effect, MoveStage)]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_signal_that_was_missing_makes_a_prospect(preset: str) -> None:
    """The main job: a click lifts engagement over the bar; stage, event and task follow with one reason."""
    facts = ripe(engagement=46)
    effects = after(happening("clicked", "discovery/guide"), facts, rules(preset), standing={"x": 0.0})
    move, told, task = effects[-3:]
    assert isinstance(move, MoveStage)
    assert (move.stage, move.by, move.reason.code) == (READY[preset], "automation", "stage.qualified")
    assert move.reason.params["engagement"] == 51.0
    assert told == Emit("stage_entered", READY[preset], NOW, move.reason)
    assert isinstance(task, CreateTask)
    assert (task.key, task.kind, task.by_mail) == (f"stage:{READY[preset]}:event-1", "call", True)
    assert task.due_at == NOW + timedelta(days=1)
    assert facts.stage == "lead"
    assert facts.measures["engagement"].value == 46


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("verdict", ["machine", "unknown"])
def test_machines_and_unknown_signals_move_nobody(preset: str, verdict: str) -> None:
    effects = after(happening("clicked", "discovery/guide", verdict=verdict), ripe(), rules(preset))
    params = {"kind": "clicked", "subject": "discovery/guide"}
    assert effects == [Note("clicked", NOW, Reason(f"signal.{verdict}", params))]


@pytest.mark.parametrize("preset", PRESETS)
def test_an_open_alone_never_moves(preset: str) -> None:
    assert after(happening("opened"), ripe(), rules(preset)) == []
    model = read_scoring(Node({"engagement": {"rules": {"open": {"on": "opened", "points": 99}}}}), 1)
    scored = after(happening("opened"), ripe(engagement=0), rules(preset, model))
    assert [type(effect) for effect in scored] == [AddScore]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_high_score_without_authority_stays_a_lead(preset: str) -> None:
    facts = ripe(fit=500, engagement=900, criteria={"authority": "no"})
    assert moves(after(happening("quote_requested"), facts, rules(preset))) == []


@pytest.mark.parametrize("kind", ["bounced", "complained", "unsubscribed"])
def test_what_its_own_service_settles_is_noted_and_scored(kind: str) -> None:
    note, *rest = after(happening(kind, "discovery/guide"), ripe(), rules())
    assert note == Note(kind, NOW, Reason(f"signal.{kind}", {"kind": kind, "subject": "discovery/guide"}))
    assert [effect.points < 0 for effect in rest if isinstance(effect, AddScore)] == [True]
    assert len(rest) == 1


def test_a_bounce_needs_no_human() -> None:
    note, score = after(happening("bounced", verdict="machine"), ripe(), rules())
    assert isinstance(note, Note)
    assert isinstance(score, AddScore)


def test_an_answer_counts_with_its_evidence() -> None:
    effects = after(happening("answered", "authority"), contact(), payload={"answer": "influences"})
    assert effects == [
        SetCriterion(
            "authority",
            "yes",
            "influences",
            {"what": "influences", "when": NOW.isoformat(), "who": "contact", "event": "event-1"},
            Reason("ask.answered", {"criterion": "authority", "answer": "influences", "state": "yes"}),
        )
    ]


def test_the_answer_that_was_missing_makes_a_prospect_at_once() -> None:
    facts = ripe(criteria={"authority": "unknown"})
    effects = after(happening("answered", "authority"), facts, payload={"answer": "decides"})
    assert [type(effect) for effect in effects] == [SetCriterion, MoveStage, Emit, CreateTask]
    assert moves(effects) == ["prospect"]
    refused = after(happening("answered", "authority"), facts, payload={"answer": "none"})
    assert moves(refused) == []


def test_an_answer_counts_for_fit_too() -> None:
    standing = {"where-we-sell": 0.0}
    facts = contact(fields={"company.domain": "example.org"})
    effects = after(
        happening("answered", "market"), facts, rules(), {"answer": "housing-association"}, standing
    )
    fit = [effect for effect in effects if isinstance(effect, AddScore) and effect.measure == "fit"]
    assert [(effect.rule, effect.points) for effect in fit] == [("confirmed-market", 15.0)]


def test_the_answer_no_to_the_market_disqualifies() -> None:
    effects = after(happening("answered", "market"), contact(), payload={"answer": "own-home"})
    assert moves(effects) == ["disqualified"]


def test_a_timeline_schedules_its_follow_up() -> None:
    effects = after(happening("answered", "timeline"), contact(), payload={"answer": "3-months"})
    answered, task = effects
    assert isinstance(answered, SetCriterion)
    assert answered.value == date(2026, 6, 10)
    assert isinstance(task, CreateTask)
    assert task.due_at == datetime(2026, 5, 27, 7, 0, tzinfo=UTC)  # nine in Copenhagen, two weeks before
    assert task.reason == Reason("ask.follow_up", {"criterion": "timeline", "date": "2026-06-10"})
    undated = after(happening("answered", "timeline"), contact(), payload={"answer": "no-date"})
    assert [type(effect) for effect in undated] == [SetCriterion]


def test_a_follow_up_that_would_lie_behind_is_due_now() -> None:
    timeline = lifecycle().criteria["timeline"]
    next_week = replace(timeline, answers=(Answer("week", Span(1, "weeks"), {"": "Next week"}, "yes"),))
    soon = replace(lifecycle(), criteria={"timeline": next_week})
    _, task = after(
        happening("answered", "timeline"), contact(), Rules(soon, NO_POINTS, programme()), {"answer": "week"}
    )
    assert isinstance(task, CreateTask)
    assert task.due_at == NOW


@pytest.mark.parametrize(
    ("criterion", "payload", "code"),
    [
        ("weather", {"answer": "fine"}, "ask.unknown_criterion"),
        ("authority", {"answer": "perhaps"}, "ask.unknown_answer"),
        ("authority", {}, "ask.unknown_answer"),
        ("authority", None, "ask.unknown_answer"),
    ],
)
def test_an_answer_nobody_knows_is_noted(criterion: str, payload: dict[str, Any] | None, code: str) -> None:
    [note] = after(happening("answered", criterion), contact(), payload=payload)
    assert isinstance(note, Note)
    assert note.reason.code == code


def test_the_happening_itself_counts_among_the_others() -> None:
    assert moves(after(happening("form_submitted"), contact("visitor"))) == ["lead"]
    loaded = contact("visitor", happenings=[happening("form_submitted")])
    assert moves(after(happening("form_submitted"), loaded)) == ["lead"]


def test_a_happening_told_late_takes_its_place_among_the_others() -> None:
    yesterday = happening("clicked", at=NOW - timedelta(days=1))
    back = contact("dormant", happenings=[yesterday])
    assert moves(after(happening("clicked", at=NOW - timedelta(days=40)), back)) == ["lead"]
    assert moves(after(happening("clicked", at=NOW - timedelta(days=40)), contact("dormant"))) == []


def test_two_stages_in_one_go_are_two_moves_with_their_own_reasons() -> None:
    effects = after(happening("quote_requested"), ripe(stage="visitor"))
    assert moves(effects) == ["lead", "prospect"]
    codes = [effect.reason.params["stage"] for effect in effects if isinstance(effect, MoveStage | Emit)]
    assert codes == ["lead", "lead", "prospect", "prospect"]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_change_has_its_reason(preset: str) -> None:
    """Rule 5 of every preset: no effect without a code and the evidence."""
    effects = after(happening("answered", "authority", topics=("pricing",)), ripe(engagement=45), rules(preset),
                    {"answer": "decides"})  # fmt: skip
    kinds = {type(effect) for effect in effects}
    assert kinds == {SetCriterion, AddScore, AddInterest, MoveStage, Emit, CreateTask}
    assert all(effect.reason.code and effect.reason.params for effect in effects)


def test_entering_a_stage_is_told_and_not_judged_again() -> None:
    """So no lifecycle, however it is written, can turn in circles by itself."""
    assert after(happening("stage_entered", "lead"), ripe()) == []


def test_a_circle_in_the_rules_ends() -> None:
    there_and_back = [("lead", "prospect"), ("prospect", "lead")]
    own = {
        "stages": {"lead": {}, "prospect": {}},
        "transitions": [{"from": frm, "to": to} for frm, to in there_and_back],
        "entries": [{"stage": to, "from": frm, "if": {"tag": "x"}} for frm, to in there_and_back],
    }
    circle = read_lifecycle(Node({"lifecycle": "own", "presets": {"own": own}}))
    dizzy = contact(tags=frozenset({"x"}))
    assert moves(after(happening("tagged"), dizzy, Rules(circle, NO_POINTS))) == ["prospect"]


def test_segments_are_put_in_once() -> None:
    tree = {"fit": {"a": {"points": 5, "if": {"segment": "vip"}}}}
    model = read_scoring(Node(tree), 1)
    facts = contact(tags=frozenset({"vip"}))
    named = Rules(lifecycle(), model, programme(), {"vip": parse(Node({"tag": "vip"}))})
    assert [
        effect.points for effect in after(happening("tagged"), facts, named) if isinstance(effect, AddScore)
    ] == [5.0]
    assert after(happening("tagged"), facts, rules(model=model)) == []


def test_applying_effects_leaves_the_facts_alone() -> None:
    facts = contact(engagement=10)
    reason = Reason("score.event")
    effects: list[Effect] = [
        AddScore("engagement", "r", "o", 5, NOW, reason),
        AddInterest("pricing", 2, NOW, reason),
        SetCriterion("need", "yes", "less-work", {}, reason),
        MoveStage("prospect", reason),
        Emit("stage_entered", "prospect", NOW, reason),
    ]
    later = changed(facts, effects, scoring())
    assert (later.measures["engagement"].value, later.interests["pricing"].value) == (15, 2)
    assert later.criteria["need"] == CriterionFact("yes", "less-work")
    assert (later.stage, later.stage_since) == ("prospect", NOW)
    assert (facts.stage, facts.measures["engagement"].value, facts.interests, facts.criteria) == (
        "lead",
        10,
        {},
        {},
    )
