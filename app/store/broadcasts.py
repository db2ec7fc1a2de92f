"""Broadcasts and their frozen people: one row a person, so that nobody is written to twice or forgotten."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, delete, distinct, func, insert, select, update

from app.store.tables import broadcast_people, broadcasts, contacts, deliveries, events, users
from app.store.views import Found

MINE = broadcast_people.c
SHOWN = 100


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(broadcasts).values(**row))


def find(connection: Connection, workspace_id: UUID, broadcast_id: UUID) -> Found | None:
    query = (
        select(broadcasts, users.c.name.label("confirmed_name"))
        .outerjoin(users, users.c.id == broadcasts.c.confirmed_by)
        .where(broadcasts.c.workspace_id == workspace_id, broadcasts.c.id == broadcast_id)
    )
    return connection.execute(query).one_or_none()


def listing(connection: Connection, workspace_id: UUID) -> list[Found]:
    """The newest, each with how many people it was frozen for and how many of them are queued."""
    query = (
        select(broadcasts)
        .where(broadcasts.c.workspace_id == workspace_id)
        .order_by(broadcasts.c.id.desc())
        .limit(SHOWN)
    )
    return list(connection.execute(query))


def pending(connection: Connection, workspace_id: UUID) -> list[Found]:
    """Those that are not over, the newest first: id, title and segment."""
    query = select(broadcasts.c.id, broadcasts.c.title, broadcasts.c.segment).where(
        broadcasts.c.workspace_id == workspace_id, broadcasts.c.state.not_in(("done", "cancelled"))
    )
    return list(connection.execute(query.order_by(broadcasts.c.id.desc())))


def heads(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """By broadcast: people by state."""
    query = (
        select(MINE.broadcast_id, MINE.state, func.count())
        .where(MINE.broadcast_id.in_(ids))
        .group_by(MINE.broadcast_id, MINE.state)
    )
    found: dict[UUID, dict[str, int]] = {}
    for broadcast_id, state, people in connection.execute(query):
        found.setdefault(broadcast_id, {})[state] = people
    return found


def at_work(connection: Connection, workspace_id: UUID) -> list[Found]:
    """Those the engine has something to do for."""
    wanted = ("freezing", "sending", "cancelled")
    query = select(broadcasts).where(
        broadcasts.c.workspace_id == workspace_id,
        broadcasts.c.state.in_(wanted),
        broadcasts.c.ended_at.is_(None),
    )
    return list(connection.execute(query.order_by(broadcasts.c.id)))


def change(connection: Connection, found: Found, states: Sequence[str], **values: Any) -> bool:
    """Whether it still stood as it was seen, and so was changed."""
    mine = (
        broadcasts.c.id == found.id,
        broadcasts.c.state.in_(states),
        broadcasts.c.revision == found.revision,
    )
    changed = connection.execute(
        update(broadcasts).where(*mine).values(**values, revision=found.revision + 1)
    )
    return changed.rowcount == 1


def advance(connection: Connection, found: Found, **values: Any) -> bool:
    """Whether this batch is the first to go on from where it was seen; if not, nothing is changed."""
    mine = (
        broadcasts.c.id == found.id,
        broadcasts.c.state == found.state,
        broadcasts.c.revision == found.revision,
        broadcasts.c.turn == found.turn,
    )
    changed = connection.execute(update(broadcasts).where(*mine).values(**values, turn=found.turn + 1))
    return changed.rowcount == 1


def forget_people(connection: Connection, broadcast_id: UUID) -> None:
    connection.execute(delete(broadcast_people).where(MINE.broadcast_id == broadcast_id))


def freeze(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(broadcast_people), rows)


def queued_since(connection: Connection, broadcast_id: UUID, since: datetime) -> int:
    query = select(func.count()).where(MINE.broadcast_id == broadcast_id, MINE.queued_at > since)
    return int(connection.execute(query).scalar_one())


def next_people(connection: Connection, broadcast_id: UUID, now: datetime, limit: int) -> list[Found]:
    """Who comes next, with whether they are still there."""
    query = (
        select(MINE.contact_id, MINE.due_at, contacts.c.erased_at, contacts.c.merged_into)
        .join(contacts, contacts.c.id == MINE.contact_id)
        .where(MINE.broadcast_id == broadcast_id, MINE.state == "waiting", MINE.due_at <= now)
        .order_by(MINE.due_at, MINE.contact_id)
        .limit(limit)
    )
    return list(connection.execute(query))


def any_waiting(connection: Connection, broadcast_id: UUID) -> bool:
    query = select(MINE.contact_id).where(MINE.broadcast_id == broadcast_id, MINE.state == "waiting").limit(1)
    return connection.execute(query).first() is not None


def mark(connection: Connection, broadcast_id: UUID, contact_ids: Sequence[UUID], **values: Any) -> None:
    if contact_ids:
        mine = and_(MINE.broadcast_id == broadcast_id, MINE.contact_id.in_(contact_ids))
        connection.execute(update(broadcast_people).where(mine).values(**values))


def waiting_mails(connection: Connection, broadcast_id: UUID, limit: int) -> list[Found]:
    query = select(deliveries).where(
        deliveries.c.broadcast_id == broadcast_id, deliveries.c.state.in_(("queued", "deferred"))
    )
    return list(connection.execute(query.order_by(deliveries.c.id).limit(limit)))


def reasons(connection: Connection, broadcast_id: UUID) -> list[Found]:
    """People by state and reason, each with an example of its parameters."""
    place = func.row_number().over(partition_by=(MINE.state, MINE.reason_code), order_by=MINE.contact_id)
    people = func.count().over(partition_by=(MINE.state, MINE.reason_code))
    every = (
        select(MINE.state, MINE.reason_code, MINE.reason_params, people.label("people"), place.label("place"))
        .where(MINE.broadcast_id == broadcast_id)
        .subquery()
    )
    return list(connection.execute(select(every).where(every.c.place == 1).order_by(every.c.people.desc())))


def mails(connection: Connection, broadcast_id: UUID) -> list[Found]:
    """Its mails by state and reason, each with an example of its parameters."""
    d = deliveries.c
    place = func.row_number().over(partition_by=(d.state, d.reason_code), order_by=d.id)
    count = func.count().over(partition_by=(d.state, d.reason_code))
    every = (
        select(d.state, d.reason_code, d.reason_params, count.label("people"), place.label("place"))
        .where(d.broadcast_id == broadcast_id)
        .subquery()
    )
    return list(connection.execute(select(every).where(every.c.place == 1).order_by(every.c.people.desc())))


def answers(connection: Connection, broadcast_id: UUID) -> dict[tuple[str, str], int]:
    """People by what they did with its mail and who did it: clicked, replied, answered, unsubscribed."""
    wanted = ("clicked", "replied", "answered", "unsubscribed", "bounced", "complained")
    query = (
        select(events.c.kind, events.c.verdict, func.count(distinct(events.c.contact_id)))
        .join(deliveries, deliveries.c.id == events.c.delivery_id)
        .where(deliveries.c.broadcast_id == broadcast_id, events.c.kind.in_(wanted))
        .group_by(events.c.kind, events.c.verdict)
    )
    return {(kind, verdict): people for kind, verdict, people in connection.execute(query)}


HOUR, TURN = timedelta(hours=1), timedelta(minutes=5)
