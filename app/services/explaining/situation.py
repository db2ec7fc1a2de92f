"""One contact at one instant: as they are, as they were, or as they will be if nobody does anything."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.facts import CriterionFact, Facts
from app.core.scoring import fold
from app.core.setting import Setting
from app.core.simulator import Inside, Line, Offer, Person, Play, simulate
from app.services.library import Catalogue
from app.services.rehearsing.people import people
from app.services.rehearsing.running import SILENCE
from app.services.world import World
from app.store import explaining as rows
from app.store import sending
from app.store.fields import from_json
from app.store.running import to_enrollment


class ExplainFault(Exception):
    """It cannot be explained; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Situation:
    """`person` is the contact at `at`; `now` the real present. `stopped`: the red button is pressed."""

    world: World
    catalogue: Catalogue
    person: Person
    now: datetime
    at: datetime
    stopped: bool

    @property
    def facts(self) -> Facts:
        return self.person.facts

    @property
    def setting(self) -> Setting:
        return self.catalogue.setting

    @property
    def past(self) -> bool:
        return self.at < self.now

    def play(self) -> Play:
        offers = {
            key: Offer(version.sequence, version.state) for key, version in self.catalogue.sequences.items()
        }
        return Play(self.setting, self.catalogue.rules, offers, silence=SILENCE)


def situation(
    connection: Connection, world: World, contact_id: UUID, now: datetime, at: datetime | None
) -> Situation:
    """Raises ExplainFault for a contact who is not there."""
    at = at or now
    catalogue = world.library.catalogue(now)
    found = next(people(connection, world, catalogue, [contact_id], now), None)
    if found is None:
        raise ExplainFault(
            "There is no such contact. Give an address or an id that `trellis contacts list` shows."
        )
    if at < now:
        _rewind(connection, world, catalogue, found, at)
    stopped = sending.is_stopped(connection, world.workspace_id)
    seen = Situation(world, catalogue, found, now, at, stopped)
    if at > now:
        for _ in simulate([found], seen.play(), now, at):
            pass
    return seen


def ahead(seen: Situation, days: int) -> list[Line]:
    """What happens to the contact from here if nobody does anything. Changes the person."""
    end = seen.at + timedelta(days=days)
    lines = simulate([seen.person], seen.play(), seen.at, end)
    return [line for line in lines if line.action not in ("inside", "outside")]


def _rewind(connection: Connection, world: World, catalogue: Catalogue, person: Person, at: datetime) -> None:
    """Undo what happened after `at`, as far as the history goes."""
    facts, contact_id = person.facts, person.facts.contact_id
    for change in rows.changes_since(connection, contact_id, at):
        _undo(facts, change, catalogue.rules.lifecycle.key)
    before = rows.stage_change(connection, contact_id, catalogue.rules.lifecycle.key, at)
    if before is not None:
        facts.stage_since = before.at
    entries = rows.score_lines(connection, contact_id, at)
    folded = {
        measure: fold(
            [e for e in entries if e.measure == measure], catalogue.rules.scoring.half_life_of(measure)
        )
        for measure in ("fit", "engagement")
    }
    facts.measures = {measure: worth for measure, worth in folded.items() if worth is not None}
    facts.happenings = [one for one in facts.happenings if one.at <= at]
    person.sent = [one for one in person.sent if one[2] <= at]
    facts.had = frozenset(template for template, _, _ in person.sent)
    facts.read = {piece: first for piece, first in facts.read.items() if first <= at}
    person.mails = [mail for mail in person.mails if mail.planned_at <= at]
    person.inside = [inside for inside in person.inside if inside.enrollment.entered_at <= at]
    person.told = []
    _who_were_inside(connection, world, person, at)


def _who_were_inside(connection: Connection, world: World, person: Person, at: datetime) -> None:
    """Stays that ended after `at` were still running then; the step they were at is not kept."""
    known = {inside.enrollment.id for inside in person.inside}
    for row in rows.stays(connection, person.facts.contact_id, at):
        if row.id in known or row.ended_at is None or row.ended_at <= at:
            continue
        person.past.pop(row.sequence, None)
        stay = replace(to_enrollment(row, row.sequence), state="due", due_at=None)
        person.inside.append(Inside(stay, world.library.pinned(row.version_id).sequence))


def _undo(facts: Facts, change: Any, lifecycle: str) -> None:
    name, old = change.name, change.old
    match change.kind:
        case "stage" if name == lifecycle:
            facts.stage = old or ""
        case "field":
            facts.fields = {**facts.fields, name: from_json(old, is_date=_is_date(old))}
        case "tag":
            facts.tags = facts.tags | {name} if old else facts.tags - {name}
        case "consent":
            facts.consents = {**facts.consents, name: old} if old else _without(facts.consents, name)
        case "criterion":
            if isinstance(old, dict):
                value = from_json(old.get("value"), is_date=_is_date(old.get("value")))
                facts.criteria = {**facts.criteria, name: CriterionFact(old["state"], value)}
            else:
                facts.criteria = _without(facts.criteria, name)


def _without(known: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in known.items() if key != name}


def _is_date(value: object) -> bool:
    return isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-"


__all__ = ["ExplainFault", "Situation", "ahead", "situation"]
