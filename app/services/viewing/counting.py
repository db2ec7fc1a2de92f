"""What takes long to count: where there is very much of it, a page may show what was counted up to a minute ago."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

# Larger crowds are counted once in a while, and not for every page.
COUNTED_EACH_TIME = 50_000
HOLDS = timedelta(seconds=60)
Counts = TypeVar("Counts")


class Kept(Generic[Counts]):
    """Counts of this process by what they are of, each with the instant of counting."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, tuple[datetime, Counts]] = {}

    def lately(self, of: Hashable, now: datetime) -> tuple[datetime, Counts] | None:
        """What still holds; a clock that was set back makes it worthless."""
        kept = self._counts.get(of)
        return kept if kept is not None and timedelta() <= now - kept[0] < HOLDS else None

    def keep(self, of: Hashable, now: datetime, counts: Counts, rows: int) -> None:
        """Where it was much to count; what no longer holds is let go of."""
        if rows > COUNTED_EACH_TIME:
            held = {of: each for of, each in list(self._counts.items()) if now - each[0] < HOLDS}
            self._counts = {**held, of: (now, counts)}
