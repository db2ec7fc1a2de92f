"""The second step of a sign-in: a code of a phone, or one of ten recovery codes.

Between the password and the code there is half a sign-in: ten minutes long, and it opens nothing. Wrong codes count
like wrong passwords, and a right password does not wipe them out. A code counts once (RFC 6238, 5.2).
"""

import secrets
from base64 import b32decode, b32encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from app.core import totp
from app.services.account_mails import digest, notice
from app.services.accounts import (
    AccountError,
    User,
    check_present_password,
    count_failure,
    half_of,
    is_usable,
    note_failure,
    note_sign_in,
    open_session,
)
from app.services.secrets import Vault
from app.services.users import UserFault, audit
from app.services.world import World
from app.store import accounts as rows
from app.store import second_factors as store

CODES = 10
CODE_BYTES = 10  # 80 random bits, so their plain hash cannot be tried out
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """What a colleague has of a second step. `secret` and `address` only while it is being set up."""

    since: datetime | None
    codes_left: int
    required: bool
    secret: str = ""
    address: str = ""


def standing(world: World, user: User) -> Standing:
    with world.database.read() as connection:
        row = store.find(connection, user.id)
        left = store.codes_left(connection, user.id)
        required = store.required_since(connection, user.workspace_id) is not None
    if row is None or row.confirmed_at is not None:
        return Standing(row.confirmed_at if row is not None else None, left, required)
    text = Vault(world.settings).open(row.secret)
    address = totp.address(b32decode(text), world.settings.brand_name, user.email)
    shown = text.rstrip("=")
    return Standing(None, 0, required, " ".join(shown[i : i + 4] for i in range(0, len(shown), 4)), address)


def begin(world: World, user: User, password: str, now: datetime) -> None:
    """Make a secret to be proved by a first code. Raises AccountError."""
    check_present_password(world.database, user, password, now)
    sealed = Vault(world.settings).seal(b32encode(secrets.token_bytes(totp.SECRET_BYTES)).decode())
    with world.database.write() as connection:
        if not store.begin(connection, user.id, sealed, now):
            raise AccountError("second_step.there")


def confirm(world: World, user: User, typed: str, token: str, now: datetime) -> list[str]:
    """The first code came: from now on it is asked for. The recovery codes, shown this once. Raises AccountError.

    Every sign-in but the one of `token` ends.
    """
    with world.database.read() as connection:
        row = store.find(connection, user.id)
    if row is None or row.confirmed_at is not None:
        raise AccountError("second_step.stale")
    step = totp.step_of(_opened(world, row.secret), typed[:LONGEST], now)
    if step is None:
        raise AccountError("second_step.first_wrong")
    with world.database.write() as connection:
        if not store.confirm(connection, user.id, row.secret, step, now):
            raise AccountError("second_step.stale")
        codes = _new_codes(connection, user.id)
        rows.revoke_others(connection, user.id, digest(token), now)
        _changed(connection, user, "account.second_step_on", now)
    return codes


def new_codes(world: World, user: User, password: str, now: datetime) -> list[str]:
    """Ten recovery codes in place of the older ones. Raises AccountError."""
    check_present_password(world.database, user, password, now)
    with world.database.write() as connection:
        row = store.find(connection, user.id)
        if row is None or row.confirmed_at is None:
            raise AccountError("second_step.stale")
        codes = _new_codes(connection, user.id)
        _changed(connection, user, "account.recovery_codes_made", now)
    return codes


def turn_off(world: World, user: User, password: str, now: datetime) -> None:
    """Sign in by password alone again. Raises AccountError."""
    check_present_password(world.database, user, password, now)
    with world.database.write() as connection:
        if store.required_since(connection, user.workspace_id) is not None:
            raise AccountError("second_step.required")
        if store.remove(connection, user.id):
            _changed(connection, user, "account.second_step_off", now)


def finish(
    world: World, token: str, typed: str, now: datetime, user_agent: str = "", address: str = ""
) -> str | None:
    """The code that makes half a sign-in whole: a fresh token, or None."""
    half = half_of(world.database, token, now)
    if half is None:
        return None
    with world.database.write() as connection:
        account = rows.by_id(connection, half.id)
        if account is None or not is_usable(account, now):
            return None
        way = _taken(connection, world, account, typed[:LONGEST], now)
        if way is None:
            count_failure(connection, account, now)
            note_failure(connection, account, "code", address, now)
            return None
        rows.change(connection, account["id"], failed_sign_ins=0, locked_until=None)
        note_sign_in(connection, account, way, address, now)
        rows.revoke_session(connection, digest(token), now)
        if way == "recovery":
            _changed(connection, half, "account.recovery_code_used", now)
        return open_session(connection, account["id"], now, user_agent, address)


def take_away(world: World, email: str, now: datetime, by: UUID | None) -> bool:
    """A colleague lost the phone: their second step goes, and every sign-in ends. False: they had none.

    Raises UserFault.
    """
    with world.database.write() as connection:
        account = rows.by_email(connection, world.workspace_id, email)
        if account is None:
            raise UserFault("account.unknown", email=email[:120])
        if not store.remove(connection, account["id"]):
            return False
        rows.revoke_all(connection, account["id"], now)
        audit(connection, world.workspace_id, account["id"], "account.second_step_taken_away", {}, now, by)
        notice(connection, account, now)
    return True


def require(world: World, on: bool, now: datetime, by: UUID | None) -> bool:
    """Whether everybody needs one from now on; who has none is led to it. False: it was so already."""
    with world.database.write() as connection:
        rows.lock_workspace(connection, world.workspace_id)
        if (store.required_since(connection, world.workspace_id) is not None) == on:
            return False
        store.require(connection, world.workspace_id, now if on else None)
        action = "account.second_step_required" if on else "account.second_step_not_required"
        audit(connection, world.workspace_id, world.workspace_id, action, {}, now, by, "workspace")
    return True


def _opened(world: World, sealed: str) -> bytes:
    return b32decode(Vault(world.settings).open(sealed))


def _taken(
    connection: Connection, world: World, account: RowMapping, typed: str, now: datetime
) -> str | None:
    row = store.find(connection, account["id"])
    if row is None or row.confirmed_at is None:
        return None
    step = totp.step_of(_opened(world, row.secret), typed, now)
    if step is not None:
        return "phone" if store.use_step(connection, account["id"], step) else None
    used = store.use_code(connection, account["id"], digest(_plain(typed)), now)
    return "recovery" if used else None


def _new_codes(connection: Connection, user_id: UUID) -> list[str]:
    made = [b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower() for _ in range(CODES)]
    store.replace_codes(connection, user_id, [digest(one) for one in made])
    return ["-".join(one[i : i + 4] for i in range(0, len(one), 4)) for one in made]


def _plain(typed: str) -> str:
    return "".join(typed.split()).replace("-", "").lower()


def _changed(connection: Connection, user: User, action: str, now: datetime) -> None:
    audit(connection, user.workspace_id, user.id, action, {}, now, user.id)
    account = rows.by_id(connection, user.id)
    if account is not None:
        notice(connection, account, now)
