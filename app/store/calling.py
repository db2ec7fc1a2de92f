"""Outgoing web hooks in the database: taken for work, settled, listed, dead ones called again, old ones forgotten."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, delete, func, literal, or_, select, update
from sqlalchemy.engine import Row

from app.store.claims import RELEASED, Claim, ids_of, locked, mark_claimed, unclaimed
from app.store.hints import said, within
from app.store.tables import contacts, hook_subscriptions, web_calls

QUEUED = "state = 'queued'"
DEAD = "state = 'dead'"
DONE = "state = 'done'"
SAID = {"queued": QUEUED, "dead": DEAD, "done": DONE}
# Of somebody who was erased there is nothing left to tell.
ERASED = "contact.erased"


def claim_due(
    connection: Connection, workspace_id: UUID, claim: Claim, now: datetime, limit: int, of_one_url: int
) -> list[Row[Any]]:
    """Take up to `limit` due calls, the longest due first, and of one address at most `of_one_url`.

    So a receiver with a long queue does not fill the batch. Those of a paused receiver wait. Each call taken
    counts as an attempt.
    """
    paused = select(hook_subscriptions.c.id).where(
        hook_subscriptions.c.workspace_id == workspace_id, hook_subscriptions.c.paused_at.is_not(None)
    )
    place = func.row_number().over(
        partition_by=web_calls.c.url, order_by=(web_calls.c.due_at, web_calls.c.id)
    )
    free = (within(web_calls, workspace_id), said(web_calls, QUEUED), web_calls.c.due_at <= now,
            unclaimed(web_calls, now),
            or_(web_calls.c.subscription_id.is_(None), web_calls.c.subscription_id.not_in(paused)))  # fmt: skip
    ranked = select(web_calls.c.id, place.label("place")).where(*free).subquery()
    chosen = select(ranked.c.id).where(ranked.c.place <= of_one_url)
    query = select(web_calls).where(web_calls.c.id.in_(chosen), *free)
    query = query.order_by(web_calls.c.due_at, web_calls.c.id).limit(limit)
    rows = list(connection.execute(locked(connection, query, web_calls)).all())
    mark_claimed(connection, web_calls, ids_of(rows), claim, attempts=web_calls.c.attempts + 1)
    return rows


def settle(connection: Connection, call_id: UUID, token: UUID, **values: Any) -> bool:
    """Write how a call went and let go of it. False: it is not ours any more, and nothing was written."""
    done = connection.execute(
        update(web_calls)
        .where(web_calls.c.id == call_id, web_calls.c.claim_token == token, said(web_calls, QUEUED))
        .values(**values, **RELEASED)
    )
    return done.rowcount == 1


def give_back(
    connection: Connection, call_ids: Sequence[UUID], token: UUID, due_at: datetime | None = None
) -> None:
    """Calls that were taken and not made: the attempt does not count. With `due_at` they wait until then."""
    if not call_ids:
        return
    values = {"attempts": web_calls.c.attempts - 1, **RELEASED}
    if due_at is not None:
        values["due_at"] = due_at
    connection.execute(
        update(web_calls)
        .where(web_calls.c.id.in_(call_ids), web_calls.c.claim_token == token, said(web_calls, QUEUED))
        .values(values)
    )


def dead(
    connection: Connection, workspace_id: UUID, limit: int, ids: Sequence[UUID] | None = None
) -> list[Row[Any]]:
    """Calls that were given up, the newest first; of `ids` only those that are dead."""
    query = select(web_calls).where(web_calls.c.workspace_id == workspace_id, *_given_up())
    if ids is not None:
        query = query.where(web_calls.c.id.in_(ids))
    return list(connection.execute(query.order_by(web_calls.c.ended_at.desc(), web_calls.c.id).limit(limit)))


def listing(
    connection: Connection, workspace_id: UUID, state: str, limit: int, after: UUID | None
) -> list[Row[Any]]:
    """Calls in a state with whom they are about and for whom: those that wait the longest due first, else the
    newest first. They go on behind the call `after`."""
    is_queued = state == "queued"
    at = web_calls.c.due_at if is_queued else web_calls.c.ended_at
    query = _shown().where(
        within(web_calls, workspace_id) if is_queued else web_calls.c.workspace_id == workspace_id
    )
    query = query.where(*(_given_up() if state == "dead" else [said(web_calls, SAID[state])]))
    if after is not None:
        last = connection.execute(
            select(at, web_calls.c.id).where(
                web_calls.c.id == after, web_calls.c.workspace_id == workspace_id
            )
        ).one_or_none()
        if last is None or last[0] is None:
            return []
        beyond = at > last[0] if is_queued else at < last[0]
        query = query.where(or_(beyond, (at == last[0]) & (web_calls.c.id > last[1])))
    order = at if is_queued else at.desc()
    return list(connection.execute(query.order_by(order, web_calls.c.id).limit(limit)))


def one(connection: Connection, workspace_id: UUID, call_id: UUID) -> Row[Any] | None:
    query = _shown().where(web_calls.c.id == call_id, web_calls.c.workspace_id == workspace_id)
    return connection.execute(query).one_or_none()


def counted(connection: Connection, workspace_id: UUID, state: str, most: int) -> int:
    """How many are in a state, `most` at the most."""
    where = _given_up() if state == "dead" else [said(web_calls, SAID[state])]
    some = (
        select(literal(1)).select_from(web_calls).where(within(web_calls, workspace_id), *where).limit(most)
    )
    return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def forget(connection: Connection, workspace_id: UUID, before: datetime, limit: int) -> int:
    """Take away the oldest answered calls of receivers that asked for events; how many."""
    old = (
        select(web_calls.c.id)
        .where(
            web_calls.c.workspace_id == workspace_id,
            said(web_calls, DONE),
            web_calls.c.ended_at < before,
            web_calls.c.subscription_id.is_not(None),
        )
        .order_by(web_calls.c.ended_at)
        .limit(limit)
    )
    return connection.execute(delete(web_calls).where(web_calls.c.id.in_(old))).rowcount


def _shown() -> Select[Any]:
    named = (contacts.c.first_name, contacts.c.last_name, hook_subscriptions.c.title.label("receiver"))
    return (
        select(web_calls, *named)
        .join(contacts, contacts.c.id == web_calls.c.contact_id)
        .outerjoin(hook_subscriptions, hook_subscriptions.c.id == web_calls.c.subscription_id)
    )


def _given_up() -> list[Any]:
    return [said(web_calls, DEAD), web_calls.c.reason_code != ERASED]


def call_again(
    connection: Connection, ids: Sequence[UUID], now: datetime, code: str, params: dict[str, Any]
) -> set[UUID]:
    """Dead calls into the queue again, as if never tried; which of them were dead."""
    changed = connection.execute(
        update(web_calls)
        .where(web_calls.c.id.in_(ids), said(web_calls, DEAD))
        .values(
            state="queued", due_at=now, attempts=0, ended_at=None, reason_code=code, reason_params=params, **RELEASED
        )
        .returning(web_calls.c.id)
    )  # fmt: skip
    return set(changed.scalars())
