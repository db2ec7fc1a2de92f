"""Rates, pressures, lanes, quotas and warm-ups in the store: read for a batch of mails, written with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.core.reasons import Reason
from app.core.throttling import Pressure
from app.store.tables import (
    domain_checks,
    provider_pressures,
    provider_rates,
    senders,
    sending_days,
    throttle_lanes,
    warm_ups,
)

WHOLE = "*"
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What throttles a batch: `lanes` and `pressures` by (sender, provider), `counts` of today by whose, `limits` of a
    sender as mails a minute and a day.
    """

    rates: Mapping[str, float]
    pressures: Mapping[Place, Pressure]
    lanes: Mapping[Place, Mapping[str, datetime]]
    counts: Mapping[str, int]
    warm_ups: Mapping[str, date]
    limits: Mapping[str, tuple[float | None, int | None]]


def hosts_of(connection: Connection, workspace_id: UUID, domains: Iterable[str]) -> dict[str, str | None]:
    """The best MX host of each of these domains that was asked about; None where there is no answer yet."""
    c = domain_checks.c
    query = select(c.domain, c.mx).where(c.workspace_id == workspace_id, c.domain.in_(list(domains)))
    return {row.domain: row.mx for row in connection.execute(query)}


def load(connection: Connection, workspace_id: UUID, senders: Iterable[str], today: date) -> Known:
    """What is known of these senders. On PostgreSQL their lanes are held until the transaction ends, so that two
    workers never give away the same slot.
    """
    names = sorted(set(senders))
    domains = {f"@{name.rpartition('@')[2].lower()}" for name in names}
    if connection.dialect.name == "postgresql":
        for name in names:
            connection.execute(
                select(
                    func.pg_advisory_xact_lock(func.hashtextextended(f"throttle:{workspace_id}:{name}", 0))
                )
            )
    p, t = provider_pressures.c, throttle_lanes.c
    pressures = connection.execute(
        select(p.sender, p.provider, p.factor, p.at, p.rest_until, p.troubles).where(
            p.workspace_id == workspace_id, p.sender.in_(names)
        )
    )
    lanes: dict[Place, dict[str, datetime]] = {}
    for row in connection.execute(
        select(t.sender, t.provider, t.lane, t.free_at).where(
            t.workspace_id == workspace_id, t.sender.in_(names)
        )
    ):
        lanes.setdefault((row.sender, row.provider), {})[row.lane] = row.free_at
    return Known(
        rates=rates(connection, workspace_id),
        pressures={
            (row.sender, row.provider): Pressure(row.factor, row.at, row.rest_until, row.troubles)
            for row in pressures
        },
        lanes=lanes,
        counts=counts(connection, workspace_id, today, [*names, *domains]),
        warm_ups=warming(connection, workspace_id),
        limits=_limits(connection, workspace_id, names),
    )


def _limits(
    connection: Connection, workspace_id: UUID, names: list[str]
) -> dict[str, tuple[float | None, int | None]]:
    c = senders.c
    query = select(c.address, c.per_minute, c.daily_quota).where(
        c.workspace_id == workspace_id, c.address.in_(names)
    )
    return {row.address: (row.per_minute, row.daily_quota) for row in connection.execute(query)}


def rates(connection: Connection, workspace_id: UUID) -> dict[str, float]:
    """What operators set, by provider."""
    c = provider_rates.c
    found = connection.execute(select(c.provider, c.per_minute).where(c.workspace_id == workspace_id))
    return {row.provider: row.per_minute for row in found}


def warming(connection: Connection, workspace_id: UUID) -> dict[str, date]:
    """The first day of each domain that is warmed up."""
    c = warm_ups.c
    found = connection.execute(select(c.domain, c.first_day).where(c.workspace_id == workspace_id))
    return {row.domain: row.first_day for row in found}


def counts(connection: Connection, workspace_id: UUID, day: date, whose: Iterable[str]) -> dict[str, int]:
    """How many mails these let go on that day."""
    c = sending_days.c
    query = select(c.whose, c["count"]).where(
        c.workspace_id == workspace_id, c.day == day, c.whose.in_(list(whose))
    )
    return {row.whose: row[1] for row in connection.execute(query)}


