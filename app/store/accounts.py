"""Users, their open sign-ins and the audit trail: the SQL behind accounts and the red button."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, RowMapping, and_, func, insert, select, update

from app.store.tables import (
    account_rules,
    audit_entries,
    contacts,
    second_factors,
    sign_ins,
    users,
    workspaces,
)


def main_workspace(connection: Connection, key: str = "main") -> UUID | None:
    return connection.execute(select(workspaces.c.id).where(workspaces.c.key == key)).scalar()


def by_email(connection: Connection, workspace_id: UUID, email: str) -> RowMapping | None:
    """The account of a normalised address."""
    found = connection.execute(
        select(users).where(users.c.workspace_id == workspace_id, users.c.email == email)
    )
    return found.mappings().first()


def by_id(connection: Connection, user_id: UUID) -> RowMapping | None:
    return connection.execute(select(users).where(users.c.id == user_id)).mappings().first()


def people(connection: Connection, workspace_id: UUID) -> list[tuple[UUID, str]]:
    """Everybody who may own contacts, by name."""
    rows = connection.execute(
        select(users.c.id, users.c.name)
        .where(users.c.workspace_id == workspace_id, users.c.disabled_at.is_(None))
        .order_by(users.c.name)
        .limit(500)
    )
    return [(row.id, row.name) for row in rows]


def who_take_tasks(connection: Connection, workspace_id: UUID) -> list[tuple[UUID, str]]:
    """Everybody who may be given a task, by name: not those who are shut out or may only look on."""
    rows = connection.execute(
        select(users.c.id, users.c.name)
        .where(users.c.workspace_id == workspace_id, users.c.disabled_at.is_(None), users.c.role != "viewer")
        .order_by(users.c.name, users.c.id)
        .limit(500)
    )
    return [(row.id, row.name) for row in rows]


def listing(connection: Connection, workspace_id: UUID) -> list[RowMapping]:
    """Every account with the number of contacts it owns, by address; without what proves a password."""
    owned = select(func.count()).where(contacts.c.owner_id == users.c.id, contacts.c.erased_at.is_(None))
    columns = [column for column in users.c if column.name != "password_hash"]
    query = select(*columns, owned.scalar_subquery().label("contacts"))
    return list(
        connection.execute(
            query.where(users.c.workspace_id == workspace_id).order_by(users.c.email)
        ).mappings()
    )


def lock_workspace(connection: Connection, workspace_id: UUID) -> None:
    """Changes of the team take turns until the transaction ends."""
    connection.execute(select(workspaces.c.id).where(workspaces.c.id == workspace_id).with_for_update())


def last_seen(connection: Connection, workspace_id: UUID) -> dict[UUID, datetime]:
    """When each colleague was last here."""
    rows = connection.execute(
        select(sign_ins.c.user_id, func.max(sign_ins.c.last_seen_at).label("at"))
        .join(users, users.c.id == sign_ins.c.user_id)
        .where(users.c.workspace_id == workspace_id, sign_ins.c.half_since.is_(None))
        .group_by(sign_ins.c.user_id)
    )
    return {row.user_id: row.at for row in rows}


def working_admins(connection: Connection, workspace_id: UUID) -> set[UUID]:
    """Admins who can come in; they stay so until the transaction ends."""
    query = select(users.c.id).where(
        users.c.workspace_id == workspace_id, users.c.role == "admin", users.c.disabled_at.is_(None),
        users.c.password_hash.is_not(None),
    )  # fmt: skip
    return set(connection.execute(query.with_for_update()).scalars())


def last_left(connection: Connection, user_id: UUID) -> datetime | None:
    """When a colleague was last seen in the sign-in before the present one."""
    seen = (
        select(sign_ins.c.last_seen_at)
        .where(sign_ins.c.user_id == user_id, sign_ins.c.half_since.is_(None))
        .order_by(sign_ins.c.created_at.desc())
        .limit(1)
        .offset(1)
    )
    return connection.execute(seen).scalar()


def count(connection: Connection, workspace_id: UUID) -> int:
    rows = select(func.count()).select_from(users).where(users.c.workspace_id == workspace_id)
    return connection.execute(rows).scalar_one()


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(users).values(row))


def change(connection: Connection, user_id: UUID, **values: Any) -> None:
    connection.execute(update(users).where(users.c.id == user_id).values(**values))


@dataclass(frozen=True, slots=True)
class Session:
    """One open sign-in with its user and the state of the workspace's red button, read in one go."""

    token_hash: str
    last_seen_at: datetime
    user: RowMapping


