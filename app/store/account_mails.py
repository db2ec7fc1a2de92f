"""Mails to colleagues about their accounts: what is queued, which link counts, how often somebody asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, update

from app.store.tables import account_mails

table = account_mails.c


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(account_mails).values({"tries": 0, "said": "", **row}))


def change(connection: Connection, mail_id: UUID, **values: Any) -> None:
    connection.execute(update(account_mails).where(table.id == mail_id).values(**values))


def _open(at: datetime) -> ColumnElement[bool]:
    return and_(table.used_at.is_(None), table.ended_at.is_(None), table.expires_at > at)


def by_token(
    connection: Connection, workspace_id: UUID, kind: str, token_hash: str, at: datetime
) -> Row[Any] | None:
    """The mail whose link this is, while the link counts."""
    query = select(account_mails).where(
        table.workspace_id == workspace_id, table.kind == kind, table.token_hash == token_hash, _open(at)
    )
    return connection.execute(query).one_or_none()


def use(connection: Connection, mail_id: UUID, token_hash: str, user_id: UUID, at: datetime) -> bool:
    """Take the link; of two who press at once only one does."""
    done = connection.execute(
        update(account_mails)
        .where(table.id == mail_id, table.token_hash == token_hash, _open(at))
        .values(used_at=at, user_id=user_id, due_at=None)
    )
    return done.rowcount == 1


def invitations(connection: Connection, workspace_id: UUID) -> Sequence[Row[Any]]:
    """Those nobody has taken up or back, run out ones too; the newest first."""
    query = select(account_mails).where(
        table.workspace_id == workspace_id, table.kind == "invite", table.used_at.is_(None), table.ended_at.is_(None)
    )  # fmt: skip
    return connection.execute(query.order_by(table.asked_at.desc(), table.id.desc()).limit(500)).all()


def invitation(connection: Connection, workspace_id: UUID, mail_id: UUID) -> Row[Any] | None:
    """One of `invitations`, held until the transaction ends."""
    query = select(account_mails).where(
        table.id == mail_id, table.workspace_id == workspace_id, table.kind == "invite", table.used_at.is_(None),
        table.ended_at.is_(None),
    )  # fmt: skip
    return connection.execute(query.with_for_update()).one_or_none()


def is_invited(connection: Connection, workspace_id: UUID, address_hash: str) -> bool:
    query = select(table.id).where(
        table.workspace_id == workspace_id, table.kind == "invite", table.address_hash == address_hash,
        table.used_at.is_(None), table.ended_at.is_(None),
    )  # fmt: skip
    return connection.execute(query.limit(1)).first() is not None


def end_open(connection: Connection, kind: str, user_id: UUID, at: datetime) -> None:
    """Links of this kind that an account still has open stop working."""
    connection.execute(
        update(account_mails)
        .where(
            table.kind == kind, table.user_id == user_id, table.used_at.is_(None), table.ended_at.is_(None)
        )
        .values(ended_at=at, due_at=None)
    )


def count(connection: Connection, workspace_id: UUID, kind: str, since: datetime, **hashes: str) -> int:
    """How often was asked since; `address_hash` or `network_hash` narrows it."""
    query = select(func.count()).select_from(account_mails).where(
        table.workspace_id == workspace_id, table.kind == kind, table.asked_at > since,
        *(table[name] == value for name, value in hashes.items()),
    )  # fmt: skip
    return connection.execute(query).scalar_one()


def due(connection: Connection, workspace_id: UUID, at: datetime, limit: int) -> Sequence[Row[Any]]:
    query = select(account_mails).where(table.workspace_id == workspace_id, table.due_at <= at)
    return connection.execute(query.order_by(table.due_at).limit(limit)).all()


def claim(connection: Connection, row: Row[Any], token_hash: str | None, again_at: datetime) -> bool:
    """Take one try, with the link it will hold; False: another worker was quicker."""
    done = connection.execute(
        update(account_mails)
        .where(table.id == row.id, table.tries == row.tries, table.due_at == row.due_at)
        .values(token_hash=token_hash, tries=row.tries + 1, due_at=again_at)
    )
    return done.rowcount == 1


def forget(connection: Connection, workspace_id: UUID, before: datetime) -> int:
    """Mails whose link has long ended; the audit log keeps what was done."""
    done = connection.execute(
        delete(account_mails).where(table.workspace_id == workspace_id, table.expires_at < before)
    )
    return done.rowcount
