"""A reply is two-way talk: the contact has said something, and a person is to answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.effects import CreateTask
from app.core.ids import content_id
from app.core.opting_out import asks_to_stop
from app.core.reasons import Reason
from app.core.timing import Span, add_span, zone_of
from app.core.tokens import ManageToken
from app.inbound.returned import Reading
from app.services import tasks
from app.services.bouncing import Mail
from app.services.library import Catalogue
from app.services.returned.absent import note_presence
from app.services.returned.came import Came
from app.services.returned.keeping import clean
from app.services.returned.matching import Match, is_theirs
from app.services.settling import settle_by_evidence
from app.services.signals import recipients
from app.services.viewing.people import full_name
from app.services.world import World
from app.store import inbound as store
from app.store import ledger

ANSWER_WITHIN = Span(1, "working days")
LONGEST_BODY = 4000


def takes_leave(reading: Reading, match: Match | None) -> bool:
    """Whether a reply that is proven to be theirs plainly asks for no more mail."""
    return is_theirs(reading, match) and asks_to_stop(reading.text)


def let_go(world: World, match: Match, now: datetime) -> None:
    """Take back all consent of whoever asked so in a reply, as the page in the mail does."""
    mail = match.mail
    assert mail.contact_id is not None
    token = ManageToken(mail.delivery_id or mail.contact_id, mail.contact_id, "")
    recipients.unsubscribe(world, token, everything=True, source="reply", now=now)


def replied(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    row: Row[Any],
    reading: Reading,
    match: Match | None,
    now: datetime,
) -> Came:
    """The event that stops or moves sequences, and the task for the owner, with the letter."""
    if match is None or match.mail.contact_id is None:
        return Came("review", "returned.nobody")
    if match.confidence == "address":
        return Came("review", "returned.unproven")
    mail, who = match.mail, match.mail.contact_id
    if store.reply_is_known(connection, world.workspace_id, who, clean(reading.message_id, 998), row.id):
        return Came("read", "returned.known")
    leaves = takes_leave(reading, match)
    code = "returned.leaves" if leaves else "returned.reply" if match.is_proven else "returned.by_subject"
    if match.is_proven and mail.delivery_id is not None:
        settle_by_evidence(connection, world, mail.delivery_id, "replied", now)
    note_presence(connection, reading, match)
    if match.is_proven and not leaves:
        ledger.add_events(connection, [_event(world, who, mail, row, now)])
    _ask(connection, world, catalogue, who, row, reading, Reason(code, {"template": mail.template}), now)
    return Came("read", code)


def _event(world: World, who: UUID, mail: Mail, row: Row[Any], now: datetime) -> dict[str, Any]:
    return {
        "id": content_id(row.received_at, "inbound", f"replied:{row.id}"), "workspace_id": world.workspace_id,
        "contact_id": who, "kind": "replied", "subject": mail.template, "topics": "", "verdict": "human",
        "source": "inbound", "occurred_at": row.received_at, "received_at": now, "failures": 0,
        "payload": {"message": str(row.id)}, "delivery_id": mail.delivery_id, "enrollment_id": mail.enrollment_id,
    }  # fmt: skip


def _ask(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    who: UUID,
    row: Row[Any],
    reading: Reading,
    reason: Reason,
    now: datetime,
) -> None:
    """A task for the owner, due in a working day; the letter goes along in its mail."""
    programme = catalogue.setting.programme
    zone = zone_of(programme.zone, "UTC")[0]
    due_at = add_span(now, ANSWER_WITHIN, zone, programme.calendar, programme.country)
    named = store.names(connection, who)
    name = full_name(named.first_name, named.last_name, named.address or "") if named else ""
    title = f"{'See what was asked by' if reason.code == 'returned.leaves' else 'Answer'} {name}".strip()
    # What anybody may have sent is one task a day.
    key = str(row.id) if reason.code != "returned.by_subject" else row.received_at.date().isoformat()
    task = CreateTask(f"reply:{key}", "reply", title, due_at, reason)
    tasks.create(
        connection, world, catalogue, who, task, None, now, body=_body(reading),
        reader=store.addressee(connection, world.workspace_id, who), mail_context={"returned": str(row.id)},
    )  # fmt: skip


def _body(reading: Reading) -> str:
    head = f"{reading.sender}: {reading.subject}" if reading.sender else reading.subject
    return clean(f"{head}\n\n{reading.text}".strip(), LONGEST_BODY)
