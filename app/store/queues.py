"""How much work waits, and since when: looked up in the partial indexes of due work only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    func,
    literal,
    select,
    union_all,
)

from app.store.hints import said, within
from app.store.tables import admissions, deliveries, enrollments, events, web_calls

COUNT_AT_MOST = 10_000
WAITING_MAIL = "state IN ('queued', 'deferred')"


@dataclass(frozen=True, slots=True)
class Backlog:
    """`count` stops at COUNT_AT_MOST: from there on it means "at least"."""

    queue: str
    count: int
    oldest_at: datetime | None


def due_and_unclaimed(connection: Connection, workspace_id: UUID, now: datetime) -> list[Backlog]:
    """Each queue's work that is due and in nobody's hands. One statement."""

    def free(table: Table) -> ColumnElement[bool]:
        return table.c.claimed_until.is_(None) | (table.c.claimed_until <= now)

    queues = (
        ("admissions", admissions, admissions.c.due_at, said(admissions, "state = 'waiting'")),
        ("enrollments", enrollments, enrollments.c.due_at,
            and_(said(enrollments, "state IN ('due', 'waiting')"), free(enrollments))),
        ("deliveries", deliveries, deliveries.c.due_at, and_(said(deliveries, WAITING_MAIL), free(deliveries))),
        ("web_calls", web_calls, web_calls.c.due_at, and_(said(web_calls, "state = 'queued'"), free(web_calls))),
        ("events", events, events.c.received_at, events.c.processed_at.is_(None)),
    )  # fmt: skip
    parts = [
        _counted(name, select(at.label("at")).where(within(table, workspace_id), waiting, at <= now), at)
        for name, table, at, waiting in queues
    ]
    return [Backlog(queue, count, at) for queue, count, at in connection.execute(union_all(*parts))]


def planned_mails(connection: Connection, workspace_id: UUID, now: datetime) -> Backlog:
    """Mails that are planned and not in hand yet, whenever they are due."""
    waiting = select(deliveries.c.due_at.label("at")).where(
        within(deliveries, workspace_id), said(deliveries, WAITING_MAIL)
    )
    row = connection.execute(_counted("deliveries", waiting, deliveries.c.due_at)).one()
    queue, count, at = row
    return Backlog(queue, count, at)


def mails_in_intent(connection: Connection, workspace_id: UUID) -> int:
    """Mails a worker is handing over at this moment: they cannot be called back."""
    rows = (
        select(func.count())
        .select_from(deliveries)
        .where(within(deliveries, workspace_id), said(deliveries, "state IN ('intent', 'uncertain')"))
        .where(deliveries.c.state == "intent")
    )
    return connection.execute(rows).scalar_one()


def _counted(name: str, rows: Select[Any], at: ColumnElement[datetime]) -> Select[str, int, datetime]:
    limited = rows.order_by(at).limit(COUNT_AT_MOST).subquery()
    return select(literal(name), func.count(), func.min(limited.c.at))
