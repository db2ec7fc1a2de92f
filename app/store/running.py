"""Enrollments in the store: those that are due, and the way back of those that were decided."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, exists, insert, or_, select, update
from sqlalchemy.engine import Row

from app.core.conditions import EventPattern
from app.core.enrollments import Enrollment
from app.core.reasons import Reason
from app.store.claims import Claim, ids_of, locked, mark_claimed, unclaimed
from app.store.hints import said, within
from app.store.plain_rows import plain_rows
from app.store.prepared import Prepared
from app.store.tables import contact_stages, definitions, deliveries, enrollments, events, hits

MOST_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Held:
    """An enrollment taken for work, with what a safe way back needs."""

    enrollment: Enrollment
    definition_id: UUID
    version_id: UUID
    revision: int
    failures: int


def to_enrollment(row: Row[Any], sequence: str) -> Enrollment:
    waiting = row.waiting_for
    return Enrollment(
        id=row.id,
        contact_id=row.contact_id,
        sequence=sequence,
        entry_number=row.entry_number,
        step=row.step,
        entered_at=row.entered_at,
        since=row.since,
        due_at=row.due_at,
        state=row.state,
        visit=row.visit,
        inside=row.inside,
        waiting_for=EventPattern.from_json(waiting) if waiting else None,
        outcome=row.outcome,
        visits=row.visits,
        reason=Reason(row.reason_code, row.reason_params),
        local_due=row.local_due,
        zone=row.zone,
    )


def _held(rows: Iterable[Row[Any]]) -> list[Held]:
    return [
        Held(to_enrollment(row, row.sequence), row.definition_id, row.version_id, row.revision, row.failures)
        for row in rows
    ]


# What a Held is made of: making ids and instants of the other columns would cost more than reading these.
_READ = (
    "id", "contact_id", "definition_id", "version_id", "entry_number", "state", "step", "visit", "inside", "since",
    "due_at", "local_due", "zone", "waiting_for", "outcome", "visits", "failures", "entered_at", "reason_code",
    "reason_params", "revision",
)  # fmt: skip


def _with_key() -> Any:
    return select(*(enrollments.c[name] for name in _READ), definitions.c.key.label("sequence")).join(
        definitions, definitions.c.id == enrollments.c.definition_id
    )


def claim_due(
    connection: Connection, workspace_id: UUID, claim: Claim, now: datetime, limit: int
) -> list[Held]:
    """Take up to `limit` due enrollments of sequences that run, the longest due first.

    A time-out waits until the hits and events that came before it are judged (DESIGN, "Time").
    """
    table = enrollments
    unsettled = or_(
        exists().where(
            hits.c.contact_id == table.c.contact_id,
            hits.c.verdict.is_(None),
            hits.c.received_at <= table.c.due_at,
        ),
        exists().where(
            events.c.contact_id == table.c.contact_id,
            events.c.processed_at.is_(None),
            events.c.received_at <= table.c.due_at,
        ),
    )
    query = (
        _with_key()
        .where(
            within(table, workspace_id),
            said(table, "state IN ('due', 'waiting')"),
            table.c.due_at <= now,
            unclaimed(table, now),
            definitions.c.state.in_(("live", "retired")),
            or_(table.c.state == "due", ~unsettled),
        )
        .order_by(table.c.due_at)
        .limit(limit)
    )
    rows = plain_rows(connection.execute(locked(connection, query, table)))
    mark_claimed(connection, table, ids_of(rows), claim)
    return _held(rows)


def active_of(connection: Connection, contact_ids: Sequence[UUID]) -> list[Held]:
    """Everybody's active enrollments, claimed or not: what a happening may touch. Locked on PostgreSQL."""
    query = (
        _with_key()
        .where(enrollments.c.contact_id.in_(contact_ids), enrollments.c.state != "ended")
        .order_by(enrollments.c.id)
        .with_for_update(of=enrollments)
    )
    return _held(connection.execute(query).all())


def stay(connection: Connection, contact_id: UUID, enrollment_id: UUID) -> Held | None:
    """One active stay of a contact, only to be looked at."""
    query = _with_key().where(
        enrollments.c.id == enrollment_id,
        enrollments.c.contact_id == contact_id,
        enrollments.c.state != "ended",
    )
    return next(iter(_held(connection.execute(query).all())), None)


def stays_of(connection: Connection, contact_id: UUID) -> list[Row[Any]]:
    """Every stay of a contact, the last one of each sequence behind those before it; `ended_at` None: it lasts."""
    query = select(enrollments.c.definition_id, enrollments.c.entry_number, enrollments.c.ended_at)
    mine = query.where(enrollments.c.contact_id == contact_id)
    found: list[Any] = list(connection.execute(mine.order_by(enrollments.c.entry_number)))
    return found


def active_versions(connection: Connection, contact_id: UUID) -> list[UUID]:
    """The versions of the sequences a contact is inside."""
    query = select(enrollments.c.version_id).where(
        enrollments.c.contact_id == contact_id, enrollments.c.state != "ended"
    )
    return list(connection.execute(query.order_by(enrollments.c.id)).scalars())


def waiting_mail(connection: Connection, enrollment_id: UUID) -> UUID | None:
    """The mail of a stay that waits to leave and is in nobody's hands."""
    query = select(deliveries.c.id).where(
        deliveries.c.enrollment_id == enrollment_id, deliveries.c.state.in_(("queued", "deferred"))
    )
    return connection.execute(query.order_by(deliveries.c.planned_at.desc()).limit(1)).scalar()


