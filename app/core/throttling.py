"""How many mails may leave now, and when the others: for a sender, a provider, and the sequences that share both.

Each mail gets a slot (the generic cell rate algorithm of ITU-T I.371: one instant a lane says when its next mail is
due). Sequences have lanes of their own, so a small one does not wait behind a large one. Slots are given for some
minutes ahead; whatever finds none asks again later, and the order is never decided for hours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# What may leave at once after a rest, as time: ten seconds' worth of mails.
BURST = timedelta(seconds=10)
HORIZON = timedelta(minutes=10)
# A provider that told us to slow down is given half, and after an hour of peace twice as much again.
EASES_IN = timedelta(hours=1)
LEAST = 1 / 16
RESTS = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=1))
# Mails on the first, second … day of a new sending domain; then it is known.
WARM_UP = (50, 100, 200, 400, 800, 1_500, 3_000, 6_000, 12_000, 25_000, 50_000, 100_000)


@dataclass(frozen=True, slots=True)
class Pressure:
    """What a provider told us: we go at `factor` of the rate since `at`, and not at all until `rest_until`."""

    factor: float
    at: datetime
    rest_until: datetime
    troubles: int

    def factor_at(self, now: datetime) -> float:
        """It doubles with each quiet hour, up to the full rate."""
        quiet = max(now - max(self.at, self.rest_until), timedelta())
        return min(1.0, self.factor * 2 ** (quiet / EASES_IN)) if quiet < 10 * EASES_IN else 1.0


def pressed(before: Pressure | None, now: datetime, asked: timedelta | None = None) -> Pressure:
    """After a "slow down" (421, 4.7.x). Told while it rests already, nothing new was learnt."""
    if before is not None and now < before.rest_until:
        return before
    factor = before.factor_at(now) if before is not None else 1.0
    recent = before is not None and now - before.at < 6 * EASES_IN
    troubles = before.troubles + 1 if before is not None and recent else 1
    rest = max(RESTS[min(troubles, len(RESTS)) - 1], asked or timedelta())
    return Pressure(max(factor / 2, LEAST), now, now + rest, troubles)


class Throttle:
    """The slots of one sender at one provider (or of the sender as a whole). `lanes` is when each is next due."""

    def __init__(
        self, per_minute: float, lanes: Mapping[str, datetime], now: datetime, wanting: Iterable[str]
    ) -> None:
        self._now = now
        self.lanes = dict(lanes)
        sharing = len({lane for lane, due in lanes.items() if due > now} | set(wanting)) or 1
        self._step = timedelta(minutes=1) / max(per_minute, 0.001) * sharing

    def slot(self, lane: str) -> datetime:
        """When the next mail of the lane may leave."""
        return max(self.lanes.get(lane, self._now) - BURST, self._now)

    def take(self, lane: str) -> None:
        self.lanes[lane] = max(self.lanes.get(lane, self._now), self._now) + self._step


def warm_up_limit(day: int) -> int | None:
    """How many mails may leave on that day (0 is the first) of a new domain; None: as many as there are."""
    return WARM_UP[max(day, 0)] if day < len(WARM_UP) else None


def in_turn(lanes: Mapping[str, list[int]]) -> list[int]:
    """The members of all lanes, one of each in turn."""
    order: list[int] = []
    rest = {lane: list(reversed(members)) for lane, members in lanes.items()}
    while rest:
        for lane in list(rest):
            order.append(rest[lane].pop())
            if not rest[lane]:
                del rest[lane]
    return order


def eased(pressure: Pressure, now: datetime) -> Pressure:
    """An operator's word that the provider is to be trusted again."""
    return replace(pressure, factor=1.0, at=now, rest_until=now, troubles=0)
