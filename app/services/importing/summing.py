"""How far an import is, in numbers."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from app.core.contacts.flags import USUAL
from app.core.reasons import Reason
from app.services.importing.results import Noted

COUNTS = ("rows", "created", "updated", "unchanged", "repeated", "rejected", "noted", "enrolled")


@dataclass(slots=True)
class ImportSummary:
    """How far an import is. `remarks` are rejected and noted rows, of a rehearsal the first thousand.

    `counts` has the kinds of flag that were met beside those of COUNTS. A rehearsal also has all remarks counted
    by result and code, what becomes of the `first` rows, and at which stages those stand who would enter.
    """

    import_id: UUID | None
    state: str
    counts: dict[str, int]
    problem: Reason | None = None
    results: Path | None = None
    remarks: list[Noted] = field(default_factory=list)
    a_day: int | None = None
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: list[tuple[int, str]] = field(default_factory=list)
    stages: Counter[str] = field(default_factory=Counter)

    @property
    def flags(self) -> dict[str, int]:
        """Rows by what their address says about itself, those refused for it among them."""
        return {kind: self.counts.get(kind, 0) for kind in USUAL}

    @property
    def entering(self) -> tuple[int, int]:
        """How many may enter a sequence at once, and how many on a later day."""
        asked = self.counts["enrolled"]
        first = asked if self.a_day is None else min(asked, self.a_day)
        return first, asked - first
