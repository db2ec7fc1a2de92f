"""What lint tells of sequences whose every word is known."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.caps import FrequencyCap
from app.core.conditions import HasTag, parse
from app.core.lifecycle import CriterionDef
from app.core.lint import Known, lint_condition, lint_sequence
from app.core.programme import Topic
from app.core.reading import Node
from app.core.timing import QuietHours
from tests.core.sample import SETTING, TEMPLATES, sequence

MEANS = CriterionDef("means", {"": "Means"}, "number", {"": "How much?"})
TIMELINE = CriterionDef("timeline", {"": "When"}, "date", {"": "When?"})
KNOWN = Known(
    replace(
        SETTING,
        lifecycle=replace(SETTING.lifecycle, criteria={"means": MEANS, "timeline": TIMELINE}),
        programme=replace(
            SETTING.programme,
            topics={"guides": Topic("guides", {"": "Guides"})},
            quiet=QuietHours.from_tree({"from": "21:00", "to": "07:00"}),
        ),
        templates={
            **TEMPLATES,
            "internal/task": replace(
                TEMPLATES["discovery/hello"], key="internal/task", message_class="internal"
            ),
        },
        segments={"warm": HasTag("warm")},
    ),
    sequences=("walk", "other"),
    linkless=("discovery/nudge",),
)
HELLO = {"hello": {"send": "discovery/hello"}}


def told(*steps: dict[str, Any], known: Known = KNOWN, **top: Any) -> list[str]:
    return [
        f"{finding.level} {'.'.join(map(str, finding.path))}: {finding.message} {finding.remedy}".strip()
        for finding in lint_sequence(sequence(*steps, **top), known)
    ]


def test_a_sound_sequence_has_no_findings() -> None:
    assert (
        told(
            HELLO,
            {"guide": {"send": "discovery/guide"}},
            {"read": {"wait_for": {"clicked": "guide"}, "up to": "5 days"}},
            {"ask": {"ask": "means", "with": "discovery/ask"}},
            {"fork": {"branch": [{"if": {"answer": "means", "at least": 100}, "go": "end"}]}},
            {"pause": {"wait": "2 days"}},
            {"case": {"send": {"best of": ["discovery/case"]}}},
            {"other": {"enroll": "other"}},
            goal={"stage": "prospect"},
        )
        == []
    )


@pytest.mark.parametrize(
    ("step", "finding"),
    [
        ({"send": "discovery/helo"}, "error steps.0.one: There is no template “discovery/helo”. Did you mean “discovery/hello”?"),
        ({"send": "decision/offer"}, "error steps.0.one: “decision/offer” is decision mail, and a lead gets discovery."),
        ({"send": "internal/task"}, "error steps.0.one: “internal/task” is mail for colleagues."),
        ({"send": "discovery/ask"}, "warning steps.0.one: “discovery/ask” asks for means, and nobody waits"),
        ({"send": "discovery/hello", "when capped": {"replace": "discovery/x"}}, "error steps.0.one: There is no template “discovery/x”."),
        ({"send": "discovery/hello", "when capped": {"replace": "decision/offer"}}, "is decision mail"),
        ({"send": "discovery/hello", "window": {"from": "22:00", "to": "23:00"}}, "error steps.0.one: This window lies in the quiet hours"),
        ({"ask": "meens", "with": "discovery/ask"}, "error steps.0.one: There is no criterion “meens”. Did you mean “means”?"),
        ({"ask": "means", "with": "discovery/hello"}, "error steps.0.one: “discovery/hello” has no answer buttons, not for “means”."),
        ({"ask": "timeline", "with": "discovery/ask"}, "asks for “means”, not for “timeline”."),
        ({"wait_for": {"clicked": "discovery/nudge"}, "up to": "1 day"}, "error steps.0.one: “discovery/nudge” has no link"),
        ({"wait_for": {"clicked": "discovery/nope"}, "up to": "1 day"}, "error steps.0.one: There is no template “discovery/nope”."),
        ({"wait_for": {"opened": "discovery/hello"}, "up to": "1 day"}, "warning steps.0.one: Mail programs open mails by themselves."),
        ({"branch": [{"if": {"stage": "leed"}, "go": "end"}]}, "error steps.0.one: There is no stage “leed”."),
        ({"branch": [{"if": {"segment": "warn"}, "go": "end"}]}, "error steps.0.one: There is no segment “warn”."),
        ({"branch": [{"if": {"answer": "timeline", "at least": 5}, "go": "end"}]}, "error steps.0.one: The answers to “timeline” are no numbers."),
        ({"enroll": "othr"}, "error steps.0.one: There is no sequence “othr”. Did you mean “other”?"),
        ({"enroll": "walk"}, "error steps.0.one: This sequence enrolls people in itself."),
        ({"move": "gone"}, "error steps.0.one: Automation may not move from “lead” to “gone”."),
        ({"move": "lead"}, "warning steps.0.one: People here are in “lead” already."),
        ({"move": "nowhere"}, "error steps.0.one: There is no stage “nowhere”."),
        ({"set": {"tag": "x"}, "go": "one"}, "error steps.0.one: From “one” a circle leads back without a wait."),
        ({"wait": "0 days", "go": "one"}, "a circle leads back without a wait"),
        ({"wait": {"date": "renewal"}, "go": "one"}, "a circle leads back without a wait"),
        ({"send": "discovery/hello", "go": "one"}, "a circle leads back without a wait"),
        ({"wait": "1 day", "go": "one"}, "error steps.0.one: From “one” on nobody comes to an end."),
    ],
)  # fmt: skip
def test_a_faulty_step(step: dict[str, Any], finding: str) -> None:
    assert any(finding in one for one in told({"one": step})), told({"one": step})


@pytest.mark.parametrize(
    ("top", "finding"),
    [
        ({"for": "leed"}, "error for: There is no stage “leed”. Did you mean “lead”?"),
        ({"topic": "guide"}, "error topic: There is no topic “guide”. Did you mean “guides”?"),
        ({"topic": None}, "error : This sequence sends mail about no topic."),
        ({"goal": {"stage": "lead"}}, "error goal: Everybody in “lead” has reached this goal"),
        ({"goal": {"consent": "guidez", "is": "given"}}, "error goal: There is no topic “guidez”."),
        ({"enter": {"segment": "warmer"}}, "error enter: There is no segment “warmer”."),
        (
            {"enter": {"on": "api", "if": {"criterion": "x", "is": "yes"}}},
            "error enter.if: There is no criterion “x”.",
        ),
        ({"exit": [{"clicked": "a/b"}]}, "error exit: There is no template “a/b”."),
        ({"exit": [{"score": "warmth", "at least": 1}]}, "error exit: There is no score “warmth”."),
    ],
)
def test_a_faulty_head(top: dict[str, Any], finding: str) -> None:
    assert any(finding in one for one in told(HELLO, **top)), told(HELLO, **top)


def test_a_circle_with_a_wait_is_fine_where_somebody_may_leave() -> None:
    circle = ({"a": {"wait": "1 day"}}, {"b": {"task": "T", "go": "a"}})
    assert told(*circle, exit=["replied"]) == [
        "warning steps.0.a: From “a” on nobody comes to an end. Let a way lead to `end`."
    ]


def test_a_time_out_is_a_wait_and_the_event_is_none() -> None:
    wait = {"wait_for": "replied", "up to": "1 day"}
    patient = told({"a": {**wait, "then": "end", "else": "a"}})
    hasty = told({"a": {**wait, "then": "a", "else": "end"}})
    assert patient == []
    assert ["circle" in one for one in hasty] == [True]
    both = told({"a": {**wait, "then": "a", "else": "a"}}, exit=["bounced"])
    assert any("circle" in one for one in both)


def test_unreachable_steps() -> None:
    assert told({"a": {"exit": "x"}}, {"b": {"task": "T"}}) == [
        "warning steps.1.b: No way leads to “b”. Lead a step there with `go:`, or take it out."
    ]


def test_a_mail_reaches_a_person_once() -> None:
    again = {"again": {"send": "discovery/hello"}}
    assert any("was sent before" in one for one in told(HELLO, {"p": {"wait": "2 days"}}, again))
    apart = told(
        {"fork": {"branch": [{"if": {"tag": "x"}, "go": "again"}]}},
        {"hello": {"send": "discovery/hello", "go": "end"}},
        again,
    )
    assert apart == []


def test_a_wait_before_its_mail() -> None:
    early = told(
        {"read": {"wait_for": {"clicked": "guide"}, "up to": "1 day"}}, {"guide": {"send": "discovery/guide"}}
    )
    assert early == [
        "warning steps.0.read: “discovery/guide” is sent after this wait only. Move the wait behind it."
    ]


def capped(*caps: str) -> Known:
    programme = replace(KNOWN.setting.programme, caps=tuple(FrequencyCap.parse(cap) for cap in caps))
    return replace(KNOWN, setting=replace(KNOWN.setting, programme=programme))


@pytest.mark.parametrize(
    ("cap", "wait", "manner", "held_back"),
    [
        ("1 a week", "1 day", {}, True),
        ("1 a week", "5 days", {}, False),
        ("1 a week", "1 day", {"late": "7 days"}, False),
        ("1 a week", "6 days", {"when capped": "drop"}, True),
        ("1 a week", "7 days", {"when capped": "drop"}, False),
        ("2 a week", "1 day", {}, False),
    ],
)
def test_mails_too_close_for_a_cap(cap: str, wait: str, manner: dict[str, Any], held_back: bool) -> None:
    found = told(
        HELLO, {"p": {"wait": wait}}, {"g": {"send": "discovery/guide"}}, known=capped(cap), **manner
    )
    assert any("and is then not sent" in one for one in found) is held_back, found


def test_three_mails_in_a_week_for_two() -> None:
    steps = [
        {"a": {"send": "discovery/hello"}},
        {"p": {"wait": "1 day"}},
        {"b": {"send": "discovery/guide"}},
        {"q": {"wait": "1 day"}},
        {"c": {"send": "discovery/case"}},
    ]
    assert [one.split(":")[0] for one in told(*steps, known=capped("2 a week"))] == ["warning steps.4.c"]


def test_fields_are_checked_where_they_are_known() -> None:
    fork = {"fork": {"branch": [{"if": {"field": "persna", "is": "x"}, "go": "end"}]}}
    assert told(fork) == []
    known = replace(KNOWN, fields=("persona",))
    assert told(fork, known=known) == [
        "warning steps.0.fork: No contact has a field “persna” yet. Did you mean “persona”?"
    ]


def test_a_condition_alone() -> None:
    condition = parse(Node({"any": [{"not": {"criterion": "meens", "is": "yes"}}, {"clicked": "a/b"}]}))
    assert [one.message for one in lint_condition(condition, ("if",), KNOWN)] == [
        "There is no criterion “meens”.",
        "There is no template “a/b”.",
    ]
