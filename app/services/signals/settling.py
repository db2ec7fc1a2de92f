"""Hits are judged when their settle window is over: scanners come in bursts, and what belongs together must be there."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.inbound.link_maps import LinkMaps
from app.services.signals.correcting import correct
from app.services.signals.verdicts import Scene, events_of, verdict_row
from app.services.world import World
from app.store import hits as store
from app.store import ledger

SETTLE = timedelta(minutes=2)
# So near a late hit may change what its neighbours look like.
NEIGHBOURS = timedelta(minutes=1)
BATCH = 500


def judge_due(world: World, links: LinkMaps, now: datetime, limit: int = BATCH) -> int:
    """Judge hits whose settle window is over; the judged ones with a contact become events. How many were judged."""
    with world.database.write() as connection:
        rows = store.due_for_judgement(connection, world.workspace_id, now - SETTLE, limit)
        if not rows:
            return 0
        scene = Scene.of(connection, world, rows)
        judged = scene.judge(rows)
        store.write_verdicts(connection, [verdict_row(row, one, now) for row, one in judged])
        pieces = world.library.catalogue(now).setting.pieces
        ledger.add_events(connection, events_of(connection, links, scene, judged, pieces))
        _look_again(connection, world, scene, rows, now)
        return len(rows)


def _look_again(
    connection: Connection, world: World, scene: Scene, rows: Sequence[Row[Any]], now: datetime
) -> None:
    """A hit may come late, out of another server's spool: its neighbours were judged without it."""
    late: dict[Any, list[datetime]] = {}
    for row in rows:
        late.setdefault(row.delivery_id, []).append(row.at)
    mine = {row.id for row in rows}
    before = [
        row
        for row in scene.rows
        if row.verdict is not None and row.id not in mine and row.contact_id is not None
        and any(abs(at - row.at) <= NEIGHBOURS for at in late.get(row.delivery_id, ())[:BATCH])
    ]  # fmt: skip
    turned = [(row, judged) for row, judged in scene.judge(before) if judged.verdict != row.verdict]
    if turned:
        correct(connection, world, turned, now)
