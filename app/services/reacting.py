"""Events have consequences: scores, criteria, stages; who waited goes on, who is done leaves, others may enter."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.admission import begins
from app.core.engine import notice
from app.core.facts import Facts, Happening
from app.core.reactions import TOLD_ALREADY, changed, judge_again, react, said_by_its_event
from app.core.reasons import Reason
from app.services.effects import Act, obey
from app.services.enrolling import ask_admission
from app.services.hook_subscriptions import tell_event
from app.services.library import Catalogue
from app.services.timeline import line
from app.services.world import World
from app.store import hook_subscriptions as subscriptions
from app.store import ledger, reacting, running
from app.store.facts import load_facts
from app.store.running import Held

log = structlog.get_logger()
BATCH = 200
BACK_OFF = timedelta(minutes=1)


def react_due(world: World, now: datetime, limit: int = BATCH) -> int:
    """React to a batch of events, one of each contact; how many were dealt with."""
    catalogue = world.library.catalogue(now)
    with world.database.write() as connection:
        rows = reacting.pending(connection, world.workspace_id, now, limit)
        if not rows:
            return 0
        contact_ids = [row.contact_id for row in rows]
        # Locked before anything of them is written: a step that another worker saves meanwhile is waited for.
        inside = _inside(connection, contact_ids)
        listening = subscriptions.listening(connection, world.workspace_id)
        facts = _facts(connection, world, catalogue, contact_ids, now)
        # A savepoint for each: one bad event is set aside, and the others are written.
        for row in rows:
            try:
                with connection.begin_nested():
                    mine = inside.get(row.contact_id, [])
                    _one(connection, world, catalogue, row, facts.get(row.contact_id), mine, now)
                    if row.contact_id in facts:
                        tell_event(connection, world.workspace_id, listening, row, now)
            except Exception as error:
                _failed(connection, world, row, error, now)
        return len(rows)


def _facts(
    connection: Connection, world: World, catalogue: Catalogue, contact_ids: Sequence[UUID], now: datetime
) -> dict[UUID, Facts]:
    return load_facts(connection, world.workspace_id, catalogue.rules.lifecycle.key, contact_ids, None, now)


def _inside(connection: Connection, contact_ids: Sequence[UUID]) -> dict[UUID, list[Held]]:
    found: dict[UUID, list[Held]] = {}
    for held in running.active_of(connection, contact_ids):
        found.setdefault(held.enrollment.contact_id, []).append(held)
    return found


def to_happening(row: Row[Any]) -> Happening:
    topics = tuple(topic for topic in row.topics.split(",") if topic)
    return Happening(row.kind, row.subject, row.occurred_at, topics, row.verdict)


def _one(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    row: Row[Any],
    facts: Facts | None,
    inside: Sequence[Held],
    now: datetime,
) -> None:
    reacting.mark_processed(connection, [row.id], now)
    if facts is None:
        return
    happening = to_happening(row)
    _write_down(connection, world, row, happening)
    earlier, standing = reacting.earlier_entries(connection, row.contact_id)
    effects = react(
        happening, facts, catalogue.rules, now, event_id=str(row.id), earlier=earlier, standing=standing,
        payload=row.payload,
    )  # fmt: skip
    obey(
        connection,
        world,
        catalogue,
        # The line of the event itself says how it was judged.
        [Act(row.contact_id, effect, event_id=row.id) for effect in effects if not said_by_its_event(effect)],
        now,
    )
    after = changed(facts, effects, catalogue.rules.scoring)
    _tell_enrollments(connection, world, catalogue, row, happening, after, inside, now)
    _ask_for_admission(connection, world, catalogue, row, happening, now)


def _write_down(connection: Connection, world: World, row: Row[Any], happening: Happening) -> None:
    """What happened stands on the timeline with its verdict, also where it moves nobody."""
    if row.kind in TOLD_ALREADY:
        return
    # What came along may bear these names too (a form has a subject); it never speaks for the judge.
    params = {
        **row.payload,
        "subject": happening.subject,
        "verdict": happening.verdict,
        "topics": list(happening.topics),
    }
    told = line(
        world.workspace_id, row.contact_id, "event", Reason(f"event.{row.kind.partition(':')[0]}", params),
        row.occurred_at, actor="contact", event_id=row.id, delivery_id=row.delivery_id,
        enrollment_id=row.enrollment_id,
    )  # fmt: skip
    ledger.add_timeline(connection, [told])


def _tell_enrollments(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    row: Row[Any],
    happening: Happening,
    facts: Facts,
    inside: Sequence[Held],
    now: datetime,
) -> None:
    decided, acts = [], []
    for held in inside:
        version = world.library.pinned(held.version_id)
        step = notice(held.enrollment, version.sequence, happening, facts, catalogue.setting, now)
        if step.enrollment is not held.enrollment:
            decided.append((held, step.enrollment))
            acts += [Act(row.contact_id, effect, step.enrollment, version, row.id) for effect in step.effects]
    running.save(connection, decided, now)
    for held, enrollment in decided:
        if enrollment.state == "ended":
            running.cancel_mails(connection, held.enrollment.id, enrollment.reason, now)
    obey(connection, world, catalogue, acts, now)


def _ask_for_admission(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    row: Row[Any],
    happening: Happening,
    now: datetime,
) -> None:
    """Sequences that begin with this event, for this contact."""
    for version in catalogue.sequences.values():
        # While a sequence is paused, who comes waits at its door.
        if version.state not in ("live", "paused") or not begins(version.sequence, happening, row.source):
            continue
        trigger = version.sequence.trigger.on
        reason = Reason(f"enroll.{trigger}", {"subject": happening.subject, "sequence": version.sequence.key})
        ask_admission(
            connection, world.workspace_id, version.definition_id, row.contact_id, trigger=trigger,
            occasion=str(row.id), reason=reason, now=now,
        )  # fmt: skip


def _failed(connection: Connection, world: World, row: Row[Any], error: Exception, now: datetime) -> None:
    log.error("reacting.event_failed", event_id=str(row.id), error=repr(error))
    if reacting.mark_failed(connection, row, now + BACK_OFF * 2**row.failures, now):
        reason = Reason("event.failed", {"error": repr(error)[:300]})
        told = line(world.workspace_id, row.contact_id, "event_failed", reason, now, event_id=row.id)
        ledger.add_timeline(connection, [told])


def judge_changed(world: World, now: datetime, limit: int = BATCH) -> int:
    """Judge fit and stage anew for contacts of whom a fact changed; how many."""
    catalogue = world.library.catalogue(now)
    with world.database.write() as connection:
        contact_ids = reacting.to_judge(connection, world.workspace_id, now, limit)
        if not contact_ids:
            return 0
        facts = _facts(connection, world, catalogue, contact_ids, now)
        standing = reacting.standings(connection, contact_ids)
        acts = [
            Act(contact_id, effect)
            for contact_id in contact_ids
            if contact_id in facts
            for effect in judge_again(
                facts[contact_id],
                catalogue.rules,
                now,
                occasion=now.isoformat(),
                standing=standing.get(contact_id, {}),
            )
        ]
        reacting.mark_judged(connection, contact_ids)
        obey(connection, world, catalogue, acts, now)
        return len(contact_ids)
