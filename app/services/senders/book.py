"""The senders in use, as composing and sending need them."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.senders import House, Sender, Senders
from app.mail.route import SmtpRoute
from app.services.access_tokens import token_of
from app.services.secrets import Vault
from app.services.world import World
from app.store import senders as rows
from app.store.demo import is_demo
from config import Settings

CATCHER = "127.0.0.1"
HOUSE = ""  # the key of the relay of the settings
Routes = Mapping[str, tuple[SmtpRoute, int]]


def senders_of(connection: Connection, world: World) -> Senders:
    """Whom to ask from whom each mail comes: `senders_of(…).choose(owner, owner_name, message_class, kind)`."""
    settings = world.settings
    found = [
        Sender(
            row.address, row.name, row.serves, row.match, relay_of(row), row.bounce_domain, row.reply_domain
        )
        for row in rows.in_use(connection, world.workspace_id)
    ]
    return Senders(found, House(settings.sender_address, settings.sender_name, settings.bounce_domain))


class DemoStays(Exception):
    """The mail of a demo goes to the built-in catcher and nowhere else."""


def keep_demo_here(connection: Connection, workspace_id: UUID, settings: Settings, route: SmtpRoute) -> None:
    """Raises DemoStays where mail of a demo would leave by `route`, or by any relay of the settings."""
    caught = settings.uses_catcher and route.host == CATCHER and route.username is None
    if not caught and is_demo(connection, workspace_id):
        raise DemoStays("A demo's mail is never sent; it goes to the built-in mail catcher.")


def routes_of(
    connection: Connection, workspace_id: UUID, settings: Settings, house: tuple[SmtpRoute, int]
) -> Routes:
    """Every relay in use with the most connections it gets; `house` is the one of the settings.

    While the mail catcher takes everything, no sender's own relay is spoken to. Raises CannotOpen, DemoStays.
    """
    keep_demo_here(connection, workspace_id, settings, house[0])
    routes = {HOUSE: house}
    for row in rows.in_use(connection, workspace_id):
        key = relay_of(row)
        if key not in routes:
            routes[key] = house if settings.uses_catcher else (route_of(row, settings), row.connections)
    return routes


def house_route(settings: Settings, catcher_port: int | None = None) -> SmtpRoute:
    """The relay of the settings, or the built-in catcher."""
    if settings.uses_catcher:
        return SmtpRoute(CATCHER, catcher_port or settings.catcher_port, "none")
    return SmtpRoute(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_security,
        username=settings.smtp_username or None,
        password=settings.smtp_password or None,
        token=token_of(settings.smtp_token_command),
        local_hostname=settings.sender_address.rpartition("@")[2],
        ca=Path(settings.smtp_ca_file).read_text() if settings.smtp_ca_file else "",
        max_mails=settings.smtp_mails_per_connection,
        max_age=timedelta(seconds=settings.smtp_connection_seconds),
    )


def relay_of(row: Row[Any]) -> str:
    """Senders with the same account at the same relay share its connections."""
    return f"{row.username}@{row.host}:{row.port}" if row.host else HOUSE


def route_of(row: Row[Any], settings: Settings) -> SmtpRoute:
    """The way to a sender's own relay, its password opened. Raises CannotOpen."""
    return SmtpRoute(
        row.host,
        row.port,
        row.security,
        username=row.username or None,
        password=Vault(settings).open(row.password) if row.password else None,
        local_hostname=row.address.rpartition("@")[2],
        ca=row.ca,
        max_mails=row.max_mails,
        max_age=timedelta(seconds=row.max_age),
    )
