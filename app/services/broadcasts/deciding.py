"""What people decide about a broadcast: drafted, frozen, confirmed, paused, called off. Each act is in the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.reasons import Reason
from app.core.timing import local_instant, zone_of
from app.core.timing.zones import is_zone
from app.services.authoring.applying import audit
from app.services.ids import new_id
from app.services.world import World
from app.store import broadcasts as rows
from app.store.views import Found

WAYS = ("now", "at", "local")
LONGEST = 200
MOST_AN_HOUR = 1_000_000
# An audience older than this is frozen again before anything is sent.
FRESH = timedelta(hours=24)
BEFORE = ("draft", "freezing", "ready")


class BroadcastFault(Exception):
    """It cannot be done; nothing was written. `field` is the one of the form it is about."""

    def __init__(self, code: str, field: str = "", **params: Any) -> None:
        super().__init__(code)
        self.reason, self.field = Reason(code, params), field


@dataclass(frozen=True, slots=True)
class Wish:
    """What a draft says, as it was typed."""

    title: str = ""
    template: str = ""
    segment: str = ""
    topic: str = ""
    way: str = "now"
    wall: str = ""
    zone: str = ""
    pace: str = ""


def find(world: World, broadcast_id: UUID) -> Found:
    """Raises BroadcastFault."""
    with world.database.read() as connection:
        found = rows.find(connection, world.workspace_id, broadcast_id)
    if found is None:
        raise BroadcastFault("broadcast.unknown")
    return found


def wish_of(found: Found) -> Wish:
    """What it says now, as it would be typed."""
    typed = (field.name for field in fields(Wish))
    return Wish(**{name: str(getattr(found, name) or "") for name in typed})


def draft(world: World, wish: Wish, now: datetime, by: UUID | None, via: str = "") -> UUID:
    """A new draft; `via` is the program that asks. Raises BroadcastFault."""
    values = _checked(world, wish, now)
    broadcast_id = new_id(now)
    with world.database.write() as connection:
        own = {"state": "draft", "revision": 0, "turn": 0, "made_by": by, "made_at": now}
        rows.add(connection, {"id": broadcast_id, "workspace_id": world.workspace_id, **own, **values})
        audit(
            connection,
            world.workspace_id,
            by,
            "broadcast.drafted",
            "broadcast",
            str(broadcast_id),
            now,
            {**values, **_via(via)},
        )
    return broadcast_id


def change(
    world: World, broadcast_id: UUID, wish: Wish, revision: int, now: datetime, by: UUID | None, via: str = ""
) -> None:
    """Another draft; whom it was frozen for is forgotten. Raises BroadcastFault."""
    values = _checked(world, wish, now)
    frozen = {"frozen_at": None, "frozen_to": None}
    _turn(
        world, broadcast_id, revision, BEFORE, "draft", "changed", now, by, {**values, **frozen}, via, forget=True,
    )  # fmt: skip


def freeze(
    world: World, broadcast_id: UUID, revision: int, now: datetime, by: UUID | None, via: str = ""
) -> None:
    """Write down who is in the segment at this moment; the engine does it in batches. Raises BroadcastFault."""
    values = {"frozen_at": now, "frozen_to": None}
    _turn(world, broadcast_id, revision, BEFORE, "freezing", "frozen", now, by, values, via, forget=True)


def confirm(
    world: World, broadcast_id: UUID, revision: int, why: str, now: datetime, by: UUID | None, via: str = ""
) -> None:
    """It goes to those it was frozen for. Raises BroadcastFault."""
    found = find(world, broadcast_id)
    if found.state == "ready" and found.revision == revision:
        _confirmable(world, found, why, now)
    values = {"confirmed_at": now, "confirmed_by": by, "why": why.strip()[:LONGEST]}
    _turn(world, broadcast_id, revision, ("ready",), "sending", "confirmed", now, by, values, via)


def _confirmable(world: World, found: Found, why: str, now: datetime) -> None:
    for code in _unready(world, found, now):
        raise BroadcastFault(code)
    if not why.strip():
        raise BroadcastFault("broadcast.no_why", "why")


def _unready(world: World, found: Found, now: datetime) -> Iterator[str]:
    """What keeps a frozen audience from getting it."""
    if found.frozen_at is None or now - found.frozen_at > FRESH:
        yield "broadcast.old"
    with world.database.read() as connection:
        if not rows.any_waiting(connection, found.id):
            yield "broadcast.nobody"


def problems(world: World, found: Found, now: datetime) -> list[Reason]:
    """What stands in the way of confirming it now, and what is not in force any more. None once it was confirmed."""
    if found.state not in BEFORE:
        return []
    reasons = []
    try:
        _checked(world, wish_of(found), now)
    except BroadcastFault as fault:
        reasons.append(fault.reason)
    if found.state == "ready":
        return [*reasons, *map(Reason, _unready(world, found, now))]
    waits = {"draft": "broadcast.unchecked", "freezing": "broadcast.checking"}
    return [*reasons, Reason(waits[found.state])]


def pause(
    world: World, broadcast_id: UUID, revision: int, now: datetime, by: UUID | None, via: str = ""
) -> None:
    """Nothing more of it leaves until it goes on. Raises BroadcastFault."""
    _turn(world, broadcast_id, revision, ("sending",), "paused", "paused", now, by, {}, via)


def resume(
    world: World, broadcast_id: UUID, revision: int, now: datetime, by: UUID | None, via: str = ""
) -> None:
    """Raises BroadcastFault."""
    _turn(world, broadcast_id, revision, ("paused",), "sending", "resumed", now, by, {}, via)


def cancel(
    world: World, broadcast_id: UUID, revision: int, now: datetime, by: UUID | None, via: str = ""
) -> None:
    """Call the rest off: what has left has left. Raises BroadcastFault."""
    states = (*BEFORE, "sending", "paused", "done")
    values = {"ended_at": None}
    _turn(world, broadcast_id, revision, states, "cancelled", "cancelled", now, by, values, via)


def _turn(
    world: World,
    broadcast_id: UUID,
    revision: int,
    states: tuple[str, ...],
    state: str,
    act: str,
    now: datetime,
    by: UUID | None,
    values: dict[str, Any],
    via: str,
    *,
    forget: bool = False,
) -> None:
    """From one of `states` to `state`, if it still is as it was seen. The same act twice is one."""
    with world.database.write() as connection:
        found = rows.find(connection, world.workspace_id, broadcast_id)
        if found is None:
            raise BroadcastFault("broadcast.unknown")
        if found.state == state and found.revision == revision + 1 and _says(found, act, values):
            return
        if found.revision != revision or not rows.change(connection, found, states, state=state, **values):
            raise BroadcastFault("broadcast.stale", state=found.state)
        if forget:
            rows.forget_people(connection, broadcast_id)
        detail = {"title": found.title, "why": values.get("why", ""), **_via(via)}
        audit(
            connection, world.workspace_id, by, f"broadcast.{act}", "broadcast", str(broadcast_id), now, detail
        )  # fmt: skip


def _says(found: Found, act: str, values: dict[str, Any]) -> bool:
    """Whether the act is the one that was done. What another wrote into the same draft meanwhile is another."""
    return act != "changed" or all(getattr(found, name) == value for name, value in values.items())


def _via(program: str) -> dict[str, str]:
    return {"by": program} if program else {}


def starts_at(found: Found, zone_name: str | None = None) -> datetime | None:
    """When it is due for a contact in that zone; None: as soon as it is confirmed."""
    if found.way == "now" or not found.wall:
        return None
    wall = datetime.fromisoformat(found.wall)
    zone, _ = zone_of(zone_name if found.way == "local" else found.zone, found.zone or "UTC")
    return local_instant(wall.date(), wall.time(), zone)


def _checked(world: World, wish: Wish, now: datetime) -> dict[str, Any]:
    catalogue = world.library.catalogue(now)
    title = " ".join(wish.title.split())
    if not title or len(title) > LONGEST:
        raise BroadcastFault("broadcast.no_title", "title")
    info = catalogue.setting.templates.get(wish.template)
    if info is None or info.message_class != "marketing":
        raise BroadcastFault("broadcast.no_template", "template")
    if wish.segment not in catalogue.setting.segments:
        raise BroadcastFault("broadcast.no_segment", "segment")
    if wish.topic not in catalogue.setting.programme.topics:
        raise BroadcastFault("broadcast.no_topic", "topic")
    if wish.way not in WAYS:
        raise BroadcastFault("broadcast.no_time", "wall")
    wall = zone = None
    if wish.way != "now":
        wall, zone = _wall(wish, now), wish.zone or catalogue.setting.programme.zone
    pace = None
    if wish.pace.strip():
        pace = int(wish.pace) if wish.pace.strip().isascii() and wish.pace.strip().isdigit() else 0
        if not 1 <= pace <= MOST_AN_HOUR:
            raise BroadcastFault("broadcast.no_pace", "pace")
    return {
        "title": title, "template": wish.template, "segment": wish.segment, "topic": wish.topic, "way": wish.way,
        "wall": wall, "zone": zone, "pace": pace,
    }  # fmt: skip


def _wall(wish: Wish, now: datetime) -> str:
    if wish.zone and not is_zone(wish.zone):
        raise BroadcastFault("broadcast.no_zone", "zone", zone=wish.zone[:60])
    try:
        wall = datetime.fromisoformat(wish.wall[:16])
    except ValueError:
        raise BroadcastFault("broadcast.no_time", "wall") from None
    # A day's room, because it may be yesterday still where they are.
    if wall.tzinfo is not None or not now.replace(tzinfo=None) - timedelta(days=1) < wall:
        raise BroadcastFault("broadcast.past", "wall")
    if wall > now.replace(tzinfo=None) + timedelta(days=400):
        raise BroadcastFault("broadcast.far", "wall")
    return wall.isoformat(timespec="minutes")
