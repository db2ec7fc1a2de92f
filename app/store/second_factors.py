"""The second step of a sign-in: who has one, which codes were used, and whether everybody needs it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from app.store.tables import account_rules, recovery_codes, second_factors, users


def find(connection: Connection, user_id: UUID) -> Row[Any] | None:
    return connection.execute(select(second_factors).where(second_factors.c.user_id == user_id)).one_or_none()


def holders(connection: Connection, workspace_id: UUID) -> set[UUID]:
    """Who has proved theirs."""
    query = (
        select(second_factors.c.user_id)
        .join(users, users.c.id == second_factors.c.user_id)
        .where(users.c.workspace_id == workspace_id, second_factors.c.confirmed_at.is_not(None))
    )
    return set(connection.execute(query).scalars())


def begin(connection: Connection, user_id: UUID, secret: str, at: datetime) -> bool:
    """A secret to be proved, in place of one that never was. False: one is proved already."""
    table = second_factors.c
    connection.execute(delete(second_factors).where(table.user_id == user_id, table.confirmed_at.is_(None)))
    if find(connection, user_id) is not None:
        return False
    connection.execute(
        insert(second_factors).values(user_id=user_id, secret=secret, created_at=at, last_step=0)
    )
    return True


def confirm(connection: Connection, user_id: UUID, secret: str, step: int, at: datetime) -> bool:
    """The secret was proved by the code of `step`. False: it was replaced or proved meanwhile."""
    table = second_factors.c
    done = connection.execute(
        update(second_factors)
        .where(table.user_id == user_id, table.secret == secret, table.confirmed_at.is_(None))
        .values(confirmed_at=at, last_step=step)
    )
    return done.rowcount == 1


def use_step(connection: Connection, user_id: UUID, step: int) -> bool:
    """Take a code; False: it, or a later one, was used before."""
    table = second_factors.c
    done = connection.execute(
        update(second_factors)
        .where(table.user_id == user_id, table.last_step < step, table.confirmed_at.is_not(None))
        .values(last_step=step)
    )
    return done.rowcount == 1


def use_code(connection: Connection, user_id: UUID, code_hash: str, at: datetime) -> bool:
    """Take a recovery code; False: there is none such, or it was used."""
    table = recovery_codes.c
    done = connection.execute(
        update(recovery_codes)
        .where(table.user_id == user_id, table.code_hash == code_hash, table.used_at.is_(None))
        .values(used_at=at)
    )
    return done.rowcount == 1


def replace_codes(connection: Connection, user_id: UUID, hashes: Iterable[str]) -> None:
    connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": one} for one in hashes]
    if rows:
        connection.execute(insert(recovery_codes), rows)


def codes_left(connection: Connection, user_id: UUID) -> int:
    query = select(func.count()).select_from(recovery_codes)
    where = recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None)
    return connection.execute(query.where(*where)).scalar_one()


def remove(connection: Connection, user_id: UUID) -> bool:
    """Take a second step away with its codes; False: there was none that was proved."""
    replace_codes(connection, user_id, ())
    found = find(connection, user_id)
    connection.execute(delete(second_factors).where(second_factors.c.user_id == user_id))
    return found is not None and found.confirmed_at is not None


def required_since(connection: Connection, workspace_id: UUID) -> datetime | None:
    query = select(account_rules.c.second_step_since).where(account_rules.c.workspace_id == workspace_id)
    return connection.execute(query).scalar()


def require(connection: Connection, workspace_id: UUID, at: datetime | None) -> None:
    connection.execute(delete(account_rules).where(account_rules.c.workspace_id == workspace_id))
    connection.execute(insert(account_rules).values(workspace_id=workspace_id, second_step_since=at))
