"""Taking rows for work: claim before act, with an owner, a token and an end.

SQLAlchemy drops SKIP LOCKED on SQLite without a word, so each dialect has its own way: a write
transaction that began IMMEDIATE is alone on SQLite; PostgreSQL locks the rows it hands out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, Table, or_, update
from sqlalchemy.engine import Row


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds rows until when. A worker that lost its lease finds that its token no longer fits."""

    worker: str
    token: UUID
    until: datetime


# What a row says that nobody holds any more.
RELEASED: dict[str, Any] = {"claimed_by": None, "claim_token": None, "claimed_until": None}


def unclaimed(table: Table, now: datetime) -> Any:
    """Rows nobody holds, or whose holder let the lease run out."""
    return or_(table.c.claimed_until.is_(None), table.c.claimed_until < now)


def locked(connection: Connection, query: Select[Any], of: Table) -> Select[Any]:
    if connection.dialect.name == "postgresql":
        return query.with_for_update(skip_locked=True, of=of)
    return query


def mark_claimed(
    connection: Connection, table: Table, ids: Sequence[UUID], claim: Claim, **also: Any
) -> None:
    if ids:
        values = {
            "claimed_by": claim.worker,
            "claim_token": claim.token,
            "claimed_until": claim.until,
            **also,
        }
        connection.execute(update(table).where(table.c.id.in_(ids)).values(values))


def ids_of(rows: Sequence[Row[Any]]) -> list[UUID]:
    return [row.id for row in rows]
