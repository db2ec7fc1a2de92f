"""Raw hits in the store and what stands around them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.engine import Row

from app.store.claims import locked
from app.store.hints import said
from app.store.tables import consent_entries, contacts, deliveries, hits, template_variants

NEAR = timedelta(minutes=10)
MOST_HITS_OF_MAIL = 500


@dataclass(frozen=True, slots=True)
class Whose:
    """The living contact that a token's contact is now, with what may be kept of their hits (None: the default)."""

    contact_id: UUID
    workspace_id: UUID
    tracking: str | None


def living(connection: Connection, contact_ids: Collection[UUID]) -> dict[UUID, Whose]:
    """Who the contacts are now: merged ones are their survivors; erased and unknown ones are absent."""
    found: dict[UUID, Row[Any]] = {}
    query = select(contacts.c.id, contacts.c.workspace_id, contacts.c.tracking, contacts.c.merged_into).where(
        contacts.c.erased_at.is_(None)
    )
    asked: set[UUID] = set()
    missing = set(contact_ids)
    while missing:
        asked |= missing
        rows = connection.execute(query.where(contacts.c.id.in_(missing))).all()
        found |= {row.id: row for row in rows}
        missing = {row.merged_into for row in rows if row.merged_into is not None} - asked
    whose = {}
    for contact_id in contact_ids:
        row = _survivor(found, contact_id)
        if row is not None:
            whose[contact_id] = Whose(row.id, row.workspace_id, row.tracking)
    return whose


def _survivor(found: dict[UUID, Row[Any]], contact_id: UUID) -> Row[Any] | None:
    """The last of a chain of merges; None where it ends with nobody, or in a circle."""
    seen: set[UUID] = set()
    row = found.get(contact_id)
    while row is not None and row.merged_into is not None:
        if row.id in seen:
            return None
        seen.add(row.id)
        row = found.get(row.merged_into)
    return row


def tracking_changes(
    connection: Connection, contact_ids: Collection[UUID], since: datetime
) -> dict[UUID, list[tuple[datetime, str | None]]]:
    """When contacts changed what may be kept of their hits, and what it was before; oldest first."""
    query = (
        select(consent_entries.c.contact_id, consent_entries.c.at, consent_entries.c.detail)
        .where(
            consent_entries.c.contact_id.in_(contact_ids),
            consent_entries.c.purpose == "tracking",
            consent_entries.c.at > since,
        )
        .order_by(consent_entries.c.at, consent_entries.c.id)
    )
    found: dict[UUID, list[tuple[datetime, str | None]]] = {}
    for contact_id, at, detail in connection.execute(query):
        found.setdefault(contact_id, []).append((at, (detail or {}).get("before")))
    return found


def due_for_judgement(
    connection: Connection, workspace_id: UUID, until: datetime, limit: int
) -> list[Row[Any]]:
    query = (
        select(hits)
        .where(
            hits.c.workspace_id == workspace_id, said(hits, "verdict IS NULL"), hits.c.received_at <= until
        )
        .order_by(hits.c.received_at)
        .limit(limit)
    )
    return list(connection.execute(locked(connection, query, hits)).all())


def of_deliveries(
    connection: Connection, delivery_ids: Collection[UUID], first: datetime, last: datetime
) -> Sequence[Row[Any]]:
    """The hits of these mails around these instants."""
    query = select(hits).where(
        hits.c.delivery_id.in_(delivery_ids), hits.c.at >= first - NEAR, hits.c.at <= last + NEAR
    )
    return connection.execute(query.order_by(hits.c.at).limit(MOST_HITS_OF_MAIL * len(delivery_ids))).all()


def mails(connection: Connection, delivery_ids: Collection[UUID]) -> dict[UUID, Any]:
    """Of each mail what an event says of it, and when it went out."""
    query = select(
        deliveries.c.id, deliveries.c.template, deliveries.c.enrollment_id, deliveries.c.intent_at,
        deliveries.c.accepted_at,
    ).where(deliveries.c.id.in_(delivery_ids))  # fmt: skip
    return {row.id: row for row in connection.execute(query)}


def recipients_by_address(
    connection: Connection, workspace_id: UUID, addresses: Collection[str], first: datetime, last: datetime
) -> dict[str, list[tuple[UUID, datetime]]]:
    """Whose mails were hit from each address around these instants."""
    query = select(hits.c.address, hits.c.contact_id, hits.c.at).where(
        hits.c.workspace_id == workspace_id,
        hits.c.address.in_(addresses),
        hits.c.contact_id.is_not(None),
        hits.c.at >= first - NEAR,
        hits.c.at <= last + NEAR,
    )
    found: dict[str, list[tuple[UUID, datetime]]] = {}
    for address, contact_id, at in connection.execute(query):
        found.setdefault(address, []).append((contact_id, at))
    return found


def compiled_variant(connection: Connection, variant_id: UUID) -> str | None:
    """The compiled template that a mail was made of, also when it is not in force any more."""
    query = select(template_variants.c.compiled).where(template_variants.c.id == variant_id)
    return connection.execute(query).scalar_one_or_none()


_judged = (
    update(hits)
    .where(hits.c.id == bindparam("row_id"))
    .values({name: bindparam(f"new_{name}") for name in ("verdict", "score", "reasons", "classifier", "judged_at")})
)  # fmt: skip


def write_verdicts(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_judged, list(rows))
