"""The circuit breaker: a sender whose mail harms its name is stopped before it is ruined.

It counts people, not mails: one dead address tried ten times is one contact. It opens only on a sample that
says something, so that one bounce among three mails stops nobody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

Measure = Literal["hard", "policy", "complaint"]

WINDOW = timedelta(hours=24)
NEWEST = 1000  # distinct contacts looked at, the newest first
PROBE = 20  # distinct contacts after which a half-open breaker is judged
FIRST_REST = timedelta(hours=6)
LONGEST_REST = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Limit:
    """Open when at least `least` contacts, and more than `share` of at least `sample`, were hit."""

    measure: Measure
    share: float
    least: int
    sample: int


# Mailbox providers act on 0.3 % complaints; a list with a tenth of dead addresses was bought or is stale.
LIMITS = (
    Limit("complaint", 0.003, 3, 300),
    Limit("policy", 0.10, 5, 20),
    Limit("hard", 0.10, 5, 50),
)
# While it is half-open a smaller sample has to do.
PROBE_LIMITS = (
    Limit("complaint", 0.003, 1, PROBE),
    Limit("policy", 0.10, 2, PROBE),
    Limit("hard", 0.10, 2, PROBE),
)


@dataclass(frozen=True, slots=True)
class Try:
    """One mail handed over, or one word that came back about one. `measure` is None where all was well."""

    contact_id: UUID
    at: datetime
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the newest distinct contacts: how many there were, and how many were hit by each measure."""

    contacts: int
    hit: Mapping[Measure, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trip:
    """Why the breaker opens."""

    measure: Measure
    hit: int
    contacts: int
    limit: Limit

    @property
    def percent(self) -> float:
        return round(100 * self.hit / self.contacts, 1)


def figures(tries: Iterable[Try], now: datetime, since: datetime | None = None) -> Figures:
    """Count people among `tries`, which come newest first, back to `since` or for as long as the window is."""
    begin = max(since, now - WINDOW) if since is not None else now - WINDOW
    seen: set[UUID] = set()
    hit: dict[Measure, set[UUID]] = {}
    for one in tries:
        if one.at < begin:
            break
        if one.contact_id not in seen:
            if len(seen) == NEWEST:
                break
            seen.add(one.contact_id)
        if one.measure is not None:
            hit.setdefault(one.measure, set()).add(one.contact_id)
    return Figures(len(seen), {measure: len(people) for measure, people in hit.items()})


def trips(found: Figures, limits: Iterable[Limit] = LIMITS) -> Trip | None:
    """The first limit that is passed; None: the sender may go on."""
    for limit in limits:
        hit = found.hit.get(limit.measure, 0)
        if found.contacts >= limit.sample and hit >= limit.least and hit > limit.share * found.contacts:
            return Trip(limit.measure, hit, found.contacts, limit)
    return None


def worth_counting(hit: Mapping[Measure, int], limits: Iterable[Limit] = LIMITS) -> bool:
    """Whether so many hits could open the breaker at all; the sample is only then looked at."""
    return any(hit.get(limit.measure, 0) >= limit.least for limit in limits)


def rest(times: int) -> timedelta:
    """How long it stays open before a few mails may probe; twice as long each time it opens again at once."""
    return min(FIRST_REST * (1 << min(max(times, 1), 10) - 1), LONGEST_REST)


def probed(found: Figures) -> Literal["closed", "open", "half-open"]:
    """What a half-open breaker becomes after the mails that were let out so far."""
    if trips(found, PROBE_LIMITS) is not None or any(
        found.hit.get(limit.measure, 0) >= max(limit.least, 3) for limit in PROBE_LIMITS
    ):
        return "open"
    return "closed" if found.contacts >= PROBE else "half-open"
