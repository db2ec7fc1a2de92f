"""Whom a change of the rules would reach: of a bounded look at the newest people and the mails that wait."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.caps import free_at
from app.core.conditions import holds
from app.core.facts import Facts, Measure
from app.core.programme import Programme
from app.core.qualification import judge, with_segments
from app.core.reactions import Rules
from app.core.reasons import Reason
from app.core.scoring import ScoringModel
from app.core.scoring.entries import BY_STEP
from app.core.timing import zone_of
from app.services.authoring.reading import Books
from app.services.world import World
from app.store import rules as store
from app.store.facts import load_facts

# So many are looked at: people, and mails that wait.
MOST_PEOPLE, MOST_MAILS = 1000, 2000
MOST_MOVES = 12


@dataclass(frozen=True, slots=True)
class Effect:
    """`care`: somebody should look before it is published. `count` of `looked` are reached."""

    told: Reason
    count: int
    looked: int
    care: bool = False


def effects(world: World, rules: Rules, books: Books, now: datetime) -> Iterator[Effect]:
    assert books.scoring is not None, "looked at only when everything can be read"
    lifecycle, programme = books.lifecycle, books.programme
    with world.database.read() as connection:
        if _timing(rules.programme) != _timing(programme):
            yield from _waiting(connection, world, rules.programme, programme, now)
        gone = [key for key in rules.programme.topics if key not in programme.topics]
        if gone:
            agreed, looked = store.agreed(connection, world.workspace_id, MOST_PEOPLE)
            for key in gone:
                count = agreed.get(key, 0)
                yield Effect(
                    Reason("rules.effect.topic", {"topic": key, "count": count}), count, looked, bool(count)
                )
        standing = store.at_stages(connection, world.workspace_id, rules.lifecycle.key)
        for key, count in standing.items():
            if key in rules.lifecycle.stages and key not in lifecycle.stages:
                yield Effect(Reason("rules.effect.stage", {"stage": key, "count": count}), count, count, True)
        if rules.lifecycle == lifecycle and rules.scoring == replace(
            books.scoring, version=rules.scoring.version
        ):
            return
        ids = store.newest(connection, world.workspace_id, MOST_PEOPLE)
        facts = load_facts(connection, world.workspace_id, rules.lifecycle.key, ids, None, now)
        scored = {}
        if rules.scoring != replace(books.scoring, version=rules.scoring.version):
            entries = store.entries_of(connection, ids)
            scored = _scored(facts, entries, rules.scoring, books.scoring.with_segments(books.segments), now)
            yield from _scores(facts, scored, now)
        yield from _judged(facts, scored, rules, books, now)


def _timing(programme: Programme) -> tuple[Any, ...]:
    return programme.caps, programme.quiet, programme.window, programme.zone, programme.holidays_of


def _waiting(
    connection: Connection, world: World, old: Programme, new: Programme, now: datetime
) -> Iterator[Effect]:
    """Mails that wait and would be held at the instant they are due by one set of rules and not by the other."""
    mails = store.waiting(connection, world.workspace_id, MOST_MAILS)
    longest = max((cap.per for cap in (*old.caps, *new.caps)), default=timedelta())
    sent: dict[UUID, list[datetime]] = defaultdict(list)
    people = list(dict.fromkeys(row.contact_id for row in mails))
    for contact_id, at in store.sent_since(connection, people, now - longest) if longest else ():
        sent[contact_id].append(at)
    later = sooner = 0
    for row in mails:
        before, after = (_held(one, row, sent[row.contact_id], now) for one in (old, new))
        later += after and not before
        sooner += before and not after
    looked = len(mails)
    if later:
        yield Effect(Reason("rules.effect.later", {"count": later}), later, looked)
    if sooner:
        yield Effect(Reason("rules.effect.sooner", {"count": sooner}), sooner, looked)
    if not later and not sooner:
        yield Effect(Reason("rules.effect.no_mail", {}), 0, looked)


def _held(programme: Programme, row: Row[Any], sent: Sequence[datetime], now: datetime) -> bool:
    at = max(row.due_at, now)
    zone = zone_of(row.zone, programme.zone)[0]
    if programme.quiet is not None and programme.quiet.contains(at, zone):
        return True
    country = row.country or programme.country or None
    if programme.window is not None and not programme.window.contains(at, zone, programme.calendar, country):
        return True
    return free_at(programme.caps, sent, at) is not None


def _scored(
    facts: Mapping[UUID, Facts],
    entries: Sequence[Row[Any]],
    old: ScoringModel,
    new: ScoringModel,
    now: datetime,
) -> dict[UUID, Facts]:
    """The facts as they would be if the new rules had always held. Points that a step gave are no rule's, and stay."""
    before = {rule.key: rule.points for rule in old.engagement}
    points = {rule.key: rule.points for rule in new.engagement}
    mine: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in entries:
        mine[row.contact_id].append(row)
    found = {}
    for contact_id, one in facts.items():
        rows = mine[contact_id]
        by_step = [row.points for row in rows if row.measure == "fit" and row.rule.startswith(BY_STEP)]
        fit = sum(by_step) + sum(
            rule.points for rule in new.fit if rule.condition is not None and holds(rule.condition, one, now)
        )
        kept = [
            Measure(_worth(row, before, points), row.at, new.half_life).at(now)
            for row in rows
            if row.measure == "engagement"
        ]
        measures = dict(one.measures)
        if "fit" in measures or fit:
            measures["fit"] = Measure(fit, now, None)
        if kept:
            measures["engagement"] = Measure(sum(kept), now, new.half_life)
        found[contact_id] = replace(one, measures=measures)
    return found


