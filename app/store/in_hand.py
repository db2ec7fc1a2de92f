"""Mails in workers' hands: taken because they are due, still held, given back, or left behind."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Integer, and_, bindparam, func, or_, select, update
from sqlalchemy.engine import Row

from app.store.claims import RELEASED, Claim, ids_of, locked, mark_claimed, unclaimed
from app.store.hints import said, within
from app.store.plain_rows import plain_rows
from app.store.queues import WAITING_MAIL
from app.store.sending import hold
from app.store.tables import (
    broadcasts,
    contacts,
    definitions,
    deliveries,
    enrollments,
)

IN_HAND = "state IN ('claimed', 'intent')"
ASKED_FOR = "state IN ('queued', 'deferred') AND message_class <> 'marketing'"
UNSURE = "state IN ('intent', 'uncertain')"


def claim_due(
    connection: Connection, workspace_id: UUID, claim: Claim, now: datetime, limit: int
) -> list[UUID]:
    """Take up to `limit` due mails, the longest due first, and of each contact only the weightiest. What somebody asked
    for just now goes before all that.

    A contact of whom a mail is in somebody's hands is left out, so that the caps count every mail.
    """
    asked = {"workspace": workspace_id, "now": now, "most": limit}
    found = connection.execute(locked(connection, _first, deliveries), asked).all()
    if not found:
        found = connection.execute(locked(connection, _due, deliveries), asked).all()
    if connection.dialect.name == "postgresql" and found:
        found = _alone(connection, found)
    mark_claimed(connection, deliveries, ids_of(found), claim, state="claimed")
    return ids_of(found)


def count_due(connection: Connection, workspace_id: UUID, now: datetime, most: int) -> int:
    """How many mails are due, counted up to `most`."""
    due = (
        select(deliveries.c.id)
        .where(within(deliveries, workspace_id), said(deliveries, WAITING_MAIL), deliveries.c.due_at <= now)
        .limit(most)
    )
    return int(connection.execute(select(func.count()).select_from(due.subquery())).scalar_one())


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


def claimed(connection: Connection, ids: Sequence[UUID], token: UUID) -> list[Row[Any]]:
    """What of these is still claimed with `token`, in the order in which it was due; each row with the state of its
    enrollment and its sequence.
    """
    query = (
        _with_sequence()
        .where(deliveries.c.id.in_(ids), *_held_with(token))
        .order_by(deliveries.c.due_at, deliveries.c.id)
    )
    return plain_rows(connection.execute(query))


def lost(
    connection: Connection, rows: Sequence[Row[Any]], token: UUID, settled: Sequence[Row[Any]]
) -> set[UUID]:
    """Which of these claimed mails are no longer ours. Those of `settled` are about to be written, so they are held,
    their enrollments first.
    """
    hold(connection, enrollments, (row.enrollment_id for row in settled))
    hold(connection, deliveries, ids_of(settled))
    mine = (deliveries.c.id.in_(ids_of(rows)), *_held_with(token))
    if connection.execute(select(func.count()).select_from(deliveries).where(*mine)).scalar_one() == len(
        rows
    ):
        return set()
    return set(ids_of(rows)) - set(connection.execute(select(deliveries.c.id).where(*mine)).scalars())


def _held_with(token: UUID) -> tuple[Any, Any]:
    return deliveries.c.claim_token == token, deliveries.c.state == "claimed"


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
            broadcasts.c.state.label("broadcast_state"),
        )
        .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id, isouter=True)
        .join(definitions, definitions.c.id == deliveries.c.definition_id, isouter=True)
        .join(broadcasts, broadcasts.c.id == deliveries.c.broadcast_id, isouter=True)
    )


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
            .values(state="queued", intent_at=None, **RELEASED)
        )


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
