"""What an import wrote and what came after it: asked when it is taken back."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, or_, select, update

from app.core.reasons import Reason
from app.store.companies import nameless_id
from app.store.tables import (
    admissions,
    companies,
    consent_entries,
    contacts,
    deliveries,
    enrollments,
    events,
    fact_changes,
    identities,
    merges,
    tasks,
    timeline,
)  # fmt: skip

# Who writes facts without anybody having touched the contact.
_BY_ITSELF = ("engine", "flag")
_ENGINES_OWN = ("stage_entered", "goal_reached", "imported", "tagged", "silent")
# A mail in these states never left.
_NEVER_LEFT = ("queued", "deferred", "suppressed", "expired", "cancelled")
Occasion = Callable[[UUID, UUID], str]


def written_by(
    connection: Connection, workspace_id: UUID, source: str, after: UUID, last: UUID, limit: int
) -> Sequence[Any]:
    """Lines of the history by one source, in the order of their ids."""
    query = select(fact_changes.c.id, fact_changes.c.contact_id).where(
        fact_changes.c.workspace_id == workspace_id, fact_changes.c.source == source,
        fact_changes.c.id > after, fact_changes.c.id < last,
    )  # fmt: skip
    return connection.execute(query.order_by(fact_changes.c.id).limit(limit)).all()


def facts_of(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The whole history of these contacts, oldest first."""
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    query = select(fact_changes).where(fact_changes.c.contact_id.in_(ids))
    for row in connection.execute(query.order_by(fact_changes.c.at, fact_changes.c.id)):
        found[row.contact_id].append(row)
    return found


def gone(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of whom nothing is left to take back: erased, or merged into somebody."""
    over = or_(contacts.c.erased_at.is_not(None), contacts.c.merged_into.is_not(None))
    return set(connection.execute(select(contacts.c.id).where(contacts.c.id.in_(ids), over)).scalars())


def used(connection: Connection, ids: Sequence[UUID], source: str) -> set[UUID]:
    """Those whom a person, a mail or an event has touched since they came in by `source`."""
    by_hand = (*_BY_ITSELF, source)
    queries = (
        select(fact_changes.c.contact_id).where(
            fact_changes.c.contact_id.in_(ids), fact_changes.c.source.not_in(by_hand)
        ),
        select(deliveries.c.contact_id).where(
            deliveries.c.contact_id.in_(ids), deliveries.c.state.not_in(_NEVER_LEFT)
        ),
        select(events.c.contact_id).where(events.c.contact_id.in_(ids), events.c.kind.not_in(_ENGINES_OWN)),
        select(tasks.c.contact_id).where(tasks.c.contact_id.in_(ids), tasks.c.state == "done"),
        select(timeline.c.contact_id).where(timeline.c.contact_id.in_(ids), timeline.c.actor.like("user:%")),
        select(consent_entries.c.contact_id).where(
            consent_entries.c.contact_id.in_(ids), consent_entries.c.state != "given"
        ),
        select(merges.c.survivor_id).where(merges.c.survivor_id.in_(ids)),
        select(contacts.c.referred_by).where(contacts.c.referred_by.in_(ids)),
    )
    return {found for query in queries for found in connection.execute(query).scalars()}


def mails_sent(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, int]:
    left = deliveries.c.contact_id.in_(ids) & deliveries.c.accepted_at.is_not(None)
    query = select(deliveries.c.contact_id, func.count()).where(left).group_by(deliveries.c.contact_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def waiting(connection: Connection, ids: Sequence[UUID], occasion: Occasion) -> int:
    """How many wait at a door or stand inside because of it."""
    entered, at_the_door = _admissions(connection, ids, occasion)
    query = select(enrollments.c.definition_id, enrollments.c.contact_id).where(
        enrollments.c.contact_id.in_(ids), enrollments.c.state != "ended"
    )
    return len(at_the_door) + sum((row[0], row[1]) in entered for row in connection.execute(query))


def call_off(
    connection: Connection, ids: Sequence[UUID], occasion: Occasion, why: Reason, now: datetime
) -> tuple[set[tuple[UUID, UUID]], int]:
    """Send those at the door away; (definition, contact) of those who are past it, and how many were sent."""
    entered, at_the_door = _admissions(connection, ids, occasion)
    off = {"state": "refused", "ended_at": now, "reason_code": why.code, "reason_params": dict(why.params)}
    mine = admissions.c.id.in_(at_the_door) & (admissions.c.state == "waiting")
    sent = connection.execute(update(admissions).where(mine).values(**off)).rowcount
    return entered, sent


def _admissions(
    connection: Connection, ids: Sequence[UUID], occasion: Occasion
) -> tuple[set[tuple[UUID, UUID]], list[UUID]]:
    entered, at_the_door = set(), []
    query = select(admissions).where(admissions.c.contact_id.in_(ids), admissions.c.trigger == "import")
    for row in connection.execute(query):
        if row.dedupe_key != occasion(row.definition_id, row.contact_id):
            continue
        if row.state == "waiting":
            at_the_door.append(row.id)
        elif row.state == "admitted":
            entered.add((row.definition_id, row.contact_id))
    return entered, at_the_door


def drop_address(connection: Connection, contact_id: UUID, address: str) -> bool:
    """Take a further address away. False: it is the first one by now, or gone."""
    mine = (identities.c.contact_id == contact_id) & (identities.c.kind == "email")
    mine &= (identities.c.value == address) & identities.c.is_primary.is_(False)
    return connection.execute(delete(identities).where(mine)).rowcount == 1


def company_of(connection: Connection, workspace_id: UUID, key: str | None) -> UUID | None:
    """The company behind the key that stands in the history: a domain, or "=" and a name."""
    if not key:
        return None
    if key.startswith("="):
        mine = companies.c.id == nameless_id(workspace_id, key)
    else:
        mine = (companies.c.workspace_id == workspace_id) & (companies.c.domain == key)
    return connection.execute(select(companies.c.id).where(mine)).scalar()