def open_session(connection: Connection, token_hash: str) -> Session | None:
    """Whoever holds this token, however old: the service judges whether it still counts."""
    columns = [column for column in users.c if column.name not in ("password_hash", "signature")]
    missing = and_(account_rules.c.second_step_since.is_not(None), second_factors.c.confirmed_at.is_(None))
    row = (
        connection.execute(
            select(
                sign_ins.c.last_seen_at, sign_ins.c.expires_at, sign_ins.c.revoked_at, sign_ins.c.half_since, *columns,
                workspaces.c.stopped_at, workspaces.c.stopped_why, missing.label("must_set_second_step"),
            )
            .join(users, users.c.id == sign_ins.c.user_id)
            .join(workspaces, workspaces.c.id == users.c.workspace_id)
            .outerjoin(second_factors, second_factors.c.user_id == users.c.id)
            .outerjoin(account_rules, account_rules.c.workspace_id == users.c.workspace_id)
            .where(sign_ins.c.token_hash == token_hash)
        )
        .mappings()
        .first()
    )  # fmt: skip
    return Session(token_hash, row["last_seen_at"], row) if row else None


def failures(connection: Connection, workspace_id: UUID, action: str, since: datetime, most: int) -> int:
    """How many sign-ins failed since then, `most` at the most."""
    entry = audit_entries.c
    found = (
        select(entry.id)
        .where(entry.workspace_id == workspace_id, entry.at > since, entry.action == action)
        .limit(most)
    )
    return len(connection.execute(found).all())


def add_session(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(sign_ins).values(row))


def open_sign_ins(
    connection: Connection, user_id: UUID, seen_after: datetime, at: datetime
) -> Sequence[Row[Any]]:
    """Where somebody is signed in, the last seen first."""
    table = sign_ins.c
    query = select(sign_ins).where(
        table.user_id == user_id, table.revoked_at.is_(None), table.half_since.is_(None),
        table.last_seen_at > seen_after, table.expires_at > at,
    )  # fmt: skip
    return connection.execute(query.order_by(table.last_seen_at.desc()).limit(200)).all()


def touch_session(connection: Connection, token_hash: str, at: datetime) -> None:
    connection.execute(update(sign_ins).where(sign_ins.c.token_hash == token_hash).values(last_seen_at=at))


def revoke_session(connection: Connection, token_hash: str, at: datetime) -> None:
    connection.execute(update(sign_ins).where(sign_ins.c.token_hash == token_hash).values(revoked_at=at))


def revoke_all(connection: Connection, user_id: UUID, at: datetime) -> None:
    connection.execute(
        update(sign_ins)
        .where(sign_ins.c.user_id == user_id, sign_ins.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def revoke_others(connection: Connection, user_id: UUID, token_hash: str, at: datetime) -> int:
    """Every sign-in of an account but one ends; how many."""
    done = connection.execute(
        update(sign_ins)
        .where(
            sign_ins.c.user_id == user_id, sign_ins.c.revoked_at.is_(None), sign_ins.c.token_hash != token_hash
        )
        .values(revoked_at=at)
    )  # fmt: skip
    return done.rowcount


def audit(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(audit_entries).values(row))


def sending_state(connection: Connection, workspace_id: UUID) -> RowMapping:
    """When, by whom and why sending was stopped; nulls while it runs. And whether it is that of a demo."""
    return (
        connection.execute(
            select(
                workspaces.c.is_demo,
                workspaces.c.stopped_at,
                workspaces.c.stopped_why,
                users.c.name.label("stopped_by_name"),
            )
            .outerjoin(users, users.c.id == workspaces.c.stopped_by)
            .where(workspaces.c.id == workspace_id)
        )
        .mappings()
        .one()
    )


def set_stopped(
    connection: Connection, workspace_id: UUID, at: datetime | None, by: UUID | None, why: str | None
) -> bool:
    """Turn sending off (with `at`) or on (None). False: it stood that way already."""
    stands = workspaces.c.stopped_at.is_(None) if at else workspaces.c.stopped_at.is_not(None)
    done = connection.execute(
        update(workspaces)
        .where(workspaces.c.id == workspace_id, stands)
        .values(stopped_at=at, stopped_by=by, stopped_why=why)
    )
    return done.rowcount == 1
