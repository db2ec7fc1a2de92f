"""Spans of time as a marketer writes them: "2 working days"."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Self, cast, get_args

from app.core.timing.words import shown

Unit = Literal["minutes", "hours", "days", "weeks", "months", "working days"]

MOST = 100_000
UNITS: tuple[str, ...] = get_args(Unit)

_SPELT = {spelling: unit for unit in UNITS for spelling in (unit, unit.removesuffix("s"))}
_SPAN = re.compile(r"([0-9]{1,9})\s+(\S.*)")
_ONE = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
    "weeks": timedelta(weeks=1),
    "months": timedelta(days=30),
    "working days": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A whole number of one unit, from 0 to 100,000. How it is added: `add_span`."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"{shown(self.unit)} is not a unit of time: use {', '.join(UNITS)}.")
        if not 0 <= self.amount <= MOST:
            raise ValueError(
                f'{self.amount} {self.unit} is out of range: write 0 to {MOST}, such as "3 days".'
            )

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read "3 days", "1 hour", "2 working days". Raises ValueError."""
        found = _SPAN.fullmatch(text.strip().lower()) if isinstance(text, str) else None
        unit = _SPELT.get(" ".join(found[2].split())) if found else None
        if found is None or unit is None:
            raise ValueError(
                f"{shown(text)} is not a span of time: write a whole number and one of "
                f'{", ".join(UNITS)}, such as "2 working days".'
            )
        return cls(int(found[1]), cast(Unit, unit))

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.removesuffix('s') if self.amount == 1 else self.unit}"

    @property
    def delta(self) -> timedelta:
        """The nominal length: a month counts 30 days, a working day one day.

        Exact for minutes and hours; days and weeks may be an hour off across a change of
        the clocks. For sizes and comparisons; instants come from `add_span`.
        """
        return self.amount * _ONE[self.unit]
