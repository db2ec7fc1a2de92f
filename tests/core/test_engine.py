"""The engine's own rules: ends, exits, goals, circles, late catch-up, fresh facts."""

import pytest

from app.core.effects import Emit, Note
from app.core.engine import MOST_STEPS, MOST_VISITS, advance, notice
from tests.core.sample import (
    MONDAY,
    SETTING,
    after,
    effect_kinds,
    entered,
    facts,
    happened,
    inside,
    run,
    sequence,
)

PAUSE, OUT = {"pause": {"wait": "2 days"}}, {"out": {"exit": "done"}}
TAGGED = frozenset({"x"})


def test_nothing_due_changes_nothing() -> None:
    of = sequence(PAUSE, OUT)
    waiting = run(of).enrollment
    for known in (facts(), facts(tags=TAGGED)):
        assert advance(waiting, of, known, SETTING, after(days=1)) == advance(
            waiting, of, known, SETTING, after(hours=1)
        )
        assert advance(waiting, of, known, SETTING, after(days=1)).effects == ()
    first = advance(waiting, of, facts(), SETTING, after(days=1)).enrollment
    assert advance(first, of, facts(), SETTING, after(days=3)) == advance(
        waiting, of, facts(), SETTING, after(days=3)
    )


@pytest.mark.parametrize("state", ["sending", "parked", "ended"])
def test_other_states_are_left_alone(state: str) -> None:
    of = sequence(PAUSE)
    enrollment = inside(entered(of), state=state)
    assert advance(enrollment, of, facts(), SETTING, after(days=9)).enrollment == enrollment


def test_the_last_step_ends_it_and_nothing_comes_after() -> None:
    of = sequence(PAUSE)
    step = advance(run(of).enrollment, of, facts(), SETTING, after(days=2))
    assert (step.enrollment.state, step.enrollment.step, step.enrollment.due_at) == ("ended", "end", None)
    assert [(effect.kind, effect.at) for effect in step.effects if isinstance(effect, Note)] == [
        ("ended", after(days=2))
    ]
    assert advance(step.enrollment, of, facts(), SETTING, after(days=99)).effects == ()
    again = notice(step.enrollment, of, happened("replied"), facts(), SETTING, after(days=99))
    assert (again.enrollment, again.effects) == (step.enrollment, ())


def test_a_goal_ends_it_wherever_somebody_is() -> None:
    of = sequence(PAUSE, OUT, goal={"tag": "x"})
    waiting = run(of).enrollment
    for step in (
        advance(waiting, of, facts(tags=TAGGED), SETTING, after(days=2)),
        notice(waiting, of, happened("tagged", "x"), facts(tags=TAGGED), SETTING, after(days=1)),
    ):
        assert step.enrollment.reason.code == "goal.reached"
        assert [effect.subject for effect in step.effects if isinstance(effect, Emit)] == ["walk"]
    assert run(of, facts(tags=TAGGED)).enrollment.state == "ended"


def test_exits_are_events_or_conditions() -> None:
    of = sequence(
        PAUSE, OUT, exit=["replied", {"clicked": "discovery/guide"}, {"tag": "x"}, {"topic": "jobs"}]
    )
    waiting = run(of).enrollment
    for event in (
        happened("replied"),
        happened("clicked", "discovery/guide"),
        happened("visited", "a", topics=("jobs",)),
    ):
        assert notice(waiting, of, event, facts(), SETTING, MONDAY).enrollment.reason.code == "exit.event"
    for event in (
        happened("clicked", "discovery/hello"),
        happened("visited", "a"),
        happened("replied", verdict="machine"),
    ):
        assert notice(waiting, of, event, facts(), SETTING, MONDAY).enrollment == waiting
    assert (
        advance(waiting, of, facts(tags=TAGGED), SETTING, after(days=2)).enrollment.reason.code
        == "exit.condition"
    )


