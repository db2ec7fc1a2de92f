"""What stands still when a person is erased, and the erasures whose last traces are still looked for."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, func, insert, select, union, update

from app.store.hints import said
from app.store.tables import (
    admissions,
    consents,
    contacts,
    definitions,
    deliveries,
    enrollments,
    erasures,
    events,
    identities,
    import_rows,
    imports,
    suppressions,
    tasks,
    web_calls,
)  # fmt: skip

CODE = "contact.erased"
_FREE: dict[str, Any] = {"claimed_by": None, "claim_token": None, "claimed_until": None}
_WHY: dict[str, Any] = {"reason_code": CODE, "reason_params": {}}


def addresses_of(connection: Connection, contact_ids: Collection[UUID]) -> list[str]:
    """Every address of these contacts, now or when they were written to, in lower case."""
    mine = and_(identities.c.contact_id.in_(contact_ids), identities.c.kind == "email")
    sent = and_(
        deliveries.c.contact_id.in_(contact_ids),
        deliveries.c.address.is_not(None),
        deliveries.c.recipient_user_id.is_(None),
    )
    query = union(
        select(func.lower(identities.c.value)).where(mine),
        select(func.lower(identities.c.shown_as)).where(mine),
        select(func.lower(deliveries.c.address)).where(sent),
    )
    return sorted(found for found in connection.execute(query).scalars() if found)


def own_keys(connection: Connection, workspace_id: UUID) -> set[str]:
    """The keys of sequences, templates and the like: words of ours, not of a person."""
    query = select(definitions.c.key).where(definitions.c.workspace_id == workspace_id)
    return set(connection.execute(query).scalars())


def stand_still(connection: Connection, contact_ids: Collection[UUID], now: datetime) -> None:
    """Nothing that waits for these contacts is done any more."""

    def stop(table: Any, waiting: Any, **values: Any) -> None:
        connection.execute(update(table).where(table.c.contact_id.in_(contact_ids), waiting).values(**values))

    ended = {"ended_at": now, **_WHY}
    stop(
        deliveries,
        deliveries.c.state.in_(("queued", "deferred", "claimed")),
        state="cancelled",
        **ended,
        **_FREE,
    )
    stop(
        enrollments, enrollments.c.state != "ended", state="ended", due_at=None, waiting_for=None, outcome=None,
        revision=enrollments.c.revision + 1, **ended, **_FREE,
    )  # fmt: skip
    stop(admissions, admissions.c.state == "waiting", state="refused", **ended)
    stop(tasks, tasks.c.state == "open", state="dropped", **ended)
    stop(web_calls, web_calls.c.state == "queued", state="dead", **ended, **_FREE)
    stop(events, events.c.processed_at.is_(None), processed_at=now)
    stop(consents, consents.c.state != "withdrawn", state="withdrawn", basis="erased", at=now)


def take_away(connection: Connection, contact_ids: Collection[UUID], now: datetime) -> None:
    """The contacts stay as empty rows that statistics count, without company, owner or hashes of addresses."""
    connection.execute(
        update(contacts)
        .where(contacts.c.id.in_(contact_ids))
        .values(
            erased_at=now,
            company_id=None,
            owner_id=None,
            tracking="none",
            judge_due_at=None,
            updated_at=now,
            revision=contacts.c.revision + 1,
        )
    )
    connection.execute(
        update(suppressions).where(suppressions.c.contact_id.in_(contact_ids)).values(contact_id=None)
    )


def lift_whole(
    connection: Connection, workspace_id: UUID, hashes: Collection[str], now: datetime, why: str
) -> None:
    """End the suppression of all marketing, so that the erasure's own takes its place."""
    connection.execute(
        update(suppressions)
        .where(
            suppressions.c.workspace_id == workspace_id,
            suppressions.c.scope == "marketing",
            suppressions.c.value_hash.in_(hashes),
            suppressions.c.lifted_at.is_(None),
        )
        .values(lifted_at=now, lifted_why=why)
    )


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(erasures).values(**row))


def unsettled(connection: Connection, workspace_id: UUID) -> Sequence[Any]:
    query = select(erasures).where(
        erasures.c.workspace_id == workspace_id, said(erasures, "settled_at IS NULL")
    )
    return connection.execute(query.order_by(erasures.c.at)).all()


def settle(connection: Connection, erasure_id: UUID, now: datetime) -> None:
    values: dict[str, Any] = {"settled_at": now, "traces": {}}
    connection.execute(update(erasures).where(erasures.c.id == erasure_id).values(**values))


def on_the_way(connection: Connection, contact_ids: Collection[UUID]) -> bool:
    """Whether a mail to them is being handed over: its answer will be written down."""
    held = deliveries.c.contact_id.in_(contact_ids)
    query = select(deliveries.c.id).where(held, said(deliveries, "state IN ('claimed', 'intent')"))
    return connection.execute(query.limit(1)).first() is not None


def mails_of(connection: Connection, contact_ids: Collection[UUID]) -> frozenset[UUID]:
    """Every mail to these contacts, or to a colleague about them."""
    query = select(deliveries.c.id).where(deliveries.c.contact_id.in_(contact_ids))
    return frozenset(connection.execute(query).scalars())


def import_files(connection: Connection, workspace_id: UUID) -> Sequence[Any]:
    query = select(imports.c.id, imports.c.path, imports.c.format, imports.c.state)
    return connection.execute(query.where(imports.c.workspace_id == workspace_id)).all()


def rows_blanked(connection: Connection, import_id: UUID, numbers: Collection[int], digest: str) -> None:
    """The kept file of an import was rewritten: its digest is another, and nothing is said of those rows."""
    connection.execute(update(imports).where(imports.c.id == import_id).values(digest=digest))
    mine = and_(import_rows.c.import_id == import_id, import_rows.c.row_number.in_(numbers))
    connection.execute(update(import_rows).where(mine).values(reason_params={}))
