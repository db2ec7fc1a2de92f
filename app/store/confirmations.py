"""What people asked and have to confirm by a mail; how often it was asked from where."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from app.store.tables import (
    confirmations,
    consents,
    contact_stages,
    contacts,
    deliveries,
    events,
    fact_changes,
    identities,
    suppressions,
)  # fmt: skip


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(confirmations).values(**row))


def plan_mail(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(deliveries).values(**row))


def find(connection: Connection, workspace_id: UUID, request_id: UUID, *, lock: bool = False) -> Any:
    query = select(confirmations).where(
        confirmations.c.id == request_id, confirmations.c.workspace_id == workspace_id
    )
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def done(connection: Connection, request_id: UUID, now: datetime) -> bool:
    """Mark it confirmed; False: it was already."""
    query = update(confirmations).where(confirmations.c.id == request_id, confirmations.c.done_at.is_(None))
    return connection.execute(query.values(done_at=now)).rowcount == 1


def count(connection: Connection, workspace_id: UUID, kind: str, since: datetime, **also: str) -> int:
    """How many were asked since then, from one network or for one address if `also` names its hash."""
    query = select(func.count()).where(
        confirmations.c.workspace_id == workspace_id,
        confirmations.c.kind == kind,
        confirmations.c.asked_at > since,
        *(confirmations.c[name] == value for name, value in also.items()),
    )
    return connection.execute(query).scalar_one()


def asked_lately(connection: Connection, contact_id: UUID, kind: str, since: datetime) -> bool:
    """Whether the contact asked for it and has not confirmed it yet."""
    query = select(confirmations.c.id).where(
        confirmations.c.contact_id == contact_id,
        confirmations.c.kind == kind,
        confirmations.c.asked_at > since,
        confirmations.c.done_at.is_(None),
    )
    return connection.execute(query.limit(1)).first() is not None


def holder_of(connection: Connection, workspace_id: UUID, address: str) -> UUID | None:
    query = select(identities.c.contact_id).where(
        identities.c.workspace_id == workspace_id, identities.c.kind == "email", identities.c.value == address
    )
    return connection.execute(query).scalar_one_or_none()


def unreachable(connection: Connection, workspace_id: UUID, hashes: Collection[str]) -> bool:
    """Whether no mail at all goes to the address or its domain."""
    query = select(suppressions.c.id).where(
        suppressions.c.workspace_id == workspace_id,
        suppressions.c.value_hash.in_(hashes),
        suppressions.c.scope.in_(("address", "domain")),
        suppressions.c.lifted_at.is_(None),
    )
    return connection.execute(query.limit(1)).first() is not None


def make_contact(
    connection: Connection, contact: dict[str, Any], identity: dict[str, Any], stage: dict[str, Any]
) -> None:
    for table, row in ((contacts, contact), (identities, identity), (contact_stages, stage)):
        connection.execute(insert(table).values(**row))


def verified(connection: Connection, contact_id: UUID, addresses: Collection[str], now: datetime) -> None:
    """The person read a mail at this address."""
    connection.execute(
        update(identities)
        .where(
            identities.c.contact_id == contact_id,
            identities.c.kind == "email",
            identities.c.value.in_(addresses),
            identities.c.verified_at.is_(None),
        )
        .values(verified_at=now)
    )


def lift_own(connection: Connection, workspace_id: UUID, hashes: Collection[str], now: datetime) -> None:
    """What the person themselves had stopped, an erasure too, ends when they confirm that they are back."""
    connection.execute(
        update(suppressions)
        .where(
            suppressions.c.workspace_id == workspace_id,
            suppressions.c.value_hash.in_(hashes),
            suppressions.c.scope.in_(("marketing", "topic")),
            suppressions.c.source.in_(("recipient", "erasure")),
            suppressions.c.lifted_at.is_(None),
        )
        .values(lifted_at=now, lifted_why="confirmed a form by the button in the mail")
    )


def never_confirmed(
    connection: Connection, workspace_id: UUID, now: datetime, limit: int = 200
) -> list[UUID]:
    """Contacts that are nothing but a sign-up whose link has ended: made by it, and nothing is known of them since."""
    c, mine = confirmations.c, contacts.c.id
    made = select(c.id).where(
        c.contact_id == mine, c.asked_at == contacts.c.created_at, c.done_at.is_(None), c.expires_at < now
    )
    still = select(c.id).where(c.contact_id == mine, (c.done_at.is_not(None)) | (c.expires_at >= now))
    query = select(mine).where(
        contacts.c.workspace_id == workspace_id,
        contacts.c.erased_at.is_(None),
        contacts.c.merged_into.is_(None),
        made.exists(),
        ~still.exists(),
        ~select(fact_changes.c.id).where(fact_changes.c.contact_id == mine).exists(),
        ~select(events.c.id).where(events.c.contact_id == mine).exists(),
        ~select(consents.c.state).where(consents.c.contact_id == mine, consents.c.state != "asked").exists(),
    )
    return list(connection.execute(query.limit(limit)).scalars())


def empty_old(connection: Connection, workspace_id: UUID, now: datetime) -> None:
    """What was typed and never confirmed goes with its link; that it was tried is counted on."""
    connection.execute(
        update(confirmations)
        .where(
            confirmations.c.workspace_id == workspace_id,
            confirmations.c.done_at.is_(None),
            confirmations.c.expires_at < now,
            confirmations.c.network_hash != "",
        )
        .values(detail={}, network_hash="")
    )
