"""What holds: missing values, types, edges of windows and decay, segments."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    EventPattern,
    EventSeen,
    FieldIs,
    HasTag,
    InSegment,
    Never,
    Not,
    ScoreIs,
    compile_condition,
    holds,
    parse,
    resolve,
)
from app.core.conditions.model import OPERATORS
from app.core.facts import CriterionFact, Facts, Happening, Measure
from app.core.reading import Node

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def contact(**known: Any) -> Facts:
    return Facts(UUID(int=1), **known)


def asked(written: Any, facts: Facts) -> bool:
    node = Node(written)
    condition = parse(node)
    assert node.findings == []
    return holds(condition, facts, NOW)


OPERANDS: dict[str, Any] = {
    "one of": ["a"], "none of": ["a"], "before": "2026-03-10", "after": "2026-03-10", "in the last": "1 day",
    "in the next": "1 day", "is known": True, "is unknown": True, "at least": 1, "at most": 1, "more than": 1,
    "less than": 1,
}  # fmt: skip


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_missing_value_holds_under_is_unknown_only(operator: str) -> None:
    written = {"field": "plan", operator: OPERANDS.get(operator, "a")}
    assert asked(written, contact()) is (operator == "is unknown")
    assert asked(written, contact(fields={"plan": None})) is (operator == "is unknown")
    assert asked({"not": written}, contact()) is (operator != "is unknown")


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("value", ["text", 7.0, True, date(2026, 3, 10)])
def test_another_type_is_false_and_never_an_error(operator: str, value: Any) -> None:
    fitting = {
        "at least": float, "at most": float, "more than": float, "less than": float, "before": date, "after": date,
        "in the last": date, "in the next": date,
    }  # fmt: skip
    result = asked({"field": "x", operator: OPERANDS.get(operator, "a")}, contact(fields={"x": value}))
    if operator in fitting and not isinstance(value, fitting[operator]):
        assert result is False
    if operator in ("is not", "none of") and not isinstance(value, str | date):
        assert result is False


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        ({"is": "Pro"}, "pro", False),
        ({"is": "2026-03-10"}, date(2026, 3, 10), True),
        ({"is": True}, 1.0, False),
        ({"is": 1}, True, False),
        ({"is": 50}, 50.0000001, True),
        ({"is": 50}, 50.00001, False),
        ({"at least": 50}, 49.9999999, True),
        ({"at least": 50}, 49.999999, False),
        ({"more than": 50}, 50.0000001, False),
        ({"at most": 50}, 50, True),
        ({"contains": "pr"}, "a pro", True),
        ({"starts with": "pr"}, "a pro", False),
        ({"before": "2026-03-10"}, date(2026, 3, 10), False),
        ({"before": "2026-03-10"}, date(2026, 3, 9), True),
        ({"after": "2026-03-10"}, "2026-03-11", True),
        ({"after": "2026-03-10"}, "tomorrow", False),
        ({"in the last": "7 days"}, date(2026, 3, 3), True),
        ({"in the last": "7 days"}, date(2026, 3, 2), False),
        ({"in the last": "7 days"}, date(2026, 3, 11), False),
        ({"in the next": "7 days"}, date(2026, 3, 10), True),
        ({"in the next": "7 days"}, date(2026, 3, 17), True),
        ({"in the next": "7 days"}, date(2026, 3, 18), False),
        ({"in the last": "100000 months"}, date(1, 1, 1), True),
        ({"in the next": "100000 months"}, date(9999, 12, 31), True),
    ],
)
def test_comparisons_at_their_edges(written: dict[str, Any], value: Any, expected: bool) -> None:
    assert asked({"field": "x", **written}, contact(fields={"x": value})) is expected


def test_scores_decay_and_are_nothing_without_an_entry() -> None:
    halved = contact(measures={"engagement": Measure(100.0, NOW - 30 * DAY, 30 * DAY)})
    assert asked({"score": "engagement", "at least": 50}, halved)
    assert not holds(ScoreIs("engagement", Comparison("at least", 50.0)), halved, NOW + timedelta(minutes=1))
    assert asked({"score": "engagement", "less than": 10}, contact())
    assert not asked({"score": "engagement", "more than": 0}, contact())


def test_states_are_unknown_where_nothing_is_known() -> None:
    assert asked({"criterion": "means", "is": "unknown"}, contact())
    assert asked({"consent": "news", "is": "unknown"}, contact())
    assert not asked({"consent": "news", "is": "unknown"}, contact(consents={"news": "given"}))
    no = contact(criteria={"means": CriterionFact("no", 3000.0)})
    assert asked([{"criterion": "means", "is": "no"}, {"answer": "means", "less than": 5000}], no)
    assert asked({"answer": "means", "is unknown": True}, contact())


def test_a_window_takes_its_edges_in_and_leaves_the_future_out() -> None:
    clicks = EventPattern(("clicked",))
    within = EventSeen(clicks, 1, 14 * DAY)
    for at, expected in (
        (NOW - 14 * DAY, True), (NOW - 14 * DAY - TICK, False), (NOW, True), (NOW + TICK, False),
    ):  # fmt: skip
        assert holds(within, contact(happenings=[Happening("clicked", "a", at)]), NOW) is expected
    twice = [Happening("clicked", "a", NOW - 2 * DAY), Happening("clicked", "a", NOW - DAY, (), "machine")]
    assert not holds(EventSeen(clicks, 2), contact(happenings=twice), NOW)


def test_joins() -> None:
    assert holds(AllOf(()), contact(), NOW)
    assert not holds(AnyOf(()), contact(), NOW)
    assert not holds(Never(), contact(), NOW)
    tags = contact(tags=frozenset({"a", "b", "c"}))
    a, b, c, d = (HasTag(tag) for tag in "abcd")
    assert holds(AllOf((a, b, c)), tags, NOW)
    assert not holds(AllOf((a, b, d)), tags, NOW)
    assert holds(AnyOf((d, d, c)), tags, NOW)
    assert not holds(AnyOf((d, d, d)), tags, NOW)


def test_segments_are_looked_up_and_a_circle_holds_for_nobody() -> None:
    segments: dict[str, Condition] = {
        "warm": HasTag("a"),
        "warmer": AllOf((InSegment("warm"), HasTag("b"))),
        "round": Not(Not(InSegment("round"))),
    }
    both = contact(tags=frozenset("ab"))
    assert holds(InSegment("warmer"), both, NOW, segments)
    assert not holds(InSegment("warmer"), contact(tags=frozenset("a")), NOW, segments)
    assert not holds(InSegment("round"), both, NOW, segments)
    assert not holds(InSegment("nowhere"), both, NOW, segments)
    assert not holds(InSegment("warm"), both, NOW)
    assert resolve(InSegment("warmer"), segments) == AllOf((HasTag("a"), HasTag("b")))


def test_a_condition_is_compiled_once() -> None:
    condition = FieldIs("plan", Comparison("is", "pro"))
    assert compile_condition(condition) is compile_condition(condition)
