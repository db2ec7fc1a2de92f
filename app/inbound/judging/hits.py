"""A hit as it is judged, and what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Verdict = Literal["human", "machine", "unknown"]
Found = list[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A visit of one link or picture of a mail. What is None is not known; an empty text was really empty.

    `kind` is open, click, page (one of our own), read or file (of the library). `link` tells links of one mail apart; 0: the pixel.
    `begun_at` and `accepted_at` are when the mail was handed over and when its server took it; `domain`
    is the recipient's. The names in `headers` are lower case.
    """

    id: str
    kind: str
    method: str = "GET"
    at: datetime | None = None
    user_agent: str = ""
    address: str = ""
    link: int | str | None = None
    delivery: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    begun_at: datetime | None = None
    accepted_at: datetime | None = None
    domain: str = ""
    gateway: str = ""

    @property
    def opens(self) -> bool:
        return self.kind == "open"


@dataclass(frozen=True, slots=True)
class Judged:
    """The sum of the evidence: above zero it speaks for a machine, below for a person."""

    verdict: Verdict
    score: float
    reasons: tuple[str, ...]
    version: int
