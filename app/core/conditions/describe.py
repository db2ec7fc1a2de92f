"""A condition told as reasons, and what of it does not hold for a contact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.conditions.compare import text_of
from app.core.conditions.evaluate import NO_SEGMENTS, count_events, holds, resolve
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
    Not,
    ScoreIs,
)
from app.core.facts import Facts, Measure
from app.core.reasons import Param, Reason


@dataclass(frozen=True, slots=True)
class Group:
    """`code` is condition.all, condition.any or condition.not."""

    code: str
    parts: tuple["Description", ...]


Description = Reason | Group


@dataclass(frozen=True, slots=True)
class Unmet:
    """A leaf (or the `Not` of one) that does not hold, and what was seen instead; None where nothing is known."""

    condition: Condition
    seen: Param


def describe(condition: Condition) -> Description:
    """The condition as a tree of reasons, leaf by leaf."""
    match condition:
        case AllOf(parts):
            return Group("condition.all", tuple(map(describe, parts)))
        case AnyOf(parts):
            return Group("condition.any", tuple(map(describe, parts)))
        case Not(part):
            return Group("condition.not", (describe(part),))
        case FieldIs(key, comparison):
            return _compared("field", key, comparison)
        case AnswerIs(key, comparison):
            return _compared("answer", key, comparison)
        case ScoreIs(measure, comparison):
            return _compared("score", measure, comparison)
        case InterestIs(topic, comparison):
            return _compared("interest", topic, comparison)
        case EventSeen():
            return _event(condition)
        case _:
            return _named(condition)


def unmet(
    condition: Condition, facts: Facts, now: datetime, segments: Mapping[str, Condition] = NO_SEGMENTS
) -> list[Unmet]:
    """The fewest leaves whose change would make it hold; empty when it holds.

    Of alternatives the one that lacks least is named, the first among equals.
    """
    return _unmet(resolve(condition, segments) if segments else condition, facts, now)


def _unmet(condition: Condition, facts: Facts, now: datetime) -> list[Unmet]:
    if holds(condition, facts, now):
        return []
    match condition:
        case AllOf(parts):
            return [leaf for part in parts for leaf in _unmet(part, facts, now)]
        case AnyOf(parts) if parts:
            return min((_unmet(part, facts, now) for part in parts), key=len)
        case Not(Not(part)):
            return _unmet(part, facts, now)
        case Not(AllOf(parts)):
            return _unmet(AnyOf(tuple(Not(part) for part in parts)), facts, now)
        case Not(AnyOf(parts)):
            return _unmet(AllOf(tuple(Not(part) for part in parts)), facts, now)
        case Not(part):
            return [Unmet(condition, _seen(part, facts, now))]
        case _:
            return [Unmet(condition, _seen(condition, facts, now))]


def _seen(condition: Condition, facts: Facts, now: datetime) -> Param:
    match condition:
        case FieldIs(key, _):
            value = facts.fields.get(key)
            return value if isinstance(value, bool | float | int) else text_of(value)
        case AnswerIs(key, _):
            answer = facts.criteria[key].value if key in facts.criteria else None
            return answer if isinstance(answer, bool | float | int) else text_of(answer)
        case ScoreIs(measure, _):
            return _worth(facts.measures.get(measure), now)
        case InterestIs(topic, _):
            return _worth(facts.interests.get(topic), now)
        case CriterionIs(key, _):
            return facts.criteria[key].state if key in facts.criteria else "unknown"
        case ConsentIs(topic, _):
            return facts.consents.get(topic, "unknown")
        case InStage():
            return facts.stage or None
        case HasTag(tag):
            return tag in facts.tags
        case EventSeen():
            return count_events(condition, facts, now)
        case _:
            return None


def _worth(measure: Measure | None, now: datetime) -> float:
    return 0.0 if measure is None else round(measure.at(now), 6)


def _compared(family: str, key: str, comparison: Comparison) -> Reason:
    code = f"condition.{family}.{comparison.operator.replace(' ', '_')}"
    params: dict[str, Param] = {family: key}
    operand = comparison.operand
    if isinstance(operand, timedelta):
        params["days"] = operand.days
    elif isinstance(operand, tuple):
        params["values"] = [str(one) for one in operand]
    elif operand is not None:
        params["value"] = operand
    return Reason(code, params)


def _event(condition: EventSeen) -> Reason:
    pattern = condition.pattern
    params: dict[str, Param] = {"kinds": list(pattern.kinds), "at_least": condition.at_least}
    if pattern.subjects:
        params["subjects"] = list(pattern.subjects)
    if pattern.topics:
        params["topics"] = list(pattern.topics)
    if condition.within is not None:
        params["seconds"] = int(condition.within.total_seconds())
    return Reason("condition.event", params)


def _named(condition: Condition) -> Reason:
    match condition:
        case HasTag(tag):
            return Reason("condition.tag", {"tag": tag})
        case InStage(stages):
            return Reason("condition.stage", {"stages": list(stages)})
        case CriterionIs(key, states):
            return Reason("condition.criterion", {"criterion": key, "states": list(states)})
        case ConsentIs(topic, states):
            return Reason("condition.consent", {"topic": topic, "states": list(states)})
        case InSegment(key):
            return Reason("condition.segment", {"segment": key})
        case _:
            return Reason("condition.never")
