"""Accounts: who may come in, and how long a sign-in lasts.

A sign-in is a random token in a cookie; the database keeps its SHA-256 only. An unknown address, a
locked account and a wrong password look alike and take the same time (OWASP ASVS 5.0, V6).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, RowMapping

from app.services.ids import new_id
from app.store import accounts as rows
from app.store.database import Database

ROLES = ("viewer", "sales", "marketer", "admin")
IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=14)
SEEN_EVERY = timedelta(minutes=1)
FREE_FAILURES = 5
LONGEST_LOCK = timedelta(hours=1)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
NOBODY = UUID(int=0)

_hasher = PasswordHasher()
# Checked when there is no such account, so that the answer takes as long as a wrong password.
_NOBODYS_HASH = _hasher.hash("nobody has this password")


class AccountError(Exception):
    """A password was refused; `code` names the rule (a sentence exists for it)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class User:
    """Who is signed in, what they may do, and whether all sending is stopped."""

    id: UUID
    workspace_id: UUID
    email: str
    name: str
    role: str
    may_send: bool
    locale: str | None
    zone: str | None
    must_change_password: bool
    stopped_at: datetime | None
    stopped_why: str | None

    def at_least(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)

    @property
    def may_stop(self) -> bool:
        """May press the red button, and let go of it."""
        return self.role == "admin" or self.may_send


def normal(email: str) -> str:
    return email.strip().casefold()


def sign_in(
    database: Database,
    workspace_id: UUID,
    email: str,
    password: str,
    now: datetime,
    user_agent: str = "",
    address: str = "",
) -> str | None:
    """The token of a fresh sign-in, or None. Five failures lock the account, longer each time."""
    with database.read() as connection:
        account = rows.by_email(connection, workspace_id, normal(email))
    usable = account is not None and _usable(account, now)
    stored = account["password_hash"] if account is not None and usable else None
    right = _matches(stored or _NOBODYS_HASH, password) and stored is not None
    with database.write() as connection:
        if account is None or not usable:
            # A write that finds nobody: a wrong password costs one as well.
            rows.change(connection, NOBODY, failed_sign_ins=0)
            return None
        if not right:
            _count_failure(connection, account, now)
            return None
        fresh: dict[str, Any] = {"failed_sign_ins": 0, "locked_until": None}
        if _hasher.check_needs_rehash(account["password_hash"]):
            fresh["password_hash"] = _hasher.hash(password)
        rows.change(connection, account["id"], **fresh)
        return _open_session(connection, account["id"], now, user_agent, address)


def who(database: Database, token: str, now: datetime) -> User | None:
    """The user behind a token, while it is neither idle for too long, nor expired, nor revoked."""
    digest = _digest(token)
    with database.read() as connection:
        session = rows.open_session(connection, digest)
    if session is None or session.user["revoked_at"] or session.user["disabled_at"]:
        return None
    if now >= session.user["expires_at"] or now >= session.last_seen_at + IDLE:
        return None
    if now >= session.last_seen_at + SEEN_EVERY:
        with database.write() as connection:
            rows.touch_session(connection, digest, now)
    return _user(session.user)


def sign_out(database: Database, token: str, now: datetime) -> None:
    with database.write() as connection:
        rows.revoke_session(connection, _digest(token), now)


def change_password(
    database: Database,
    user: User,
    current: str,
    new: str,
    now: datetime,
    user_agent: str = "",
    address: str = "",
) -> str:
    """Set a new password; every other sign-in ends. The token of a fresh one. Raises AccountError."""
    with database.read() as connection:
        account = rows.by_id(connection, user.id)
    if account is None or not _usable(account, now) or not _matches(account["password_hash"], current):
        if account is not None and _usable(account, now):
            with database.write() as connection:
                _count_failure(connection, account, now)
        raise AccountError("password.wrong")
    _check_new(user, current, new)
    hashed = _hasher.hash(new)
    with database.write() as connection:
        rows.change(connection, user.id, password_hash=hashed, must_change_password=False, failed_sign_ins=0)
        rows.revoke_all(connection, user.id, now)
        _audit(connection, user.workspace_id, user.id, "account.password_changed", now)
        return _open_session(connection, user.id, now, user_agent, address)


def create_first_admin(database: Database, workspace_id: UUID, email: str, now: datetime) -> str | None:
    """The one-time password of the first admin; None when there is an account already."""
    password, hashed = one_time_password()
    with database.write() as connection:
        if rows.count(connection, workspace_id):
            return None
        rows.add(connection, new_account(workspace_id, email, "Admin", "admin", hashed, now))
    return password


def one_time_password() -> tuple[str, str]:
    """A password to hand over once, and its hash."""
    password = secrets.token_urlsafe(12)
    return password, _hasher.hash(password)


def new_account(
    workspace_id: UUID, email: str, name: str, role: str, password_hash: str | None, now: datetime
) -> dict[str, Any]:
    """The row of an account whose password must be changed at the first sign-in."""
    return {
        "id": new_id(now), "workspace_id": workspace_id, "email": normal(email), "name": name, "title": "",
        "signature": "", "password_hash": password_hash, "role": role, "may_publish": role == "admin",
        "may_send": role == "admin", "must_change_password": True, "failed_sign_ins": 0, "created_at": now,
    }  # fmt: skip


def _usable(account: RowMapping, now: datetime) -> bool:
    locked = account["locked_until"] is not None and now < account["locked_until"]
    return not locked and account["disabled_at"] is None and account["password_hash"] is not None


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def _count_failure(connection: Connection, account: RowMapping, now: datetime) -> None:
    # Counted on the row as it is now: parallel guesses must not share one count.
    current = rows.by_id(connection, account["id"])
    failures = (current or account)["failed_sign_ins"] + 1
    values: dict[str, Any] = {"failed_sign_ins": failures}
    if failures >= FREE_FAILURES:
        doubled = timedelta(minutes=1) * 2 ** min(failures - FREE_FAILURES, 10)
        values["locked_until"] = now + min(doubled, LONGEST_LOCK)
        _audit(connection, account["workspace_id"], account["id"], "account.locked", now)
    rows.change(connection, account["id"], **values)


def _open_session(connection: Connection, user_id: UUID, now: datetime, user_agent: str, address: str) -> str:
    token = secrets.token_urlsafe(32)
    rows.add_session(
        connection,
        {
            "token_hash": _digest(token), "user_id": user_id, "created_at": now, "last_seen_at": now,
            "expires_at": now + ABSOLUTE, "user_agent": user_agent[:400], "address": address[:64],
        },
    )  # fmt: skip
    return token


def _check_new(user: User, current: str, new: str) -> None:
    rules: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("password.short", lambda: len(new) < SHORTEST_PASSWORD),
        ("password.long", lambda: len(new) > LONGEST_PASSWORD),
        ("password.same", lambda: new == current),
        ("password.address", lambda: normal(new) in (user.email, user.email.partition("@")[0])),
        ("password.one_sign", lambda: len(set(new)) < 4),
    )
    for code, broken in rules:
        if broken():
            raise AccountError(code)


def _audit(connection: Connection, workspace_id: UUID, user_id: UUID, action: str, now: datetime) -> None:
    rows.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": workspace_id, "at": now, "user_id": user_id, "action": action,
            "subject_kind": "user", "subject": str(user_id), "detail": {},
        },
    )  # fmt: skip


def _user(row: RowMapping) -> User:
    return User(
        **{name: row[name] for name in User.__dataclass_fields__},
    )


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