def test_a_list_of_exits_in_one_entry_counts_whole() -> None:
    of = sequence(PAUSE, exit=[[{"clicked": "a/b"}, {"visited": "careers"}]])
    for event in (happened("clicked", "a/b"), happened("visited", "careers")):
        assert notice(run(of).enrollment, of, event, facts(), SETTING, MONDAY).enrollment.state == "ended"


def test_who_leaves_the_stage_leaves_the_sequence() -> None:
    of = sequence(PAUSE)
    waiting = run(of).enrollment
    moved = notice(
        waiting, of, happened("stage_entered", "prospect"), facts(stage="prospect"), SETTING, MONDAY
    )
    assert moved.enrollment.reason.params == {"stage": "lead", "now": "prospect"}
    same = notice(waiting, of, happened("stage_entered", "lead"), facts(stage="lead"), SETTING, MONDAY)
    assert same.enrollment == waiting


def test_segments_are_known_to_goals() -> None:
    from dataclasses import replace

    from app.core.conditions import HasTag

    of = sequence(PAUSE, goal={"segment": "warm"})
    warm = replace(SETTING, segments={"warm": HasTag("x")})
    assert run(of, facts(tags=TAGGED), setting=warm).enrollment.state == "ended"
    assert run(of, facts(tags=TAGGED)).enrollment.state == "due"


def test_a_circle_without_a_wait_is_parked() -> None:
    of = sequence(
        {"a": {"branch": [{"if": {"tag": "x"}, "go": "out"}, {"else": "b"}]}},
        {"b": {"task": "T", "go": "a"}},
        OUT,
    )
    step = run(of)
    assert (step.enrollment.state, step.enrollment.reason.code, step.enrollment.due_at) == (
        "parked",
        "parked.circle",
        None,
    )
    assert len(step.effects) == MOST_STEPS + 1


def test_a_circle_that_asks_for_fresh_facts_is_parked_in_the_end() -> None:
    of = sequence({"a": {"set": {"tag": "x"}, "go": "a"}})
    enrollment, rounds = entered(of), 0
    while enrollment.state == "due":
        enrollment = advance(enrollment, of, facts(), SETTING, after(days=rounds)).enrollment
        rounds += 1
        assert rounds <= MOST_VISITS + 1
    assert enrollment.reason.code == "parked.circle"


def test_a_long_catch_up_is_no_circle() -> None:
    of = sequence(
        {"a": {"wait": "1 hour"}}, {"b": {"branch": [{"if": {"tag": "x"}, "go": "out"}, {"else": "a"}]}}, OUT
    )
    now = after(days=30)
    enrollment, rounds = entered(of), 0
    while enrollment.due_at is not None and enrollment.due_at <= now:
        enrollment = advance(enrollment, of, facts(), SETTING, now).enrollment
        rounds += 1
    assert (enrollment.state, enrollment.step) == ("due", "a")
    assert enrollment.due_at == after(days=30, hours=1)
    assert rounds < 30


def test_a_step_that_is_gone_parks_and_is_named() -> None:
    step = advance(inside(entered(sequence(PAUSE)), step="gone"), sequence(PAUSE), facts(), SETTING, MONDAY)
    assert (step.enrollment.state, step.enrollment.reason.params) == ("parked", {"step": "gone"})


def test_visits_count_every_arrival() -> None:
    of = sequence({"a": {"task": "A"}}, {"b": {"task": "B"}}, PAUSE)
    step = run(of)
    assert (step.enrollment.visit, step.enrollment.visits) == (3, {"a": 1, "b": 1, "pause": 1})
    assert effect_kinds(step) == ["CreateTask", "CreateTask"]


def test_effects_before_a_wait_are_kept_in_order() -> None:
    of = sequence(
        {"a": {"task": "A"}}, {"b": {"web_hook": "https://example.com/"}}, {"c": {"send": "discovery/hello"}}
    )
    assert effect_kinds(run(of)) == ["CreateTask", "CallWebHook", "QueueMail"]
