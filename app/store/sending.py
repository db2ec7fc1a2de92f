"""Deliveries in the store: claimed, gated, intended, ended. One row a mail, one state machine.

queued → claimed → intent → accepted | deferred | failed | uncertain; the gate may also make it
suppressed, expired or cancelled. What is ended stays as it is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Integer, and_, bindparam, or_, select, update
from sqlalchemy.engine import Row

from app.store.claims import Claim, ids_of, locked, mark_claimed, unclaimed
from app.store.hints import said, within
from app.store.plain_rows import plain_rows
from app.store.prepared import Prepared, inserting
from app.store.queues import WAITING_MAIL
from app.store.tables import (
    attempts,
    contacts,
    definitions,
    deliveries,
    enrollments,
    sender_states,
    workspaces,
)

OUT = ("intent", "uncertain", "accepted")
IN_HAND = "state IN ('claimed', 'intent')"
ASKED_FOR = "state IN ('queued', 'deferred') AND message_class <> 'marketing'"
UNSURE = "state IN ('intent', 'uncertain')"
_UNCLAIM: dict[str, Any] = {"claimed_by": None, "claim_token": None, "claimed_until": None}


_stopped_at = select(workspaces.c.stopped_at).where(workspaces.c.id == bindparam("workspace"))


def is_stopped(connection: Connection, workspace_id: UUID) -> bool:
    return connection.execute(_stopped_at, {"workspace": workspace_id}).scalar_one() is not None


def claim_due(
    connection: Connection, workspace_id: UUID, claim: Claim, now: datetime, limit: int
) -> list[Row[Any]]:
    """Take up to `limit` due mails, the longest due first, and of each contact only the weightiest. What somebody asked
    for just now goes before all that.

    A contact of whom a mail is in somebody's hands is left out, so that the caps count every mail.
    Each row comes with the state of its enrollment and its sequence.
    """
    asked = {"workspace": workspace_id, "now": now, "most": limit}
    found = connection.execute(locked(connection, _first, deliveries), asked).all()
    if not found:
        found = connection.execute(locked(connection, _due, deliveries), asked).all()
    if connection.dialect.name == "postgresql" and found:
        found = _alone(connection, found)
    mark_claimed(connection, deliveries, ids_of(found), claim, state="claimed")
    return _claimed(connection, ids_of(found))


def _before(other: Any, d: Any) -> Any:
    """The same order as in the rehearsal: by due instant, then by template."""
    return or_(
        other.c.due_at < d.c.due_at,
        and_(other.c.due_at == d.c.due_at, other.c.template < d.c.template),
        and_(other.c.due_at == d.c.due_at, other.c.template == d.c.template, other.c.id < d.c.id),
    )


def _due_mails(waiting: str) -> Any:
    """Due mails that nobody holds, of each contact the weightiest; made once, because making it takes longer than
    running it.
    """
    now: Any = bindparam("now")
    workspace: Any = bindparam("workspace")
    d, other, held = deliveries, deliveries.alias("other"), deliveries.alias("held")
    in_hand = select(held.c.id).where(held.c.contact_id == d.c.contact_id, said(held, IN_HAND)).exists()
    ahead = (
        select(other.c.id)
        .where(
            other.c.contact_id == d.c.contact_id,
            said(other, WAITING_MAIL),
            other.c.due_at <= now,
            other.c.id != d.c.id,
            or_(other.c.priority > d.c.priority, and_(other.c.priority == d.c.priority, _before(other, d))),
        )
        .exists()
    )
    return (
        select(d.c.id, d.c.contact_id, d.c.enrollment_id)
        .where(
            within(d, workspace), said(d, waiting), d.c.due_at <= now, unclaimed(d, now), ~in_hand, ~ahead
        )
        .order_by(d.c.due_at)
        .limit(bindparam("most", type_=Integer))
    )  # fmt: skip


_due = _due_mails(WAITING_MAIL)
_first = _due_mails(ASKED_FOR)


def _alone(connection: Connection, found: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Of several workers that saw the same contact free, one goes on.

    The contact is locked first; only then does a new statement see what the others have committed. The lock is
    one that rows referring to the contact do not wait for. An enrollment that somebody is writing is not waited
    for: who ends one has it in hand and comes for its mails next.
    """
    wanted = sorted({row.contact_id for row in found})
    query = (
        select(contacts.c.id)
        .where(contacts.c.id.in_(wanted))
        .with_for_update(skip_locked=True, key_share=True)
    )
    mine = set(connection.execute(query).scalars())
    busy = set(
        connection.execute(
            select(deliveries.c.contact_id).where(
                deliveries.c.contact_id.in_(mine), said(deliveries, IN_HAND)
            )
        ).scalars()
    )
    wanted = sorted({row.enrollment_id for row in found if row.enrollment_id is not None})
    theirs = select(enrollments.c.id).where(enrollments.c.id.in_(wanted))
    free = set(connection.execute(theirs.with_for_update(skip_locked=True, key_share=True)).scalars())
    return [
        row
        for row in found
        if row.contact_id in mine - busy and (row.enrollment_id is None or row.enrollment_id in free)
    ]


