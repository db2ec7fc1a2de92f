"""Where a contact stands: stage, scores, criteria, sequences, what comes next, and what would change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.core.explain import Change, next_stage
from app.core.facts import Value
from app.core.qualification import judge
from app.core.reasons import Reason
from app.core.simulator import Line
from app.services.explaining.situation import Situation, ahead
from app.store import explaining as rows

DAYS_AHEAD = 30
LAST_LINES = 10
FORESEEN = ("mail_accepted", "mail_deferred", "mail_suppressed", "mail_expired", "mail_cancelled", "stage", "task", "ended", "parked")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    rule: str
    points: float
    worth: float
    at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Score:
    """`entries` are the ledger, each with what is left of its points; together they are `value`."""

    measure: str
    value: float
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Criterion:
    key: str
    state: str
    value: Value
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A sequence the contact is in: the step, since when, why they are there, and the next instant."""

    sequence: str
    step: str
    state: str
    since: datetime
    due_at: datetime | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Standing:
    """`next_stage` is where `judged` looks, `missing` what lacks for it; `coming` reaches 30 days ahead."""

    at: datetime
    stage: str
    stage_since: datetime | None
    stage_reason: Reason | None
    scores: tuple[Score, ...]
    criteria: tuple[Criterion, ...]
    places: tuple[Place, ...]
    judged: Reason
    next_stage: str | None
    missing: tuple[Change, ...]
    coming: tuple[Line, ...]
    story: tuple[tuple[datetime, str, Reason], ...]


def explain_contact(connection: Connection, seen: Situation) -> Standing:
    facts, rules, at = seen.facts, seen.catalogue.rules, seen.at
    judgement = judge(rules.lifecycle, facts, at, seen.setting.segments)
    standing = Standing(
        at=at,
        stage=facts.stage,
        stage_since=facts.stage_since,
        stage_reason=_stage_reason(connection, seen),
        scores=_scores(connection, seen),
        criteria=_criteria(connection, seen),
        places=tuple(
            Place(one.sequence.key, e.step, e.state, e.since, e.due_at, e.reason)
            for one in seen.person.inside
            for e in (one.enrollment,)
        ),
        judged=judgement.reason,
        next_stage=judgement.rule.stage if judgement.rule is not None else None,
        missing=next_stage(judgement, facts, at),
        # What came after an instant of the past is in the story of a later one.
        coming=() if seen.past else _coming(seen),
        story=tuple(
            (row.at, row.kind, Reason(row.code, row.params))
            for row in rows.story(connection, facts.contact_id, at, LAST_LINES)
        ),
    )
    return standing


def _stage_reason(connection: Connection, seen: Situation) -> Reason | None:
    contact_id, lifecycle = seen.facts.contact_id, seen.catalogue.rules.lifecycle.key
    change = rows.stage_change(connection, contact_id, lifecycle, seen.at)
    if change is not None and change.new == seen.facts.stage:
        return Reason(change.reason_code, change.reason_params)
    row = rows.stage_row(connection, contact_id, lifecycle)
    if row is not None and row.stage == seen.facts.stage:
        return Reason(row.reason_code, row.reason_params)
    return None


def _scores(connection: Connection, seen: Situation) -> tuple[Score, ...]:
    scoring, at = seen.catalogue.rules.scoring, seen.at
    lines = rows.score_lines(connection, seen.facts.contact_id, at)
    scores = []
    for measure in ("fit", "engagement"):
        half_life = scoring.half_life_of(measure)
        entries = []
        for line in lines:
            if line.measure == measure:
                age = (at - line.at) / half_life if half_life else 0.0
                worth = line.points * 2.0**-age
                reason = Reason(line.reason_code, line.reason_params)
                entries.append(Entry(line.rule, line.points, worth, line.at, reason))
        known = seen.facts.measures.get(measure)
        value = known.at(at) if known is not None else 0.0
        scores.append(Score(measure, value, tuple(entries)))
    return tuple(scores)


def _criteria(connection: Connection, seen: Situation) -> tuple[Criterion, ...]:
    evidence = {row.criterion: row.evidence for row in rows.criteria(connection, seen.facts.contact_id)}
    found = []
    for key in seen.catalogue.rules.lifecycle.criteria:
        known = seen.facts.criteria.get(key)
        state, value = (known.state, known.value) if known is not None else ("unknown", None)
        found.append(Criterion(key, state, value, evidence.get(key, {}) if known is not None else {}))
    return tuple(found)


def _coming(seen: Situation) -> tuple[Line, ...]:
    """The next mails and what becomes of the stays, if nobody answers."""
    return tuple(line for line in ahead(seen, DAYS_AHEAD) if line.action in FORESEEN)
