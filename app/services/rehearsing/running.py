"""The real contact base run forward on a virtual clock. Nothing is written: the database itself refuses to."""

import multiprocessing
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from app.core.diff import stands
from app.core.sequences import Sequence as Version
from app.core.simulator import Offer, Person, Play, Responses, Silence, nobody, simulate
from app.services import silence
from app.services.library import Catalogue
from app.services.reading import Unreadable, read_sequence_text
from app.services.rehearsing.pacing import would_wait
from app.services.rehearsing.people import people
from app.services.rehearsing.responding import Typical
from app.services.rehearsing.tally import Tally, tally
from app.services.world import World, open_world
from app.store import rehearsal
from app.store.database import Database

# Below this many contacts another process costs more than it brings.
WORTH_SHARING = 2000
LONGEST = 3660
SILENCE = Silence(silence.LONG, silence.MAILS, silence.AGAIN)


class RehearsalFault(Exception):
    """It cannot be rehearsed; the message says what and what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be rehearsed. `drafts` are texts of sequences that stand in for the published ones."""

    names: tuple[str, ...] = ()
    days: int = 90
    respond: Literal["none", "typical"] = "none"
    seed: int = 0
    drafts: tuple[str, ...] = ()


def rehearse(world: World, wish: Wish, now: datetime, *, processes: int | None = None) -> Tally:
    """Run everybody forward. Raises RehearsalFault where the wish does not fit, Unreadable for a faulty text."""
    if not 1 <= wish.days <= LONGEST:
        raise RehearsalFault(f"{wish.days} days cannot be rehearsed. Give 1 to {LONGEST}.")
    stage = _Stage(world, wish, now)
    with rehearsal.only_looking(world.database) as connection:
        ids = rehearsal.contact_ids(connection, world.workspace_id)
        play = stage.play(connection)
    shares = 1 if play.shared else min(processes or os.cpu_count() or 1, 1 + len(ids) // WORTH_SHARING)
    if shares == 1:
        return stage.paced(stage.run(ids))
    # Fork: the others start with all that was read. Each opens connections of its own.
    cuts = [len(ids) * n // shares for n in range(shares + 1)]
    parts = [ids[first:last] for first, last in pairwise(cuts)]
    total = tally(wish.names)
    # This pool lets its processes end by themselves; one that is told to by a signal may take a lock with it.
    with ProcessPoolExecutor(shares, multiprocessing.get_context("fork"), _begin, (stage,)) as pool:
        for part in pool.map(_share, parts):
            total.add(part)
    return stage.paced(total)


class _Stage:
    """Everything a rehearsal needs, made anew in each process."""

    def __init__(self, world: World, wish: Wish, now: datetime) -> None:
        self.world = world
        self.wish = wish
        self.now = now
        self.catalogue: Catalogue = world.library.catalogue(now)
        self.drafts = _drafts(wish.drafts, self.catalogue)
        _check(wish.names, {*self.catalogue.sequences, *self.drafts})

    def play(self, connection: Connection) -> Play:
        catalogue = self.catalogue
        offers = {
            key: Offer(
                self.drafts.get(key, version.sequence),
                version.state,
                tuple(rehearsal.entered_lately(connection, version.definition_id, self.now)),
            )
            for key, version in catalogue.sequences.items()
        }
        for key, draft in self.drafts.items():
            offers.setdefault(key, Offer(draft))
        responses: Responses = nobody
        if self.wish.respond == "typical":
            responses = Typical(catalogue.setting, catalogue.rules.lifecycle, self.wish.seed)
        return Play(catalogue.setting, catalogue.rules, offers, responses, SILENCE)

    def run(self, ids: Sequence[UUID]) -> Tally:
        total = tally(self.wish.names)
        total.people = len(ids)
        end = self.now + timedelta(days=self.wish.days)
        with rehearsal.only_looking(self.world.database) as connection:
            crowd = people(connection, self.world, self.catalogue, ids, self.now, self.version_of)
            return total.count(simulate(_noted(crowd, total), self.play(connection), self.now, end))

    def paced(self, total: Tally) -> Tally:
        """Say which of the mails would wait for senders and providers."""
        last = (self.now + timedelta(days=self.wish.days)).date()
        programme = self.catalogue.setting.programme
        with rehearsal.only_looking(self.world.database) as connection:
            total.waits = would_wait(connection, self.world, programme, total.ways, self.now, last)
        return total

    def version_of(self, version_id: UUID, step: str) -> Version:
        """Those inside go on in the draft where their step is still there, else in the version they are in."""
        current = self.world.library.pinned(version_id).sequence
        draft = self.drafts.get(current.key)
        return draft if draft is not None and stands(current, draft, step) else current


def _noted(crowd: Iterable[Person], total: Tally) -> Iterator[Person]:
    """The same people, each with their way written down."""
    for person in crowd:
        total.way_of[person.facts.contact_id] = person.way
        yield person


_stage: _Stage | None = None


def _begin(stage: _Stage) -> None:
    global _stage
    world = stage.world
    database = Database(world.database.url.render_as_string(hide_password=False))
    stage.world = open_world(database, world.workspace_id, world.settings)
    _stage = stage


def _share(ids: Sequence[UUID]) -> Tally:
    assert _stage is not None
    return _stage.run(ids)


def _drafts(texts: Collection[str], catalogue: Catalogue) -> Mapping[str, Version]:
    drafts = {}
    for text in texts:
        draft = read_sequence_text("draft", text)
        missing = sorted(
            {template for templates in draft.templates().values() for template in templates}
            - set(catalogue.setting.templates)
        )
        if missing:
            raise RehearsalFault(
                f"The draft of {draft.key} sends {', '.join(missing)}, which is not published. "
                "Run `trellis sequences apply` for the templates first."
            )
        if draft.stage not in catalogue.rules.lifecycle.stages:
            raise RehearsalFault(f"The draft of {draft.key} is for “{draft.stage}”, which is no stage.")
        drafts[draft.key] = draft
    return drafts


def _check(names: Collection[str], known: Collection[str]) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        there = ", ".join(sorted(known)) or "none yet"
        raise RehearsalFault(f"There is no sequence {', '.join(unknown)}. There are: {there}.")


__all__ = ["RehearsalFault", "Unreadable", "Wish", "rehearse"]
