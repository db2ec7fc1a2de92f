"""Where somebody is signed in, as they see it themselves: one place ended, or all but this one."""

import re
from dataclasses import dataclass
from datetime import datetime

from app.services.account_mails import digest
from app.services.accounts import IDLE, User
from app.services.users import audit
from app.store import accounts as rows
from app.store.database import Database

SHORT = 16
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """One sign-in. `key` names it; it opens nothing."""

    key: str
    device: str
    address: str
    since: datetime
    last_seen_at: datetime
    is_this: bool


def places(database: Database, user: User, token: str, now: datetime) -> list[Place]:
    """Every place where they are signed in now, this one first."""
    with database.read() as connection:
        found = rows.open_sign_ins(connection, user.id, now - IDLE, now)
    here = digest(token)
    shown = [
        Place(
            row.token_hash[:SHORT], device(row.user_agent), row.address, row.created_at, row.last_seen_at,
            row.token_hash == here,
        )
        for row in found
    ]  # fmt: skip
    return sorted(shown, key=lambda one: not one.is_this)


def revoke(database: Database, user: User, key: str, now: datetime) -> bool:
    """End one of one's own sign-ins. False: it has ended already, or is nobody's of this account."""
    with database.write() as connection:
        found = [
            row.token_hash
            for row in rows.open_sign_ins(connection, user.id, now - IDLE, now)
            if row.token_hash[:SHORT] == key
        ]
        for token_hash in found:
            rows.revoke_session(connection, token_hash, now)
        if found:
            audit(
                connection,
                user.workspace_id,
                user.id,
                "account.signed_out_elsewhere",
                {"places": 1},
                now,
                user.id,
            )
    return bool(found)


def revoke_others(database: Database, user: User, token: str, now: datetime) -> int:
    """End every other sign-in; how many."""
    with database.write() as connection:
        ended = rows.revoke_others(connection, user.id, digest(token), now)
        detail = {"places": ended}
        audit(connection, user.workspace_id, user.id, "account.signed_out_elsewhere", detail, now, user.id)
    return ended


def device(user_agent: str) -> str:
    """Browser and system in two words, as far as a browser tells them; empty where it does not."""
    browser = next((name for sign, name in _BROWSERS if re.search(rf"{sign}(?:iOS)?/", user_agent)), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return ", ".join(part for part in (browser, system) if part)
