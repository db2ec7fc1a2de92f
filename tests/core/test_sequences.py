"""The grammar of a sequence: what is read, and what is told of everything else."""

from typing import Any

import pytest

from app.core.reading import Node
from app.core.sequences import MOST_STEPS, read_sequence
from app.core.steps import KINDS
from app.core.timing import Span
from tests.core.sample import facts, faults, node, run, sequence

STEP = {"hello": {"send": "discovery/hello"}}


def test_a_short_one_has_sound_defaults() -> None:
    read = sequence(STEP)
    assert (read.key, read.title, read.stage, read.topic, read.priority) == (
        "walk",
        "Walk",
        "lead",
        "guides",
        50,
    )
    assert (read.trigger.on, read.again.way, read.first) == ("person", "never", "hello")
    assert (read.goal, read.exit_events, read.exit_if) == (None, None, None)
    assert (read.manner.when_capped.way, read.manner.if_not_sent, read.manner.late) == (
        "defer",
        "continue",
        None,
    )


def test_recipients_read_its_name_in_their_language() -> None:
    assert sequence(STEP).series_in("it") == "Walk"
    named = sequence(STEP, series={"en": "First steps", "pt": "Primeiros passos"})
    assert [named.series_in(locale) for locale in ("en", "pt-BR", "ru")] == [
        "First steps", "Primeiros passos", "First steps",
    ]  # fmt: skip
    assert (named.title, sequence(STEP, series="Steps").series_in("nl")) == ("Walk", "Steps")
    assert "There is no name here." in faults(STEP, series={})[0]


@pytest.mark.parametrize(
    ("enter", "on", "name"),
    [
        ("stage_entered", "stage_entered", ""),
        ({"on": "stage_entered"}, "stage_entered", ""),
        ({"on": "form", "form": "guide"}, "form", "guide"),
        ({"form": "guide"}, "form", "guide"),
        ({"event": "custom:webinar"}, "event", "custom:webinar"),
        ({"on": "segment", "name": "warm"}, "segment", "warm"),
        ({"date": "renewal"}, "date", "renewal"),
        ("api", "api", ""),
    ],
)
def test_triggers(enter: Any, on: str, name: str) -> None:
    trigger = sequence(STEP, enter=enter).trigger
    assert (trigger.on, trigger.name) == (on, name)


def test_terms_of_entry() -> None:
    read = sequence(
        STEP, enter={"on": "stage_entered", "if": {"tag": "a"}, "never": {"tag": "b"}, "at most": "200 a day"}
    )
    assert read.trigger.a_day == 200
    assert read.needs.tags == {"a", "b"}


@pytest.mark.parametrize(
    ("again", "way", "after"),
    [("never", "never", None), ("always", "always", None), ("after 180 days", "after", Span(180, "days"))],
)
def test_coming_back(again: str, way: str, after: Span | None) -> None:
    read = sequence(STEP, again=again).again
    assert (read.way, read.after) == (way, after)


def test_the_needs_of_all_steps_are_summed_up() -> None:
    fork = {"fork": {"branch": [{"if": {"field": "persona", "is": "x"}, "go": "end"}]}}
    best = {"best": {"send": {"best of": ["a/b", "a/c"]}}}
    needs = sequence(
        fork, best, {"ask": {"ask": "means", "with": "a/d"}}, goal={"score": "fit", "at least": 1}
    ).needs
    assert (needs.fields, needs.criteria, needs.measures, needs.had) == (
        {"persona"},
        {"means"},
        {"fit"},
        True,
    )
    assert (needs.happenings, needs.window) == (True, None)


def test_a_click_may_name_a_step_of_this_sequence() -> None:
    read = sequence(
        {"guide": {"send": "discovery/guide"}}, {"w": {"wait_for": {"clicked": "guide"}, "up to": "1 day"}}
    )
    assert read.steps["w"].pattern.subjects == ("discovery/guide",)  # type: ignore[attr-defined]


