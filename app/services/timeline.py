"""One line of a contact's timeline, the same wherever it is written: what, when, why, by whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.reasons import Reason
from app.services.ids import new_id


def line(
    workspace_id: UUID,
    contact_id: UUID,
    kind: str,
    reason: Reason,
    at: datetime,
    *,
    actor: str = "engine",
    enrollment_id: UUID | None = None,
    delivery_id: UUID | None = None,
    event_id: UUID | None = None,
) -> dict[str, Any]:
    """A row for `ledger.add_timeline`. `actor` is engine, contact, import, system or user:<id>."""
    return {
        "id": new_id(at),
        "workspace_id": workspace_id,
        "contact_id": contact_id,
        "at": at,
        "kind": kind,
        "code": reason.code,
        "params": dict(reason.params),
        "actor": actor,
        "enrollment_id": enrollment_id,
        "delivery_id": delivery_id,
        "event_id": event_id,
    }
