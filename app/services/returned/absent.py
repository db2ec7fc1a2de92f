"""Who is away, as their automatic answer says, and until when marketing waits for them."""

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.timing import zone_of
from app.inbound.returned import Reading
from app.services.library import Catalogue
from app.services.returned.matching import Match, is_theirs
from app.services.world import World
from app.store import inbound as store


def note_absence(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    row: Row[Any],
    reading: Reading,
    match: Match | None,
) -> date | None:
    """Write down that they are away; the date they name, None where they name none that is clear.

    It must come from the address our mail went to: whoever it was forwarded to is away for themselves. Marketing
    waits until the day after the date has begun where they live: on the first day back the mailbox is full.
    """
    if reading.back is None or not is_theirs(reading, match):
        return None
    assert match is not None
    assert match.mail.contact_id is not None
    zone = zone_of(
        store.zone_of_contact(connection, match.mail.contact_id), catalogue.setting.programme.zone
    )[0]
    day = reading.back.on(row.received_at.astimezone(zone).date())
    if day is not None:
        until = datetime.combine(day + timedelta(days=1), time.min, zone)
        store.set_away(connection, match.mail.contact_id, until.astimezone(row.received_at.tzinfo))
    return day


def note_presence(connection: Connection, reading: Reading, match: Match | None) -> None:
    """Who writes by hand is there."""
    if is_theirs(reading, match):
        assert match is not None
        assert match.mail.contact_id is not None
        store.set_away(connection, match.mail.contact_id, None)
