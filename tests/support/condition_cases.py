"""Contacts and conditions that between them meet every operator, every type, and what is missing."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID

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
)  # fmt: skip
from app.core.facts import CriterionFact, Facts, Happening, Measure, Value
from tests.support.people import CREATED_AT

NOW = datetime(2026, 3, 10, 12, 0, 0, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

VALUES: tuple[Value, ...] = (
    None, "", "pro", "Pro", "a pro", "Ünï", "100%", "pr_", "2026-03-10", "2026-03-10 ", "2026-3-1", "12026-03-10",
    date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 3), date(2026, 3, 2), date(2026, 3, 17),
    date(2026, 3, 18), date(1, 1, 1), date(9999, 12, 31),
    0.0, -0.0, 50.0, 49.9999999, 49.999999, 50.0000001, 50.000001, -3.5, 1e15, 0.1, 1e-9, True, False,
)  # fmt: skip

COMPARISONS: tuple[Comparison, ...] = (
    *(Comparison(name, value) for name, value in product(
        ("is", "is not"), ("pro", "Ünï", "2026-03-10", 50.0, 0.0, 0.1, True, False))),
    *(Comparison(name, values) for name, values in product(
        ("one of", "none of"),
        (("pro",), ("pro", "Pro", "2026-03-10"), (50.0,), (0.0, 1e15), (True,), (True, False)))),
    *(Comparison(name, bound) for name, bound in product(
        ("at least", "at most", "more than", "less than"), (50.0, 0.0, -3.5))),
    *(Comparison(name, part) for name, part in product(
        ("contains", "starts with"), ("pr", "P", "ü", "Ü", "%", "_", "2026", " "))),
    *(Comparison(name, day) for name, day in product(
        ("before", "after"), ("2026-03-10", "0001-01-01", "9999-12-31"))),
    *(Comparison(name, days) for name, days in product(
        ("in the last", "in the next"), (0 * DAY, 7 * DAY, 2_999_999 * DAY))),
    Comparison("is known"), Comparison("is unknown"),
)  # fmt: skip

# A place of each sort: custom and typed custom, columns, other rows. The typed ones hold the dates.
TEXT_PLACES = ("city", "email", "owner", "company.name")
JSON_PLACES = ("plan", "company.plan")
DATE_PLACES = ("renewal", "company.renewal", "created")

MEASURES: tuple[Measure | None, ...] = (
    None,
    Measure(50.0, NOW),
    Measure(100.0, NOW - 30 * DAY, 30 * DAY),
    Measure(100.0, NOW - 30 * DAY - TICK, 30 * DAY),
    Measure(100.0, NOW - 30 * DAY - timedelta(seconds=3), 30 * DAY),
    Measure(100.0, NOW - 30 * DAY + timedelta(seconds=3), 30 * DAY),
    Measure(49.0, NOW - 900 * DAY),
    Measure(51.0, NOW + DAY, DAY),
    Measure(51.0, NOW - 10 * DAY, 7 * DAY),
    Measure(1e6, NOW - 9000 * DAY, timedelta(hours=1)),
    Measure(1e-300, NOW - 30 * DAY, DAY),
    Measure(-20.0, NOW - DAY, DAY),
    Measure(0.0, NOW - DAY, DAY),
)
BOUNDS = (50.0, 0.0, 0.000001, -10.0)


def happenings(number: int) -> list[Happening]:
    """A history for each number: subjects, topics, verdicts and instants at the edges of 14 days."""
    fortnight = NOW - 14 * DAY
    histories: tuple[tuple[Happening, ...], ...] = (
        (),
        (Happening("clicked", "d/guide", fortnight, ("pricing",)),),
        (Happening("clicked", "d/guide", fortnight - TICK, ("pricing",)),),
        (
            Happening("clicked", "d/guide", NOW, ("pricing", "demo")),
            Happening("clicked", "d/guide", NOW + TICK),
        ),
        (Happening("clicked", "d/guide", NOW - DAY, ("pricing",), "machine"),),
        (
            Happening("clicked", "d/guide", NOW - DAY, ("Pricing",)),
            Happening("visited", "home", NOW, ("prices",)),
        ),
        (
            Happening("visited", "home", NOW - 2 * DAY, ("demo",)),
            Happening("clicked", "d/case", NOW, ("pricing",)),
        ),
        (Happening("bounced", "d/guide", NOW - DAY, (), "unknown"),),
        (
            Happening("opened", "d/guide", NOW - DAY, (), "unknown"),
            Happening("sent", "d/guide", NOW, (), "machine"),
        ),
        tuple(Happening("clicked", "d/guide", NOW - day * DAY, ("pricing",)) for day in range(30, 0, -7)),
        (Happening("custom:demo", "", NOW - DAY),),
    )
    return list(histories[number % len(histories)])


EVENTS: tuple[EventSeen, ...] = tuple(
    EventSeen(pattern, count, within)
    for pattern, count, within in product(
        (
            EventPattern(("clicked",)),
            EventPattern(("clicked",), ("d/guide",)),
            EventPattern(("clicked", "visited", "downloaded"), (), ("pricing",)),
            EventPattern(("clicked", "bounced"), ("d/guide", "home"), ("pricing", "demo")),
            EventPattern(("bounced", "sent", "opened")),
            EventPattern(("custom:demo",), (), (), (EventPattern(("visited",), ("home",)),)),
            EventPattern(()),
        ),
        (1, 2, 4),
        (None, timedelta(0), 14 * DAY, timedelta(days=3_000_000)),
    )
)


def everybody() -> list[Facts]:
    """A contact for each value, which stands in all places that can hold it."""
    return [_somebody(number, value) for number, value in enumerate(VALUES)]


def _somebody(number: int, value: Value) -> Facts:
    fields: dict[str, Value] = {"created": CREATED_AT.date()}
    if isinstance(value, date):
        fields |= {"renewal": value, "company.renewal": value, "company.name": "Any"}
        fields["created"] = min(max(value, date(1970, 1, 1)), date(2200, 1, 1))
    elif value is not None:
        fields |= {"plan": value, "company.plan": value, "company.name": "Any"}
    if isinstance(value, str):
        fields |= {"city": value, "email": value, "owner": value, "company.name": value}
    states = ("yes", "no", "unknown", None)
    state = states[number % 4]
    facts = Facts(UUID(int=1000 + number), fields=fields)
    facts.stage = ("lead", "prospect", "")[number % 3]
    facts.stage_since = CREATED_AT if facts.stage else None
    facts.tags = frozenset(("warm", "Warm", "cold")[: number % 4])
    answer = date(2026, 3, 10) if value == "2026-03-10" else value  # an answer that is a date is read as one
    facts.criteria = {"means": CriterionFact(state or "yes", answer)} if state or value is not None else {}
    if consent := ("given", "withdrawn", "asked", None)[number % 4]:
        facts.consents = {"news": consent}
    if (worth := MEASURES[number % len(MEASURES)]) is not None:
        facts.measures = {"engagement": worth}
        facts.interests = {"pricing": worth}
    facts.happenings = happenings(number)
    return facts


def comparison_leaves() -> Iterator[tuple[str, Comparison, Condition]]:
    """Every comparison in every place: (place, comparison, leaf)."""
    for comparison in COMPARISONS:
        for place in (*TEXT_PLACES, *JSON_PLACES, *DATE_PLACES):
            yield place, comparison, FieldIs(place, comparison)
        yield "answer", comparison, AnswerIs("means", comparison)


def other_leaves() -> list[Condition]:
    bounded = [Comparison(name, bound) for name, bound in product(
        ("at least", "at most", "more than", "less than"), BOUNDS)]  # fmt: skip
    return [
        *(ScoreIs("engagement", comparison) for comparison in bounded),
        *(InterestIs("pricing", comparison) for comparison in bounded),
        *(HasTag(tag) for tag in ("warm", "Warm", "none")),
        InStage(("lead",)), InStage(("lead", "prospect")), InStage(("Lead",)),
        *(CriterionIs("means", states) for states in (("yes",), ("no",), ("unknown",), ("yes", "unknown"))),
        *(ConsentIs("news", states) for states in (
            ("given",), ("withdrawn",), ("asked",), ("unknown",), ("given", "unknown"))),
        *EVENTS,
        Never(), InSegment("warm"), InSegment("nowhere"), AllOf(()), AnyOf(()),
    ]  # fmt: skip


SEGMENTS: dict[str, Condition] = {
    "warm": AnyOf((HasTag("warm"), InSegment("round"))),
    "round": Not(InSegment("warm")),
}
