"""Two measures, never blurred into one: fit (is this our market?) and engagement (are they interested now?)."""

from app.core.scoring.entries import entries_for_event, fit_entries
from app.core.scoring.measures import add_to, fold
from app.core.scoring.model import Interests, Limit, ScoreRule, ScoringModel
from app.core.scoring.reading import read_scoring

__all__ = [
    "Interests",
    "Limit",
    "ScoreRule",
    "ScoringModel",
    "add_to",
    "entries_for_event",
    "fit_entries",
    "fold",
    "read_scoring",
]
