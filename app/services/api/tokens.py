"""Tokens of programs: made once, shown once, kept as a hash, limited to scopes, revoked at once.

A token is 256 bits of chance, so a plain SHA-256 of it is as good as a slow hash. Its first signs tell what
it is to whoever finds it in a log or a repository.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.ids import new_id
from app.store import accounts
from app.store import api as rows
from app.store.database import Database

PREFIX = "trellis_"
LONGEST_NAME = 80
MOST_DAYS = 3650
# Every scope and what it opens, in the order of the pages.
SCOPES = (
    "contacts:read", "contacts:write", "contacts:privacy", "companies:read", "companies:write", "events:write",
    "enrollments:read", "enrollments:write", "deliveries:read", "suppressions:read", "suppressions:write", "tasks:read", "tasks:write",
    "programme:read", "broadcasts:read", "broadcasts:write", "broadcasts:send",
)  # fmt: skip


class TokenFault(Exception):
    """What was asked of a token cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as people see it. `maker` is empty for one made at the shell; `state`: valid, expired or revoked."""

    id: UUID
    name: str
    scopes: tuple[str, ...]
    hint: str
    maker: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that came in. `secret` opens the answers that were kept for it, and is never stored.

    `made_by` is the colleague who let it in; None: somebody at the shell.
    """

    id: UUID
    name: str
    scopes: frozenset[str]
    secret: str
    made_by: UUID | None

    @property
    def actor(self) -> str:
        """Who did it, in histories and stories."""
        return f"api:{self.id}"


def make(
    database: Database, workspace_id: UUID, name: str, scopes: Iterable[str], days: int | None, by: UUID | None,
    now: datetime,
) -> tuple[Token, str]:  # fmt: skip
    """A new token, and its text, which is not kept. `days` it is good for; None: until revoked. Raises TokenFault."""
    name = " ".join(name.split())
    wanted = [scope for scope in SCOPES if scope in set(scopes)]
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise TokenFault("token.name", most=LONGEST_NAME)
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise TokenFault("token.scope", scope=unknown[0][:60], known=list(SCOPES))
    if not wanted:
        raise TokenFault("token.no_scope")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise TokenFault("token.days", most=MOST_DAYS)
    text = PREFIX + secrets.token_urlsafe(32)
    token_id = new_id(now)
    row = {
        "id": token_id, "workspace_id": workspace_id, "name": name, "scopes": wanted, "token_hash": digest(text),
        "hint": text[-4:], "made_by": by, "created_at": now,
        "expires_at": now + timedelta(days=days) if days is not None else None,
    }  # fmt: skip
    with database.write() as connection:
        rows.add_token(connection, row)
        _audit(connection, workspace_id, "token.made", token_id, {"name": name, "scopes": wanted}, by, now)
    made = next(one for one in listed(database, workspace_id, now) if one.id == token_id)
    return made, text


def listed(database: Database, workspace_id: UUID, now: datetime) -> tuple[Token, ...]:
    """The newest first."""
    with database.read() as connection:
        found = rows.tokens(connection, workspace_id)
    return tuple(
        Token(
            row["id"], row["name"], tuple(row["scopes"]), row["hint"], row["maker"] or "", row["created_at"],
            row["expires_at"], row["last_used_at"], row["revoked_at"], _state(row["revoked_at"], row["expires_at"], now),
        )
        for row in found
    )  # fmt: skip


def revoke(database: Database, workspace_id: UUID, token_id: UUID, by: UUID | None, now: datetime) -> bool:
    """Shut a program out at once. False: it was out already, or there is no such token."""
    with database.write() as connection:
        name = rows.revoke_token(connection, workspace_id, token_id, now)
        if name is not None:
            _audit(connection, workspace_id, "token.revoked", token_id, {"name": name}, by, now)
    return name is not None


def caller(database: Database, workspace_id: UUID, text: str, now: datetime) -> Caller | None:
    """Who comes in with this token; None for whatever is wrong with it. The day is noted once."""
    if not text.startswith(PREFIX):
        return None
    with database.read() as connection:
        row = rows.token(connection, workspace_id, digest(text))
    if row is None or _state(row.revoked_at, row.expires_at, now) != "valid":
        return None
    if row.last_used_at is None or row.last_used_at.date() < now.date():
        with database.write() as connection:
            rows.used(connection, row.id, now)
    return Caller(row.id, row.name, frozenset(row.scopes), text, row.made_by)


def may_send(database: Database, who: Caller) -> bool:
    """Whether who let it in may send by themselves, today: nobody hands on a right they do not have any more."""
    if who.made_by is None:
        return True
    with database.read() as connection:
        maker = accounts.by_id(connection, who.made_by)
    if maker is None or maker["disabled_at"] is not None:
        return False
    return bool(maker["role"] == "admin" or maker["may_send"])


def digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def _state(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> str:
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= now else "valid"


def _audit(
    connection: Connection, workspace_id: UUID, action: str, token_id: UUID, detail: dict[str, Any], by: UUID | None,
    now: datetime,
) -> None:  # fmt: skip
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "token", "subject": str(token_id), "detail": detail,
        },
    )  # fmt: skip
