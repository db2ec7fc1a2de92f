"""What must always be true, asked of some rows at a time. Each check takes ids of its table and judges those rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Select,
    Table,
    TextClause,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    text,
)

from app.store.hints import within
from app.store.tables import (
    attempts,
    consent_entries,
    consents,
    contacts,
    deliveries,
    enrollments,
    identities,
    score_entries,
    scores,
    suppressions,
)  # fmt: skip
from app.store.views import Found

OPEN_MAIL = ("queued", "claimed", "deferred", "intent", "uncertain")
ENDED_MAIL = ("accepted", "failed", "suppressed", "expired", "cancelled")
IN_HAND = ("claimed", "intent")
# The consent to be tracked lies in a column of the contact, not among the topics.
TRACKING = "tracking"
# The phase of the attempt that stands for a mail settled later: no server was asked.
SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Judged:
    """One row that was looked at; `fault` is None where it is as it must be."""

    subject: UUID
    contact_id: UUID | None
    fault: str | None


def as_one(connection: Connection) -> None:
    """Several statements see one state of the base. Must come first in its transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def page(
    connection: Connection, table: Table, workspace_id: UUID, after: UUID | None, limit: int,
    where: TextClause | None = None, *, newest: bool = False,
) -> list[UUID]:  # fmt: skip
    """The next ids upwards from `after`, or the newest ones."""
    key = table.c.id
    query = select(key).where(within(table, workspace_id))
    if where is not None:
        query = query.where(where)
    if after is not None:
        query = query.where(key > after)
    return list(connection.execute(query.order_by(key.desc() if newest else key).limit(limit)).scalars())


def next_step(connection: Connection, ids: Sequence[UUID]) -> list[Judged]:
    """An active enrollment is in exactly one of: due at an instant, waiting with a time-out, waiting for its mail, parked.

    Leased is one that is due or waits and that a worker has in hand; nothing else may be in anybody's hands.
    """
    e = enrollments.c
    mail = exists().where(deliveries.c.enrollment_id == e.id, deliveries.c.state.in_(OPEN_MAIL))
    fault = case(
        (e.state.not_in(("due", "waiting", "sending", "parked")), "state"),
        (and_(e.state == "due", e.due_at.is_(None)), "due_never"),
        (and_(e.state == "waiting", or_(e.due_at.is_(None), e.waiting_for.is_(None))), "waits_forever"),
        (and_(e.state == "sending", ~mail), "no_delivery"),
        (and_(e.state.in_(("sending", "parked")), e.due_at.is_not(None)), "two_places"),
        (and_(e.state != "waiting", e.waiting_for.is_not(None)), "two_places"),
        (and_(e.state.in_(("sending", "parked")), e.claim_token.is_not(None)), "leased_at_rest"),
        (and_(e.claim_token.is_not(None), e.claimed_until.is_(None)), "leased_forever"),
    )
    return _judged(connection, _of(enrollments, ids, fault).where(e.state != "ended"))


def mails_add_up(connection: Connection, ids: Sequence[UUID]) -> list[Judged]:
    """Every planned mail is in one known state, and what ended has its end written down."""
    d = deliveries.c
    fault = case(
        (d.state.not_in((*OPEN_MAIL, *ENDED_MAIL)), "state"),
        (and_(d.state.in_(IN_HAND), or_(d.claim_token.is_(None), d.claimed_until.is_(None))), "nobodys"),
        (and_(d.state.in_(("intent", "uncertain")), d.intent_at.is_(None)), "no_intent"),
        (and_(d.state == "accepted", d.accepted_at.is_(None)), "no_instant"),
        (and_(d.state.in_(ENDED_MAIL), d.ended_at.is_(None)), "no_end"),
    )
    return _judged(connection, _of(deliveries, ids, fault))


def one_acceptance(connection: Connection, ids: Sequence[UUID]) -> list[Judged]:
    """A mail was accepted by one server once, or settled as accepted; and nobody accepted one that is not."""
    d, a = deliveries.c, attempts.c
    yes = (a.delivery_id == d.id, a.outcome == "accepted")
    by_server = select(func.count()).where(*yes, a.phase != SETTLED).scalar_subquery()
    settled = exists().where(*yes, a.phase == SETTLED)
    fault = case(
        (by_server > 1, "twice"),
        (and_(d.state == "accepted", by_server == 0, ~settled), "unproven"),
        (and_(d.state.in_(("queued", "claimed", "deferred", "suppressed")), by_server > 0), "forgotten"),
    )
    return _judged(connection, _of(deliveries, ids, fault))


def one_in_hand(connection: Connection, ids: Sequence[UUID]) -> list[Judged]:
    """Of one contact one mail at most is in somebody's hands."""
    d, other = deliveries.c, deliveries.alias("other")
    two = exists().where(
        other.c.contact_id == d.contact_id, other.c.id != d.id, text("other.state IN ('claimed', 'intent')")
    )
    query = _of(deliveries, ids, case((two, "two_in_hand"))).where(d.state.in_(IN_HAND))
    return _judged(connection, query)


