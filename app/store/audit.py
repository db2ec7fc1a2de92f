"""The audit log, read: who did what and when, the newest first. Nothing here or anywhere else deletes an entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from app.store.tables import api_tokens, audit_entries, users

MOST_ACTIONS = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for. `shell`: what nobody did by a page; `until` is the first instant after."""

    user_id: UUID | None = None
    shell: bool = False
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None
    older_than: UUID | None = None


def find(connection: Connection, workspace_id: UUID, asked: Asked, limit: int) -> Sequence[Row[Any]]:
    """Entries with the name and address of who did it, where there is one."""
    table = audit_entries.c
    query = (
        select(audit_entries, users.c.name, users.c.email)
        .outerjoin(users, users.c.id == table.user_id)
        .where(table.workspace_id == workspace_id)
    )
    if asked.user_id is not None:
        query = query.where(table.user_id == asked.user_id)
    if asked.shell:
        query = query.where(table.user_id.is_(None))
    if asked.action.endswith("."):
        query = query.where(table.action.startswith(asked.action, autoescape=True))
    elif asked.action:
        query = query.where(table.action == asked.action)
    if asked.since is not None:
        query = query.where(table.at >= asked.since)
    if asked.until is not None:
        query = query.where(table.at < asked.until)
    if asked.older_than is not None:
        query = query.where(table.id < asked.older_than)
    return connection.execute(query.order_by(table.id.desc()).limit(limit)).all()


def actions(connection: Connection, workspace_id: UUID) -> list[str]:
    """Every action there is an entry of."""
    query = select(audit_entries.c.action).where(audit_entries.c.workspace_id == workspace_id).distinct()
    return sorted(connection.execute(query.limit(MOST_ACTIONS)).scalars())


def names(connection: Connection, workspace_id: UUID) -> dict[str, str]:
    """Colleagues by the text of their id, as subjects name them."""
    query = select(users.c.id, users.c.name).where(users.c.workspace_id == workspace_id)
    return {str(row.id): row.name for row in connection.execute(query)}


def programs(connection: Connection, workspace_id: UUID) -> dict[str, tuple[str, str]]:
    """Tokens of the API by the text of their id, those that have ended too: their name, and who made them."""
    query = (
        select(api_tokens.c.id, api_tokens.c.name, users.c.name.label("maker"))
        .outerjoin(users, users.c.id == api_tokens.c.made_by)
        .where(api_tokens.c.workspace_id == workspace_id)
    )
    return {str(row.id): (row.name, row.maker or "") for row in connection.execute(query)}
