"""Conditions as data: one closed union of leaves and three ways to join them."""

from dataclasses import dataclass
from datetime import timedelta

from app.core.conditions.events import EventPattern

EQUALITY = ("is", "is not", "one of", "none of")
NUMERIC = ("at least", "at most", "more than", "less than")
TEXTUAL = ("contains", "starts with")
DATED = ("before", "after")
RELATIVE = ("in the last", "in the next")
PRESENCE = ("is known", "is unknown")
OPERATORS = (*EQUALITY, *NUMERIC, *TEXTUAL, *DATED, *RELATIVE, *PRESENCE)

# Numbers are told apart down to a millionth, so that decay computed by Python, SQLite and PostgreSQL,
# which may differ in the last bit, leads to the same answer.
HALF_MILLIONTH = 0.0000005

Scalar = str | float | bool
Operand = Scalar | tuple[str, ...] | tuple[float, ...] | tuple[bool, ...] | timedelta | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operator and what it compares with.

    A date is its ISO text (YYYY-MM-DD), so a date and a text with the same letters are equal. Texts
    compare exactly, letter case included. `one of` and `none of` hold values of one type only;
    `in the last` and `in the next` whole days; `is known` and `is unknown` nothing.
    """

    operator: str
    operand: Operand = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; of no parts: always."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; of no parts: never."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


@dataclass(frozen=True, slots=True)
class Never:
    """What a faulty text is read as: nobody matches."""


@dataclass(frozen=True, slots=True)
class FieldIs:
    """A missing value, or one of another type than the operator needs, holds under `is unknown` only."""

    field: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class HasTag:
    tag: str


@dataclass(frozen=True, slots=True)
class InStage:
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreIs:
    """The measure, decayed to now. It is a sum: without any entry it is 0, not missing."""

    measure: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class InterestIs:
    """The interest in a topic, decayed to now; 0 where none was shown."""

    topic: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class CriterionIs:
    """One of `states` (yes, no, unknown). A criterion nobody judged is unknown."""

    criterion: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerIs:
    """The typed value behind a criterion, compared as a field is."""

    criterion: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class ConsentIs:
    """One of `states` (given, withdrawn, asked, unknown). Without an entry it is unknown."""

    topic: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventSeen:
    """At least `at_least` matching happenings up to now, the oldest not before now - `within`."""

    pattern: EventPattern
    at_least: int = 1
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class InSegment:
    """A named condition. One that is not known, or that contains itself, holds for nobody."""

    segment: str


Leaf = (
    FieldIs | HasTag | InStage | ScoreIs | InterestIs | CriterionIs | AnswerIs | ConsentIs | EventSeen | InSegment
)  # fmt: skip
Condition = AllOf | AnyOf | Not | Never | Leaf
