"""A sequence that takes nobody in any more, and brought back: its people go on to their end, or leave at once."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.core.enrollments import ended
from app.core.reasons import Reason
from app.services.authoring.applying import audit
from app.services.authoring.pausing import NoSuchSequence
from app.services.timeline import line
from app.store import authoring, definitions, ledger, running
from app.store.database import Database

# People inside: they go on to their end, or their stay ends now.
Ending = Literal["go on", "end"]
ENDINGS: tuple[Ending, ...] = ("go on", "end")
# As many as end while somebody waits for the page.
MOST_AT_ONCE = 2000
BATCH = 200


class TooMany(Exception):
    """More people are inside than can be led out at once."""


def retire(
    database: Database, workspace_id: UUID, key: str, ending: Ending, why: str, now: datetime, by: UUID
) -> int:
    """Nobody enters from now on; how many stays ended. Raises NoSuchSequence and TooMany.

    Doing it again ends those who are still inside, if that is wished.
    """
    with database.write() as connection:
        found = definitions.find(connection, workspace_id, "sequence", key)
        if found is None or found.live_version_id is None or found.state not in ("live", "retired"):
            raise NoSuchSequence(key)
        inside = authoring.inside(connection, found.id)
        if ending == "end" and len(inside) > MOST_AT_ONCE:
            raise TooMany(key)
        if found.state == "live":
            definitions.set_state(connection, found.id, "retired", now)
        detail = {"key": key, "why": why, "people": ending, "inside": len(inside)}
        audit(connection, workspace_id, by, "definition.retired", "definition", str(found.id), now, detail)
    if ending != "end":
        return 0
    contacts = list(dict.fromkeys(row.contact_id for row in inside))
    return sum(
        _end(database, workspace_id, found.id, contacts[start : start + BATCH], key, why, now, by)
        for start in range(0, len(contacts), BATCH)
    )


def bring_back(database: Database, workspace_id: UUID, key: str, now: datetime, by: UUID) -> None:
    """Let people enter again. One that is not retired is left as it is. Raises NoSuchSequence."""
    with database.write() as connection:
        found = definitions.find(connection, workspace_id, "sequence", key)
        if found is None:
            raise NoSuchSequence(key)
        if found.state == "retired":
            definitions.set_state(connection, found.id, "live", now)
            audit(
                connection, workspace_id, by, "definition.brought_back", "definition", str(found.id), now, {"key": key}
            )  # fmt: skip


def _end(
    database: Database, workspace_id: UUID, definition_id: UUID, contacts: list[UUID], key: str, why: str,
    now: datetime, by: UUID,
) -> int:  # fmt: skip
    over = Reason("exit.retired", {"why": why, "sequence": key})
    with database.write() as connection:
        stays = [one for one in running.active_of(connection, contacts) if one.definition_id == definition_id]
        running.save(connection, [(held, ended(held.enrollment, over)) for held in stays], now)
        for held in stays:
            running.cancel_mails(connection, held.enrollment.id, over, now)
        told = [
            line(
                workspace_id, held.enrollment.contact_id, "ended", over, now, actor=f"user:{by}",
                enrollment_id=held.enrollment.id,
            )
            for held in stays
        ]  # fmt: skip
        ledger.add_timeline(connection, told)
    return len(stays)
