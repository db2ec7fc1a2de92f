"""Raw hits in the store and what stands around them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.engine import Row

from app.store.claims import locked
from app.store.hints import said, within
from app.store.partitions import first_id
from app.store.tables import (
    consent_entries,
    contacts,
    deliveries,
    domain_checks,
    hits,
    identities,
    template_variants,
)  # fmt: skip

NEAR = timedelta(minutes=10)
# More of them say nothing more.
MOST_HITS_OF_MAIL, MOST_HITS_OF_ADDRESSES = 500, 2_000


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


def around(
    connection: Connection, workspace_id: UUID, rows: Sequence[Row[Any]], addresses: Collection[str]
) -> list[Row[Any]]:
    """Hits of the same mails as these and from `addresses`, within ten minutes of them."""
    first, last = min(row.at for row in rows) - NEAR, max(row.at for row in rows) + NEAR
    mails = {row.delivery_id for row in rows if row.delivery_id}
    near = select(hits).where(hits.c.at >= first, hits.c.at <= last).order_by(hits.c.at)
    found: list[Row[Any]] = []
    if mails:
        query = near.where(hits.c.delivery_id.in_(mails))
        found += connection.execute(query.limit(MOST_HITS_OF_MAIL * len(mails))).all()
    if addresses:
        query = near.where(hits.c.workspace_id == workspace_id, hits.c.address.in_(addresses))
        found += connection.execute(query.limit(MOST_HITS_OF_ADDRESSES)).all()
    return found


def mailboxes(connection: Connection, contact_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """The domain of each contact's address, and the host that takes its mail where that is known."""
    i, d = identities.c, domain_checks.c
    query = select(i.contact_id, i.workspace_id, i.value).where(
        i.contact_id.in_(contact_ids), i.kind == "email", i.is_primary.is_(True)
    )
    rows = connection.execute(query).all()
    named = {row.contact_id: row.value.rpartition("@")[2] for row in rows}
    asked = select(d.domain, d.mx).where(
        d.workspace_id.in_({row.workspace_id for row in rows}),
        d.domain.in_(set(named.values())),
        d.mx.is_not(None),
    )
    hosts = {row.domain: row.mx for row in connection.execute(asked)} if rows else {}
    return {contact_id: (domain, hosts.get(domain, "")) for contact_id, domain in named.items()}


def mails(connection: Connection, delivery_ids: Collection[UUID]) -> dict[UUID, Any]:
    """Of each mail what an event says of it, and when it went out."""
    query = select(
        deliveries.c.id, deliveries.c.template, deliveries.c.enrollment_id, deliveries.c.intent_at,
        deliveries.c.accepted_at,
    ).where(deliveries.c.id.in_(delivery_ids))  # fmt: skip
    return {row.id: row for row in connection.execute(query)}


def newest(
    connection: Connection, workspace_id: UUID, contact_id: UUID | None, verdict: str | None, limit: int
) -> Sequence[Row[Any]]:
    """The newest hits, of one contact or of all, with their verdicts."""
    query = select(hits).where(within(hits, workspace_id))
    if contact_id is not None:
        query = query.where(hits.c.contact_id == contact_id)
    if verdict is not None:
        query = query.where(hits.c.verdict == verdict)
    return connection.execute(query.order_by(hits.c.id.desc()).limit(limit)).all()


def forget(connection: Connection, before: datetime, limit: int) -> int:
    """Remove judged hits that came before an instant, at most `limit` of them; how many."""
    old = (
        select(hits.c.id)
        .where(hits.c.id < first_id(before), hits.c.verdict.is_not(None))
        .order_by(hits.c.id)
        .limit(limit)
    )
    ids = list(connection.execute(old).scalars())
    if ids:
        connection.execute(delete(hits).where(hits.c.id.in_(ids)))
    return len(ids)


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
