"""A note about a contact in a colleague's words: a line of the story that moves nothing."""

from datetime import datetime, timedelta
from uuid import UUID

from app.core.ids import content_id
from app.core.reasons import Reason
from app.services import by_hand
from app.services.contacts import ContactFault
from app.services.timeline import line
from app.services.world import World
from app.store import contacts as store
from app.store import ledger
from app.store.tables import timeline

LONGEST = 4000
# A form may stand open so long; one that claims to be older is as new as its coming.
OPEN = timedelta(days=30)


def note(world: World, contact_id: UUID, text: str, actor: str, now: datetime, shown_at: datetime) -> bool:
    """Write a note down; False when the same form brought it before. `shown_at` is when that form was shown.

    Raises ContactFault.
    """
    text = "\n".join(each.rstrip() for each in text.strip().splitlines())
    if not text:
        raise ContactFault(Reason("note.empty"))
    if len(text) > LONGEST:
        raise ContactFault(Reason("note.long", {"longest": LONGEST, "length": len(text)}))
    asked = shown_at if now - OPEN < shown_at <= now else now
    reason = Reason("note.by_person", {"text": text})
    row = line(world.workspace_id, contact_id, "note", reason, now, actor=actor)
    row["id"] = content_id(asked, "note", f"{contact_id}:{actor}:{text}")
    with world.database.write() as connection:
        if not store.lock(connection, world.workspace_id, contact_id):
            raise ContactFault(Reason("enroll.gone"))
        if not ledger.insert_new(connection, timeline, [row]):
            return False
        by_hand.audit(connection, world.workspace_id, contact_id, "contact.noted", {}, actor, now)
    return True
