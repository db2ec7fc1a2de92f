"""Views of the list of contacts that somebody saved: their own, and those that are shared with the team."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, or_, select, update

from app.store.tables import saved_views, users


def seen_by(connection: Connection, workspace_id: UUID, user_id: UUID, limit: int) -> Sequence[RowMapping]:
    """Those somebody may open, in the order they were saved, each with the name of whose it is."""
    query = _of(workspace_id, user_id).order_by(saved_views.c.created_at, saved_views.c.id)
    return connection.execute(query.limit(limit)).mappings().all()


def find(connection: Connection, workspace_id: UUID, user_id: UUID, view_id: UUID) -> RowMapping | None:
    query = _of(workspace_id, user_id).where(saved_views.c.id == view_id)
    return connection.execute(query).mappings().first()


def _of(workspace_id: UUID, user_id: UUID) -> Select[Any]:
    return (
        select(saved_views, users.c.name.label("by_name"))
        .join(users, users.c.id == saved_views.c.user_id)
        .where(
            saved_views.c.workspace_id == workspace_id,
            or_(saved_views.c.user_id == user_id, saved_views.c.is_shared),
        )
    )


def own(connection: Connection, workspace_id: UUID, user_id: UUID) -> Sequence[RowMapping]:
    query = select(saved_views.c.id, saved_views.c.title, saved_views.c.query)
    mine = (saved_views.c.workspace_id == workspace_id) & (saved_views.c.user_id == user_id)
    return connection.execute(query.where(mine)).mappings().all()


def count_shared(connection: Connection, workspace_id: UUID) -> int:
    shared = (saved_views.c.workspace_id == workspace_id) & saved_views.c.is_shared
    return connection.execute(select(func.count()).select_from(saved_views).where(shared)).scalar_one()


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(saved_views).values(row))


def change(connection: Connection, view_id: UUID, revision: int, **values: Any) -> bool:
    """False: somebody changed it after this revision."""
    mine = (saved_views.c.id == view_id) & (saved_views.c.revision == revision)
    changed = update(saved_views).where(mine).values(**values, revision=revision + 1)
    return connection.execute(changed).rowcount == 1


def remove(connection: Connection, view_id: UUID, revision: int) -> bool:
    """False: somebody changed it after this revision."""
    mine = (saved_views.c.id == view_id) & (saved_views.c.revision == revision)
    return connection.execute(delete(saved_views).where(mine)).rowcount == 1
