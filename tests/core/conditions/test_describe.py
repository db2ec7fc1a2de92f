"""What a condition needs, how it is told, and what of it is lacking."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.core.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    EventPattern,
    EventSeen,
    FieldIs,
    Group,
    HasTag,
    InSegment,
    InStage,
    Needs,
    Not,
    ScoreIs,
    Unmet,
    describe,
    holds,
    needs,
    parse,
    unmet,
)
from app.core.facts import Facts, Happening, Measure
from app.core.reading import Node
from app.core.reasons import Reason

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIT = ScoreIs("fit", Comparison("at least", 60.0))
PLAN = FieldIs("plan", Comparison("is", "pro"))
SEEN = EventSeen(EventPattern(("clicked",)), 2)


def test_needs_names_every_family() -> None:
    condition = parse(
        Node(
            [
                {"field": "company.size", "at least": 5}, {"any": [{"tag": "a"}, {"not": {"score": "fit", "at most": 1}}]},
                {"criterion": "need", "is": "yes"}, {"answer": "means", "is known": True},
                {"consent": "news", "is": "given"}, {"interest": "pricing", "at least": 1},
                {"clicked": "a/b", "in": "3 days"}, {"topic": "demo", "in": "14 days"}, {"segment": "warm"},
                {"stage": "lead"},
            ]
        )
    )  # fmt: skip
    assert needs(condition) == Needs(
        frozenset({"company.size"}), frozenset({"a"}), frozenset({"fit"}), frozenset({"need", "means"}),
        frozenset({"news"}), frozenset({"pricing"}), True, timedelta(days=14), frozenset({"warm"}),
    )  # fmt: skip


def test_an_unbounded_event_makes_the_window_unbounded() -> None:
    bounded = Needs(happenings=True, window=timedelta(days=3))
    assert (needs(SEEN) | bounded).window is None
    assert (Needs() | bounded) == bounded
    assert needs(HasTag("a")).happenings is False


def test_describe_tells_each_leaf_by_a_code() -> None:
    assert describe(AllOf((FIT, Not(AnyOf((PLAN, SEEN)))))) == Group(
        "condition.all",
        (
            Reason("condition.score.at_least", {"score": "fit", "value": 60.0}),
            Group(
                "condition.not",
                (
                    Group(
                        "condition.any",
                        (
                            Reason("condition.field.is", {"field": "plan", "value": "pro"}),
                            Reason("condition.event", {"kinds": ["clicked"], "at_least": 2}),
                        ),
                    ),
                ),
            ),
        ),
    )


def test_unmet_names_what_lacks_and_what_was_seen() -> None:
    facts = Facts(UUID(int=1), fields={"plan": "free"}, stage="lead", tags=frozenset({"a"}))
    facts.measures = {"fit": Measure(80.0, NOW - timedelta(days=30), timedelta(days=30))}
    facts.happenings = [Happening("clicked", "x", NOW)]
    lacking = unmet(
        AllOf((FIT, PLAN, HasTag("a"), SEEN, InStage(("prospect",)), Not(HasTag("a")))), facts, NOW
    )
    assert lacking == [
        Unmet(FIT, 40.0),
        Unmet(PLAN, "free"),
        Unmet(SEEN, 1),
        Unmet(InStage(("prospect",)), "lead"),
        Unmet(Not(HasTag("a")), True),
    ]


def test_of_alternatives_the_nearest_is_named() -> None:
    facts = Facts(UUID(int=1), tags=frozenset({"a"}))
    assert unmet(AnyOf((AllOf((FIT, PLAN)), HasTag("b"))), facts, NOW) == [Unmet(HasTag("b"), False)]
    assert unmet(AnyOf((HasTag("a"), FIT)), facts, NOW) == []
    assert unmet(Not(AnyOf((HasTag("a"), HasTag("b")))), facts, NOW) == [Unmet(Not(HasTag("a")), True)]
    both = Facts(UUID(int=1), tags=frozenset({"a", "b"}))
    assert unmet(Not(AllOf((HasTag("a"), HasTag("b")))), both, NOW) == [Unmet(Not(HasTag("a")), True)]


def test_what_unmet_names_is_enough() -> None:
    """Removing the tag that it names makes the condition hold."""
    condition = Not(AllOf((HasTag("a"), AnyOf((HasTag("b"), HasTag("c"))))))
    facts = Facts(UUID(int=1), tags=frozenset({"a", "b"}))
    named = [leaf.condition for leaf in unmet(condition, facts, NOW)]
    assert named == [Not(HasTag("a"))]
    facts.tags = frozenset({"b"})
    assert holds(condition, facts, NOW)


def test_unmet_looks_into_segments() -> None:
    segments: dict[str, Condition] = {"warm": FIT}
    assert unmet(InSegment("warm"), Facts(UUID(int=1)), NOW, segments) == [Unmet(FIT, 0.0)]
    assert unmet(InSegment("nowhere"), Facts(UUID(int=1)), NOW)[0].seen is None