def _worth(row: Row[Any], before: Mapping[str, float], after: Mapping[str, float]) -> float:
    if row.rule.startswith(BY_STEP) or row.rule not in before:
        return float(row.points)
    return after.get(row.rule, 0.0)


def _scores(facts: Mapping[UUID, Facts], scored: Mapping[UUID, Facts], now: datetime) -> Iterator[Effect]:
    for measure in ("fit", "engagement"):
        up = down = 0
        for contact_id, one in facts.items():
            before, after = (_at(each, measure, now) for each in (one, scored[contact_id]))
            up += after - before >= 0.5
            down += before - after >= 0.5
        for way, count in (("up", up), ("down", down)):
            if count:
                told = Reason(f"rules.effect.score_{way}", {"measure": measure, "count": count})
                yield Effect(told, count, len(facts))
    if facts:
        yield Effect(Reason("rules.effect.from_now_on", {}), 0, len(facts))


def _at(facts: Facts, measure: str, now: datetime) -> float:
    found = facts.measures.get(measure)
    return found.at(now) if found is not None else 0.0


def _judged(
    facts: Mapping[UUID, Facts], scored: Mapping[UUID, Facts], rules: Rules, books: Books, now: datetime
) -> Iterator[Effect]:
    """Who would move by one set of rules and not by the other."""
    old = with_segments(rules.lifecycle, rules.segments)
    new = with_segments(books.lifecycle, books.segments)
    gained, lost = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for contact_id, one in facts.items():
        before = judge(old, one, now).stage
        after = judge(new, scored.get(contact_id, one), now).stage
        if before != after:
            if after:
                gained[one.stage, after] += 1
            if before:
                lost[one.stage, before] += 1
    for code, found in (("moves", gained), ("stays", lost)):
        for (frm, to), count in found.most_common(MOST_MOVES):
            told = Reason(f"rules.effect.{code}", {"from": frm or "–", "to": to, "count": count})
            yield Effect(told, count, len(facts), code == "moves")
    if not gained and not lost:
        yield Effect(Reason("rules.effect.nobody", {}), 0, len(facts))
