"""Events that nobody has reacted to yet, and what reacting looks at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Integer, Select, bindparam, func, select, update
from sqlalchemy.engine import Row

from app.store.claims import locked
from app.store.hints import said
from app.store.tables import contacts, events, score_entries

PENDING = "processed_at IS NULL"
MOST_FAILURES = 5


def _made_pending() -> Select[Any]:
    workspace: Any = bindparam("workspace")
    now: Any = bindparam("now")
    first = (
        select(events.c.contact_id, func.min(events.c.received_at).label("received_at"))
        .where(events.c.workspace_id == workspace, said(events, PENDING), events.c.received_at <= now)
        .group_by(events.c.contact_id)
        .order_by(func.min(events.c.received_at))
        .limit(bindparam("most", type_=Integer))
        .subquery()
    )
    return (
        select(events)
        .join(
            first, (events.c.contact_id == first.c.contact_id) & (events.c.received_at == first.c.received_at)
        )
        .where(said(events, PENDING))
        # Of one instant: in an order that does not hang on how ids fell out, so that a rehearsal has it too.
        .order_by(events.c.received_at, events.c.kind, events.c.subject, events.c.id)
    )


# Made once: making one takes longer than running it.
_pending = _made_pending()
_processed = (
    update(events)
    .where(events.c.id.in_(bindparam("ids", expanding=True)), events.c.processed_at.is_(None))
    .values(processed_at=bindparam("now"))
)
_e = score_entries.c
_entries = select(_e.id, _e.compensates, _e.rule, _e.measure, _e.at, _e.points).where(
    _e.contact_id == bindparam("contact")
)
_to_judge = (
    select(contacts.c.id)
    .where(
        contacts.c.workspace_id == bindparam("workspace"),
        said(contacts, "judge_due_at IS NOT NULL"),
        contacts.c.judge_due_at <= bindparam("now"),
    )
    .order_by(contacts.c.judge_due_at)
    .limit(bindparam("most", type_=Integer))
)


def pending(connection: Connection, workspace_id: UUID, now: datetime, limit: int) -> list[Row[Any]]:
    """Unprocessed events in the order in which they came, of each contact only the oldest.

    So that each is judged by facts that hold what the one before it changed.
    """
    oldest: dict[UUID, Row[Any]] = {}
    asked = {"workspace": workspace_id, "now": now, "most": limit}
    for row in connection.execute(locked(connection, _pending, events), asked):
        oldest.setdefault(row.contact_id, row)
    return list(oldest.values())


def mark_processed(connection: Connection, event_ids: Sequence[UUID], now: datetime) -> None:
    connection.execute(_processed, {"ids": event_ids, "now": now})


def mark_failed(connection: Connection, event: Row[Any], until: datetime, now: datetime) -> bool:
    """Try an event again later; after five times it is put aside. Whether it was put aside."""
    failures = event.failures + 1
    aside: bool = failures >= MOST_FAILURES
    connection.execute(
        update(events)
        .where(events.c.id == event.id)
        .values(failures=failures, received_at=until, processed_at=now if aside else None)
    )
    return aside


def earlier_entries(
    connection: Connection, contact_id: UUID
) -> tuple[dict[str, list[datetime]], dict[str, float]]:
    """By rule: when it counted for the contact (engagement), and what it stands at in all (fit).

    An entry that was taken back never counted.
    """
    rows = connection.execute(_entries, {"contact": contact_id}).all()
    answers = {row.compensates: row.id for row in rows if row.compensates is not None}
    when: dict[str, list[datetime]] = {}
    standing: dict[str, float] = {}
    for row in rows:
        if row.measure == "fit":
            standing[row.rule] = standing.get(row.rule, 0.0) + row.points
        elif row.compensates is None and _stands(row.id, answers):
            when.setdefault(row.rule, []).append(row.at)
    return when, standing


def _stands(entry_id: UUID, answers: dict[UUID, UUID]) -> bool:
    """Whether an even number of entries answer it, each the one before."""
    stands = True
    while entry_id in answers:
        entry_id, stands = answers[entry_id], not stands
    return stands


def to_judge(connection: Connection, workspace_id: UUID, now: datetime, limit: int) -> list[UUID]:
    """Contacts of whom a fact changed since their fit and stage were last judged."""
    asked = {"workspace": workspace_id, "now": now, "most": limit}
    return list(connection.execute(locked(connection, _to_judge, contacts), asked).scalars())


def mark_judged(connection: Connection, contact_ids: Sequence[UUID]) -> None:
    connection.execute(update(contacts).where(contacts.c.id.in_(contact_ids)).values(judge_due_at=None))


def standings(connection: Connection, contact_ids: Sequence[UUID]) -> dict[UUID, dict[str, float]]:
    """What each fit rule stands at, for many contacts."""
    query = (
        select(score_entries.c.contact_id, score_entries.c.rule, func.sum(score_entries.c.points))
        .where(score_entries.c.contact_id.in_(contact_ids), score_entries.c.measure == "fit")
        .group_by(score_entries.c.contact_id, score_entries.c.rule)
    )
    found: dict[UUID, dict[str, float]] = {}
    for contact_id, rule, points in connection.execute(query):
        found.setdefault(contact_id, {})[rule] = float(points)
    return found
