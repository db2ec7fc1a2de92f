"""Deliveries in the store: claimed, gated, intended, ended. One row a mail, one state machine.

queued → claimed → intent → accepted | deferred | failed | uncertain; the gate may also make it
suppressed, expired or cancelled. What is ended stays as it is.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, select, update
from sqlalchemy.engine import Row

from app.store.claims import RELEASED
from app.store.hints import said
from app.store.prepared import Prepared, inserting
from app.store.tables import (
    attempts,
    contacts,
    deliveries,
    enrollments,
    sender_states,
    workspaces,
)

OUT = ("intent", "uncertain", "accepted")


_stopped_at = select(workspaces.c.stopped_at).where(workspaces.c.id == bindparam("workspace"))


def is_stopped(connection: Connection, workspace_id: UUID) -> bool:
    return connection.execute(_stopped_at, {"workspace": workspace_id}).scalar_one() is not None


def sent_before(
    connection: Connection, contact_ids: Sequence[UUID]
) -> dict[UUID, list[tuple[str, str, datetime]]]:
    """Per contact (template, message class, instant) of every mail that is out or on its way out; what those who
    were merged into them had is theirs.
    """
    d = deliveries.c
    columns = (d.template, d.message_class, d.intent_at, d.accepted_at)
    own = select(d.contact_id, *columns).where(d.contact_id.in_(contact_ids), d.state.in_(OUT))
    merged = (
        select(contacts.c.merged_into, *columns)
        .join(contacts, contacts.c.id == d.contact_id)
        .where(contacts.c.merged_into.in_(contact_ids), d.state.in_(OUT))
    )
    query = own.union_all(merged)
    found: dict[UUID, list[tuple[str, str, datetime]]] = {}
    for contact_id, template, message_class, intent_at, accepted_at in connection.execute(query):
        found.setdefault(contact_id, []).append((template, message_class, accepted_at or intent_at))
    return found


_gated = Prepared(
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("row_id"),
        deliveries.c.claim_token == bindparam("row_token"),
        deliveries.c.state == "claimed",
    )
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
        | RELEASED
    )
)


def hold(connection: Connection, table: Table, ids: Iterable[UUID | None]) -> None:
    """Keep others from changing these rows until this commits; rows that refer to them do not wait.

    Contacts are held before enrollments, enrollments before deliveries, and several in one order: who ends a stay
    has it in hand and comes for its mails next, so whoever ends a mail does the same and no two wait for each
    other. SQLite has one writer at a time.
    """
    wanted = {each for each in ids if each is not None}
    if wanted and connection.dialect.name == "postgresql":
        query = select(table.c.id).where(table.c.id.in_(wanted)).order_by(table.c.id)
        connection.execute(query.with_for_update(key_share=True))


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
    returning = query.values(**values, **RELEASED).returning(deliveries.c.enrollment_id, deliveries.c.visit)
    cancelled = connection.execute(returning).all()
    # A stay that is not over by this would otherwise wait for its mail for ever.
    going = [
        {"row_id": row.enrollment_id, "row_visit": row.visit, "new_due_at": now, "new_outcome": "cancelled"}
        for row in cancelled
        if row.enrollment_id is not None
    ]
    enrollments_go_on(connection, going)
    return len(cancelled)


def sender_problems(connection: Connection, workspace_id: UUID, now: datetime) -> dict[str, Row[Any]]:
    query = select(sender_states).where(
        sender_states.c.workspace_id == workspace_id, sender_states.c.problem_until > now
    )
    return {row.sender: row for row in connection.execute(query)}
