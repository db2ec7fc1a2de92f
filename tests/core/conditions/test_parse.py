"""Reading conditions: every written form, and what a fault says and where."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.core.conditions import (
    AllOf,
    AnswerIs,
    AnyOf,
    Comparison,
    Condition,
    ConsentIs,
    CriterionIs,
    EventPattern,
    EventSeen,
    FieldIs,
    HasTag,
    InSegment,
    InStage,
    InterestIs,
    Never,
    Not,
    ScoreIs,
    parse,
)
from app.core.reading import Node

STEPS = {"guide": "discovery/guide", "ask": "discovery/ask-means"}
CLICKED_GUIDE = EventPattern(("clicked",), ("discovery/guide",))
DAYS = timedelta(days=1)

WRITTEN: list[tuple[Any, Condition]] = [
    ({"field": "industry", "is": "software"}, FieldIs("industry", Comparison("is", "software"))),
    ({"field": "company.size", "at least": 50}, FieldIs("company.size", Comparison("at least", 50.0))),
    (
        {"field": "renewal", "in the next": "30 days"},
        FieldIs("renewal", Comparison("in the next", 30 * DAYS)),
    ),
    (
        {"field": "renewal", "in the last": "2 weeks"},
        FieldIs("renewal", Comparison("in the last", 14 * DAYS)),
    ),
    (
        {"field": "renewal", "before": date(2026, 3, 1)},
        FieldIs("renewal", Comparison("before", "2026-03-01")),
    ),
    ({"field": "renewal", "is": date(2026, 3, 1)}, FieldIs("renewal", Comparison("is", "2026-03-01"))),
    ({"field": "plan", "one of": ["a", "b", "a"]}, FieldIs("plan", Comparison("one of", ("a", "b")))),
    ({"field": "size", "none of": [1, 2]}, FieldIs("size", Comparison("none of", (1.0, 2.0)))),
    ({"field": "vip", "is not": True}, FieldIs("vip", Comparison("is not", True))),
    ({"field": "plan", "is known": True}, FieldIs("plan", Comparison("is known"))),
    ({"field": "plan", "is known": False}, FieldIs("plan", Comparison("is unknown"))),
    (
        {"field": "size", "at least": 1, "less than": 9},
        AllOf((FieldIs("size", Comparison("at least", 1.0)), FieldIs("size", Comparison("less than", 9.0)))),
    ),
    ({"tag": "competitor"}, HasTag("competitor")),
    ({"tag": ["a", "b"]}, AnyOf((HasTag("a"), HasTag("b")))),
    ({"stage": "prospect"}, InStage(("prospect",))),
    ({"stage": ["lead", "prospect"]}, InStage(("lead", "prospect"))),
    ({"score": "engagement", "at least": 50}, ScoreIs("engagement", Comparison("at least", 50.0))),
    ({"criterion": "authority", "is": "yes"}, CriterionIs("authority", ("yes",))),
    ({"criterion": "authority", "is": True}, CriterionIs("authority", ("yes",))),
    ({"criterion": "authority", "is": [False, "unknown"]}, CriterionIs("authority", ("no", "unknown"))),
    ({"answer": "means", "at least": 10000}, AnswerIs("means", Comparison("at least", 10000.0))),
    ({"consent": "news", "is": "given"}, ConsentIs("news", ("given",))),
    ({"interest": "pricing", "at least": 2}, InterestIs("pricing", Comparison("at least", 2.0))),
    (
        {"event": "clicked", "mail": "discovery/guide", "topic": "pricing", "at least": 2, "in": "14 days"},
        EventSeen(EventPattern(("clicked",), ("discovery/guide",), ("pricing",)), 2, 14 * DAYS),
    ),
    (
        {"topic": "pricing", "at least": 2, "in": "14 days"},
        EventSeen(EventPattern(("clicked", "visited", "downloaded"), (), ("pricing",)), 2, 14 * DAYS),
    ),
    ({"clicked": "guide"}, EventSeen(CLICKED_GUIDE)),
    ({"clicked": "discovery/guide"}, EventSeen(CLICKED_GUIDE)),
    ({"event": "clicked", "mail": "guide"}, EventSeen(CLICKED_GUIDE)),
    ({"visited": "guide", "in": "1 hour"}, EventSeen(EventPattern(("visited",), ("guide",)), 1, DAYS / 24)),
    (
        {"event": ["custom:demo", "form_submitted"]},
        EventSeen(EventPattern(("custom:demo", "form_submitted"))),
    ),
    ({"segment": "warm"}, InSegment("warm")),
    ({"not": {"tag": "a"}}, Not(HasTag("a"))),
    ({"any": [{"tag": "a"}, {"all": [{"tag": "b"}]}]}, AnyOf((HasTag("a"), AllOf((HasTag("b"),))))),
    ([{"tag": "a"}, {"tag": "b"}], AllOf((HasTag("a"), HasTag("b")))),
    ({"not": [{"tag": "a"}, {"tag": "b"}]}, Not(AllOf((HasTag("a"), HasTag("b"))))),
]


@pytest.mark.parametrize(("written", "meant"), WRITTEN, ids=lambda value: str(value)[:60])
def test_every_form_is_read(written: Any, meant: Condition) -> None:
    node = Node(written)
    assert parse(node, steps=STEPS) == meant
    assert node.findings == []


FAULTS: list[tuple[Any, tuple[str | int, ...], str]] = [
    (None, (), "should stand a condition"),
    ("hot", (), "should stand a condition"),
    ([], (), "no condition"),
    ({"any": []}, ("any",), "no condition"),
    ({"not": None}, (), "“not” is empty"),
    ({"fild": "x"}, (), "no known condition"),
    ({"tag": None}, (), "“tag” is missing"),
    ({"tag": ""}, ("tag",), "empty text"),
    ({"tag": "a", "stage": "b"}, (), "several conditions in one: tag, stage"),
    ({"tag": "a", "as": 1}, ("as",), "not known here"),
    ([{"tag": "a"}, {"field": "x"}], (1,), "comparison is missing"),
    ({"field": "x", "is": None}, (), "comparison is missing"),
    ({"field": "x", "is": ["a"]}, ("is",), "one text, number, date"),
    ({"field": "x", "is": "a\x00b"}, ("is",), "cannot be stored"),
    ({"field": "x", "is": "\ud800"}, ("is",), "cannot be stored"),
    ({"field": "x", "is": "a" * 501}, ("is",), "longer than 500"),
    ({"field": 'x"', "is": "a"}, ("field",), "no field's key"),
    ({"field": "x", "at least": float("nan")}, ("at least",), "finite"),
    ({"field": "x", "is": float("inf")}, ("is",), "finite"),
    ({"field": "x", "more than": 10**400}, ("more than",), "finite"),
    ({"field": "x", "at least": "many"}, ("at least",), "should stand a number"),
    ({"field": "x", "at least": True}, ("at least",), "should stand a number"),
    ({"field": "x", "one of": []}, ("one of",), "empty list"),
    ({"field": "x", "one of": [1, "a"]}, ("one of",), "different types"),
    ({"field": "x", "one of": [str(number) for number in range(1001)]}, ("one of",), "More than 1000"),
    ({"field": "x", "one of": list(range(101))}, ("one of",), "More than 100 numbers"),
    ({"field": "größe", "is": 1}, ("field",), "no field's key"),
    ([{"tag": str(number)} for number in range(301)], (), "More than 300"),
    ({"field": "x", "before": "2026-02-30"}, ("before",), "should stand a date"),
    ({"field": "x", "after": "20260301"}, ("after",), "should stand a date"),
    ({"field": "x", "in the last": "3 hours"}, ("in the last",), "whole days"),
    ({"field": "x", "in the last": "soon"}, ("in the last",), "span of time"),
    ({"field": "x", "is known": "yes"}, ("is known",), "true or false"),
    ({"score": "fit", "at least": 1, "contains": "a"}, ("contains",), "not known here"),
    ({"criterion": "means", "is": "maybe"}, ("is",), "not known here"),
    ({"criterion": "means"}, (), "“is” is missing"),
    ({"consent": "news", "is": "yes"}, ("is",), "not known here"),
    ({"event": "clickd"}, ("event",), "no known event"),
    ({"event": "custom:"}, ("event",), "no known event"),
    ({"clicked": None}, ("clicked",), "is empty"),
    ({"clicked": "gude"}, ("clicked",), "no step"),
    ({"event": "clicked", "mail": "gude"}, ("mail",), "no step"),
    ({"topic": "a,b"}, ("topic",), "no comma"),
    ({"topic": "a", "in": "3 working days"}, ("in",), "plain days"),
    ({"topic": "a", "at least": 0}, ("at least",), "whole number"),
]


@pytest.mark.parametrize(("written", "place", "message"), FAULTS, ids=lambda value: str(value)[:50])
def test_a_fault_names_its_place_and_reads_as_never(
    written: Any, place: tuple[str | int, ...], message: str
) -> None:
    node = Node(written)
    assert parse(node, steps=STEPS) == Never()
    assert [(fault.path, message in fault.message) for fault in node.findings] == [(place, True)]


def test_the_remedy_names_the_nearest_word() -> None:
    for written, word in (
        ({"fild": "x"}, "field"),
        ({"clicked": "gude"}, "guide"),
        ({"event": "clickd"}, "clicked"),
    ):
        node = Node(written)
        parse(node, steps=STEPS)
        assert node.findings[0].remedy == f"Did you mean “{word}”?"


def test_too_deep_a_nesting_is_a_fault_and_no_crash() -> None:
    written: Any = {"tag": "a"}
    for _ in range(3000):
        written = {"not": written}
    node = Node(written)
    assert parse(node) == Never()
    assert "nested more than" in node.findings[0].message


def test_an_earlier_fault_elsewhere_does_not_spoil_a_sound_condition() -> None:
    root = Node({})
    root.error("Something else is wrong.")
    assert parse(root.child("if", {"tag": "a"})) == HasTag("a")
