"""How people come into sequences: a trigger asks, the sequence's own terms decide, the answer is kept."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from app.core.admission import Stay, refusal
from app.core.conditions import Needs, needs, with_segments
from app.core.engine import enter
from app.core.facts import Facts
from app.core.keys import admission
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.library import Catalogue, SequenceVersion
from app.services.timeline import line
from app.services.world import World
from app.store import ledger, running
from app.store.facts import load_facts
from app.store.hints import said
from app.store.tables import admissions, enrollments

log = structlog.get_logger()
BATCH = 500
DAY = timedelta(days=1)
BACK_OFF = timedelta(minutes=15)


def ask_admission(
    connection: Connection,
    workspace_id: UUID,
    definition_id: UUID,
    contact_id: UUID,
    *,
    trigger: str,
    occasion: str,
    reason: Reason,
    now: datetime,
    due_at: datetime | None = None,
) -> bool:
    """Let a contact ask to enter; the same occasion asks once. Whether this was a new request."""
    row = {
        "id": new_id(now), "workspace_id": workspace_id, "contact_id": contact_id, "definition_id": definition_id,
        "due_at": due_at or now, "state": "waiting", "dedupe_key": admission(definition_id, contact_id, occasion),
        "trigger": trigger, "reason_code": reason.code, "reason_params": dict(reason.params), "created_at": now,
    }  # fmt: skip
    return ledger.insert_new(connection, admissions, [row]) == 1


def is_asked(
    connection: Connection, workspace_id: UUID, definition_id: UUID, contact_id: UUID, occasion: str
) -> bool:
    """Whether the contact asked to enter on this occasion already, whatever became of it."""
    query = select(admissions.c.id).where(
        admissions.c.workspace_id == workspace_id,
        admissions.c.dedupe_key == admission(definition_id, contact_id, occasion),
    )
    return connection.execute(query).first() is not None


def admit_due(world: World, now: datetime, limit: int = BATCH) -> int:
    """Decide requests that are due; how many were decided. One transaction a batch."""
    catalogue = world.library.catalogue(now)
    with world.database.write() as connection:
        query = (
            select(admissions)
            .where(
                admissions.c.workspace_id == world.workspace_id,
                said(admissions, "state = 'waiting'"),
                admissions.c.due_at <= now,
            )
            .order_by(admissions.c.due_at, admissions.c.contact_id, admissions.c.id)
            .limit(limit)
        )
        if connection.dialect.name == "postgresql":
            query = query.with_for_update(skip_locked=True)
        rows = connection.execute(query).all()
        if not rows:
            return 0
        _one_at_a_time(connection, catalogue, {row.definition_id for row in rows})
        wanted = Needs(had=True)
        for found in {row.definition_id for row in rows}:
            if (version := catalogue.by_definition.get(found)) is not None:
                wanted = wanted | _trigger_needs(version)
        wanted = with_segments(wanted, catalogue.setting.segments)
        contact_ids = list({row.contact_id for row in rows})
        facts = load_facts(
            connection, world.workspace_id, catalogue.rules.lifecycle.key, contact_ids, wanted, now
        )
        for row in rows:
            try:
                with connection.begin_nested():
                    _decide(connection, world, catalogue, row, facts.get(row.contact_id), now)
            except Exception as error:
                _set_aside(connection, row, error, now)
        return len(rows)


def _one_at_a_time(connection: Connection, catalogue: Catalogue, asked: Collection[UUID]) -> None:
    """Two workers that count together who came in today would each let in as many as there is room for."""
    counting = [
        found
        for found in asked
        if (version := catalogue.by_definition.get(found)) and version.sequence.trigger.a_day is not None
    ]
    running.hold_sequences(connection, counting)


def _set_aside(connection: Connection, row: Row[Any], error: Exception, now: datetime) -> None:
    """One bad request never stops the batch: it is asked again for a day, then refused and seen."""
    log.error("enrolling.request_failed", admission=str(row.id), error=repr(error))
    if now - row.created_at < DAY:
        connection.execute(update(admissions).where(admissions.c.id == row.id).values(due_at=now + BACK_OFF))
        return
    _refused(connection, row, Reason("enroll.error", {"error": repr(error)[:200]}), None, now)


def _trigger_needs(version: SequenceVersion) -> Needs:
    total = Needs()
    for condition in (version.sequence.trigger.condition, version.sequence.trigger.never):
        if condition is not None:
            total = total | needs(condition)
    return total


def _decide(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    row: Row[Any],
    facts: Facts | None,
    now: datetime,
) -> None:
    version = catalogue.by_definition.get(row.definition_id)
    if facts is None or version is None:
        _refused(connection, row, Reason("enroll.gone", {}), None, now)
        return
    wait = _full_today(connection, version, now)
    if version.state == "paused":
        wait = now + BACK_OFF
    if wait is not None:
        connection.execute(update(admissions).where(admissions.c.id == row.id).values(due_at=wait))
        return
    past = last_stay(connection, version, facts.contact_id)
    refused = refusal(version.sequence, version.state, past, facts, catalogue.setting, row.trigger, now)
    if refused is not None:
        _refused(connection, row, refused, version, now)
        return
    # Who asked for it by hand is named in the request.
    actor = row.reason_params.get("actor", "engine")
    number = past.number + 1 if past is not None else 1
    reason = Reason(row.reason_code, {**row.reason_params, "sequence": version.sequence.key})
    enrollment = enter(version.sequence, new_id(now), row.contact_id, number, now, reason)
    running.add(
        connection, world.workspace_id, version.definition_id, version.version_id, enrollment, row.trigger
    )
    connection.execute(
        update(admissions).where(admissions.c.id == row.id).values(state="admitted", ended_at=now)
    )
    told = line(
        world.workspace_id, row.contact_id, "enrolled", reason, now, actor=actor, enrollment_id=enrollment.id
    )
    ledger.add_timeline(connection, [told])


def _full_today(connection: Connection, version: SequenceVersion, now: datetime) -> datetime | None:
    """When `at most: n a day` leaves no room: the first moment it does again."""
    most = version.sequence.trigger.a_day
    if most is None:
        return None
    entered = (
        select(enrollments.c.entered_at)
        .where(enrollments.c.definition_id == version.definition_id, enrollments.c.entered_at > now - DAY)
        .order_by(enrollments.c.entered_at.desc())
        .limit(1)
        .offset(most - 1)
    )
    last = connection.execute(entered).scalar()
    return last + DAY if last is not None else None


def last_stay(connection: Connection, version: SequenceVersion, contact_id: UUID) -> Stay | None:
    """The last stay of the contact in the sequence, running or over."""
    past = running.entries(connection, version.definition_id, contact_id)
    if not past:
        return None
    last = past[-1]
    return Stay(last.entry_number, last.ended_at if last.state == "ended" else None)


def _refused(
    connection: Connection, row: Row[Any], reason: Reason, version: SequenceVersion | None, now: datetime
) -> None:
    connection.execute(
        update(admissions)
        .where(admissions.c.id == row.id)
        .values(state="refused", ended_at=now, reason_code=reason.code, reason_params=dict(reason.params))
    )
    ledger.add_timeline(connection, [line(row.workspace_id, row.contact_id, "not_enrolled", reason, now)])


def waiting(connection: Connection, workspace_id: UUID) -> int:
    """How many requests to enter wait."""
    query = select(func.count()).select_from(admissions).where(
        admissions.c.workspace_id == workspace_id, said(admissions, "state = 'waiting'")
    )  # fmt: skip
    return connection.execute(query).scalar_one()
