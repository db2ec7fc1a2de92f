"""Which contacts a condition holds for, asked of the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, select

from app.core.conditions import Condition
from app.store.condition_sql import condition_sql
from app.store.tables import contacts


def matching_ids(
    connection: Connection,
    condition: Condition,
    *,
    workspace_id: UUID,
    lifecycle: str,
    now: datetime,
    segments: Mapping[str, Condition] | None = None,
    limit: int | None = None,
    after: UUID | None = None,
    besides: ColumnElement[bool] | None = None,
) -> list[UUID]:
    """The ids of the contacts it holds for, in ascending order; merged and erased ones are left out.

    For a next page give the last id as `after`. What `besides` says of `contacts` must hold too.
    """
    statement = _matching(
        select(contacts.c.id), connection, condition, workspace_id, lifecycle, now, segments
    ).order_by(contacts.c.id)
    if after is not None:
        statement = statement.where(contacts.c.id > after)
    if besides is not None:
        statement = statement.where(besides)
    return list(connection.execute(statement.limit(limit)).scalars())


def count_matching(
    connection: Connection,
    condition: Condition,
    *,
    workspace_id: UUID,
    lifecycle: str,
    now: datetime,
    segments: Mapping[str, Condition] | None = None,
) -> int:
    counting = select(func.count()).select_from(contacts)
    statement = _matching(counting, connection, condition, workspace_id, lifecycle, now, segments)
    return int(connection.execute(statement).scalar_one())


def count_up_to(
    connection: Connection,
    condition: Condition,
    most: int,
    *,
    workspace_id: UUID,
    lifecycle: str,
    now: datetime,
    segments: Mapping[str, Condition] | None = None,
) -> int:
    """How many it holds for, counted no further than one more than `most`."""
    some = _matching(
        select(contacts.c.id), connection, condition, workspace_id, lifecycle, now, segments
    ).limit(most + 1)
    return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def _matching(
    statement: Select[Any],
    connection: Connection,
    condition: Condition,
    workspace_id: UUID,
    lifecycle: str,
    now: datetime,
    segments: Mapping[str, Condition] | None,
) -> Select[Any]:
    return statement.where(
        contacts.c.workspace_id == workspace_id,
        contacts.c.merged_into.is_(None),
        contacts.c.erased_at.is_(None),
        condition_sql(
            condition,
            now,
            workspace_id=workspace_id,
            lifecycle=lifecycle,
            dialect_name=connection.dialect.name,
            segments=segments,
        ),
    )
