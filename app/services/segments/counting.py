"""Counting people, no further than a number and no longer than a moment; the counts of lists are kept."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Row

from app.core.conditions import Condition
from app.services.library import Catalogue
from app.services.world import World
from app.store import definitions, segment_counts
from app.store.bounded import TooLong, looking_for
from app.store.segments import count_up_to, matching_ids

# Beyond so many a page says "more than"; a count that takes longer is tried once more for fewer.
MOST, FEWER = 100_000, 1_000
PATIENCE, SHORT = 2.0, 0.7
# A count that takes longer is told, so that whoever writes a condition sees what it costs.
SLOW = 0.5


@dataclass(frozen=True, slots=True)
class Counted:
    """`people` None: it took too long to say. `more`: there are more than `people`. `took` are seconds."""

    people: int | None
    more: bool
    took: float
    at: datetime

    @property
    def slow(self) -> bool:
        return self.people is None or self.took > SLOW


def count(
    world: World,
    catalogue: Catalogue,
    condition: Condition,
    now: datetime,
    segments: Mapping[str, Condition] | None = None,
) -> Counted:
    """How many contacts it holds for. `segments` are those it may name, if not those in force."""
    begun = time.monotonic()
    for most, patience in ((MOST, PATIENCE), (FEWER, SHORT)):
        try:
            with looking_for(world.database, patience) as connection:
                people = count_up_to(
                    connection, condition, most, workspace_id=world.workspace_id,
                    lifecycle=catalogue.rules.lifecycle.key, now=now,
                    segments=catalogue.setting.segments if segments is None else segments,
                )  # fmt: skip
        except TooLong:
            continue
        return Counted(min(people, most), people > most, time.monotonic() - begun, now)
    return Counted(None, False, time.monotonic() - begun, now)


def sample(
    world: World, catalogue: Catalogue, condition: Condition, now: datetime, limit: int = 10
) -> list[UUID] | None:
    """A few of those it holds for, those who came first; None: finding them took too long."""
    try:
        with looking_for(world.database, PATIENCE) as connection:
            return matching_ids(
                connection, condition, workspace_id=world.workspace_id, lifecycle=catalogue.rules.lifecycle.key, now=now,
                segments=catalogue.setting.segments, limit=limit,
            )  # fmt: skip
    except TooLong:
        return None


def count_all(world: World, now: datetime) -> int:
    """Once an hour: every segment in use is counted, for the list of segments. How many counts are other ones now."""
    catalogue = world.library.catalogue(now)
    with world.database.read() as connection:
        live = definitions.live(connection, world.workspace_id, "segment")
    rows = [
        _row(world, row.id, row.version_id, count(world, catalogue, catalogue.setting.segments[row.key], now))
        for row in live
        if row.state == "live" and row.version_id is not None and row.key in catalogue.setting.segments
    ]
    with world.database.write() as connection:
        before = segment_counts.kept(connection, world.workspace_id)
        segment_counts.keep(connection, rows)
    return sum(not _is_same(before.get(row["definition_id"]), row) for row in rows)


def _is_same(before: Row[Any] | None, row: Mapping[str, Any]) -> bool:
    return before is not None and (before.version_id, before.people, before.more) == (
        row["version_id"], row["people"], row["more"],
    )  # fmt: skip


def keep_count(world: World, definition_id: UUID, version_id: UUID, counted: Counted) -> None:
    with world.database.write() as connection:
        segment_counts.keep(connection, [_row(world, definition_id, version_id, counted)])


def _row(world: World, definition_id: UUID, version_id: UUID, counted: Counted) -> dict[str, Any]:
    return {
        "definition_id": definition_id, "workspace_id": world.workspace_id, "version_id": version_id,
        "people": counted.people, "more": counted.more, "took": counted.took, "at": counted.at,
    }  # fmt: skip
