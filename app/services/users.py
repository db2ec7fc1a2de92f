"""The people who work here: taken in, changed, shut out, given a new password. They own contacts and speak to them.

Every act has its entry in the audit trail: who did it (`by`; None: the shell), to whom, and what changed,
without anybody's name or address in it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.account_mails import notice
from app.services.accounts import ROLES, new_account, normal, one_time_password
from app.services.addresses import AddressFault, read_address
from app.services.ids import new_id
from app.store import accounts as rows
from app.store import ledger
from app.store.database import Database
from app.store.tables import users

# Who may publish and who may send, where nobody says otherwise. To look on only goes with neither.
RIGHTS = {
    "admin": {"may_publish": True, "may_send": True},
    "marketer": {"may_publish": True, "may_send": False},
    "sales": {"may_publish": False, "may_send": False},
    "viewer": {"may_publish": False, "may_send": False},
}
LONGEST = {"name": 120, "title": 120, "signature": 2000}
PERSONAL = frozenset(LONGEST)
LONGEST_AWAY = timedelta(days=2 * 366)


class UserFault(Exception):
    """What was asked cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an account is to be; None leaves it as it is. A new role brings its rights, unless they are given too."""

    name: str | None = None
    role: str | None = None
    title: str | None = None
    signature: str | None = None
    may_publish: bool | None = None
    may_send: bool | None = None


def add(
    database: Database, workspace_id: UUID, email: str, wish: Wish, now: datetime, by: UUID | None = None
) -> str:
    """Take somebody in; the one-time password. Raises UserFault."""
    try:
        address = normal(read_address(email).shown)
    except AddressFault as fault:
        raise UserFault(fault.reason.code, **fault.reason.params) from None
    role = wish.role or "viewer"
    wanted = wanted_of(wish, role, {})
    if not wanted.get("name"):
        raise UserFault("account.no_name")
    password, hashed = one_time_password()
    row = {**new_account(workspace_id, address, wanted["name"], role, hashed, now), **wanted}
    with database.write() as connection:
        if ledger.insert_new(connection, users, [row]) == 0:
            raise UserFault("account.taken", email=address)
        _audit(connection, row, "account.added", _seen(wanted), now, by)
    return password


def change(
    database: Database,
    workspace_id: UUID,
    email: str,
    wish: Wish,
    now: datetime,
    by: UUID | None = None,
    seen: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make an account what is wished; what changed, by name. Raises UserFault.

    `seen` is what it was when somebody last looked; nothing is changed where it is not so any more.
    """
    with database.write() as connection:
        # One change of the team at a time: of two admins who demote each other one stays.
        rows.lock_workspace(connection, workspace_id)
        account = _account(connection, workspace_id, email)
        if any(account[name] != value for name, value in (seen or {}).items()):
            raise UserFault("account.stale", email=account["email"])
        wanted = wanted_of(wish, wish.role or account["role"], account)
        changed = {name: value for name, value in wanted.items() if value != account[name]}
        if "role" in changed and account["role"] == "admin":
            _keep_an_admin(connection, account)
        if changed:
            rows.change(connection, account["id"], **changed)
            _audit(connection, account, "account.changed", _seen(changed), now, by)
    return changed


def disable(
    database: Database, workspace_id: UUID, email: str, now: datetime, by: UUID | None = None
) -> bool:
    """Shut somebody out at once; what they own and did stays. False: they were out already. Raises UserFault."""
    with database.write() as connection:
        rows.lock_workspace(connection, workspace_id)
        account = _account(connection, workspace_id, email)
        if account["disabled_at"] is not None:
            return False
        if account["role"] == "admin":
            _keep_an_admin(connection, account)
        rows.change(connection, account["id"], disabled_at=now)
        rows.revoke_all(connection, account["id"], now)
        _audit(connection, account, "account.disabled", {}, now, by)
    return True


def enable(database: Database, workspace_id: UUID, email: str, now: datetime, by: UUID | None = None) -> bool:
    """Let somebody in again. False: they were not shut out. Raises UserFault."""
    with database.write() as connection:
        account = _account(connection, workspace_id, email)
        if account["disabled_at"] is None:
            return False
        rows.change(connection, account["id"], disabled_at=None)
        _audit(connection, account, "account.enabled", {}, now, by)
    return True


