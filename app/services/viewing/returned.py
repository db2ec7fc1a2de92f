"""Returned mail as the team sees it: the list with its states, and one message."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Row

from app.core.reasons import Reason
from app.services.returned.reviewing import OPEN
from app.services.viewing import Place
from app.services.viewing.people import full_name
from app.store import inbound as rows

STATES = ("review", "failed", "new", "read", "dismissed")
WHATS = ("bounce", "complaint", "reply", "auto-reply", "delay", "none")
PAGE = 50
OF_LATE = timedelta(days=7)
MOST_SOURCE = 20_000


@dataclass(frozen=True, slots=True)
class Message:
    """`what` is None while it was not read. `about`: whom it speaks of, or who wrote it."""

    id: UUID
    state: str
    what: str | None
    kind: str | None
    enhanced: str | None
    code: int | None
    confidence: str | None
    contact_id: UUID | None
    contact: str
    about: str
    sender: str
    recipient: str
    subject: str
    said: str
    source: str
    size: int
    received_at: datetime
    reason: Reason
    # The beginning of the bytes, as text; None once they are gone.
    source_text: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits for a person, and can still be settled."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Messages:
    """`counts` are of all, by state; `older` leads to the next page."""

    found: tuple[Message, ...]
    counts: dict[str, int]
    older: str | None
    # What is wrong with a mailbox; senders whose mail is refused by policy, and how often of late.
    problems: tuple[str, ...] = ()
    refused: tuple[tuple[str, int], ...] = ()


def list_messages(
    place: Place,
    state: str | None,
    what: str | None,
    search: str,
    before: tuple[datetime, UUID] | None,
    now: datetime,
) -> Messages:
    with place.database.read() as connection:
        found = rows.page(
            connection, place.workspace_id, state=state, what=what, search=search, before=before, limit=PAGE + 1
        )  # fmt: skip
        counts = rows.counts(connection, place.workspace_id)
        problems = tuple(each.problem for each in rows.places(connection, place.workspace_id) if each.problem)
        refused = rows.policy_refusals(connection, place.workspace_id, now - OF_LATE)
    last = found[PAGE - 1] if len(found) > PAGE else None
    older = f"{last.received_at.isoformat()}_{last.id}" if last is not None else None
    return Messages(
        tuple(_message(row, row.first_name, row.last_name) for row in found[:PAGE]), counts, older, problems,
        tuple((row.sender, row.many) for row in refused),
    )  # fmt: skip


def look_at(place: Place, message_id: UUID) -> Message | None:
    with place.database.read() as connection:
        row = rows.get(connection, place.workspace_id, message_id)
        if row is None:
            return None
        who = rows.names(connection, row.contact_id) if row.contact_id else None
    raw = bytes(row.raw) if row.raw else None
    source = raw[:MOST_SOURCE].decode("utf-8", "replace").replace("\0", "�") if raw else None
    return _message(row, who.first_name if who else None, who.last_name if who else None, source)


def raw_of(place: Place, message_id: UUID) -> bytes | None:
    """The message as it came; None where it is not kept any more."""
    with place.database.read() as connection:
        row = rows.get(connection, place.workspace_id, message_id)
    return bytes(row.raw) if row is not None and row.raw else None


def _message(row: Row[Any], first: str | None, last: str | None, source: str | None = None) -> Message:
    return Message(
        row.id, row.state, row.what, row.kind, row.enhanced, row.code, row.confidence, row.contact_id,
        full_name(first, last), row.address or row.sender or row.recipient, row.sender, row.recipient, row.subject,
        row.said, row.source, row.size, row.received_at, Reason(row.reason_code, row.reason_params), source,
    )  # fmt: skip
