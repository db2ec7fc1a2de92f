"""How fast mail leaves, for operators: rates of providers, who told us to slow down, domains that are warmed up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.core.providers import RATES, rate_of
from app.core.reasons import Reason
from app.core.throttling import eased, warm_up_limit
from app.services.ids import new_id
from app.services.world import World
from app.store import accounts, throttles

MOST = 1_000_000.0


class PaceFault(Exception):
    """What was asked for cannot be; `reason` says why."""

    def __init__(self, code: str, **params: str | int) -> None:
        self.reason = Reason(code, params)
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class ProviderPace:
    """A provider's rate in mails a minute from one sender; `own` says that an operator set it."""

    provider: str
    per_minute: float
    own: bool


@dataclass(frozen=True, slots=True)
class Slowed:
    """A sender that a provider told to slow down; `factor` of the rate is what it gets now."""

    sender: str
    provider: str
    factor: float
    rest_until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A domain on its `day`-th day (1 is the first); `limit` None: it is known by now."""

    domain: str
    first_day: date
    day: int
    limit: int | None
    sent: int


_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_PROVIDER = re.compile(r"[a-z0-9*][a-z0-9.-]{0,252}")


def rates(world: World) -> list[ProviderPace]:
    """The providers whose rate is known by name or was set, in the order of their names."""
    with world.database.read() as connection:
        own = throttles.rates(connection, world.workspace_id)
    return [ProviderPace(name, rate_of(name, own.get(name)), name in own) for name in sorted({*RATES, *own})]


def set_rate(
    world: World, provider: str, per_minute: float | None, now: datetime, by: UUID | None = None
) -> None:
    """Mails a minute to a provider from one sender; None: as is usual there."""
    provider = provider.strip().lower()
    if not _PROVIDER.fullmatch(provider):
        raise PaceFault("pace.no_provider", provider=provider)
    if per_minute is not None and not 0 < per_minute <= MOST:
        raise PaceFault("pace.no_rate", most=int(MOST))
    with world.database.write() as connection:
        throttles.set_rate(connection, world.workspace_id, provider, per_minute, now)
        _audit(connection, world, "pace.rate_set", provider, {"per_minute": per_minute}, now, by)


def slowed(world: World, now: datetime) -> list[Slowed]:
    """Senders that go slower than they might because a provider said so, the longest at rest first."""
    with world.database.read() as connection:
        found = throttles.pressures(connection, world.workspace_id)
    return [
        Slowed(row.sender, row.provider, pressure.factor_at(now), pressure.rest_until, reason)
        for row, pressure, reason in found
        if pressure.factor_at(now) < 1.0
    ]


def trust(world: World, sender: str, provider: str, now: datetime, by: UUID | None = None) -> None:
    """Go at the full rate again at once."""
    with world.database.write() as connection:
        pressure = throttles.pressure_of(connection, world.workspace_id, sender, provider)
        if pressure is None:
            raise PaceFault("pace.not_slowed", sender=sender, provider=provider)
        throttles.save_pressure(
            connection, world.workspace_id, sender, provider, eased(pressure, now), "throttle.trusted", {}
        )
        _audit(connection, world, "pace.trusted", provider, {"sender": sender}, now, by)


def warm_ups(world: World, now: datetime) -> list[WarmUp]:
    """The domains that are warmed up, by name."""
    day = today(world, now)
    with world.database.read() as connection:
        begun = throttles.warming(connection, world.workspace_id)
        sent = throttles.counts(connection, world.workspace_id, day, [f"@{domain}" for domain in begun])
    return [
        WarmUp(
            domain,
            first,
            (day - first).days + 1,
            warm_up_limit((day - first).days),
            sent.get(f"@{domain}", 0),
        )
        for domain, first in sorted(begun.items())
    ]


def warm_up(world: World, domain: str, now: datetime, by: UUID | None = None) -> WarmUp:
    """Begin to warm up a From domain today. One that is warmed up already goes on as it was."""
    domain = domain.strip().lower().rstrip(".")
    if not _DOMAIN.fullmatch(domain):
        raise PaceFault("pace.no_domain", domain=domain)
    with world.database.write() as connection:
        if throttles.begin_warm_up(connection, world.workspace_id, domain, today(world, now), now):
            _audit(connection, world, "pace.warm_up_begun", domain, {}, now, by)
    return next(one for one in warm_ups(world, now) if one.domain == domain)


def end_warm_up(world: World, domain: str, now: datetime, by: UUID | None = None) -> None:
    """Let the domain send as much as there is."""
    with world.database.write() as connection:
        if not throttles.end_warm_up(connection, world.workspace_id, domain.strip().lower()):
            raise PaceFault("pace.not_warming", domain=domain)
        _audit(connection, world, "pace.warm_up_ended", domain, {}, now, by)


def today(world: World, now: datetime) -> date:
    """The day by which mails are counted: that of the default zone."""
    return now.astimezone(ZoneInfo(world.settings.default_zone)).date()


def _audit(
    connection: Connection,
    world: World,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    now: datetime,
    by: UUID | None,
) -> None:
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "pace", "subject": subject, "detail": dict(detail),
        },
    )  # fmt: skip
