"""What the story did at the doors, counted there: the reports must say the same."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Tally:
    """`clicks` and `opens` by whom; `clicked` are (person, mail) that a human clicked in."""

    done: Counter[str] = field(default_factory=Counter)
    clicked: set[tuple[str, str]] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    complained: set[str] = field(default_factory=set)
    hard: set[str] = field(default_factory=set)
    soft: set[str] = field(default_factory=set)
    replied: set[str] = field(default_factory=set)
    bought: set[str] = field(default_factory=set)

    def count(self, what: str, number: int = 1) -> None:
        self.done[what] += number

    def as_json(self) -> dict[str, Any]:
        people = ("left", "complained", "hard", "soft", "replied", "bought")
        return {
            **{name: self.done[name] for name in sorted(self.done)},
            "human clicks in mails": len(self.clicked),
            **{f"people {name}": len(getattr(self, name)) for name in people},
        }
