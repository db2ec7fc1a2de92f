"""What happened lately and what is due, in counts: each a range of an index, and none of more rows than `MOST`."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy import Connection, and_, case, func, select

from app.store.hints import said, within
from app.store.partitions import first_id
from app.store.tables import contacts, definitions, deliveries, fact_changes, hits, timeline
from app.store.views import Found

MOST = 200_000
MOVED = "kind = 'stage' AND old IS NOT NULL"
WAITING = "state IN ('queued', 'deferred')"


def moves(
    connection: Connection, workspace_id: UUID, lifecycle: str, since: datetime, lately: datetime
) -> list[Found]:
    """From which stage to which (`old`, `new`), for what (`reason_code`), how many, how many of them `lately`, and
    when last.
    """
    f = fact_changes.c
    query = (
        select(
            f.old,
            f.new,
            f.reason_code,
            func.count().label("people"),
            func.sum(case((f.at >= lately, 1), else_=0)).label("lately"),
            func.max(f.at).label("last"),
        )
        .where(f.workspace_id == workspace_id, said(fact_changes, MOVED), f.at >= since, f.name == lifecycle)
        .group_by(f.old, f.new, f.reason_code)
        .order_by(func.count().desc(), f.reason_code)
    )
    return list(connection.execute(query))


def came(connection: Connection, workspace_id: UUID, since: datetime) -> int:
    """Contacts that are new, counted up to `MOST`."""
    new = select(contacts.c.id).where(
        contacts.c.id >= first_id(since), within(contacts, workspace_id), contacts.c.created_at >= since
    )
    return int(connection.execute(select(func.count()).select_from(new.limit(MOST).subquery())).scalar_one())


def told(connection: Connection, workspace_id: UUID, kinds: Sequence[str], since: datetime) -> list[Found]:
    """Lines of all timelines by kind and code: how many, and when last."""
    t = timeline.c
    lately = (
        select(t.kind, t.code, t.at)
        .where(t.id >= first_id(since), within(timeline, workspace_id), t.kind.in_(kinds), t.at >= since)
        .limit(MOST)
        .subquery()
    )
    query = (
        select(lately.c.kind, lately.c.code, func.count().label("lines"), func.max(lately.c.at).label("last"))
        .group_by(lately.c.kind, lately.c.code)
        .order_by(func.count().desc(), lately.c.code)
    )
    return list(connection.execute(query))


def clicks(connection: Connection, workspace_id: UUID, days: Sequence[datetime]) -> list[Found]:
    """Clicks by verdict (None: not judged yet); one column for each day, which begin at `days` but the last."""
    h = hits.c
    columns = [
        func.sum(case((and_(h.at >= begin, h.at < end), 1), else_=0)).label(f"day{number}")
        for number, (begin, end) in enumerate(pairwise(days))
    ]
    query = (
        select(h.verdict, *columns)
        .where(h.id >= first_id(days[0]), within(hits, workspace_id), h.kind == "click", h.at >= days[0])
        .group_by(h.verdict)
    )
    return list(connection.execute(query))


def next_mails(
    connection: Connection, workspace_id: UUID, now: datetime, tomorrow: datetime, until: datetime
) -> list[Found]:
    """By sequence: mails that are due before tomorrow, and before `until`."""
    d = deliveries.c
    waiting = (
        select(d.definition_id, d.due_at)
        .where(
            within(deliveries, workspace_id),
            said(deliveries, WAITING),
            d.due_at < until,
            d.message_class == "marketing",
        )
        .order_by(d.due_at)
        .limit(MOST)
        .subquery()
    )
    counts = (
        select(
            waiting.c.definition_id,
            func.sum(case((waiting.c.due_at < tomorrow, 1), else_=0)).label("today"),
            func.count().label("week"),
            func.min(waiting.c.due_at).label("first"),
        )
        .group_by(waiting.c.definition_id)
        .subquery()
    )
    query = (
        select(definitions.c.key, definitions.c.state, counts.c.today, counts.c.week, counts.c.first)
        .join(definitions, definitions.c.id == counts.c.definition_id)
        .order_by(counts.c.week.desc(), definitions.c.key)
    )
    return list(connection.execute(query))
