"""Where replies to a mail go, and the letter that a task's mail carries to whoever is to answer it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.tokens import verp_local_part
from app.mail.forwarding import with_letter
from app.services.world import World
from app.store import inbound as store
from config import Settings

REPLIES = "r"
RETURNED = "returned"  # the key in a mail's context: which message it carries


def reply_address(settings: Settings, token: str) -> str:
    """The address that replies to one mail go to; empty where Trellis reads none."""
    if not settings.reply_domain:
        return ""
    return f"{verp_local_part(REPLIES, token)}@{settings.reply_domain}"


def send_on(
    world: World, context: Mapping[str, Any] | None, contact_address: str | None, data: bytes
) -> bytes:
    """`data`, the finished mail of a task, with the letter it is about attached and Reply-To its writer."""
    try:
        message_id = UUID(str((context or {})[RETURNED]))
    except (LookupError, ValueError):
        return data
    with world.database.read() as connection:
        row = store.get(connection, world.workspace_id, message_id)
    if row is None or row.raw is None:
        return data
    return with_letter(data, bytes(row.raw), _answer_to(world.settings, row.sender) or contact_address or "")


def _answer_to(settings: Settings, sender: str) -> str:
    """Who wrote; never an address of ours, or the answer would come back to us."""
    own = {settings.reply_domain.lower(), settings.bounce_domain.lower()} - {""}
    return "" if sender.rpartition("@")[2].lower() in own else sender
