"""What follows from a message: the one place that decides it, in one transaction with the message's own row."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.ids import content_id
from app.core.reasons import Reason
from app.inbound.returned import Reading, Returned
from app.services import bouncing
from app.services.bouncing import Bounce
from app.services.library import Catalogue
from app.services.returned.absent import note_absence
from app.services.returned.came import Came
from app.services.returned.matching import Match
from app.services.returned.replying import replied
from app.services.settling import settle_by_evidence
from app.services.timeline import line
from app.services.world import World
from app.store import inbound as store
from app.store import ledger
from app.store.tables import timeline

# From what harms least: where a message says several things of nobody we know, the mildest is believed.
MILDEST = ("none", "auto-reply", "delay", "reply", "bounce", "complaint")
BOUNCED = {
    "hard": "returned.bounce_hard",
    "soft": "returned.bounce_soft",
    "policy": "returned.bounce_policy",
}
CLASSES = (None, "policy", "soft", "hard")


def act(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    row: Row[Any],
    reading: Reading,
    told: Returned,
    match: Match | None,
    now: datetime,
) -> Came:
    """Do what the message asks for. Doing it again changes nothing."""
    if match is not None and match.mail.contact_id is None:
        return _about_nobody(connection, told, match)
    match told.what:
        case "bounce":
            return _bounce(connection, world, row, told, match, now)
        case "complaint":
            return _complaint(connection, world, row, match, now)
        case "delay":
            return _note(connection, world, row, told, match, now)
        case "auto-reply":
            away = note_absence(connection, world, catalogue, row, reading, match)
            return _note(connection, world, row, told, match, now, away)
        case "reply":
            return replied(connection, world, catalogue, row, reading, match, now)
    return Came("review", "returned.unread")


def chosen(found: Sequence[Returned], match: Match | None) -> Returned:
    """Of what a message says of several recipients that about ours; where it names none of ours the mildest."""
    if not found:
        return Returned("", "none")
    if match is not None and match.mail.address:
        mine = [one for one in found if one.address.lower() == match.mail.address.lower()]
        if mine:
            return max(mine, key=_harm)
    return min(found, key=_harm)


def _harm(told: Returned) -> tuple[int, int]:
    return MILDEST.index(told.what), CLASSES.index(told.class_)


def _about_nobody(connection: Connection, told: Returned, match: Match) -> Came:
    """A mail to one of us, or to somebody who is not here any more."""
    delivery_id = match.mail.delivery_id
    if delivery_id is None or not store.is_internal(connection, delivery_id):
        return Came("read", "returned.gone", gone=True)
    if told.what in ("delay", "auto-reply"):
        return Came("read", "returned.colleague_away")
    return Came("review", "returned.from_colleague" if told.what == "reply" else "returned.internal")


def _bounce(
    connection: Connection, world: World, row: Row[Any], told: Returned, match: Match | None, now: datetime
) -> Came:
    if match is None:
        return Came("review", "returned.nobody")
    if not match.is_proven:
        return Came("review", "returned.unproven")
    bounce = Bounce(told.class_ or "soft", told.enhanced, told.code, told.reason)
    # Whoever was forwarded the mail has its Message-ID too: such a bounce adds up, and stops nothing by itself.
    at_once = match.by_verp or match.confidence == "person"
    new = bouncing.bounced(
        connection, world, match.mail, bounce, source="dsn", at=row.received_at, now=now, at_once=at_once
    )
    return Came("read", BOUNCED[bounce.class_] if new else "returned.known")


def _complaint(
    connection: Connection, world: World, row: Row[Any], match: Match | None, now: datetime
) -> Came:
    if match is None:
        return Came("review", "returned.nobody")
    if not match.is_proven:
        return Came("review", "returned.unproven")
    new = bouncing.complained(connection, world, match.mail, source="arf", at=row.received_at, now=now)
    return Came("read", "returned.complaint" if new else "returned.known")


def _note(
    connection: Connection, world: World, row: Row[Any], told: Returned, match: Match | None, now: datetime,
    away: date | None = None,
) -> Came:  # fmt: skip
    """A delay or an automatic answer stands on the timeline; `away` is the date it names."""
    code = "returned.delay" if told.what == "delay" else "returned.auto_reply"
    if match is None or not match.is_proven or (who := match.mail.contact_id) is None:
        return Came("read", f"{code}_of_nobody")
    mail = match.mail
    if mail.delivery_id is not None:
        # Whoever answers or is late has the mail.
        settle_by_evidence(connection, world, mail.delivery_id, told.what, now)
    said = {"template": mail.template, "enhanced": told.enhanced, "text": told.reason[:200]}
    if away is not None:
        code, said["back"] = "returned.away", away.isoformat()
    reason = Reason(code, said)
    kind = "mail_delayed" if told.what == "delay" else "auto_reply"
    noted = line(
        world.workspace_id, who, kind, reason, row.received_at, actor="system",
        enrollment_id=mail.enrollment_id, delivery_id=mail.delivery_id,
    )  # fmt: skip
    # Read again, it is the same line.
    noted["id"] = content_id(row.received_at, "inbound", f"{kind}:{row.id}")
    ledger.insert_new(connection, timeline, [noted])
    return Came("read", code, {"back": said["back"]} if away is not None else {})
