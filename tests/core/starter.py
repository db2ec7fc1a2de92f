"""The lifecycle and scoring that ship, and contacts to try them on."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from app.core.facts import CriterionFact, Facts, Happening, Measure
from app.core.lifecycle import Lifecycle, read_lifecycle
from app.core.programme import Programme, read_programme
from app.core.reading import Node
from app.core.scoring import ScoringModel, read_scoring
from app.core.timing import Calendar
from app.files.trees import read_document

NOW = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)  # a Tuesday, eleven in Copenhagen
PRESETS = ("inbound", "outbound")
# The stage that decision content is for, and the one before it.
READY = {"inbound": "prospect", "outbound": "sales-qualified-prospect"}
SEQUENCES = Path(__file__).parents[2] / "sequences"


def starter(name: str) -> Node:
    return read_document((SEQUENCES / f"{name}.yaml").read_text("utf-8")).node()


@cache
def lifecycle(preset: str = "inbound") -> Lifecycle:
    return read_lifecycle(starter("lifecycle"), preset)


@cache
def scoring() -> ScoringModel:
    return read_scoring(starter("scoring"), 1)


@cache
def programme() -> Programme:
    return read_programme(starter("lifecycle").get("programme"), Calendar())


def contact(stage: str = "lead", fit: float = 0, engagement: float = 0, **known: Any) -> Facts:
    """A contact with these scores now; `criteria` maps a criterion to its state."""
    criteria = {key: CriterionFact(state) for key, state in known.pop("criteria", {}).items()}
    measures = {"fit": Measure(fit, NOW), "engagement": Measure(engagement, NOW, scoring().half_life)}
    return Facts(UUID(int=1), stage, measures=measures, criteria=criteria, **known)


def ripe(**changes: Any) -> Facts:
    """A lead that only has to be let through to decision content."""
    criteria = {"market": "yes", "need": "yes", "authority": "yes", **changes.pop("criteria", {})}
    return contact(**{"fit": 78, "engagement": 61, **changes}, criteria=criteria)


def happening(kind: str, subject: str = "", **more: Any) -> Happening:
    return Happening(kind, subject, **{"at": NOW, **more})
