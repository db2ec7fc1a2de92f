"""Accounts: who may come in, and how long a sign-in lasts.

A sign-in is a random token in a cookie; the database keeps its SHA-256 only. An unknown address, a
locked account and a wrong password look alike and take the same time (OWASP ASVS 5.0, V6).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, RowMapping

from app.services.account_mails import notice
from app.services.ids import new_id
from app.store import accounts as rows
from app.store import second_factors
from app.store.database import Database

ROLES = ("viewer", "sales", "marketer", "admin")
IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=14)
HALF = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
FREE_FAILURES = 5
LONGEST_LOCK = timedelta(hours=1)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
NOBODY = UUID(int=0)
FAILED = "account.sign_in_failed"
MOST_STRANGERS = 20  # entries of an hour about accounts that do not exist, or rest

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
    # Everybody needs a second step here, and this one has none yet.
    must_set_second_step: bool = False
    may_publish: bool = False

    def at_least(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)

    def has(self, right: str) -> bool:
        """Whether they may `publish` or `send`; admins may both."""
        return self.role == "admin" or {"publish": self.may_publish, "send": self.may_send}[right]

    @property
    def may_stop(self) -> bool:
        """May press the red button, and let go of it."""
        return self.has("send")


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
    """The token of a fresh sign-in, or None. Five failures lock the account, longer each time.

    Where there is a second step it is half a sign-in, and `second_step.finish` makes it whole.
    """
    with database.read() as connection:
        account = rows.by_email(connection, workspace_id, normal(email))
    usable = account is not None and is_usable(account, now)
    stored = account["password_hash"] if account is not None and usable else None
    right = _matches(stored or _NOBODYS_HASH, password) and stored is not None
    with database.write() as connection:
        if account is None or not usable:
            # A write that finds nobody: a wrong password costs one as well.
            rows.change(connection, NOBODY, failed_sign_ins=0)
            _note_stranger(connection, workspace_id, account, address, now)
            return None
        if not right:
            count_failure(connection, account, now)
            note_failure(connection, account, "password", address, now)
            return None
        half = second_factors.find(connection, account["id"])
        if half is not None and half.confirmed_at is not None:
            # Wrong codes stay counted: whoever knows the password must not try them without end.
            return open_session(connection, account["id"], now, user_agent, address, half=True)
        fresh: dict[str, Any] = {"failed_sign_ins": 0, "locked_until": None}
        if _hasher.check_needs_rehash(account["password_hash"]):
            fresh["password_hash"] = _hasher.hash(password)
        rows.change(connection, account["id"], **fresh)
        note_sign_in(connection, account, "password", address, now)
        return open_session(connection, account["id"], now, user_agent, address)


def who(database: Database, token: str, now: datetime) -> User | None:
    """The user behind a token, while it is neither half, nor idle for too long, nor expired, nor revoked."""
    digest = _digest(token)
    session = _session(database, digest)
    if session is None or session.user["half_since"]:
        return None
    if now >= session.user["expires_at"] or now >= session.last_seen_at + IDLE:
        return None
    if now >= session.last_seen_at + SEEN_EVERY:
        with database.write() as connection:
            rows.touch_session(connection, digest, now)
    return _user(session.user)


def half_of(database: Database, token: str, now: datetime) -> User | None:
    """Who gave the right password and no code yet."""
    session = _session(database, _digest(token)) if token else None
    if session is None or not session.user["half_since"] or now >= session.user["expires_at"]:
        return None
    return _user(session.user)


def _session(database: Database, digest: str) -> rows.Session | None:
    with database.read() as connection:
        session = rows.open_session(connection, digest)
    if session is None or session.user["revoked_at"] or session.user["disabled_at"]:
        return None
    return session


def visiting(database: Database, user: User, workspace_id: UUID) -> User:
    """The same person in the demo: their name and role, and the state of its sending."""
    with database.read() as connection:
        sending = rows.sending_state(connection, workspace_id)
    return replace(
        user, workspace_id=workspace_id, stopped_at=sending["stopped_at"], stopped_why=sending["stopped_why"]
    )


def sign_out(database: Database, token: str, now: datetime) -> None:
    """End a sign-in. One that is over, or was never whole, leaves no entry."""
    digest = _digest(token)
    with database.write() as connection:
        session = rows.open_session(connection, digest)
        rows.revoke_session(connection, digest, now)
        if session is None or session.user["revoked_at"] or session.user["half_since"]:
            return
        if now < session.user["expires_at"]:
            _audit(connection, session.user["workspace_id"], session.user["id"], "account.signed_out", now)


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
    account = check_present_password(database, user, current, now)
    check_password(user.email, new, current)
    hashed = _hasher.hash(new)
    with database.write() as connection:
        rows.change(connection, user.id, password_hash=hashed, must_change_password=False, failed_sign_ins=0)
        rows.revoke_all(connection, user.id, now)
        _audit(connection, user.workspace_id, user.id, "account.password_changed", now)
        notice(connection, account, now)
        return open_session(connection, user.id, now, user_agent, address)


def check_present_password(database: Database, user: User, password: str, now: datetime) -> RowMapping:
    """The account, where this is its password; a wrong one counts. Raises AccountError."""
    with database.read() as connection:
        account = rows.by_id(connection, user.id)
    if account is None or not is_usable(account, now) or not _matches(account["password_hash"], password):
        if account is not None and is_usable(account, now):
            with database.write() as connection:
                count_failure(connection, account, now)
        raise AccountError("password.wrong")
    return account


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


def is_usable(account: RowMapping, now: datetime) -> bool:
    """Neither locked nor shut out, and with a password."""
    locked = account["locked_until"] is not None and now < account["locked_until"]
    return not locked and account["disabled_at"] is None and account["password_hash"] is not None


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def count_failure(connection: Connection, account: RowMapping, now: datetime) -> None:
    """One more wrong password or code; the fifth locks the account."""
    # Counted on the row as it is now: parallel guesses must not share one count.
    current = rows.by_id(connection, account["id"])
    failures = (current or account)["failed_sign_ins"] + 1
    values: dict[str, Any] = {"failed_sign_ins": failures}
    if failures >= FREE_FAILURES:
        doubled = timedelta(minutes=1) * 2 ** min(failures - FREE_FAILURES, 10)
        values["locked_until"] = now + min(doubled, LONGEST_LOCK)
        _audit(connection, account["workspace_id"], account["id"], "account.locked", now)
    rows.change(connection, account["id"], **values)


def open_session(
    connection: Connection, user_id: UUID, now: datetime, user_agent: str, address: str, *, half: bool = False
) -> str:
    """A fresh sign-in of somebody who proved who they are; its token. `half`: the second step is still to come."""
    token = secrets.token_urlsafe(32)
    rows.add_session(
        connection,
        {
            "token_hash": _digest(token), "user_id": user_id, "created_at": now, "last_seen_at": now,
            "expires_at": now + (HALF if half else ABSOLUTE), "half_since": now if half else None, "user_agent": user_agent[:400], "address": address[:64],
        },
    )  # fmt: skip
    return token


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def check_password(email: str, new: str, current: str | None = None) -> None:
    """Raises AccountError for a password that is too easy to guess."""
    rules: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("password.short", lambda: len(new) < SHORTEST_PASSWORD),
        ("password.long", lambda: len(new) > LONGEST_PASSWORD),
        ("password.same", lambda: new == current),
        ("password.address", lambda: normal(new) in (email, email.partition("@")[0])),
        ("password.one_sign", lambda: len(set(new)) < 4),
    )
    for code, broken in rules:
        if broken():
            raise AccountError(code)


def note_sign_in(connection: Connection, account: RowMapping, by: str, address: str, now: datetime) -> None:
    """In the audit log: somebody came in, `by` password, phone or recovery code."""
    detail = {"with": by, "address": address[:64]}
    _audit(connection, account["workspace_id"], account["id"], "account.signed_in", now, detail)


def note_failure(connection: Connection, account: RowMapping, at: str, address: str, now: datetime) -> None:
    """A wrong password or code. Nobody is named as who did it; the lock keeps such entries few."""
    detail = {"with": at, "address": address[:64]}
    _audit(connection, account["workspace_id"], account["id"], FAILED, now, detail, known=False)


def _note_stranger(
    connection: Connection, workspace_id: UUID, account: RowMapping | None, address: str, now: datetime
) -> None:
    """Tries at accounts that do not exist, or rest. What was typed is not kept: it may be a password in the wrong
    field. Nobody fills the log by it."""
    if (
        rows.failures(connection, workspace_id, FAILED, now - timedelta(hours=1), MOST_STRANGERS)
        < MOST_STRANGERS
    ):
        subject = account["id"] if account is not None else NOBODY
        detail = {"with": "password", "address": address[:64]}
        _audit(connection, workspace_id, subject, FAILED, now, detail, known=False)


def _audit(
    connection: Connection, workspace_id: UUID, user_id: UUID, action: str, now: datetime,
    detail: dict[str, Any] | None = None, *, known: bool = True,
) -> None:  # fmt: skip
    rows.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": workspace_id, "at": now, "user_id": user_id if known else None,
            "action": action, "subject_kind": "user", "subject": str(user_id), "detail": detail or {},
        },
    )  # fmt: skip


def _user(row: RowMapping) -> User:
    return User(
        **{name: row[name] for name in User.__dataclass_fields__},
    )


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