def whose_addresses(connection: Connection, ids: Sequence[UUID]) -> list[Judged]:
    """Who was merged or erased keeps no address, a merge ends with somebody, and one address is the first."""
    c, i = contacts.c, identities.c
    survivor = contacts.alias("survivor")
    mine = i.contact_id == c.id
    addresses = select(func.count()).where(mine, i.kind == "email").scalar_subquery()
    first = select(func.count()).where(mine, i.kind == "email", i.is_primary.is_(True)).scalar_subquery()
    fault = case(
        (and_(c.merged_into.is_not(None), exists().where(mine)), "merged_keeps"),
        (and_(c.erased_at.is_not(None), exists().where(mine)), "erased_keeps"),
        (
            and_(c.merged_into.is_not(None), ~exists().where(survivor.c.id == c.merged_into)),
            "merged_into_nobody",
        ),
        (c.merged_into == c.id, "merged_into_nobody"),
        (and_(addresses > 0, first != 1), "first_address"),
    )
    query = select(c.id.label("subject"), c.id.label("contact_id"), fault.label("fault")).where(c.id.in_(ids))
    return _judged(connection, query)


def consents_fold(connection: Connection, ids: Sequence[UUID]) -> list[Judged]:
    """What stands of a consent is the last line of its ledger. Who was erased has none that stands."""
    erased = set(
        connection.execute(
            select(contacts.c.id).where(contacts.c.id.in_(ids), contacts.c.erased_at.is_not(None))
        ).scalars()
    )
    kept = connection.execute(
        select(consents).where(consents.c.contact_id.in_(ids), consents.c.purpose != TRACKING)
    )
    stands = {(row.contact_id, row.purpose): row.state for row in kept}
    entries = connection.execute(
        select(consent_entries.c.contact_id, consent_entries.c.purpose, consent_entries.c.state)
        .where(consent_entries.c.contact_id.in_(ids), consent_entries.c.purpose != TRACKING)
        .order_by(consent_entries.c.at, consent_entries.c.id)
    )
    said = {(row.contact_id, row.purpose): row.state for row in entries}
    # A merge that was undone says so of what nobody had said before it.
    folded = {key: state for key, state in said.items() if state != "unknown"}
    wrong = {
        key[0]: "consent_without_entry" if key not in folded else "consent_differs"
        # Of several faults of one contact the graver is told: what stands without any entry.
        for key in sorted(stands.keys() | folded.keys(), key=lambda key: (key not in folded, *map(str, key)))
        if stands.get(key) != folded.get(key)
    }
    return [Judged(who, who, None if who in erased else wrong.get(who)) for who in ids]


def score_rows(connection: Connection, ids: Sequence[UUID]) -> tuple[list[Found], list[Found]]:
    """The kept scores of these contacts and the entries they are made of."""
    kept = connection.execute(select(scores).where(scores.c.contact_id.in_(ids)))
    entries = connection.execute(
        select(score_entries)
        .where(score_entries.c.contact_id.in_(ids))
        .order_by(score_entries.c.at, score_entries.c.id)
    )
    return list(kept), list(entries)


def begun_mails(connection: Connection, ids: Sequence[UUID]) -> list[Found]:
    """Of these mails those whose handing over has begun, with where they went and the company of their contact."""
    d = deliveries.c
    query = (
        select(d.id, d.contact_id, d.message_class, d.topic, d.address, d.intent_at, contacts.c.company_id)
        .join(contacts, contacts.c.id == d.contact_id)
        .where(d.id.in_(ids), d.intent_at.is_not(None), d.message_class != "internal")
    )
    return list(connection.execute(query))


def suppressions_of(
    connection: Connection, workspace_id: UUID, hashes: Sequence[str], contact_ids: Sequence[UUID]
) -> list[Found]:
    """Every suppression of these values or contacts, lifted ones too."""
    s = suppressions.c
    found = {}
    for about in (s.value_hash.in_(hashes), s.contact_id.in_(contact_ids)):
        query = select(s.id, s.scope, s.topic, s.value_hash, s.contact_id, s.at, s.lifted_at).where(
            s.workspace_id == workspace_id, about
        )
        found.update({row.id: row for row in connection.execute(query)})
    return list(found.values())


def _of(table: Table, ids: Sequence[UUID], fault: Any) -> Select[Any]:
    return select(table.c.id.label("subject"), table.c.contact_id, fault.label("fault")).where(
        table.c.id.in_(ids)
    )


def _judged(connection: Connection, query: Select[Any]) -> list[Judged]:
    return [Judged(row.subject, row.contact_id, row.fault) for row in connection.execute(query)]
