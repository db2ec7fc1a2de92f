"""Who is not mailed any more, in which scope and why. What is kept is a keyed hash, so it outlives an erasure."""

from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.world import World
from app.store import ledger
from app.store.tables import suppressions
from config import Settings


class ValueHash:
    """Hashes addresses and domains by the oldest key, so that a rotation of keys forgets nobody."""

    def __init__(self, settings: Settings) -> None:
        self._key = blake2b(settings.keys()[-1], digest_size=32, person=b"suppressions").digest()

    def __call__(self, value: str) -> str:
        return blake2b(value.lower().encode(), key=self._key, digest_size=16).hexdigest()


def suppress(
    connection: Connection,
    world: World,
    *,
    scope: str,
    value: str,
    reason: Reason,
    source: str,
    now: datetime,
    contact_id: UUID | None = None,
    topic: str = "",
) -> bool:
    """Write a suppression that holds from now on; one that stands already is kept. Whether it is new."""
    row = {
        "id": new_id(now), "workspace_id": world.workspace_id, "scope": scope,
        "value_hash": ValueHash(world.settings)(value), "topic": topic, "contact_id": contact_id, "source": source,
        "reason_code": reason.code, "reason_params": dict(reason.params), "at": now,
    }  # fmt: skip
    return ledger.insert_new(connection, suppressions, [row]) == 1
