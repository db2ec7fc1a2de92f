"""The demo made: a workspace, the real engine and pages on a moved clock, a story played, and what came of it."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from app.demo.cast import TEAM, make_cast
from app.demo.chance import Chance
from app.demo.doors import Doors, MovedClock
from app.demo.story import Stage, Story
from app.factory import create_app
from app.runtime.catcher import Catcher
from app.runtime.engine import Engine, route_of
from app.runtime.postbox import Postbox
from app.services import demo
from app.services.authoring.applying import load_starters
from app.services.demo.proving import faults
from app.services.ids import drawn_from
from app.services.library import StillLibrary
from app.services.viewing import Place
from app.services.viewing.people import stage_counts
from app.services.world import open_world
from app.store.database import Database
from config import Settings

MOST_PEOPLE, MOST_DAYS = 5_000, 400


class NotWhole(Exception):
    """The story was played and something is not as it must be; the demo is not shown."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which story: the same `seed`, `people`, `days` and end tell the same one."""

    seed: int = 1
    people: int = 500
    days: int = 120


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: contacts by stage, and what was done at the doors."""

    workspace_id: UUID
    mails: int
    stages: dict[str, int]
    told: dict[str, Any]


def make(
    database: Database,
    settings: Settings,
    wish: Wish,
    end: datetime,
    progress: Callable[[str, int, int], None] = lambda what, done, whole: None,
) -> Made:
    """Make the demo, whole or not at all. The caller holds it (`demo.held`), and there is none."""
    apart = demo.demo_settings(settings)
    start = datetime.combine(end.date() - timedelta(days=wish.days), time(), UTC)
    chance = Chance(wish.seed)
    with drawn_from(chance.octets):
        progress("texts", 0, 1)
        workspace_id = demo.begin(database, apart, TEAM, start)
        load_starters(database, workspace_id, Path(settings.content_dir), apart, start)
        clock = MovedClock(start)
        cast = make_cast(chance, wish.people, wish.days)
        with _few_collections(), _stage(database, apart, workspace_id, clock) as (stage, caught):
            played = Story(
                stage, chance, cast, start, end, lambda day, days: progress("days", day, days)
            ).play()
            wrong = faults(stage.engine.world, caught.count(), clock())
            mails = caught.count()
    if wrong:
        raise NotWhole("\n".join(wrong))
    demo.finish(database, workspace_id)
    stages = {count.stage.key: count.people for count in stage_counts(Place(database, workspace_id), end)}
    return Made(workspace_id, mails, stages, played.as_json())


@contextmanager
def _few_collections() -> Iterator[None]:
    """Most of what the story makes is gone at once; going through it again and again costs a tenth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _stage(
    database: Database, settings: Settings, workspace_id: UUID, clock: MovedClock
) -> Iterator[tuple[Stage, Postbox]]:
    """The real parts, wired to one another and to the moved clock."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    caught = Postbox(settings.data_dir / "caught.db")
    catcher = Catcher(caught, "127.0.0.1", 0, clock)
    port = catcher.start()
    world = replace(
        open_world(database, workspace_id, settings), library=StillLibrary(database, workspace_id)
    )
    app = create_app(settings, database, caught, clock, world)
    parts = app.extensions
    engine = Engine(world, parts["spool"], parts["link_maps"], route_of(settings, port), clock)
    try:
        engine.recover()
        yield Stage(engine, Doors(app, world, clock, settings.data_dir), clock, caught), caught
    finally:
        engine.stop()
        engine.close()
        catcher.stop()
        caught.close()
