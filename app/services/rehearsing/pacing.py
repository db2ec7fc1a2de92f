"""Of the mails of a rehearsal those that would wait: for a sender's quota, a domain that is warmed up, a provider.

A rehearsal lets every mail leave when the gate lets it go. This counts afterwards, day by day, how many more that are
than senders and providers take, and when the rest would have left. It is a note: no later mail is moved by it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Connection

from app.core.programme import Programme
from app.core.providers import provider_of, rate_of
from app.core.throttling import warm_up_limit
from app.services.pace import today
from app.services.world import World
from app.store import senders, throttles

# A day's mails by who sends them and who takes them.
Ways = Mapping[tuple[date, str, str], int]
DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Wait:
    """`mails` would not leave on their day because of `code` (a rule of the throttle) at `name`.

    At most `most` wait at once; the last of them leave on `until` (None: some wait still at the end).
    """

    code: str
    name: str
    limit: int | None
    mails: int
    most: int
    until: date | None


def way_of(address: str | None, sender: str, hosts: Mapping[str, str]) -> tuple[str, str]:
    """By whom a contact is written to and which provider takes it."""
    domain = (address or "").rpartition("@")[2].lower()
    host = hosts.get(domain)
    return sender, provider_of(domain, [host] if host else ())


def hosts_of(connection: Connection, workspace_id: UUID, addresses: set[str]) -> Mapping[str, str]:
    """The mail hosts that are known, by domain."""
    domains = {address.rpartition("@")[2].lower() for address in addresses}
    return {key: host for key, host in throttles.hosts_of(connection, workspace_id, domains).items() if host}


def would_wait(
    connection: Connection, world: World, programme: Programme, ways: Ways, now: datetime, last: date
) -> tuple[Wait, ...]:
    """What waits for each limit that is reached, most mails first."""
    first = today(world, now)
    quotas = {
        row.address: row.daily_quota
        for row in senders.in_use(connection, world.workspace_id)
        if row.daily_quota
    }
    warming = throttles.warming(connection, world.workspace_id)
    own = throttles.rates(connection, world.workspace_id)
    whose = [*quotas, *(f"@{domain}" for domain in warming)]
    gone = throttles.counts(connection, world.workspace_id, first, whose)
    found = []
    for sender, quota in quotas.items():
        planned = _days(ways, sender=sender)
        left = _less(quota, first, gone.get(sender, 0))
        found.append(_wait("gate.daily_quota", sender, quota, planned, left, first, last))
    for domain, begun in warming.items():
        planned = _days(ways, domain=domain)
        left = _warm(begun, first, gone.get(f"@{domain}", 0))
        limit = warm_up_limit((first - begun).days)
        found.append(_wait("gate.warm_up", domain, limit, planned, left, first, last))
    minutes = _open_minutes(programme)
    for sender, provider in sorted({(by, to) for _, by, to in ways}):
        planned = _days(ways, sender=sender, provider=provider)
        a_day = int(rate_of(provider, own.get(provider)) * minutes)
        found.append(
            _wait("gate.throttle_queue", provider, a_day, planned, _less(a_day, first, 0), first, last)
        )
    return tuple(sorted((one for one in found if one is not None), key=lambda one: (-one.mails, one.name)))


def _days(ways: Ways, *, sender: str = "", domain: str = "", provider: str = "") -> Counter[date]:
    """The mails of each day by this sender, from this domain, to this provider."""
    days: Counter[date] = Counter()
    for (day, by, to), mails in ways.items():
        is_mine = sender in ("", by) and provider in ("", to)
        if is_mine and domain in ("", by.rpartition("@")[2].lower()):
            days[day] += mails
    return days


def _less(limit: int, first: date, gone: int) -> Callable[[date], int | None]:
    return lambda day: limit - gone if day == first else limit


def _warm(begun: date, first: date, gone: int) -> Callable[[date], int | None]:
    def left(day: date) -> int | None:
        limit = warm_up_limit((day - begun).days)
        return limit - gone if limit is not None and day == first else limit

    return left


def _wait(
    code: str, name: str, limit: int | None, planned: Mapping[date, int], left: Callable[[date], int | None],
    first: date, last: date,
) -> Wait | None:  # fmt: skip
    """The queue at one limit, day after day; None where nothing waits."""
    waiting = late = most = 0
    until: date | None = None
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        due = planned.get(day, 0)
        can = left(day)
        leaves = waiting + due if can is None else min(waiting + due, max(can, 0))
        late += min(due, waiting + due - leaves)
        until = day if waiting and leaves >= waiting else until
        waiting += due - leaves
        most = max(most, waiting)
    return Wait(code, name, limit, late, most, None if waiting else until) if late else None


def _open_minutes(programme: Programme) -> int:
    """Of a day those in which mail may arrive at all."""
    quiet = programme.quiet
    if quiet is None:
        return DAY
    return DAY - (_minute(quiet.end) - _minute(quiet.start)) % DAY


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
