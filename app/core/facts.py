"""What is known of a contact at a moment: the one thing conditions, engine and gate look at.

The live engine fills it from the store, the rehearsal keeps it in memory; nothing else differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

Value = str | float | bool | date | None


def day_of(value: Value) -> date | None:
    """A date, or a text that is written as one; anything else is no date."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


@dataclass(frozen=True, slots=True)
class Measure:
    """A score or an interest: worth `value` at `as_of`, halving every `half_life` (None: it stays)."""

    value: float
    as_of: datetime
    half_life: timedelta | None = None

    def at(self, now: datetime) -> float:
        if self.half_life is None or now <= self.as_of:
            return self.value
        halvings: float = (now - self.as_of) / self.half_life
        return self.value * float(2.0**-halvings)


@dataclass(frozen=True, slots=True)
class CriterionFact:
    """`state` is yes, no or unknown; `value` the typed answer behind it (a word, an amount, a date)."""

    state: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to or was done by the contact."""

    kind: str
    subject: str
    at: datetime
    topics: tuple[str, ...] = ()
    verdict: str = "human"


@dataclass(slots=True)
class Facts:
    """One contact. `fields` holds columns, custom fields and `company.<key>`; a missing value is None or absent."""

    contact_id: UUID
    stage: str = ""
    stage_since: datetime | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    measures: Mapping[str, Measure] = field(default_factory=dict)
    criteria: Mapping[str, CriterionFact] = field(default_factory=dict)
    consents: Mapping[str, str] = field(default_factory=dict)
    interests: Mapping[str, Measure] = field(default_factory=dict)
    happenings: Sequence[Happening] = ()
    # Templates that reached the contact or are on their way.
    had: frozenset[str] = frozenset()
    # Pieces of the library that the contact opened, with when they first did.
    read: Mapping[str, datetime] = field(default_factory=dict)

    def zone_name(self) -> str | None:
        zone = self.fields.get("zone")
        return zone if isinstance(zone, str) else None

    def country(self) -> str | None:
        country = self.fields.get("country")
        return country if isinstance(country, str) else None
