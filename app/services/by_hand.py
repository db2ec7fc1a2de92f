"""What colleagues do to a contact by hand: its entry in the audit log, and who was there before them.

`actor` is "user:<id>", "system" (the shell) or "contact"; what contacts do themselves is no act of the team.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.ids import new_id
from app.store import accounts
from app.store import contacts as store

LONGEST_SHOWN = 80


def author(actor: str) -> UUID | None:
    """Whose act it is; None for the shell."""
    try:
        return UUID(actor.removeprefix("user:"))
    except ValueError:
        return None


def audit(
    connection: Connection,
    workspace_id: UUID,
    contact_id: UUID,
    action: str,
    detail: Mapping[str, Any],
    actor: str,
    now: datetime,
) -> None:
    """One act in the log; `detail` tells nothing personal, for the log outlives an erasure."""
    if actor == "contact":
        return
    by, program = author(actor), {"by": actor} if actor.startswith("api:") else {}
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "contact", "subject": str(contact_id),
            "detail": {**detail, **program, "through": "page" if by else "api" if program else "shell"},
        },
    )  # fmt: skip


def stale(connection: Connection, contact_id: UUID, kind: str, name: str, present: str) -> Reason:
    """Somebody changed it since the page was shown: who, when, and what it says now."""
    last = store.last_change(connection, contact_id, kind, name)
    says = {"name": name, "now": present[:LONGEST_SHOWN] or "–"}
    if last is None:
        return Reason("contact.stale", says)
    by = author(last["source"]) if last["source"].startswith("user:") else None
    who = accounts.by_id(connection, by) if by else None
    told = {**says, "at": last["at"].isoformat()}
    return (
        Reason("contact.stale.by", {**told, "who": who["name"]}) if who else Reason("contact.stale.at", told)
    )
