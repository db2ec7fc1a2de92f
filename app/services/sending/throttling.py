"""Which of the mails that passed the gate leave now, and when the others: limits of senders, providers and days.

Nobody is told off for waiting here: no attempt is counted and nothing is written on a timeline. Mail that somebody
just asked for (opt-in, tests, notices) goes first and is only counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.gate import Defer
from app.core.ids import share
from app.core.providers import provider_of, rate_of
from app.core.reasons import Reason
from app.core.throttling import HORIZON, Throttle, in_turn, pressed, warm_up_limit
from app.mail.pauses import is_greylisted
from app.mail.replies import Outcome
from app.services.pace import today
from app.services.world import World
from app.store import flags, throttles
from app.store.throttles import WHOLE, Known, Place

# A mail deferred for this has its slot: when it comes due it leaves without asking for another.
BOOKED = "gate.throttled"
# None of these is worth a line on a timeline.
QUIET = frozenset({BOOKED, "gate.throttle_queue", "gate.provider_rests", "gate.daily_quota", "gate.warm_up"})
# Mails held until tomorrow come back over these hours, not all at midnight.
MORNING = timedelta(hours=2)
SLOW_DOWN = "4.7."


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail that passed the gate: from whom, and to which domain."""

    row: Row[Any]
    sender: str
    domain: str


