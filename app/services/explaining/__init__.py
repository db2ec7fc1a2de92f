"""Explaining: why something was done or not, what comes next, and what would change it; out of the ledger."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.services.explaining.mails import MailExplained, explain_mail
from app.services.explaining.plain import plain
from app.services.explaining.situation import ExplainFault, situation
from app.services.explaining.standing import Standing, explain_contact
from app.services.explaining.topics import TopicsExplained, explain_topics
from app.services.explaining.words import Words
from app.services.world import World
from app.store.rehearsal import only_looking


def mail(
    world: World, contact_id: UUID, template: str, now: datetime, at: datetime | None = None
) -> tuple[MailExplained, ZoneInfo]:
    """Why this mail went or not, and the contact's zone. Raises ExplainFault."""
    with only_looking(world.database) as connection:
        seen = situation(connection, world, contact_id, now, at)
        return explain_mail(connection, seen, template), seen.setting.zone(seen.facts)


def contact(
    world: World, contact_id: UUID, now: datetime, at: datetime | None = None
) -> tuple[Standing, ZoneInfo]:
    """Where this contact stands, and their zone. Raises ExplainFault."""
    with only_looking(world.database) as connection:
        seen = situation(connection, world, contact_id, now, at)
        return explain_contact(connection, seen), seen.setting.zone(seen.facts)


def topics(world: World, contact_id: UUID, now: datetime) -> tuple[TopicsExplained, ZoneInfo]:
    """Of which topics this contact may be written about now, and their zone. Raises ExplainFault."""
    with only_looking(world.database) as connection:
        seen = situation(connection, world, contact_id, now, None)
        return explain_topics(seen), seen.setting.zone(seen.facts)


__all__ = [
    "ExplainFault",
    "MailExplained",
    "Standing",
    "TopicsExplained",
    "Words",
    "contact",
    "mail",
    "plain",
    "topics",
]
