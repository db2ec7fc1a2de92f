"""What became of mails after they were handed over: one row a mail, and what an address's bounces add up from."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from app.store import ledger
from app.store.hints import said, within
from app.store.tables import (
    contacts,
    deliveries,
    events,
    identities,
    mail_outcomes,
)  # fmt: skip

UNSURE = "state IN ('intent', 'uncertain')"
OUT = ("accepted", "uncertain", "intent")
LIVING = contacts.c.erased_at.is_(None)


def hold(connection: Connection, row: dict[str, Any]) -> Row[Any]:
    """The row of one mail, made where there is none, held for this transaction: whoever else is told waits."""
    ledger.insert_new(connection, mail_outcomes, [row])
    query = select(mail_outcomes).where(mail_outcomes.c.id == row["id"])
    return connection.execute(query.with_for_update()).one()


def write(connection: Connection, row_id: UUID, values: dict[str, Any]) -> None:
    connection.execute(update(mail_outcomes).where(mail_outcomes.c.id == row_id).values(**values))


def mail(connection: Connection, workspace_id: UUID, delivery_id: UUID) -> Row[Any] | None:
    """One mail of ours as far as it may be told about."""
    query = select(deliveries).where(
        deliveries.c.workspace_id == workspace_id, deliveries.c.id == delivery_id
    )
    return connection.execute(query).one_or_none()


def addresses_of(connection: Connection, contact_id: UUID) -> list[str]:
    """The contact's addresses, the one mail goes to first."""
    query = (
        select(identities.c.value)
        .where(identities.c.contact_id == contact_id, identities.c.kind == "email")
        .order_by(identities.c.is_primary.desc(), identities.c.id)
    )
    return list(connection.execute(query).scalars())


def holder(connection: Connection, workspace_id: UUID, address: str) -> UUID | None:
    """The living contact an address belongs to."""
    query = (
        select(identities.c.contact_id)
        .join(contacts, contacts.c.id == identities.c.contact_id)
        .where(
            identities.c.workspace_id == workspace_id, identities.c.kind == "email",
            identities.c.value == address, LIVING,
        )
    )  # fmt: skip
    return connection.execute(query).scalar_one_or_none()


def only_mail_to(
    connection: Connection, contact_id: UUID, address: str, since: datetime, until: datetime
) -> UUID | None:
    """The one mail that went to the address in this span; None where there was none, or several."""
    query = (
        select(deliveries.c.id)
        .where(
            deliveries.c.contact_id == contact_id, deliveries.c.recipient_user_id.is_(None),
            deliveries.c.state.in_(OUT), func.lower(deliveries.c.address) == address,
            deliveries.c.intent_at >= since, deliveries.c.intent_at <= until,
        )
        .limit(2)
    )  # fmt: skip
    found = connection.execute(query).scalars().all()
    return found[0] if len(found) == 1 else None


def was_told(connection: Connection, contact_id: UUID, kind: str, delivery_id: UUID) -> bool:
    """Whether an event of this kind stands already, whoever wrote it."""
    query = (
        select(events.c.id)
        .where(events.c.contact_id == contact_id, events.c.kind == kind, events.c.delivery_id == delivery_id)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def bounces_of(
    connection: Connection, workspace_id: UUID, address_hash: str, since: datetime
) -> tuple[list[tuple[datetime, str]], datetime | None]:
    """An address's bounces since then with their class, and when mail last reached it."""
    o = mail_outcomes.c
    mine = (o.workspace_id == workspace_id, o.address_hash == address_hash)
    rows = connection.execute(select(o.bounced_at, o.bounce_class).where(*mine, o.bounced_at >= since))
    last = connection.execute(select(func.max(o.delivered_at)).where(*mine)).scalar_one()
    return [(row.bounced_at, row.bounce_class) for row in rows], last


def proven_uncertain(connection: Connection, workspace_id: UUID, limit: int) -> list[tuple[UUID, datetime]]:
    """Uncertain mails that a provider was heard of before they were called so, with since when."""
    o = mail_outcomes.c
    seen = func.coalesce(o.taken_at, o.delivered_at, o.bounced_at, o.complained_at)
    query = (
        select(deliveries.c.id, seen.label("at"))
        .join(mail_outcomes, o.id == deliveries.c.id)
        .where(
            within(deliveries, workspace_id), said(deliveries, UNSURE), deliveries.c.state == "uncertain",
            seen.is_not(None),
        )
        .limit(limit)
    )  # fmt: skip
    return [(row.id, row.at) for row in connection.execute(query)]
