"""Whether a condition holds: compiled once into nested functions, then asked a million times."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from app.core.conditions.compare import comparer, number_test
from app.core.conditions.model import (
    AllOf,
    AnswerIs,
    AnyOf,
    Comparison,
    Condition,
    ConsentIs,
    CriterionIs,
    EventSeen,
    FieldIs,
    HasTag,
    InSegment,
    InStage,
    InterestIs,
    Never,
    Not,
    ScoreIs,
)
from app.core.facts import Facts, Measure

Holds = Callable[[Facts, datetime], bool]

NO_SEGMENTS: Mapping[str, Condition] = {}

# By identity, because hashing a deep tree costs more than asking it. The condition is kept beside its
# function, so its identity cannot be taken over by another one.
_compiled: dict[int, tuple[Condition, Holds]] = {}
_resolved: dict[tuple[int, int], tuple[Condition, Mapping[str, Condition], Condition]] = {}
MOST_KEPT = 10_000


def holds(
    condition: Condition, facts: Facts, now: datetime, segments: Mapping[str, Condition] = NO_SEGMENTS
) -> bool:
    """Whether `condition` holds for the contact. Give `segments` those that it may name.

    The same condition with the same segments is resolved once.
    """
    if segments:
        condition = _resolved_once(condition, segments)
    return compile_condition(condition)(facts, now)


def _resolved_once(condition: Condition, segments: Mapping[str, Condition]) -> Condition:
    kept = _resolved.get((id(condition), id(segments)))
    if kept is not None:
        return kept[2]
    made = resolve(condition, segments)
    if len(_resolved) >= MOST_KEPT:
        _resolved.clear()
    _resolved[id(condition), id(segments)] = (condition, segments, made)
    return made


def compile_condition(condition: Condition) -> Holds:
    """The condition as a function of facts and now; the same object gives the same function."""
    kept = _compiled.get(id(condition))
    if kept is not None:
        return kept[1]
    made = _compile(condition)
    if len(_compiled) >= MOST_KEPT:
        _compiled.clear()
    _compiled[id(condition)] = (condition, made)
    return made


def resolve(condition: Condition, segments: Mapping[str, Condition]) -> Condition:
    """The condition with each segment's own condition in place of its name.

    A segment that is not known or that contains itself becomes `Never()`.
    """
    match condition:
        case AllOf(parts):
            return AllOf(tuple(resolve(part, segments) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(resolve(part, segments) for part in parts))
        case Not(part):
            return Not(resolve(part, segments))
        case InSegment(key) if key in segments:
            others = {name: other for name, other in segments.items() if name != key}
            return resolve(segments[key], others)
        case InSegment():
            return Never()
        case _:
            return condition


def _compile(condition: Condition) -> Holds:
    match condition:
        case AllOf(parts):
            return _all([_compile(part) for part in parts])
        case AnyOf(parts):
            return _any([_compile(part) for part in parts])
        case Not(part):
            inner = _compile(part)
            return lambda facts, now: not inner(facts, now)
        case FieldIs(key, comparison):
            compare = comparer(comparison)
            return lambda facts, now: compare(facts.fields.get(key), now)
        case HasTag(tag):
            return lambda facts, now: tag in facts.tags
        case InStage(stages):
            return lambda facts, now: facts.stage in stages
        case ScoreIs(measure, comparison):
            return _measure(lambda facts: facts.measures.get(measure), comparison)
        case InterestIs(topic, comparison):
            return _measure(lambda facts: facts.interests.get(topic), comparison)
        case EventSeen():
            return _events(condition)
        case _:
            return _state(condition)


def _state(condition: Condition) -> Holds:
    match condition:
        case CriterionIs(key, states):
            unjudged = "unknown" in states
            return lambda facts, now: (
                found.state in states if (found := facts.criteria.get(key)) is not None else unjudged
            )
        case AnswerIs(key, comparison):
            compare = comparer(comparison)
            return lambda facts, now: compare(
                found.value if (found := facts.criteria.get(key)) is not None else None, now
            )
        case ConsentIs(topic, states):
            return lambda facts, now: facts.consents.get(topic, "unknown") in states
        case _:  # Never, and a segment nobody resolved
            return lambda facts, now: False


def _all(parts: list[Holds]) -> Holds:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda facts, now: first(facts, now) and second(facts, now)

    def every(facts: Facts, now: datetime) -> bool:
        for part in parts:  # noqa: SIM110 - a generator would triple the cost
            if not part(facts, now):
                return False
        return True

    return every


def _any(parts: list[Holds]) -> Holds:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda facts, now: first(facts, now) or second(facts, now)

    def some(facts: Facts, now: datetime) -> bool:
        for part in parts:  # noqa: SIM110 - a generator would triple the cost
            if part(facts, now):
                return True
        return False

    return some


def _measure(find: Callable[[Facts], Measure | None], comparison: Comparison) -> Holds:
    test = number_test(comparison.operator, cast(float, comparison.operand))
    of_nothing = test(0.0)

    def compare(facts: Facts, now: datetime) -> bool:
        found = find(facts)
        return of_nothing if found is None else test(found.at(now))

    return compare


def _events(condition: EventSeen) -> Holds:
    return lambda facts, now: count_events(condition, facts, now, condition.at_least) >= condition.at_least


def count_events(condition: EventSeen, facts: Facts, now: datetime, most: int | None = None) -> int:
    """How many happenings of the contact the condition counts; counting ends at `most`."""
    matches, within = condition.pattern.matches, condition.within
    count = 0
    for happening in reversed(facts.happenings):
        if happening.at > now:
            continue
        if within is not None and now - happening.at > within:
            break  # they stand in the order of their time
        if matches(happening):
            count += 1
            if count == most:
                break
    return count