def still_mine(connection: Connection, held: Sequence[Held], token: UUID) -> set[UUID]:
    """The rows of `held` whose claim and revision are as they were when they were decided on."""
    query = select(enrollments.c.id, enrollments.c.revision).where(
        enrollments.c.id.in_([row.enrollment.id for row in held]), enrollments.c.claim_token == token
    )
    rows = connection.execute(locked(connection, query, enrollments))
    current = {row.id: row.revision for row in rows}
    return {row.enrollment.id for row in held if current.get(row.enrollment.id) == row.revision}


def _columns(enrollment: Enrollment, now: datetime) -> dict[str, Any]:
    waiting = enrollment.waiting_for
    return {
        "state": enrollment.state,
        "step": enrollment.step,
        "visit": enrollment.visit,
        "inside": enrollment.inside,
        "since": enrollment.since,
        "due_at": enrollment.due_at,
        "waiting_for": waiting.to_json() if waiting else None,
        "outcome": enrollment.outcome,
        "visits": dict(enrollment.visits),
        "reason_code": enrollment.reason.code,
        "reason_params": dict(enrollment.reason.params),
        "local_due": enrollment.local_due,
        "zone": enrollment.zone,
        "ended_at": now if enrollment.state == "ended" else None,
    }


_SAVED = (
    "state", "step", "visit", "inside", "since", "due_at", "waiting_for", "outcome", "visits", "reason_code",
    "reason_params", "local_due", "zone", "ended_at",
)  # fmt: skip
_save = Prepared(
    update(enrollments)
    .where(enrollments.c.id == bindparam("row_id"), enrollments.c.revision == bindparam("row_revision"))
    .values(
        **{name: bindparam(f"new_{name}") for name in _SAVED},
        revision=enrollments.c.revision + 1,
        failures=0,
        claimed_by=None,
        claim_token=None,
        claimed_until=None,
    )
)


def _by_id(pair: tuple[Held, Enrollment]) -> int:
    return pair[1].id.int


def save(connection: Connection, decided: Sequence[tuple[Held, Enrollment]], now: datetime) -> int:
    """Write decided enrollments back and give up their claims; how many were written.

    A row whose revision moved on is left alone: the caller reloads and decides again. Rows are written in the
    order of their ids, as everybody does, so that two writers cannot wait for each other.
    """
    rows = []
    for held, enrollment in sorted(decided, key=_by_id):
        row = {f"new_{name}": value for name, value in _columns(enrollment, now).items()}
        row["row_id"], row["row_revision"] = enrollment.id, held.revision
        rows.append(row)
    return _save.run(connection, rows)


def add(
    connection: Connection,
    workspace_id: UUID,
    definition_id: UUID,
    version_id: UUID,
    enrollment: Enrollment,
    by: str,
) -> None:
    connection.execute(
        insert(enrollments).values(
            id=enrollment.id,
            workspace_id=workspace_id,
            definition_id=definition_id,
            version_id=version_id,
            contact_id=enrollment.contact_id,
            entry_number=enrollment.entry_number,
            failures=0,
            entered_at=enrollment.entered_at,
            entered_by=by,
            revision=0,
            **_columns(enrollment, enrollment.entered_at),
        )
    )


def release(connection: Connection, held: Sequence[Held]) -> None:
    """Give claims back untouched."""
    connection.execute(
        update(enrollments)
        .where(enrollments.c.id.in_([row.enrollment.id for row in held]))
        .values(claimed_by=None, claim_token=None, claimed_until=None)
    )


def set_back(connection: Connection, held: Held, error: str, until: datetime) -> bool:
    """A row that fails is pushed ahead so that it cannot loop; after five failures it is parked and shown.

    Returns whether it was parked.
    """
    failures = held.failures + 1
    parked = failures >= MOST_FAILURES
    values: dict[str, Any] = {
        "failures": failures,
        "claimed_until": until,
        "claimed_by": None,
        "claim_token": None,
    }
    if parked:
        values |= {
            "state": "parked",
            "due_at": None,
            "claimed_until": None,
            "reason_code": "parked.error",
            "reason_params": {"error": error[:300]},
        }
    connection.execute(
        update(enrollments)
        .where(and_(enrollments.c.id == held.enrollment.id, enrollments.c.revision == held.revision))
        .values(**values, revision=enrollments.c.revision + 1)
    )
    return parked


def entries(connection: Connection, definition_id: UUID, contact_id: UUID) -> list[Row[Any]]:
    """Earlier and present stays of a contact in a sequence, oldest first."""
    found: list[Any] = list(
        connection.execute(
            select(enrollments.c.entry_number, enrollments.c.state, enrollments.c.ended_at)
            .where(enrollments.c.definition_id == definition_id, enrollments.c.contact_id == contact_id)
            .order_by(enrollments.c.entry_number)
        ).all()
    )
    return found


def hold_sequences(connection: Connection, definition_ids: Collection[UUID]) -> None:
    """Nobody else who asks for it holds these sequences until this commits. Rows referring to them do not wait."""
    if definition_ids:
        connection.execute(
            select(definitions.c.id)
            .where(definitions.c.id.in_(definition_ids))
            .order_by(definitions.c.id)
            .with_for_update(key_share=True)
        )


def stage_of(connection: Connection, contact_id: UUID, lifecycle: str) -> Row[Any] | None:
    return connection.execute(
        select(contact_stages).where(
            contact_stages.c.contact_id == contact_id, contact_stages.c.lifecycle == lifecycle
        )
    ).one_or_none()


def cancel_mails(connection: Connection, enrollment_id: UUID, reason: Reason, now: datetime) -> None:
    """An enrollment that ends takes along its mails that are not on their way yet."""
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.enrollment_id == enrollment_id,
            deliveries.c.state.in_(("queued", "deferred", "claimed")),
        )
        .values(
            state="cancelled",
            ended_at=now,
            reason_code="gate.enrollment_ended",
            reason_params={"why": reason.code},
            claimed_by=None,
            claim_token=None,
            claimed_until=None,
        )
    )
