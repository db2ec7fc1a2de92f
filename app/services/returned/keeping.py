"""A message that came is on the disk before anybody reads it; the same one twice is one."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from app.inbound.returned import LARGEST
from app.services.world import World
from app.store import inbound as store

LONGEST_TEXT = 320


@dataclass(frozen=True, slots=True)
class Accepted:
    """`is_new` is False where the same message was here before."""

    id: UUID
    is_new: bool


def accept(world: World, raw: bytes, source: str, now: datetime, *, recipient: str = "") -> Accepted:
    """Keep a message as it came; the job `inbound` reads it and acts.

    `recipient` is that of the envelope, where whoever brings the message knows it.
    """
    recipient = clean(recipient, LONGEST_TEXT).strip().lower()
    message_id = content_key(world.workspace_id, recipient, raw)
    row: dict[str, Any] = {
        "id": message_id, "workspace_id": world.workspace_id, "source": source, "state": "new", "size": len(raw),
        "recipient": recipient, "raw": raw[:LARGEST], "message_id": "", "sender": "", "subject": "", "address": "",
        "said": "", "reason_code": "returned.waits", "reason_params": {}, "failures": 0, "due_at": now,
        "received_at": now,
    }  # fmt: skip
    with world.database.write() as connection:
        return Accepted(message_id, store.add(connection, row))


def content_key(workspace_id: UUID, recipient: str, raw: bytes) -> UUID:
    """An id that the same message to the same address always has."""
    digest = blake2b(digest_size=16, key=workspace_id.bytes)
    digest.update(recipient.encode() + b"\0" + raw)
    return UUID(bytes=digest.digest())


def clean(text: str, most: int) -> str:
    """Text that both databases take: no NUL, no half of a pair, not too long."""
    whole = text[: most * 2].replace("\0", "").encode("utf-8", "replace").decode()
    return whole[:most]
