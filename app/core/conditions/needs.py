"""What a condition looks at, so that a batch loads nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce

from app.core.conditions.evaluate import resolve
from app.core.conditions.model import (
    AllOf,
    AnswerIs,
    AnyOf,
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

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Needs:
    """Keys of each family of facts. Of the happenings: whether any, and how far back (None: all of them).

    `segments` names conditions whose own needs are not counted in: see `with_segments`.
    `had` asks for the templates that reached the contact and the pieces they read; no condition does, choosing
    a mail does. The key "*" among the interests stands for all of them.
    """

    fields: frozenset[str] = NONE
    tags: frozenset[str] = NONE
    measures: frozenset[str] = NONE
    criteria: frozenset[str] = NONE
    consents: frozenset[str] = NONE
    interests: frozenset[str] = NONE
    happenings: bool = False
    window: timedelta | None = timedelta(0)
    segments: frozenset[str] = NONE
    had: bool = False

    def __or__(self, other: "Needs") -> "Needs":
        return Needs(
            self.fields | other.fields,
            self.tags | other.tags,
            self.measures | other.measures,
            self.criteria | other.criteria,
            self.consents | other.consents,
            self.interests | other.interests,
            self.happenings or other.happenings,
            None if self.window is None or other.window is None else max(self.window, other.window),
            self.segments | other.segments,
            self.had or other.had,
        )


def needs(condition: Condition) -> Needs:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return reduce(Needs.__or__, map(needs, parts), Needs())
        case Not(part):
            return needs(part)
        case FieldIs(key, _):
            return Needs(fields=frozenset({key}))
        case HasTag(tag):
            return Needs(tags=frozenset({tag}))
        case ScoreIs(measure, _):
            return Needs(measures=frozenset({measure}))
        case InterestIs(topic, _):
            return Needs(interests=frozenset({topic}))
        case CriterionIs(key, _) | AnswerIs(key, _):
            return Needs(criteria=frozenset({key}))
        case ConsentIs(topic, _):
            return Needs(consents=frozenset({topic}))
        case EventSeen():
            return Needs(happenings=True, window=condition.within)
        case InSegment(key):
            return Needs(segments=frozenset({key}))
        case InStage() | Never():
            return Needs()


def with_segments(wanted: Needs, segments: Mapping[str, Condition]) -> Needs:
    """What is wanted together with what the conditions of its segments look at."""
    inside = (needs(resolve(InSegment(key), segments)) for key in wanted.segments)
    return reduce(Needs.__or__, inside, wanted)
