"""Receivers that asked for events: kept, changed, and who of them is told now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.engine import Row

from app.store.hints import said
from app.store.tables import hook_subscriptions as table
from app.store.tables import users, web_calls

SUBSCRIBED = "subscription_id IS NOT NULL"


def listing(connection: Connection, workspace_id: UUID) -> list[Row[Any]]:
    """All of them by title, with the name of whoever added each."""
    query = select(table, users.c.name.label("maker")).outerjoin(users, users.c.id == table.c.made_by)
    return list(connection.execute(query.where(table.c.workspace_id == workspace_id).order_by(table.c.title)))


def listening(connection: Connection, workspace_id: UUID) -> list[Row[Any]]:
    """Who is told what happens now."""
    query = select(table.c.id, table.c.url, table.c.events, table.c.created_at)
    return list(
        connection.execute(query.where(table.c.workspace_id == workspace_id, table.c.paused_at.is_(None)))
    )


def waiting(connection: Connection, ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """How many calls of each are waiting or given up."""
    if not ids:
        return {}
    query = select(web_calls.c.subscription_id, web_calls.c.state, func.count()).where(
        web_calls.c.subscription_id.in_(ids),
        said(web_calls, SUBSCRIBED),
        web_calls.c.state.in_(("queued", "dead")),
    )
    grouped = query.group_by(web_calls.c.subscription_id, web_calls.c.state)
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(grouped)}


def change(
    connection: Connection, workspace_id: UUID, subscription_id: UUID, revision: int, **values: Any
) -> bool:
    """Write over what was seen. False: it is not as it was seen, or not there."""
    mine = (table.c.id == subscription_id, table.c.workspace_id == workspace_id, table.c.revision == revision)
    done = connection.execute(update(table).where(*mine).values(revision=revision + 1, **values))
    return done.rowcount == 1


def tested(
    connection: Connection, subscription_id: UUID, at: datetime, code: str, params: dict[str, Any]
) -> None:
    """What the last test call came to; no change that a page of before would overrule."""
    connection.execute(
        update(table)
        .where(table.c.id == subscription_id)
        .values(tested_at=at, test_code=code, test_params=params)
    )


def remove(connection: Connection, workspace_id: UUID, subscription_id: UUID) -> tuple[str, int] | None:
    """Take it away with its calls that nobody answered; its title, and how many calls. None: there is none."""
    gone = delete(table).where(table.c.id == subscription_id, table.c.workspace_id == workspace_id)
    title = connection.execute(gone.returning(table.c.title)).scalar_one_or_none()
    if title is None:
        return None
    unanswered = (
        web_calls.c.subscription_id == subscription_id,
        said(web_calls, SUBSCRIBED),
        web_calls.c.state != "done",
    )
    return title, connection.execute(delete(web_calls).where(*unanswered)).rowcount