@dataclass(slots=True)
class Parted:
    """Those that go now, in their order; those that wait; and the provider of each mail by its id."""

    going: list[Row[Any]] = field(default_factory=list)
    held: list[tuple[Row[Any], Defer]] = field(default_factory=list)
    providers: dict[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Way:
    """What a mail passes, whose day it is counted to, and whether one of these has a number for the day."""

    throttles: list[Throttle]
    whose: tuple[str, str]
    limited: bool


def part(connection: Connection, world: World, mails: Sequence[Ready], now: datetime) -> Parted:
    """Give each mail its slot. Sequences take turns; what was booked is kept."""
    if not mails:
        return Parted()
    return _Parting(connection, world, mails, now).done()


class _Parting:
    def __init__(self, connection: Connection, world: World, mails: Sequence[Ready], now: datetime) -> None:
        self._connection, self._world, self._mails, self._now = connection, world, mails, now
        self._today = today(world, now)
        zone = ZoneInfo(world.settings.default_zone)
        self._tomorrow = datetime.combine(self._today + timedelta(days=1), time(), zone).astimezone(UTC)
        self._known: Known = throttles.load(
            connection, world.workspace_id, {mail.sender for mail in mails}, self._today
        )
        self._providers = self._of_domains({mail.domain for mail in mails})
        self._latest = now + HORIZON
        self._throttles: dict[Place, Throttle] = {}
        self._ways: dict[Place, _Way] = {}
        self._let_go: dict[str, int] = {}

    def done(self) -> Parted:
        parted = Parted(providers={mail.row.id: self._providers[mail.domain] for mail in self._mails})
        lanes: dict[str, list[int]] = {}
        for place, mail in enumerate(self._mails):
            first = "" if mail.row.message_class != "marketing" else _lane(mail.row)
            lanes.setdefault(first, []).append(place)
        going = set()
        for place in in_turn(lanes):
            mail = self._mails[place]
            held = self._held(mail)
            if held is None:
                going.add(place)
            else:
                parted.held.append((mail.row, held))
        parted.going = [mail.row for place, mail in enumerate(self._mails) if place in going]
        parted.going.sort(key=lambda row: row.message_class == "marketing")
        throttles.save_lanes(
            self._connection,
            self._world.workspace_id,
            {place: throttle.lanes for place, throttle in self._throttles.items()},
        )
        throttles.count(self._connection, self._world.workspace_id, self._today, self._let_go)
        return parted

    def _held(self, mail: Ready) -> Defer | None:
        """Until when this mail waits; None: it goes."""
        provider = self._providers[mail.domain]
        lane = _lane(mail.row)
        way = self._way(mail.sender, provider)
        slot = self._now
        if mail.row.message_class == "marketing":
            pressure = self._known.pressures.get((mail.sender, provider))
            if pressure is not None and pressure.rest_until > self._now:
                until = pressure.rest_until + timedelta(minutes=2) * self._chance(mail)
                return Defer(until, "provider", Reason("gate.provider_rests", {"provider": provider}))
            if mail.row.reason_code == BOOKED:
                return None
            full = self._full(mail) if way.limited else None
            if full is not None:
                return full
            slot = max([throttle.slot(lane) for throttle in way.throttles])
            if slot > self._latest:
                until = self._now + HORIZON * (0.5 + 0.5 * self._chance(mail))
                return Defer(until, "provider", Reason("gate.throttle_queue", {"provider": provider}))
        for throttle in way.throttles:
            throttle.take(lane)
        for whose in way.whose:
            self._let_go[whose] = self._let_go.get(whose, 0) + 1
        if slot <= self._now:
            return None
        return Defer(slot, "provider", Reason(BOOKED, {"provider": provider, "until": slot.isoformat()}))

    def _full(self, mail: Ready) -> Defer | None:
        """Whether today's mails of the sender, or of its domain while that is warmed up, have all left."""
        domain = _domain(mail.sender)
        quota = self._known.limits.get(mail.sender, (None, None))[1]
        first_day = self._known.warm_ups.get(domain)
        warm = warm_up_limit((self._today - first_day).days) if first_day is not None else None
        for code, whose, limit in (
            ("gate.daily_quota", mail.sender, quota),
            ("gate.warm_up", f"@{domain}", warm),
        ):
            if limit is not None and self._known.counts.get(whose, 0) + self._let_go.get(whose, 0) >= limit:
                until = self._tomorrow + MORNING * self._chance(mail)
                return Defer(
                    until, "quota", Reason(code, {"limit": limit, "sender": mail.sender, "domain": domain})
                )
        return None

    def _way(self, sender: str, provider: str) -> _Way:
        """From the sender to the provider: the provider's throttle, and the sender's own where it has one."""
        way = self._ways.get((sender, provider))
        if way is None:
            per_minute, quota = self._known.limits.get(sender, (None, None))
            passed = [self._throttle((sender, provider), rate_of(provider, self._known.rates.get(provider)))]
            passed += [self._throttle((sender, WHOLE), per_minute)] if per_minute is not None else []
            domain = _domain(sender)
            limited = quota is not None or domain in self._known.warm_ups
            way = self._ways[sender, provider] = _Way(passed, (sender, f"@{domain}"), limited)
        return way

    def _throttle(self, place: Place, rate: float) -> Throttle:
        throttle = self._throttles.get(place)
        if throttle is None:
            pressure = self._known.pressures.get(place)
            factor = pressure.factor_at(self._now) if pressure is not None else 1.0
            wanting = {_lane(mail.row) for mail in self._mails if self._goes_by(mail, place)}
            throttle = Throttle(rate * factor, self._known.lanes.get(place, {}), self._now, wanting)
            self._throttles[place] = throttle
        return throttle

    def _goes_by(self, mail: Ready, place: Place) -> bool:
        return mail.sender == place[0] and place[1] in (WHOLE, self._providers[mail.domain])

    def _of_domains(self, domains: set[str]) -> dict[str, str]:
        """The provider of each domain; those not asked about yet stand for themselves, and are asked about."""
        workspace = self._world.workspace_id
        hosts = throttles.hosts_of(self._connection, workspace, domains)
        flags.add_domains(self._connection, workspace, sorted(domains - set(hosts)), self._now)
        return {
            domain: provider_of(domain, [host] if (host := hosts.get(domain)) else ()) for domain in domains
        }

    def _chance(self, mail: Ready) -> float:
        return share("throttle", str(mail.row.id), str(self._today))


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _lane(row: Row[Any]) -> str:
    return row.sequence or row.topic or ""


def slowed_down(
    connection: Connection,
    world: World,
    sender: str,
    provider: str,
    outcome: Outcome,
    now: datetime,
) -> None:
    """A provider said "not so fast" (421, 4.7.x): it rests, and gets half of what it got until it is quiet again."""
    if not provider or is_greylisted(outcome.code, outcome.text):
        return
    if not (outcome.code == 421 or (outcome.enhanced or "").startswith(SLOW_DOWN)):
        return
    before = throttles.pressure_of(connection, world.workspace_id, sender, provider)
    after = pressed(before, now, outcome.retry_after)
    if after is not before:
        params = {
            "provider": provider,
            "code": outcome.code,
            "enhanced": outcome.enhanced,
            "text": outcome.text[:200],
        }
        throttles.save_pressure(
            connection, world.workspace_id, sender, provider, after, "throttle.slowed_down", params
        )
