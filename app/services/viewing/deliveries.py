"""Mails for people who look after them: the uncertain ones first, and what each try came to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.viewing import Place
from app.services.viewing.people import full_name
from app.store.checks import ENDED_MAIL, OPEN_MAIL
from app.store.views import Found
from app.store.views import deliveries as rows

STATES = (*OPEN_MAIL, *ENDED_MAIL)
MOST = 200


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt. `phase` is how far it came; `settled` stands for a word said later, not for a try."""

    at: datetime
    worker: str
    phase: str
    outcome: str
    code: int | None
    enhanced: str | None
    response: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one contact. `sequence` is None for a mail of no sequence; `reason` says why it is where it is."""

    id: UUID
    contact_id: UUID
    name: str
    address: str | None
    template: str
    sequence: str | None
    step: str | None
    message_class: str
    topic: str | None
    state: str
    sender: str | None
    worker: str | None
    planned_at: datetime
    due_at: datetime
    intent_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    attempts: int
    response: str | None
    reason: Reason
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Mails:
    """A page of them. `unsure` are all that are uncertain; `older` is where the next page begins."""

    mails: tuple[Mail, ...]
    unsure: int
    older: UUID | None


def list_mails(place: Place, state: str | None, before: UUID | None = None, limit: int = MOST) -> Mails:
    """Mails in this state; None: the uncertain ones, and after them the others, the newest first."""
    with place.database.read() as connection:
        workspace_id = place.workspace_id
        first = []
        if state in (None, "uncertain") and before is None:
            first = rows.uncertain(connection, workspace_id, limit)
        rest = []
        if state != "uncertain" and len(first) < limit:
            rest = rows.newest(connection, workspace_id, state, before, limit - len(first) + 1)
        older = rest[limit - len(first) - 1].id if len(first) + len(rest) > limit else None
        found = [*first, *rest][:limit]
        return Mails(_mails(connection, found), rows.uncertain_count(connection, workspace_id), older)


def look_at(place: Place, delivery_id: UUID) -> Mail | None:
    with place.database.read() as connection:
        row = rows.one(connection, place.workspace_id, delivery_id)
        return _mails(connection, [row])[0] if row is not None else None


def _mails(connection: Connection, found: list[Found]) -> tuple[Mail, ...]:
    tries = rows.tries(connection, [row.id for row in found]) if found else {}
    return tuple(_mail(row, tries.get(row.id, [])) for row in found)


def _mail(row: Found, tries: list[Found]) -> Mail:
    last = tries[-1] if tries else None
    return Mail(
        id=row.id, contact_id=row.contact_id, name=full_name(row.first_name, row.last_name), address=row.address,
        template=row.template, sequence=row.sequence, step=row.step, message_class=row.message_class, topic=row.topic,
        state=row.state, sender=row.sender, worker=row.claimed_by or (last.worker if last else None),
        planned_at=row.planned_at, due_at=row.due_at, intent_at=row.intent_at, accepted_at=row.accepted_at,
        ended_at=row.ended_at, attempts=row.attempts, response=row.response,
        reason=Reason(row.reason_code, row.reason_params or {}),
        tries=tuple(
            Try(one.at, one.worker, one.phase, one.outcome, one.code, one.enhanced, one.response) for one in tries
        ),
    )  # fmt: skip
