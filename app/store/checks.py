"""What must always be true, asked of the rows. `sample` looks at the newest rows only; None at all of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)  # fmt: skip

from app.store.hints import said, within
from app.store.tables import contacts, deliveries, enrollments, score_entries, scores, suppressions
from app.store.views import Found

OPEN_MAIL = ("queued", "claimed", "deferred", "intent", "uncertain")
ENDED_MAIL = ("accepted", "failed", "suppressed", "expired", "cancelled")
MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Faults:
    """How many rows were looked at and how many are wrong; `examples` are (fault, contact) of a few."""

    checked: int
    wrong: int
    examples: tuple[tuple[str, UUID], ...]


def enrollments_without_one_next_step(
    connection: Connection, workspace_id: UUID, sample: int | None
) -> Faults:
    """Active ones are due at an instant, wait with a time-out, wait for a delivery, or are parked."""
    e = enrollments.c
    has_mail = exists().where(deliveries.c.enrollment_id == e.id, deliveries.c.state.in_(OPEN_MAIL))
    fault = case(
        (e.state.not_in(("due", "waiting", "sending", "parked")), "state"),
        (and_(e.state == "due", e.due_at.is_(None)), "due_never"),
        (and_(e.state == "waiting", or_(e.due_at.is_(None), e.waiting_for.is_(None))), "waits_forever"),
        (and_(e.state == "sending", ~has_mail), "no_delivery"),
    )
    rows = select(e.contact_id, fault.label("fault")).where(
        within(enrollments, workspace_id), said(enrollments, "state <> 'ended'")
    )
    return _judged(connection, _newest(rows, e.id, sample))


def deliveries_in_no_state(connection: Connection, workspace_id: UUID, sample: int | None) -> Faults:
    """Every planned mail is in one known state, and what ended has its end written down."""
    d = deliveries.c
    fault = case(
        (d.state.not_in((*OPEN_MAIL, *ENDED_MAIL)), "state"),
        (and_(d.state.in_(("claimed", "intent")), d.claim_token.is_(None)), "nobodys"),
        (and_(d.state == "accepted", d.accepted_at.is_(None)), "no_instant"),
    )
    rows = select(d.contact_id, fault.label("fault")).where(within(deliveries, workspace_id))
    return _judged(connection, _newest(rows, d.id, sample))


def mails_after_suppression(connection: Connection, workspace_id: UUID, sample: int | None) -> Faults:
    """Mails whose handing over began while a suppression of that contact held."""
    s, d = suppressions.c, deliveries.c
    stops_this = or_(
        s.scope.in_(("address", "domain")),
        and_(s.scope.in_(("marketing", "company")), d.message_class == "marketing"),
        and_(s.scope == "topic", d.topic == s.topic, d.message_class == "marketing"),
    )
    sent_in_spite = exists().where(
        d.contact_id == s.contact_id,
        d.intent_at > s.at,
        or_(s.lifted_at.is_(None), d.intent_at < s.lifted_at),
        d.message_class != "internal",
        stops_this,
    )
    rows = select(s.contact_id, case((sent_in_spite, "sent")).label("fault")).where(
        within(suppressions, workspace_id), s.contact_id.is_not(None)
    )
    return _judged(connection, _newest(rows, s.id, sample))


def score_rows(
    connection: Connection, workspace_id: UUID, limit: int, after: UUID | None
) -> tuple[list[UUID], list[Found], list[Found]]:
    """The next contacts downwards from `after`, with their kept scores and the entries these are made of."""
    people = select(contacts.c.id).where(within(contacts, workspace_id))
    if after is not None:
        people = people.where(contacts.c.id < after)
    ids = list(connection.execute(people.order_by(contacts.c.id.desc()).limit(limit)).scalars())
    kept = connection.execute(select(scores).where(scores.c.contact_id.in_(ids)))
    entries = connection.execute(
        select(score_entries)
        .where(score_entries.c.contact_id.in_(ids))
        .order_by(score_entries.c.at, score_entries.c.id)
    )
    return ids, list(kept), list(entries)


def _newest(rows: Select[Any], key: ColumnElement[UUID], sample: int | None) -> Select[Any]:
    return rows if sample is None else rows.order_by(key.desc()).limit(sample)


def _judged(connection: Connection, rows: Select[Any]) -> Faults:
    judged = rows.subquery()
    checked, wrong = connection.execute(
        select(func.count(), func.count(judged.c.fault)).select_from(judged)
    ).one()
    examples = connection.execute(
        select(judged.c.fault, judged.c.contact_id)
        .where(judged.c.fault.is_not(None), literal(wrong) > 0)
        .limit(MOST_FAULTS)
    )
    return Faults(checked, wrong, tuple((fault, contact_id) for fault, contact_id in examples))
