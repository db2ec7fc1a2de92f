"""Mails as rows for people: the list by state, and one mail with its tries."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, case, func, select

from app.store.hints import said, within
from app.store.tables import attempts, contacts, definitions, deliveries
from app.store.uncertain import UNSURE
from app.store.views import Found

_READ = (
    "id", "contact_id", "step", "template", "message_class", "state", "due_at", "planned_at", "intent_at", "accepted_at",
    "ended_at", "attempts", "response", "reason_code", "reason_params", "claimed_by", "address", "sender", "provider",
    "topic", "expires_at", "dedupe_key",
)  # fmt: skip


def _rows() -> Select[Any]:
    return (
        select(
            *(deliveries.c[name] for name in _READ),
            contacts.c.first_name,
            contacts.c.last_name,
            definitions.c.key.label("sequence"),
        )
        .join(contacts, contacts.c.id == deliveries.c.contact_id)
        .join(definitions, definitions.c.id == deliveries.c.definition_id, isouter=True)
    )


def uncertain(connection: Connection, workspace_id: UUID, limit: int) -> list[Found]:
    """Those that may or may not have arrived, the longest in doubt first."""
    query = (
        _rows()
        .where(within(deliveries, workspace_id), said(deliveries, UNSURE), deliveries.c.state == "uncertain")
        .order_by(deliveries.c.intent_at, deliveries.c.id)
        .limit(limit)
    )
    return list(connection.execute(query))


def uncertain_count(connection: Connection, workspace_id: UUID) -> int:
    query = select(func.count()).where(
        within(deliveries, workspace_id), said(deliveries, UNSURE), deliveries.c.state == "uncertain"
    )
    found: int = connection.execute(query).scalar_one()
    return found


def newest(
    connection: Connection, workspace_id: UUID, state: str | None, before: UUID | None, limit: int
) -> list[Found]:
    """Mails in this state (None: in any but uncertain), those planned last first, downwards from `before`."""
    d = deliveries.c
    query = _rows().where(within(deliveries, workspace_id))
    query = query.where(d.state == state if state else d.state != "uncertain")
    if before is not None:
        query = query.where(d.id < before)
    return list(connection.execute(query.order_by(d.id.desc()).limit(limit)))


def one(connection: Connection, workspace_id: UUID, delivery_id: UUID) -> Found | None:
    query = _rows().where(deliveries.c.workspace_id == workspace_id, deliveries.c.id == delivery_id)
    return connection.execute(query).one_or_none()


def tries(connection: Connection, delivery_ids: list[UUID]) -> dict[UUID, list[Found]]:
    """The attempts of these mails, oldest first; a settlement stands behind the try it settles."""
    query = (
        select(attempts)
        .where(attempts.c.delivery_id.in_(delivery_ids))
        .order_by(attempts.c.at, case((attempts.c.phase == "settled", 1), else_=0), attempts.c.number)
    )
    found: dict[UUID, list[Found]] = {}
    for row in connection.execute(query):
        found.setdefault(row.delivery_id, []).append(row)
    return found
