"""The one closed language of conditions: read, asked, told, and (in `app.store`) compiled to SQL.

What is not known makes a comparison false; `is unknown` asks for it. A value of another type than the
operator needs makes it false too, never an error. Texts compare exactly, letter case included. Dates
are whole days; `in the last` and `in the next` count from the date of now in UTC.
"""

from app.core.conditions.describe import Description, Group, Unmet, describe, unmet
from app.core.conditions.evaluate import Holds, compile_condition, count_events, holds, resolve
from app.core.conditions.events import CERTAIN_KINDS, KINDS, EventPattern
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
from app.core.conditions.needs import Needs, needs, with_segments
from app.core.conditions.parse import parse
from app.core.conditions.parse_events import is_event, parse_event

__all__ = [
    "CERTAIN_KINDS", "KINDS", "AllOf", "AnswerIs", "AnyOf", "Comparison", "Condition", "ConsentIs",
    "CriterionIs", "Description", "EventPattern", "EventSeen", "FieldIs", "Group", "HasTag", "Holds",
    "InSegment", "InStage", "InterestIs", "Needs", "Never", "Not", "ScoreIs", "Unmet", "compile_condition",
    "count_events", "describe", "holds", "is_event", "needs", "parse", "parse_event", "resolve", "unmet",
    "with_segments",
]  # fmt: skip
