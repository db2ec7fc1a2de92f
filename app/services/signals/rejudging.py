"""Kept hits are judged again by the present classifier; who was promoted by what was no person is listed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.core.facts import Facts
from app.core.qualification import open_entry
from app.inbound.judging import VERSION
from app.services.signals.correcting import Anew, Corrected, correct
from app.services.signals.verdicts import Scene
from app.services.world import World
from app.store import rejudging as store
from app.store.facts import load_facts

BATCH = 200


@dataclass(frozen=True, slots=True)
class Promoted:
    """Who entered a stage after signals that were no person's. `earned`: without them the entry rule holds too."""

    contact_id: UUID
    frm: str
    to: str
    at: datetime
    earned: bool

    @property
    def action(self) -> str:
        return "keep" if self.earned else "move back"


def rejudge(
    world: World,
    now: datetime,
    since: datetime | None = None,
    *,
    dry_run: bool = False,
    on_batch: Callable[[Corrected], None] | None = None,
) -> tuple[Corrected, list[Promoted]]:
    """Judge again what another version judged, a batch a transaction; what was done, and who is promoted by it.

    Interrupted, it goes on where it stopped when it is called again; called twice it does nothing more.
    A dry run does the same and takes each batch back.
    """
    done, after = Corrected(), None
    turned: list[Anew] = []
    while True:
        # Judging takes its time; nobody waits for it with a lock.
        with world.database.read() as connection:
            rows = store.judged_by_others(connection, world.workspace_id, VERSION, since, after, BATCH)
            anew = Scene.of(connection, world, rows).judge(rows) if rows else []
        if not rows:
            break
        after = rows[-1].id
        with _batch(world, dry_run) as connection:
            done.add(correct(connection, world, anew, now))
            turned += [pair for pair in anew if _is_taken_back(pair)] if dry_run else []
        if on_batch is not None:
            on_batch(done)
    with _batch(world, dry_run) as connection:
        # A dry run has taken them back one batch after the other: here they are all there at once.
        for start in range(0, len(turned), BATCH):
            correct(connection, world, turned[start : start + BATCH], now)
        return done, promoted_of(connection, world, done.no_persons, now)


class _Undo(Exception):
    """Takes a transaction back."""


@contextmanager
def _batch(world: World, dry_run: bool) -> Iterator[Connection]:
    with suppress(_Undo), world.database.write() as connection:
        yield connection
        if dry_run:
            raise _Undo


def _is_taken_back(pair: Anew) -> bool:
    return bool(pair[0].verdict == "human" and pair[1].verdict != "human")


def promoted(world: World, now: datetime) -> list[Promoted]:
    """All who stand in a stage they entered after signals that turned out to be no person's."""
    with world.database.read() as connection:
        return promoted_of(connection, world, store.taken_back(connection, world.workspace_id), now)


def promoted_of(
    connection: Connection, world: World, since: dict[UUID, datetime], now: datetime
) -> list[Promoted]:
    lifecycle = world.library.catalogue(now).rules.lifecycle
    rows = store.stages_since(connection, lifecycle.key, since) if since else []
    facts = load_facts(
        connection, world.workspace_id, lifecycle.key, [row.contact_id for row in rows], None, now
    )
    return [
        Promoted(
            row.contact_id, row.old, row.stage, row.since, _earned(world, facts[row.contact_id], row.old, now)
        )
        for row in rows
        if row.contact_id in facts
    ]


def _earned(world: World, facts: Facts, frm: str, now: datetime) -> bool:
    rule = open_entry(world.library.catalogue(now).rules.lifecycle, replace(facts, stage=frm), now)
    return rule is not None and rule.stage == facts.stage
