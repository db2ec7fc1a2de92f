"""What recipients see and change through the token in their mail."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.engine import Row

from app.store.hits import living
from app.store.tables import (
    consent_entries,
    consents,
    contact_stages,
    contacts,
    definitions,
    deliveries,
    enrollments,
    events,
    identities,
    suppressions,
    timeline,
)  # fmt: skip


def lock_contact(connection: Connection, workspace_id: UUID, contact_id: UUID) -> UUID | None:
    """The living contact behind a token's, held for this transaction: what they do twice happens in turn."""
    who = living(connection, [contact_id]).get(contact_id)
    if who is None or who.workspace_id != workspace_id:
        return None
    query = select(contacts.c.id).where(contacts.c.id == who.contact_id, contacts.c.erased_at.is_(None))
    return connection.execute(query.with_for_update(key_share=True)).scalar_one_or_none()


def person(connection: Connection, workspace_id: UUID, contact_id: UUID) -> Row[Any] | None:
    """The living contact behind a token's, with the address mail goes to."""
    who = living(connection, [contact_id]).get(contact_id)
    if who is None or who.workspace_id != workspace_id:
        return None
    address = (
        select(identities.c.shown_as)
        .where(identities.c.contact_id == contacts.c.id, identities.c.kind == "email")
        .order_by(identities.c.is_primary.desc(), identities.c.id)
        .limit(1)
        .scalar_subquery()
    )
    query = select(contacts, address.label("address")).where(contacts.c.id == who.contact_id)
    return connection.execute(query).one_or_none()


def stage_of(connection: Connection, contact_id: UUID, lifecycle: str) -> str | None:
    table = contact_stages.c
    query = select(table.stage).where(table.contact_id == contact_id, table.lifecycle == lifecycle)
    return connection.execute(query).scalar_one_or_none()


def change_person(connection: Connection, contact_id: UUID, values: dict[str, Any], now: datetime) -> None:
    """Write columns of the contact; fit and stage are judged anew."""
    connection.execute(
        update(contacts)
        .where(contacts.c.id == contact_id)
        .values(revision=contacts.c.revision + 1, updated_at=now, judge_due_at=now, **values)
    )


def mail(connection: Connection, delivery_id: UUID) -> Row[Any] | None:
    """One mail with its sequence, its sequence's version and the state of its enrollment."""
    query = (
        select(
            deliveries,
            enrollments.c.version_id.label("sequence_version_id"),
            enrollments.c.state.label("enrollment_state"),
            definitions.c.key.label("sequence"),
        )
        .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id, isouter=True)
        .join(definitions, definitions.c.id == deliveries.c.definition_id, isouter=True)
        .where(deliveries.c.id == delivery_id)
    )
    return connection.execute(query).one_or_none()


def campaign_of(connection: Connection, delivery_id: UUID) -> Any:
    query = (
        select(definitions.c.key.label("sequence"), deliveries.c.step)
        .join(definitions, definitions.c.id == deliveries.c.definition_id)
        .where(deliveries.c.id == delivery_id)
    )
    return connection.execute(query).one_or_none()


def consents_of(connection: Connection, contact_id: UUID) -> dict[str, Row[Any]]:
    """Purpose to its state, basis and instant."""
    query = select(consents).where(consents.c.contact_id == contact_id)
    return {row.purpose: row for row in connection.execute(query)}


def last_given(connection: Connection, contact_id: UUID, topic: str) -> Row[Any] | None:
    """The entry by which the contact last agreed to hear about a topic."""
    query = (
        select(consent_entries)
        .where(
            consent_entries.c.contact_id == contact_id,
            consent_entries.c.purpose == topic,
            consent_entries.c.state == "given",
        )
        .order_by(consent_entries.c.at.desc(), consent_entries.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def write_consent(connection: Connection, entry: dict[str, Any], known: bool) -> None:
    """One line of the ledger, and the state it leads to; `known`: there is a state already."""
    connection.execute(insert(consent_entries).values(**entry))
    values = {name: entry[name] for name in ("state", "basis", "at")}
    key = {name: entry[name] for name in ("contact_id", "purpose")}
    if known:
        where = [consents.c[name] == value for name, value in key.items()]
        connection.execute(update(consents).where(*where).values(**values))
    else:
        connection.execute(insert(consents).values(workspace_id=entry["workspace_id"], **key, **values))


def addresses_of(connection: Connection, contact_id: UUID) -> Sequence[str]:
    query = select(identities.c.value).where(
        identities.c.contact_id == contact_id, identities.c.kind == "email"
    )
    return connection.execute(query).scalars().all()


def lift(
    connection: Connection, workspace_id: UUID, hashes: Collection[str], contact_id: UUID, now: datetime
) -> int:
    """End what the recipient themselves had stopped; what others stopped stays."""
    return connection.execute(
        update(suppressions)
        .where(
            suppressions.c.workspace_id == workspace_id,
            or_(suppressions.c.contact_id == contact_id, suppressions.c.value_hash.in_(hashes)),
            suppressions.c.scope.in_(("marketing", "topic")),
            suppressions.c.source == "recipient",
            suppressions.c.lifted_at.is_(None),
        )
        .values(lifted_at=now, lifted_why="came back by the page in their mail")
    ).rowcount


def stopped_by_others(connection: Connection, workspace_id: UUID, hashes: Collection[str]) -> bool:
    """Whether mail to these addresses stays stopped, whatever the recipient says."""
    query = select(func.count()).where(
        suppressions.c.workspace_id == workspace_id,
        suppressions.c.value_hash.in_(hashes),
        suppressions.c.source != "recipient",
        suppressions.c.scope != "topic",
        suppressions.c.lifted_at.is_(None),
    )
    return connection.execute(query).scalar_one() > 0


def first_line(connection: Connection, contact_id: UUID) -> Row[Any] | None:
    """The first line of the contact's story: who wrote the contact down."""
    query = select(timeline).where(timeline.c.contact_id == contact_id)
    return connection.execute(query.order_by(timeline.c.at, timeline.c.id).limit(1)).one_or_none()


def answers(connection: Connection, contact_id: UUID, delivery_id: UUID, criterion: str) -> list[Any]:
    """What the contact has answered to one question in one mail, oldest first."""
    query = (
        select(events.c.id, events.c.payload, events.c.verdict, events.c.occurred_at, events.c.processed_at)
        .where(
            events.c.contact_id == contact_id,
            events.c.kind == "answered",
            events.c.subject == criterion,
            events.c.delivery_id == delivery_id,
        )
        .order_by(events.c.occurred_at, events.c.id)
    )
    return list(connection.execute(query).all())


def call_machine(connection: Connection, event_ids: Collection[UUID]) -> None:
    """Events nobody has reacted to yet are taken for a machine's."""
    if event_ids:
        query = update(events).where(events.c.id.in_(event_ids), events.c.processed_at.is_(None))
        connection.execute(query.values(verdict="machine"))
