"""Tokens of programs, and the answers that were given under an idempotency key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from app.store import ledger
from app.store.tables import api_answers, api_tokens, users
from app.store.views import Found


def add_token(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(api_tokens).values(row))


def tokens(connection: Connection, workspace_id: UUID) -> Sequence[RowMapping]:
    """The newest first, with the name of who made them."""
    query = (
        select(api_tokens, users.c.name.label("maker"))
        .outerjoin(users, users.c.id == api_tokens.c.made_by)
        .where(api_tokens.c.workspace_id == workspace_id)
        .order_by(api_tokens.c.id.desc())
    )
    return connection.execute(query).mappings().all()


def token(connection: Connection, workspace_id: UUID, token_hash: str) -> Found | None:
    query = select(api_tokens).where(
        api_tokens.c.workspace_id == workspace_id, api_tokens.c.token_hash == token_hash
    )
    return connection.execute(query).one_or_none()


def revoke_token(connection: Connection, workspace_id: UUID, token_id: UUID, now: datetime) -> str | None:
    """Its name. None: there is none, or it was revoked before."""
    mine = (
        (api_tokens.c.workspace_id == workspace_id)
        & (api_tokens.c.id == token_id)
        & api_tokens.c.revoked_at.is_(None)
    )
    statement = update(api_tokens).where(mine).values(revoked_at=now).returning(api_tokens.c.name)
    return connection.execute(statement).scalar_one_or_none()


def used(connection: Connection, token_id: UUID, now: datetime) -> None:
    connection.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(last_used_at=now))


def forget_answers(connection: Connection, before: datetime) -> None:
    connection.execute(delete(api_answers).where(api_answers.c.started_at < before))


def claim(connection: Connection, row: dict[str, Any]) -> bool:
    """Whether this request is the first with its key."""
    return ledger.insert_new(connection, api_answers, [row]) == 1


def answer(connection: Connection, token_id: UUID, key_hash: str) -> Found | None:
    mine = (api_answers.c.token_id == token_id) & (api_answers.c.key_hash == key_hash)
    return connection.execute(select(api_answers).where(mine)).one_or_none()


def take_over(connection: Connection, token_id: UUID, key_hash: str, began: datetime, now: datetime) -> bool:
    """Of several that take over a request whose process died one gets it."""
    mine = (
        (api_answers.c.token_id == token_id)
        & (api_answers.c.key_hash == key_hash)
        & (api_answers.c.started_at == began)
        & api_answers.c.status.is_(None)
    )
    return connection.execute(update(api_answers).where(mine).values(started_at=now)).rowcount == 1


def keep_answer(connection: Connection, token_id: UUID, key_hash: str, status: int, text: str) -> None:
    mine = (api_answers.c.token_id == token_id) & (api_answers.c.key_hash == key_hash)
    connection.execute(update(api_answers).where(mine).values(status=status, answer=text))


def release(connection: Connection, token_id: UUID, key_hash: str) -> None:
    mine = (api_answers.c.token_id == token_id) & (api_answers.c.key_hash == key_hash)
    connection.execute(delete(api_answers).where(mine, api_answers.c.status.is_(None)))
