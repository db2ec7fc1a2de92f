"""A score is the fold of its entries, kept up to date one entry at a time."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from app.core.facts import Measure


class Entry(Protocol):
    """What AddScore, AddInterest and a row of the ledger have in common."""

    @property
    def points(self) -> float: ...

    @property
    def at(self) -> datetime: ...


def fold(entries: Iterable[Entry], half_life: timedelta | None) -> Measure | None:
    """What all entries of one measure are worth at the time of the newest; None where there are none.

    The order of the entries does not matter. It equals `add_to` over them, but for rounding.
    """
    ledger = list(entries)
    if not ledger:
        return None
    as_of = max(entry.at for entry in ledger)
    worth = math.fsum(Measure(entry.points, entry.at, half_life).at(as_of) for entry in ledger)
    return Measure(worth, as_of, half_life)


def add_to(measure: Measure | None, points: float, at: datetime, half_life: timedelta | None) -> Measure:
    """The measure with one more entry of `points` made at `at`, which may be older than the measure.

    `half_life` is the model's; a measure kept under another one decays by it from here on.
    """
    if measure is None:
        return Measure(points, at, half_life)
    as_of = max(measure.as_of, at)
    worth = measure.at(as_of) + Measure(points, at, half_life).at(as_of)
    return Measure(worth, as_of, half_life)