def _claimed(connection: Connection, ids: Sequence[UUID]) -> list[Row[Any]]:
    if not ids:
        return []
    query = _with_sequence().where(deliveries.c.id.in_(ids)).order_by(deliveries.c.due_at, deliveries.c.id)
    return plain_rows(connection.execute(query))


# What sending, gate and renderer read of a mail: making ids and instants of the other columns would cost more
# than reading these.
_READ = (
    "id", "contact_id", "recipient_user_id", "enrollment_id", "step", "visit", "message_class", "content_kind",
    "topic", "template", "once", "when_capped", "address", "sender", "context", "state", "due_at", "expires_at",
    "planned_at", "attempts", "reason_code", "claimed_by", "claim_token", "claimed_until",
)  # fmt: skip


def _with_sequence() -> Any:
    return (
        select(
            *(deliveries.c[name] for name in _READ),
            enrollments.c.state.label("enrollment_state"),
            enrollments.c.reason_code.label("enrollment_code"),
            enrollments.c.version_id.label("sequence_version_id"),
            definitions.c.state.label("sequence_state"),
            definitions.c.key.label("sequence"),
        )
        .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id, isouter=True)
        .join(definitions, definitions.c.id == deliveries.c.definition_id, isouter=True)
    )


def sent_before(
    connection: Connection, contact_ids: Sequence[UUID]
) -> dict[UUID, list[tuple[str, str, datetime]]]:
    """Per contact (template, message class, instant) of every mail that is out or on its way out."""
    query = select(
        deliveries.c.contact_id, deliveries.c.template, deliveries.c.message_class, deliveries.c.intent_at,
        deliveries.c.accepted_at,
    ).where(deliveries.c.contact_id.in_(contact_ids), deliveries.c.state.in_(OUT))  # fmt: skip
    found: dict[UUID, list[tuple[str, str, datetime]]] = {}
    for contact_id, template, message_class, intent_at, accepted_at in connection.execute(query):
        found.setdefault(contact_id, []).append((template, message_class, accepted_at or intent_at))
    return found


_gated = Prepared(
    update(deliveries)
    .where(deliveries.c.id == bindparam("row_id"), deliveries.c.state == "claimed")
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "state",
                "due_at",
                "template",
                "content_kind",
                "reason_code",
                "reason_params",
                "ended_at",
            )
        }
        | _UNCLAIM
    )
)


def write_gated(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """What the gate decided of mails that do not pass."""
    _gated.run(connection, rows)


_intended = Prepared(
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("row_id"),
        deliveries.c.claim_token == bindparam("row_token"),
        deliveries.c.state == "claimed",
        ~select(workspaces.c.id)
        .where(workspaces.c.id == deliveries.c.workspace_id, workspaces.c.stopped_at.is_not(None))
        .exists(),
    )
    .values(
        state="intent",
        **{
            name: bindparam(f"new_{name}")
            for name in (
                "intent_at",
                "claimed_until",
                "address",
                "sender",
                "template_version_id",
                "variant_id",
                "provider",
            )
        },
    )
)


