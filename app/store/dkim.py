"""The keys that sign our mail, in the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.engine import Row

from app.store.tables import dkim_keys as keys

PUBLIC = (
    keys.c.id, keys.c.domain, keys.c.selector, keys.c.algorithm, keys.c.public_key, keys.c.state,
    keys.c.created_at, keys.c.activated_at, keys.c.retired_at,
)  # fmt: skip


def all_keys(connection: Connection, workspace_id: UUID, domain: str | None = None) -> list[Row[Any]]:
    """Every key without its private part, by domain and age."""
    query = select(*PUBLIC).where(keys.c.workspace_id == workspace_id)
    if domain is not None:
        query = query.where(keys.c.domain == domain)
    return list(connection.execute(query.order_by(keys.c.domain, keys.c.created_at, keys.c.selector)))


def active_ids(connection: Connection, workspace_id: UUID) -> frozenset[UUID]:
    """Which keys sign; they never change but for their seal."""
    query = select(keys.c.id).where(keys.c.workspace_id == workspace_id, keys.c.state == "active")
    return frozenset(connection.execute(query).scalars())


def active(connection: Connection, workspace_id: UUID) -> list[Row[Any]]:
    """Keys that sign, with their sealed private part; RSA, which every receiver knows, first."""
    query = select(keys.c.domain, keys.c.selector, keys.c.private_key).where(
        keys.c.workspace_id == workspace_id, keys.c.state == "active"
    )
    return list(connection.execute(query.order_by(keys.c.domain, keys.c.algorithm.desc(), keys.c.selector)))


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(keys).values(row))


def activate(connection: Connection, key_id: UUID, now: datetime) -> None:
    values = {"state": "active", "activated_at": now, "retired_at": None}
    connection.execute(update(keys).where(keys.c.id == key_id).values(values))


def retire(connection: Connection, key_ids: list[UUID], now: datetime) -> None:
    connection.execute(
        update(keys)
        .where(keys.c.id.in_(key_ids), keys.c.state != "retired")
        .values(state="retired", retired_at=now)
    )