def set_away(
    database: Database,
    workspace_id: UUID,
    email: str,
    until: datetime | None,
    now: datetime,
    by: UUID | None = None,
) -> bool:
    """Until then no rule gives them a task; None: they are here. False: it was so already. Raises UserFault."""
    if until is not None and not now < until < now + LONGEST_AWAY:
        raise UserFault("account.away_when")
    with database.write() as connection:
        account = _account(connection, workspace_id, email)
        if account["away_until"] == until:
            return False
        rows.change(connection, account["id"], away_until=until)
        detail = {"until": until.isoformat() if until else None}
        _audit(connection, account, "account.away" if until else "account.back", detail, now, by)
    return True


def reset_password(
    database: Database, workspace_id: UUID, email: str, now: datetime, by: UUID | None = None
) -> str:
    """A new one-time password; every sign-in ends and a lock is lifted. Raises UserFault."""
    password, hashed = one_time_password()
    with database.write() as connection:
        account = _account(connection, workspace_id, email)
        if account["disabled_at"] is not None:
            raise UserFault("account.disabled", email=account["email"])
        rows.change(
            connection, account["id"], password_hash=hashed, must_change_password=True, failed_sign_ins=0,
            locked_until=None,
        )  # fmt: skip
        rows.revoke_all(connection, account["id"], now)
        _audit(connection, account, "account.password_reset", {}, now, by)
        notice(connection, account, now)
    return password


def listing(database: Database, workspace_id: UUID) -> list[dict[str, Any]]:
    """Every account, by address, with the number of contacts it owns."""
    with database.read() as connection:
        return [dict(row) for row in rows.listing(connection, workspace_id)]


def state_of(account: Mapping[str, Any], now: datetime) -> str:
    """disabled, locked, new (has not chosen a password yet) or active."""
    if account["disabled_at"] is not None:
        return "disabled"
    if account["locked_until"] is not None and now < account["locked_until"]:
        return "locked"
    return "new" if account["must_change_password"] else "active"


def wanted_of(wish: Wish, role: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """What is wished, checked; a role that is new to the account brings its rights."""
    if role not in ROLES:
        raise UserFault("account.role", role=role[:40], known=list(ROLES))
    given = {name: value for name, value in asdict(wish).items() if value is not None}
    if role != before.get("role"):
        given = {"role": role, **RIGHTS[role], **given}
    if role == "viewer" and (given.get("may_publish") or given.get("may_send")):
        raise UserFault("account.viewer_rights")
    for name in LONGEST:
        if name in given:
            given[name] = check_text(name, given[name])
    if "name" in given and not given["name"]:
        raise UserFault("account.no_name")
    return given


def check_text(name: str, value: str) -> str:
    """Names stand in the headers of mails: one line, no control signs. A signature may have several lines."""
    lines, longest = value.replace("\r\n", "\n").strip().split("\n"), LONGEST[name]
    several = len(lines) > 1 and name != "signature"
    if several or len(value) > longest or not all(line.isprintable() for line in lines):
        raise UserFault("account.text", name=name, most=longest)
    return "\n".join(lines)


def _account(connection: Connection, workspace_id: UUID, email: str) -> dict[str, Any]:
    account = rows.by_email(connection, workspace_id, normal(email))
    if account is None:
        raise UserFault("account.unknown", email=email[:120])
    return dict(account)


def _keep_an_admin(connection: Connection, account: Mapping[str, Any]) -> None:
    if not rows.working_admins(connection, account["workspace_id"]) - {account["id"]}:
        raise UserFault("account.last_admin", email=account["email"])


def _seen(changed: Mapping[str, Any]) -> dict[str, Any]:
    """What an audit entry says: of what is personal only that it changed."""
    plain = {name: value for name, value in changed.items() if name not in PERSONAL}
    return {**plain, "also": sorted(PERSONAL & changed.keys())}


def _audit(
    connection: Connection, account: Mapping[str, Any], action: str, detail: dict[str, Any], now: datetime,
    by: UUID | None,
) -> None:  # fmt: skip
    audit(connection, account["workspace_id"], account["id"], action, detail, now, by)


def audit(
    connection: Connection, workspace_id: UUID, subject: UUID, action: str, detail: dict[str, Any], now: datetime,
    by: UUID | None, kind: str = "user",
) -> None:  # fmt: skip
    """One act on an account or an invitation."""
    rows.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": kind, "subject": str(subject),
            "detail": {**detail, "through": "page" if by else "api" if "by" in detail else "shell"},
        },
    )  # fmt: skip