def intend(connection: Connection, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Commit to sending; the ids that are still ours. What was cancelled or taken back in the meantime is not, and
    nothing is while sending is stopped.
    """
    tokens = {row["row_id"]: row["row_token"] for row in rows}
    if _intended.run(connection, rows) == len(tokens):
        return set(tokens)
    query = select(deliveries.c.id, deliveries.c.claim_token).where(
        deliveries.c.id.in_(tokens), deliveries.c.state == "intent"
    )
    return {row.id for row in connection.execute(query) if row.claim_token == tokens[row.id]}


_ended = Prepared(
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("row_id"),
        deliveries.c.claim_token == bindparam("row_token"),
        # The reaper may have called it uncertain while its worker was only slow: the answer resolves that.
        said(deliveries, "state IN ('intent', 'uncertain')"),
    )
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("state", "due_at", "accepted_at", "ended_at", "attempts", "response", "reason_code",
                         "reason_params", "claimed_by", "claim_token", "claimed_until")
        }
    )
)  # fmt: skip


def write_outcomes(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    _ended.run(connection, rows)


def not_ended(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[str, UUID | None]]:
    """State and claim token of those that are on their way, or of which nobody knows."""
    query = select(deliveries.c.id, deliveries.c.state, deliveries.c.claim_token).where(
        deliveries.c.id.in_(ids), deliveries.c.state.in_(("intent", "uncertain"))
    )
    return {row.id: (row.state, row.claim_token) for row in connection.execute(query)}


def add_attempts(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        inserting(attempts, tuple(rows[0])).run(connection, rows)


_goes_on = Prepared(
    update(enrollments)
    .where(
        enrollments.c.id == bindparam("row_id"),
        enrollments.c.state == "sending",
        enrollments.c.visit == bindparam("row_visit"),
    )
    .values(
        state="due",
        due_at=bindparam("new_due_at"),
        outcome=bindparam("new_outcome"),
        revision=enrollments.c.revision + 1,
    )
)


def enrollments_go_on(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """The send step ended: its enrollment is due from that instant, in the same transaction."""
    _goes_on.run(connection, rows)


def give_back(connection: Connection, ids: Sequence[UUID], token: UUID) -> None:
    """Mails that were claimed and not begun go back into the queue as they were."""
    if ids:
        connection.execute(
            update(deliveries)
            .where(
                deliveries.c.id.in_(ids),
                deliveries.c.claim_token == token,
                deliveries.c.state.in_(("claimed", "intent")),
            )
            .values(state="queued", intent_at=None, **_UNCLAIM)
        )


def cancel_waiting(
    connection: Connection,
    contact_id: UUID,
    code: str,
    params: dict[str, Any],
    now: datetime,
    *,
    topic: str | None = None,
) -> int:
    """Cancel a contact's marketing mail that is not on its way yet; what commits before intent wins."""
    # Enrollments before their mails, as everybody does who ends one: so no two wait for each other.
    connection.execute(
        select(enrollments.c.id)
        .where(enrollments.c.contact_id == contact_id, enrollments.c.state == "sending")
        .order_by(enrollments.c.id)
        .with_for_update(key_share=True)
    )
    query = update(deliveries).where(
        deliveries.c.contact_id == contact_id,
        deliveries.c.message_class == "marketing",
        deliveries.c.state.in_(("queued", "deferred", "claimed")),
    )
    if topic is not None:
        query = query.where(deliveries.c.topic == topic)
    values = {"state": "cancelled", "ended_at": now, "reason_code": code, "reason_params": params}
    returning = query.values(**values, **_UNCLAIM).returning(deliveries.c.enrollment_id, deliveries.c.visit)
    cancelled = connection.execute(returning).all()
    # A stay that is not over by this would otherwise wait for its mail for ever.
    going = [
        {"row_id": row.enrollment_id, "row_visit": row.visit, "new_due_at": now, "new_outcome": "cancelled"}
        for row in cancelled
        if row.enrollment_id is not None
    ]
    enrollments_go_on(connection, going)
    return len(cancelled)


def in_hand_of(connection: Connection, workspace_id: UUID, worker: str) -> list[Row[Any]]:
    """What a worker had claimed or was sending when it was last seen."""
    # One query for each partial index: with OR between them SQLite would take neither.
    found = {}
    for condition in (IN_HAND, UNSURE):
        query = _with_sequence().where(
            within(deliveries, workspace_id), said(deliveries, condition), deliveries.c.claimed_by == worker
        )
        found.update({row.id: row for row in connection.execute(query)})
    return list(found.values())


def leases_run_out(connection: Connection, workspace_id: UUID, now: datetime) -> list[Row[Any]]:
    """Mails whose worker has not been heard of until its lease ended."""
    query = _with_sequence().where(
        within(deliveries, workspace_id), said(deliveries, IN_HAND), deliveries.c.claimed_until < now
    )
    return list(connection.execute(query).all())


def sender_problems(connection: Connection, workspace_id: UUID, now: datetime) -> dict[str, Row[Any]]:
    query = select(sender_states).where(
        sender_states.c.workspace_id == workspace_id, sender_states.c.problem_until > now
    )
    return {row.sender: row for row in connection.execute(query)}
