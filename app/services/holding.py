"""A colleague holds a contact: no marketing mail until a day, while their place in every sequence is kept.

It is the rest that contacts choose themselves, set by another hand, so the gate, the rehearsal and the
explanations know it. What the contact chose themselves is neither shortened nor ended by a colleague.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services import by_hand
from app.services.contacts import ContactFault
from app.services.ids import new_id
from app.services.stages import ask_the_gate_again
from app.services.timeline import line
from app.services.world import World
from app.store import contacts as store
from app.store import ledger

LONGEST_WHY = 500
# Nobody is held and forgotten: a hold ends by itself.
LONGEST = timedelta(days=366)


def held_by(connection: Connection, contact_id: UUID) -> str | None:
    """Who set the rest that holds now: "user:<id>", "system", or None where it is the contact's own choice."""
    last = store.last_change(connection, contact_id, "field", "paused_until")
    source = last["source"] if last is not None else ""
    return source if source == "system" or source.startswith("user:") else None


def standing(world: World, contact_id: UUID, now: datetime) -> tuple[datetime | None, str | None]:
    """Until when the contact rests (None: not at all), and who of the team said so."""
    with world.database.read() as connection:
        until = store.rests_until(connection, contact_id)
        if until is None or until <= now:
            return None, None
        return until, held_by(connection, contact_id)


def hold(world: World, contact_id: UUID, until: datetime, why: str, actor: str, now: datetime) -> bool:
    """No marketing mail before `until`. False: it was so already. Raises ContactFault."""
    why = " ".join(why.split())[:LONGEST_WHY]
    if not why:
        raise ContactFault(Reason("stay.why_missing"))
    if not now < until <= now + LONGEST:
        raise ContactFault(Reason("contact.hold_when"))
    with world.database.write() as connection:
        present = _locked(connection, world, contact_id)
        if present == until:
            return False
        if present is not None and present > until and held_by(connection, contact_id) is None:
            raise ContactFault(Reason("contact.own_rest", {"until": present.isoformat()}))
        told = {"why": why, "until": until.isoformat()}
        _write(connection, world, contact_id, present, until, Reason("contact.held", told), actor, now)
        ask_the_gate_again(connection, contact_id)
    return True


def release(world: World, contact_id: UUID, actor: str, now: datetime) -> bool:
    """End a colleague's hold; what waited for its end asks the gate now. False: nobody held them.

    Raises ContactFault where the rest is the contact's own.
    """
    with world.database.write() as connection:
        present = _locked(connection, world, contact_id)
        if present is None or present <= now:
            return False
        if held_by(connection, contact_id) is None:
            raise ContactFault(Reason("contact.own_rest", {"until": present.isoformat()}))
        _write(connection, world, contact_id, present, None, Reason("contact.released"), actor, now)
        store.wake_mails(connection, contact_id, "gate.contact_paused", now)
    return True


def _locked(connection: Connection, world: World, contact_id: UUID) -> datetime | None:
    if not store.lock(connection, world.workspace_id, contact_id):
        raise ContactFault(Reason("enroll.gone"))
    return store.rests_until(connection, contact_id)


def _write(
    connection: Connection, world: World, contact_id: UUID, old: datetime | None, new: datetime | None, reason: Reason,
    actor: str, now: datetime,
) -> None:  # fmt: skip
    store.rest(connection, contact_id, new, now)
    change: dict[str, Any] = {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": contact_id, "kind": "field",
        "name": "paused_until", "old": old.isoformat() if old else None, "new": new.isoformat() if new else None,
        "source": actor, "reason_code": reason.code, "reason_params": dict(reason.params), "at": now,
    }  # fmt: skip
    ledger.add_fact_changes(connection, [change])
    ledger.add_timeline(
        connection, [line(world.workspace_id, contact_id, "contact", reason, now, actor=actor)]
    )
    until = {"until": new.isoformat()} if new else {}
    by_hand.audit(connection, world.workspace_id, contact_id, reason.code, until, actor, now)
