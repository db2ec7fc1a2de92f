"""Who is not mailed any more, in which scope and why. What is kept is a keyed hash, so it outlives an erasure."""

from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.world import World
from app.store import ledger, suppressed
from app.store.tables import suppressions
from app.store.views import Found
from config import Settings

SCOPES = ("topic", "marketing", "address", "domain", "company")
# These stop every mail but what goes to colleagues; the other ones stop marketing only.
WHOLE = ("address", "domain")
# Of whom nothing may stay but the hash.
ERASED = "erasure"


class ValueHash:
    """Hashes addresses and domains by the oldest key, so that a rotation of keys forgets nobody."""

    def __init__(self, settings: Settings) -> None:
        self._key = blake2b(settings.keys()[-1], digest_size=32, person=b"suppressions").digest()

    def __call__(self, value: str) -> str:
        return blake2b(value.lower().encode(), key=self._key, digest_size=16).hexdigest()


def company_key(company_id: UUID) -> str:
    """What is hashed for a whole company; no address and no domain can look like it."""
    return f"company:{company_id}"


def parts_of(address: str | None, company_id: UUID | None) -> tuple[str, ...]:
    """Everything of a recipient that a suppression may be about, the narrowest first."""
    found = (address, address.rpartition("@")[2]) if address else ()
    return (*found, company_key(company_id)) if company_id else found


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
    shown: str | None = None,
) -> bool:
    """Write a suppression that holds from now on; one that stands already is kept. Whether it is new.

    A mail that is claimed and not begun goes back into the queue, where the gate stops it: whatever
    commits before intent wins. `shown` is how a person reads the value, where it is no address or domain.
    The value itself is kept only where no contact has it, and not of somebody who was erased.
    """
    address = value if scope in ("topic", "marketing", "address") else None
    suppressed.hold_out(connection, world.workspace_id, address, contact_id)
    hashed = ValueHash(world.settings)
    digest = hashed(value)
    keeps = contact_id is None and source != ERASED
    row = {
        "id": new_id(now), "workspace_id": world.workspace_id, "scope": scope,
        "value_hash": digest, "topic": topic, "contact_id": contact_id, "source": source,
        "reason_code": reason.code, "reason_params": dict(reason.params), "at": now,
        "value": (shown or value) if keeps else None,
    }  # fmt: skip
    if ledger.insert_new(connection, suppressions, [row]) == 0:
        return False
    in_hand = suppressed.claimed(connection, world.workspace_id)
    concerned = [mail.id for mail in in_hand if _concerns(mail, scope, topic, value)]
    suppressed.put_back(connection, concerned)
    return True


def _concerns(mail: Found, scope: str, topic: str, value: str) -> bool:
    if value.lower() not in parts_of(mail.address, mail.company_id):
        return False
    if scope in WHOLE:
        return True
    return mail.message_class == "marketing" and (scope != "topic" or topic == mail.topic)
