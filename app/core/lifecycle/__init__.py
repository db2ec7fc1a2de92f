"""The way from stranger to ambassador, as data: stages, transitions, entry rules and criteria."""

from app.core.lifecycle.criteria import Answer, CriterionDef, FollowUp
from app.core.lifecycle.model import EntryRule, Lifecycle, Stage, TaskSpec, Transition
from app.core.lifecycle.moves import allows, may_move, stage_of_import
from app.core.lifecycle.reading import CONTENT_KINDS, read_lifecycle, read_presets

__all__ = [
    "CONTENT_KINDS",
    "Answer",
    "CriterionDef",
    "EntryRule",
    "FollowUp",
    "Lifecycle",
    "Stage",
    "TaskSpec",
    "Transition",
    "allows",
    "may_move",
    "read_lifecycle",
    "read_presets",
    "stage_of_import",
]
