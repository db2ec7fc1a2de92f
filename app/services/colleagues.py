"""Colleagues: invited by mail, and in once they have chosen a name and a password behind the link.

Until then there is no account. The link holds seven days and works once; a new mail ends the older link.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.services import account_mails as mails
from app.services import users as people
from app.services.accounts import check_password, hash_password, new_account, normal, open_session
from app.services.addresses import AddressFault, read_address
from app.services.suppressing import ValueHash
from app.services.users import UserFault, Wish, audit, check_text, wanted_of
from app.services.world import World
from app.store import account_mails as store
from app.store import accounts as rows
from app.store import ledger, second_factors
from app.store.tables import users

RIGHTS = ("may_publish", "may_send")


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who has not come in yet. `state`: due, sent, failed, or over when the link has ended."""

    id: UUID
    email: str
    name: str
    role: str
    may_publish: bool
    may_send: bool
    asked_at: datetime
    expires_at: datetime
    state: str
    said: str


def invite(
    world: World, email: str, wish: Wish, now: datetime, by: UUID | None, locale: str = ""
) -> Invitation:
    """Ask somebody in; a mail follows. Raises UserFault."""
    address = _address(email)
    role = wish.role or "viewer"
    wanted = wanted_of(wish, role, {})
    if not wanted.get("name"):
        raise UserFault("account.no_name")
    hashed = ValueHash(world.settings)(address)
    with world.database.write() as connection:
        rows.lock_workspace(connection, world.workspace_id)
        if rows.by_email(connection, world.workspace_id, address) is not None:
            raise UserFault("account.has_account", email=address)
        if store.is_invited(connection, world.workspace_id, hashed):
            raise UserFault("account.invited_already", email=address)
        asker = rows.by_id(connection, by) if by else None
        line = f"{asker['name']}, {asker['email']}" if asker else world.settings.brand_name
        detail = {
            **{name: wanted[name] for name in ("name", "role", *RIGHTS)},
            "locale": locale,
            "lines": [line],
        }
        mail_id = mails.ask(connection, world, "invite", address, now, detail=detail, by=by)
        told = {"role": role, **{name: wanted[name] for name in RIGHTS}}
        audit(connection, world.workspace_id, mail_id, "account.invited", told, now, by, "invitation")
    return next(one for one in invitations(world, now) if one.id == mail_id)


def invitations(world: World, now: datetime) -> list[Invitation]:
    with world.database.read() as connection:
        return [_shown(row, now) for row in store.invitations(connection, world.workspace_id)]


def resend(world: World, mail_id: UUID, now: datetime, by: UUID | None) -> bool:
    """Another mail with a new link for seven days. False: it was taken up or back meanwhile."""
    with world.database.write() as connection:
        row = store.invitation(connection, world.workspace_id, mail_id)
        if row is None:
            return False
        store.change(
            connection, mail_id, token_hash=None, due_at=now, tries=0, sent_at=None, said="",
            expires_at=now + mails.HOLDS["invite"],
        )  # fmt: skip
        audit(connection, world.workspace_id, mail_id, "account.invited_again", {}, now, by, "invitation")
    return True


def withdraw(world: World, mail_id: UUID, now: datetime, by: UUID | None) -> bool:
    """Take an invitation back: its link works no more. False: it was taken up or back meanwhile."""
    with world.database.write() as connection:
        row = store.invitation(connection, world.workspace_id, mail_id)
        if row is None:
            return False
        store.change(connection, mail_id, ended_at=now, due_at=None)
        audit(
            connection, world.workspace_id, mail_id, "account.invitation_withdrawn", {}, now, by, "invitation"
        )
    return True


def opened(world: World, token: str, now: datetime) -> Invitation | None:
    """The invitation behind a link, while it counts. Looking changes nothing."""
    with world.database.read() as connection:
        row = store.by_token(connection, world.workspace_id, "invite", mails.digest(token), now)
    return _shown(row, now) if row is not None else None


def accept(
    world: World, token: str, name: str, password: str, now: datetime, user_agent: str = "", address: str = ""
) -> str | None:
    """Make the account and sign in: the token of the sign-in. None: the link counts no more.

    Raises UserFault for the name and AccountError for the password; the link stays good then.
    """
    found = opened(world, token, now)
    if found is None:
        return None
    name = check_text("name", name)
    if not name:
        raise UserFault("account.no_name")
    check_password(found.email, password)
    hashed = hash_password(password)
    row = {
        **new_account(world.workspace_id, found.email, name, found.role, hashed, now),
        "may_publish": found.may_publish, "may_send": found.may_send, "must_change_password": False,
    }  # fmt: skip
    with world.database.write() as connection:
        if not store.use(connection, found.id, mails.digest(token), row["id"], now):
            return None
        if ledger.insert_new(connection, users, [row]) == 0:
            return None
        audit(
            connection, world.workspace_id, row["id"], "account.joined", {"role": found.role}, now, row["id"]
        )
        return open_session(connection, row["id"], now, user_agent, address)


def change(
    world: World, user_id: UUID, wish: Wish, seen: Mapping[str, Any], now: datetime, by: UUID
) -> dict[str, Any]:
    """Make an account what is wished; what changed. Raises UserFault.

    `seen` is what the form showed: somebody who changed it meanwhile is not overruled unseen.
    """
    return people.change(
        world.database, world.workspace_id, account(world, user_id)["email"], wish, now, by, seen
    )


def account(world: World, user_id: UUID) -> dict[str, Any]:
    """One account of this workspace. Raises UserFault."""
    with world.database.read() as connection:
        found = rows.by_id(connection, user_id)
    if found is None or found["workspace_id"] != world.workspace_id:
        raise UserFault("account.unknown", email="")
    return dict(found)


def team(world: World) -> list[dict[str, Any]]:
    """Everybody with an account: when they were last seen, and whether they have a second step."""
    with world.database.read() as connection:
        seen = rows.last_seen(connection, world.workspace_id)
        second = second_factors.holders(connection, world.workspace_id)
        found = rows.listing(connection, world.workspace_id)
    return [{**row, "last_seen_at": seen.get(row["id"]), "second_step": row["id"] in second} for row in found]


def _address(email: str) -> str:
    try:
        return normal(read_address(email).shown)
    except AddressFault as fault:
        raise UserFault(fault.reason.code, **fault.reason.params) from None


def _shown(row: Row[Any], now: datetime) -> Invitation:
    detail = row.detail
    sent = "sent" if row.sent_at else "due" if row.due_at else "failed"
    return Invitation(
        row.id, row.email, detail["name"], detail["role"], detail["may_publish"], detail["may_send"], row.asked_at,
        row.expires_at, "over" if now >= row.expires_at else sent, row.said,
    )  # fmt: skip
