"""Outgoing web hooks in the database: taken for work, settled, dead ones listed and called again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from app.store.claims import RELEASED, Claim, ids_of, locked, mark_claimed, unclaimed
from app.store.hints import said, within
from app.store.tables import web_calls

QUEUED = "state = 'queued'"
DEAD = "state = 'dead'"


def claim_due(
    connection: Connection, workspace_id: UUID, claim: Claim, now: datetime, limit: int, of_one_url: int
) -> list[Row[Any]]:
    """Take up to `limit` due calls, the longest due first, and of one address at most `of_one_url`.

    So a receiver with a long queue does not fill the batch. Each call taken counts as an attempt.
    """
    place = func.row_number().over(
        partition_by=web_calls.c.url, order_by=(web_calls.c.due_at, web_calls.c.id)
    )
    free = (within(web_calls, workspace_id), said(web_calls, QUEUED), web_calls.c.due_at <= now,
            unclaimed(web_calls, now))  # fmt: skip
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
    query = select(web_calls).where(web_calls.c.workspace_id == workspace_id, said(web_calls, DEAD))
    if ids is not None:
        query = query.where(web_calls.c.id.in_(ids))
    return list(connection.execute(query.order_by(web_calls.c.ended_at.desc(), web_calls.c.id).limit(limit)))


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