def set_rate(
    connection: Connection, workspace_id: UUID, provider: str, per_minute: float | None, now: datetime
) -> None:
    """What an operator wants; None takes it back."""
    c = provider_rates.c
    connection.execute(delete(provider_rates).where(c.workspace_id == workspace_id, c.provider == provider))
    if per_minute is not None:
        row = {"workspace_id": workspace_id, "provider": provider, "per_minute": per_minute, "at": now}
        connection.execute(provider_rates.insert().values(row))


def begin_warm_up(
    connection: Connection, workspace_id: UUID, domain: str, first_day: date, now: datetime
) -> bool:
    """Whether it was begun now; one that was begun earlier goes on."""
    row = {"workspace_id": workspace_id, "domain": domain, "first_day": first_day, "at": now}
    done = connection.execute(_insert(connection)(warm_ups).values(row).on_conflict_do_nothing())
    return bool(done.rowcount)


def end_warm_up(connection: Connection, workspace_id: UUID, domain: str) -> bool:
    c = warm_ups.c
    done = connection.execute(delete(warm_ups).where(c.workspace_id == workspace_id, c.domain == domain))
    return bool(done.rowcount)


def save_lanes(
    connection: Connection, workspace_id: UUID, lanes: Mapping[Place, Mapping[str, datetime]]
) -> None:
    rows = [
        {"workspace_id": workspace_id, "sender": sender, "provider": provider, "lane": lane, "free_at": at}
        for (sender, provider), of in lanes.items()
        for lane, at in of.items()
    ]
    if rows:
        insert = _insert(connection)(throttle_lanes)
        key = ["workspace_id", "sender", "provider", "lane"]
        connection.execute(
            insert.on_conflict_do_update(index_elements=key, set_={"free_at": insert.excluded.free_at}), rows
        )


def count(connection: Connection, workspace_id: UUID, day: date, counts: Mapping[str, int]) -> None:
    """That many more mails were let go on that day."""
    rows = [
        {"workspace_id": workspace_id, "whose": whose, "day": day, "count": number}
        for whose, number in counts.items()
        if number
    ]
    if rows:
        insert = _insert(connection)(sending_days)
        more = sending_days.c["count"] + insert.excluded["count"]
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["workspace_id", "whose", "day"], set_={"count": more}
            ),
            rows,
        )


def pressures(connection: Connection, workspace_id: UUID) -> list[tuple[Any, Pressure, Reason]]:
    """All of them with their place and why, the last to end its rest first."""
    c = provider_pressures.c
    rows = connection.execute(
        select(provider_pressures).where(c.workspace_id == workspace_id).order_by(c.rest_until.desc())
    )
    return [
        (
            row,
            Pressure(row.factor, row.at, row.rest_until, row.troubles),
            Reason(row.reason_code, row.reason_params),
        )
        for row in rows
    ]


def pressure_of(connection: Connection, workspace_id: UUID, sender: str, provider: str) -> Pressure | None:
    c = provider_pressures.c
    row = connection.execute(
        select(c.factor, c.at, c.rest_until, c.troubles).where(
            c.workspace_id == workspace_id, c.sender == sender, c.provider == provider
        )
    ).one_or_none()
    return Pressure(*row) if row is not None else None


def save_pressure(
    connection: Connection,
    workspace_id: UUID,
    sender: str,
    provider: str,
    pressure: Pressure,
    code: str,
    params: Mapping[str, Any],
) -> None:
    values = {
        "factor": pressure.factor, "at": pressure.at, "rest_until": pressure.rest_until,
        "troubles": pressure.troubles, "reason_code": code, "reason_params": dict(params),
    }  # fmt: skip
    key = {"workspace_id": workspace_id, "sender": sender, "provider": provider}
    insert = _insert(connection)(provider_pressures).values(**key, **values)
    connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values))


def forget(connection: Connection, now: datetime) -> int:
    """Take away lanes that have been free for a day, and the counts of days long past."""
    lanes = connection.execute(
        delete(throttle_lanes).where(throttle_lanes.c.free_at < now - timedelta(days=1))
    )
    days = connection.execute(
        delete(sending_days).where(sending_days.c.day < (now - timedelta(days=400)).date())
    )
    return int(lanes.rowcount) + int(days.rowcount)


def _insert(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