def test_every_kind_is_told_where_none_is_named() -> None:
    told = " ".join(faults({"step": {}}))
    assert all(kind in told for kind in KINDS)


def top(**changed: Any) -> list[str]:
    place = node([STEP])
    assert isinstance(place.value, dict)
    place.value.update(changed)
    for key in [key for key, value in changed.items() if value is ...]:
        del place.value[key]
    read_sequence(place)
    return [f"{'.'.join(map(str, one.path))}: {one.message} {one.remedy}" for one in place.findings]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"sequence": ...}, "“sequence” is missing"),
        ({"sequence": "With Space"}, "sequence: A sequence's name has small letters"),
        ({"sequence": "walk\n"}, "sequence: A sequence's name has small letters"),
        ({"sequence": ["a"]}, "sequence: Here should stand a word"),
        ({"for": None}, "“for” is missing"),
        ({"steps": []}, "steps: Steps are a list"),
        ({"steps": ...}, "“steps” is missing"),
        ({"steps": {"a": {"send": "a/b"}}}, "steps: Steps are a list"),
        ({"steps": ["send"]}, "steps.0: A step is one line"),
        ({"steps": [{"a": {"send": "a/b"}, "b": {"send": "a/c"}}]}, "steps.0: A step is one line"),
        ({"steps": [STEP, STEP]}, "steps.1.hello: There are two steps “hello”"),
        ({"steps": [{"end": {"send": "a/b"}}]}, "“end” cannot name a step"),
        ({"steps": [{"Hello": {"send": "a/b"}}]}, "“Hello” cannot name a step"),
        ({"steps": [{"a\n": {"send": "a/b"}}]}, "cannot name a step"),
        ({"steps": [{f"s{n}": {"exit": "x"}} for n in range(MOST_STEPS + 1)]}, "more than 500 steps"),
        ({"priority": 101}, "priority: Here should stand a whole number from 0 to 100"),
        ({"priority": True}, "priority: Here should stand a whole number"),
        ({"prioriti": 1}, "Did you mean “priority”?"),
        ({"enter": "stage"}, "enter: “stage” is not known here"),
        ({"enter": {"if": {"tag": "a"}}}, "enter: “on” is missing"),
        ({"enter": {"on": "form"}}, "enter: A sequence that starts on form needs its name"),
        ({"enter": {"on": "api", "at most": "many"}}, "enter.at most: How many may enter"),
        ({"enter": {"on": "api", "at most": 0}}, "enter.at most: How many may enter"),
        ({"enter": {"on": "api", "never": {"tug": "a"}}}, "enter.never: This is no known condition"),
        ({"again": "sometimes"}, "again: "),
        ({"again": []}, "again: Here should stand a word"),
        ({"goal": {"stage": []}}, "goal.stage: "),
        ({"exit": ["replid"]}, "exit.0: “replid” is no known event"),
        ({"exit": ["replied", {"tagg": "x"}]}, "exit.1: This is no known condition"),
        ({"exit": [5]}, "exit.0: Here should stand a condition"),
    ],
)
def test_faults_of_the_head_are_told_at_their_place(changed: dict[str, Any], told: str) -> None:
    assert any(told in fault for fault in top(**changed)), top(**changed)


@pytest.mark.parametrize("value", [None, 5, "text", [], ["a"], True, 1.5])
def test_what_is_no_mapping_is_told(value: object) -> None:
    place = Node(value)
    assert read_sequence(place) is None
    assert place.failed


def test_all_faults_are_told_at_once() -> None:
    told = faults(
        {"a": {"wait": "x"}}, {"b": {"send": ""}}, {"c": {"fly": 1}}, priority="high", goal={"x": 1}
    )
    assert len(told) >= 5


def test_a_step_may_lead_back() -> None:
    of = sequence(
        {"a": {"wait": "1 day"}},
        {
            "b": {
                "exit": "x",
            }
        },
        {"c": {"task": "T", "go": "a"}},
    )
    assert run(of, facts()).enrollment.step == "a"
