"""Senders as people see them: whom they serve, how they are, what they sent today."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.reasons import Reason
from app.core.relays import PRESETS
from app.services.senders.holding import FOR_GOOD
from app.store import senders as rows
from config import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """How a sender is: ok, off, held (by a person), stopped (by the breaker), probing, or trouble (ends by itself)."""

    state: str
    reason: Reason | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_well(self) -> bool:
        return self.state in ("ok", "off")


@dataclass(frozen=True, slots=True)
class Shown:
    """One sender of the list. `row` is None for the house's and for a colleague who writes without one."""

    address: str
    name: str
    serves: Reason | None
    relay: str
    security: str
    preset: str
    standing: Standing
    sent_today: int
    held_mails: int
    daily_quota: int | None = None
    per_minute: int | None = None
    row: Row[Any] | None = None


def listing(connection: Connection, workspace_id: UUID, settings: Settings, now: datetime) -> list[Shown]:
    """The house's sender first, then those that were set up, then colleagues who are held back right now."""
    states = rows.states(connection, workspace_id)
    sent = rows.sent_since(connection, workspace_id, _midnight(settings, now))
    held = rows.held_mails(connection, workspace_id)
    own = rows.listing(connection, workspace_id)
    known = {row.address for row in own}

    def shown(address: str, name: str, **also: Any) -> Shown:
        standing = also.pop("standing", None) or standing_of(states.get(address), now)
        return Shown(
            address=address, name=name, standing=standing, sent_today=sent.get(address, 0),
            held_mails=held.get(address, 0), **also,
        )  # fmt: skip

    house = {
        "serves": None,
        "relay": _house_relay(settings),
        "security": _house_security(settings),
        "preset": "",
    }
    found = []
    if settings.sender_address not in known:
        found.append(shown(settings.sender_address, settings.sender_name, **house))
    for row in own:
        found.append(
            shown(
                row.address, row.name, serves=Reason(f"serves.{row.serves}", {"match": row.match}),
                relay=f"{row.host}:{row.port}" if row.host else house["relay"],
                security=row.security if row.host else house["security"], preset=PRESETS[row.preset].label,
                daily_quota=row.daily_quota, per_minute=row.per_minute, row=row,
                standing=None if row.enabled else Standing("off"),
            )
        )  # fmt: skip
    for address in sorted(set(states) - known - {settings.sender_address}):
        if not standing_of(states[address], now).is_well:
            found.append(shown(address, "", **house))
    return found


def troubled(connection: Connection, workspace_id: UUID, now: datetime) -> list[tuple[str, Standing]]:
    """The senders whose mail does not leave right now, with the reason."""
    standings = (
        (address, standing_of(row, now)) for address, row in rows.states(connection, workspace_id).items()
    )
    return sorted((pair for pair in standings if not pair[1].is_well), key=lambda pair: pair[0])


def standing_of(state: Row[Any] | None, now: datetime) -> Standing:
    if state is None:
        return Standing("ok")
    reason = Reason(state.reason_code, state.reason_params)
    if state.held_by == "person":
        return Standing("held", reason, state.held_since)
    if state.held_by == "breaker":
        if state.probe_at is None:
            return Standing("probing", reason, state.held_since)
        return Standing("stopped", reason, state.held_since, state.probe_at)
    if state.problem_until > now:
        until = None if state.problem_until >= FOR_GOOD else state.problem_until
        return Standing("trouble", reason, state.at, until)
    return Standing("ok")


def _midnight(settings: Settings, now: datetime) -> datetime:
    zone = ZoneInfo(settings.default_zone)
    return datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(now.tzinfo)


def _house_relay(settings: Settings) -> str:
    return "" if settings.uses_catcher else f"{settings.smtp_host}:{settings.smtp_port}"


def _house_security(settings: Settings) -> str:
    return "none" if settings.uses_catcher else settings.smtp_security
