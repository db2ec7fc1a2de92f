"""Mails to colleagues about their accounts: asked for here, written and handed over by a job.

A link is made only when its mail is written, and the database keeps its SHA-256, so a copy of the database
opens nothing. Whoever asks waits for no relay, so how long an answer takes tells nothing of whether there is
such an account. The red button does not hold these mails back: it is about mail to contacts.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, Row, RowMapping

from app.core.timing import zone_of
from app.mail.headers import Mailbox
from app.mail.route import SmtpRoute
from app.services.ids import new_id
from app.services.posting import hand_over, sender_and_route, write
from app.services.secrets import CannotOpen
from app.services.sentences import moment
from app.services.suppressing import ValueHash
from app.services.world import World
from app.store import account_mails as store

log = structlog.get_logger()
HOLDS = {"invite": timedelta(days=7), "reset": timedelta(hours=1), "notice": timedelta(days=2)}
TEMPLATES = {"invite": "service/invite", "reset": "service/reset", "notice": "service/account-changed"}
PATHS = {"invite": "/invited/", "reset": "/reset/"}
# The templates speak these; name in itself.
LANGUAGES = {
    "en": "English",
    "it": "Italiano",
    "pt-BR": "Português (Brasil)",
    "nl": "Nederlands",
    "ru": "Русский",
}
PLAIN = {
    "invite": ("You are invited to Trellis", "Choose your name and password here, until {due}:\n\n{url}\n"),
    "reset": ("A new password for Trellis", "Choose a new password here, until {due}:\n\n{url}\n"),
    "notice": ("How you sign in has changed", "At {due}. Was it not you? Tell an admin.\n\n{url}\n"),
}
TRIES = 8
AGAIN = timedelta(minutes=2)  # doubled with each try
AT_ONCE = 20
KEPT = timedelta(days=30)


def digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def ask(
    connection: Connection,
    world: World,
    kind: str,
    email: str,
    now: datetime,
    *,
    user_id: UUID | None = None,
    detail: Mapping[str, Any] | None = None,
    by: UUID | None = None,
    asked_as: str = "",
    network: str = "",
) -> UUID:
    """Queue one mail. Without an `email` only that somebody asked is written down, for the address `asked_as`."""
    hashed, mail_id = ValueHash(world.settings), new_id(now)
    store.add(
        connection,
        {
            "id": mail_id, "workspace_id": world.workspace_id, "kind": kind, "user_id": user_id, "email": email,
            "address_hash": hashed(email or asked_as), "network_hash": hashed(network) if network else "",
            "detail": dict(detail or {}), "asked_by": by, "asked_at": now, "expires_at": now + HOLDS[kind],
            "due_at": now if email else None,
        },
    )  # fmt: skip
    return mail_id


def notice(connection: Connection, account: Mapping[str, Any] | RowMapping, now: datetime) -> None:
    """Tell the owner of an account that its password or second step was changed."""
    store.add(
        connection,
        {
            "id": new_id(now), "workspace_id": account["workspace_id"], "kind": "notice", "user_id": account["id"],
            "email": account["email"], "address_hash": "", "network_hash": "", "asked_at": now, "due_at": now,
            "expires_at": now + HOLDS["notice"],
            "detail": {"locale": account["locale"] or "", "name": account["name"]},
        },
    )  # fmt: skip


def send_due(world: World, house: SmtpRoute, now: datetime) -> int:
    """Hand over what is due; how many were tried."""
    with world.database.read() as connection:
        rows = store.due(connection, world.workspace_id, now, AT_ONCE)
    tried = 0
    for row in rows:
        token = secrets.token_urlsafe(32) if row.kind in PATHS else ""
        again_at = now + AGAIN * 2 ** min(row.tries, 10)
        with world.database.write() as connection:
            mine = store.claim(connection, row, digest(token) if token else None, again_at)
        if mine:
            tried += 1
            if not _send(world, house, row, token, now, again_at):
                break  # nobody waits for a relay that is away more than once a tick
    return tried


def forget(world: World, now: datetime) -> int:
    """A month after a link has ended, who was invited or asked is forgotten."""
    with world.database.write() as connection:
        return store.forget(connection, world.workspace_id, now - KEPT)


def _send(
    world: World, house: SmtpRoute, row: Row[Any], token: str, now: datetime, again_at: datetime
) -> bool:
    """Whether the relay could be spoken to."""
    if now >= row.expires_at:
        return _ended(world, row, said="expired")
    try:
        sender, route = sender_and_route(world, house)
        mail = _written(world, sender, row, token, now)
        outcome = hand_over(world, route, sender.address, row.email, mail, now)
    except CannotOpen as fault:
        log.warning("account_mails.cannot_sign", said=str(fault))
        return False
    if outcome.kind in ("accepted", "uncertain"):
        # A second try would put an end to the link of a mail that may have arrived.
        return _ended(world, row, sent_at=now, said=outcome.text[:200])
    said = outcome.text[:200] or outcome.fault or outcome.kind
    log.warning("account_mails.not_taken", kind=row.kind, said=said)
    if outcome.kind == "failed" or row.tries + 1 >= TRIES or again_at >= row.expires_at:
        _ended(world, row, said=said)
    else:
        with world.database.write() as connection:
            store.change(connection, row.id, said=said)
    return outcome.phase not in ("connect", "tls", "auth")


def _ended(world: World, row: Row[Any], **values: Any) -> bool:
    with world.database.write() as connection:
        store.change(connection, row.id, due_at=None, **values)
    return True


def _written(world: World, sender: Mailbox, row: Row[Any], token: str, now: datetime) -> bytes:
    locale = row.detail.get("locale") or world.settings.default_locale
    zone = zone_of(None, world.settings.default_zone)[0]
    # The address comes from the settings: what a browser calls this host is no proof of anything.
    url = world.settings.public_url + (f"{PATHS[row.kind]}{token}" if token else "/account")
    due = moment(row.expires_at if token else row.asked_at, zone, locale)
    task = {"url": url, "due": due, "lines": row.detail.get("lines") or []}
    subject, text = PLAIN[row.kind]
    recipient = Mailbox(row.detail.get("name") or "", row.email)
    plain = (subject, text.format(url=url, due=due))
    return write(world, sender, recipient, TEMPLATES[row.kind], task, plain, locale, now)
