"""Recommendations: the link that somebody passes on, and what is kept when another signs up through it.

The link says nothing about who passed it on but, on the form, their first name. Only a person who is new to us
counts, nobody recommends themselves, and what is kept first stays.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.ids import content_id
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.timeline import line
from app.services.world import World
from app.store import ledger
from app.store import recipients as people
from app.store import referrals as store

EVENT = "custom:referral"


def first_form(world: World, now: datetime) -> str | None:
    """The key of the form that a recommendation leads to: the first of the programme."""
    return next(iter(world.library.catalogue(now).setting.programme.forms), None)


def recommended_by(world: World, token: str) -> tuple[UUID, str] | None:
    """Whose link it is and their first name, which may be empty. None: no link of ours, or they are gone."""
    contact_id = world.keyring.open_referral(token)
    if contact_id is None:
        return None
    with world.database.read() as connection:
        return store.recommender(connection, world.workspace_id, contact_id)


def is_new(known: Mapping[str, Any], stage: str | None, first_stage: str) -> bool:
    """Whether somebody who confirms a form was nobody's contact before: nothing given or taken back, no stage reached."""
    return stage == first_stage and all(consent.state == "asked" for consent in known.values())


def keep(connection: Connection, world: World, who: UUID, by: UUID, request: UUID, now: datetime) -> None:
    """Keep that `who` came by the recommendation of `by`, in the transaction in which they confirm."""
    found = store.recommender(connection, world.workspace_id, by)
    if found is None or not store.write(connection, who, found[0], now):
        return
    referrer, reason = found[0], Reason("contact.referred", {"by": str(found[0])})
    people.change_person(connection, who, {"origin": "referral"}, now)
    ledger.add_fact_changes(
        connection,
        [
            {
                "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": who, "kind": "field",
                "name": "referred_by", "old": None, "new": str(referrer), "source": "contact",
                "reason_code": reason.code, "reason_params": dict(reason.params), "at": now,
            }
        ],
    )  # fmt: skip
    brought = Reason("contact.brought", {"contact": str(who)})
    ledger.add_timeline(
        connection,
        [
            line(world.workspace_id, who, "contact", reason, now, actor="contact"),
            line(world.workspace_id, referrer, "contact", brought, now, actor="contact"),
        ],
    )
    ledger.add_events(connection, [_event(world, referrer, request, now)])


def _event(world: World, referrer: UUID, request: UUID, now: datetime) -> dict[str, Any]:
    """For the one who recommended us it is a sign of its own, which goals and scores may name."""
    return {
        "id": content_id(now, "referral", str(request)), "workspace_id": world.workspace_id, "contact_id": referrer,
        "kind": EVENT, "subject": "", "topics": "", "verdict": "human", "source": "form", "occurred_at": now,
        "received_at": now, "failures": 0, "payload": {},
    }  # fmt: skip
