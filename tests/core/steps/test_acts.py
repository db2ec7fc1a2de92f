"""Branch, split, set, task, move, enroll, web hook, goal and exit."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from app.core.effects import AddScore, CallWebHook, CreateTask, EnrollIn, MoveStage, SetField, SetTag
from app.core.engine import advance
from tests.core.sample import MONDAY, SETTING, after, entered, facts, faults, run, sequence

A, B = {"a": {"exit": "a"}}, {"b": {"exit": "b"}}


def why(step: Any) -> object:
    return step.enrollment.reason.params.get("why")


def test_a_branch_takes_the_first_way_that_holds() -> None:
    ways = [{"if": {"tag": "x"}, "go": "a"}, {"if": {"tag": "y"}, "go": "b"}]
    of = sequence({"fork": {"branch": [*ways, {"else": "end"}]}}, A, B)
    assert why(run(of, facts(tags=frozenset({"x", "y"})))) == "a"
    assert why(run(of, facts(tags=frozenset({"y"})))) == "b"
    assert run(of).enrollment.reason.code == "ended.finished"
    assert run(of).effects[0].reason.params == {"step": "fork", "way": 0, "to": "end"}


def test_without_else_a_branch_goes_on_to_the_next_step() -> None:
    assert why(run(sequence({"fork": {"branch": [{"if": {"tag": "x"}, "go": "b"}]}}, A, B))) == "a"


def test_a_split_is_even_and_always_the_same() -> None:
    of = sequence({"half": {"split": [{"share": 30, "go": "a"}, {"share": 70, "go": "b"}]}}, A, B)
    taken: Counter[object] = Counter()
    for number in range(2000):
        person = replace(facts(), contact_id=UUID(int=number))
        enrollment = replace(entered(of), contact_id=person.contact_id)
        ways = {why(advance(enrollment, of, person, SETTING, at)) for at in (MONDAY, after(days=9))}
        assert len(ways) == 1
        taken[ways.pop()] += 1
    assert 500 < taken["a"] < 700


def test_a_share_of_nothing_gets_nobody() -> None:
    of = sequence({"half": {"split": [{"share": 0, "go": "a"}, {"share": 100, "go": "b"}]}}, A, B)
    for number in range(100):
        person = replace(facts(), contact_id=UUID(int=number))
        assert why(advance(entered(of), of, person, SETTING, MONDAY)) == "b"


@pytest.mark.parametrize(
    ("body", "kind", "values"),
    [
        ({"field": "persona", "to": "builder"}, SetField, {"field": "persona", "value": "builder"}),
        ({"field": "persona", "to": None}, SetField, {"field": "persona", "value": None}),
        ({"field": "renewal", "to": date(2027, 1, 1)}, SetField, {"value": date(2027, 1, 1)}),
        ({"field": "vip", "to": True}, SetField, {"value": True}),
        ({"tag": "warm"}, SetTag, {"tag": "warm", "present": True}),
        ({"untag": "warm"}, SetTag, {"tag": "warm", "present": False}),
        (
            {"score": "engagement", "add": 5},
            AddScore,
            {"measure": "engagement", "points": 5.0, "rule": "step:one"},
        ),
    ],
)
def test_a_fact_is_set_and_fresh_facts_are_asked_for(
    body: dict[str, Any], kind: type, values: dict[str, Any]
) -> None:
    of = sequence({"one": {"set": body}}, A)
    step = run(of)
    effect = step.effects[0]
    assert isinstance(effect, kind)
    assert {name: getattr(effect, name) for name in values} == values
    assert (step.enrollment.state, step.enrollment.step, step.enrollment.due_at) == ("due", "a", MONDAY)
    assert why(advance(step.enrollment, of, facts(), SETTING, MONDAY)) == "a"


def test_a_task_has_a_key_of_its_own_for_each_visit() -> None:
    of = sequence({"call": {"task": "Call them", "kind": "call", "due": "1 working day"}}, A)
    task = run(of).effects[0]
    assert isinstance(task, CreateTask)
    assert (task.key, task.due_at, task.by_mail) == (f"{UUID(int=1)}:call:1", after(days=1), True)


@pytest.mark.parametrize(
    ("body", "kind", "name", "value"),
    [
        ({"move": "prospect"}, MoveStage, "stage", "prospect"),
        ({"enroll": "other"}, EnrollIn, "sequence", "other"),
        ({"web_hook": "https://example.com/h?a=1"}, CallWebHook, "url", "https://example.com/h?a=1"),
        ({"web_hook": "http://127.0.0.1:9000/h"}, CallWebHook, "url", "http://127.0.0.1:9000/h"),
    ],
)
def test_acts_ask_the_world(body: dict[str, Any], kind: type, name: str, value: str) -> None:
    effect = run(sequence({"act": body}, A)).effects[0]
    assert isinstance(effect, kind)
    assert getattr(effect, name) == value


def test_goal_and_exit_leave() -> None:
    assert run(sequence({"done": {"goal": "won"}}, A)).enrollment.reason.code == "goal.step"
    assert run(sequence(A, B)).enrollment.reason.params == {"step": "a", "why": "a"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"branch": []}, "at least one way"),
        ({"branch": "x"}, "Here should stand “key: value” lines"),
        ({"branch": [{"if": {"tag": "x"}}]}, "“go” is missing"),
        ({"branch": [{"if": {"tagg": "x"}, "go": "end"}]}, "Did you mean “tag”?"),
        ({"branch": [{"if": {"tag": "x"}, "go": "end", "else": "end"}]}, "“else” stands alone"),
        ({"split": [{"share": 50, "go": "end"}]}, "add up to 100"),
        ({"split": [{"share": 50.5, "go": "end"}, {"share": 49.5, "go": "end"}]}, "whole number"),
        ({"split": [{"share": 100}]}, "“go” is missing"),
        ({"set": {"field": "persona"}}, "needs its new value"),
        ({"set": {"tag": "a", "untag": "b"}}, "One step sets one thing"),
        ({"set": {"score": "engagement"}}, "needs the points"),
        ({"set": {"score": "engagement", "add": 1e9}}, "too many"),
        ({"set": {"score": "engagement", "add": float("nan")}}, "finite number"),
        ({"set": {"score": "warmth", "add": 1}}, "is not known here"),
        ({"set": {"field": "persona", "to": ["a"]}}, "A field holds one"),
        ({"set": {}}, "Nothing is set here"),
        ({"task": ""}, "empty text"),
        ({"task": "Call", "due": "tomorrow"}, "is not a span of time"),
        ({"web_hook": "http://example.com"}, "https address"),
        ({"web_hook": "https://"}, "https address"),
        ({"web_hook": "https://user@example.com/"}, "https address"),
        ({"web_hook": "http://localhost@example.com/"}, "https address"),
        ({"web_hook": "http://localhost.example.com/"}, "https address"),
        ({"move": ["a"]}, "a list"),
        ({"fly": "away"}, "does not say what it does"),
        ({"send": "a/b", "wait": "1 day"}, "“wait” is not known here"),
        ("send", "does not say what it does"),
        (None, "does not say what it does"),
    ],
)
def test_faults_are_told(body: Any, told: str) -> None:
    assert any(told in fault for fault in faults({"step": body})), faults({"step": body})
