"""A sender is held by a person or the breaker, with a reason, and let go again. No recipient is blamed for it."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.senders.checking import SenderFault
from app.services.world import World
from app.store import accounts
from app.store import senders as rows

# Until somebody lets it go.
FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)
LONGEST_WHY = 500
HeldBy = Literal["person", "breaker"]


def pause(world: World, sender: str, why: str, now: datetime, by: UUID | None) -> bool:
    """Hold a sender until somebody lets it go. False: a person holds it already. Raises SenderFault."""
    why = read_why(why)
    with world.database.write() as connection:
        _known(connection, world, sender)
        state = rows.state(connection, world.workspace_id, sender)
        if state is not None and state.held_by == "person":
            return False
        hold(connection, world, sender, "person", Reason("sender.held", {"why": why}), now)
        audit(connection, world, sender, "sender.paused", {"why": why}, now, by)
    return True


def resume(world: World, sender: str, why: str, now: datetime, by: UUID | None) -> int | None:
    """Let a sender go on, whatever held it; how many mails are due again at once. None: nothing held it.

    What happened before counts no more for the breaker. Raises SenderFault.
    """
    why = read_why(why)
    with world.database.write() as connection:
        _known(connection, world, sender)
        state = rows.state(connection, world.workspace_id, sender)
        if state is None or (state.held_by is None and state.problem_until <= now):
            return None
        let_go(connection, world, sender, Reason("sender.resumed", {"why": why}), now)
        due = rows.due_again(connection, world.workspace_id, sender, now, None)
        audit(connection, world, sender, "sender.resumed", {"why": why, "was": state.reason_code}, now, by)
    return due


def hold(
    connection: Connection,
    world: World,
    sender: str,
    by: HeldBy,
    reason: Reason,
    now: datetime,
    *,
    probe_at: datetime | None = None,
    problems: int = 1,
) -> None:
    """Write down that a sender is held from now on."""
    values = {
        "problem_until": FOR_GOOD, "problems": problems, "reason_code": reason.code,
        "reason_params": {"sender": sender, **reason.params}, "at": now, "held_by": by, "held_since": now,
        "probe_at": probe_at,
    }  # fmt: skip
    rows.set_state(connection, world.workspace_id, sender, values)


def let_go(connection: Connection, world: World, sender: str, reason: Reason, now: datetime) -> None:
    """Write down that nothing holds a sender from now on; the breaker counts anew from here."""
    values = {
        "problem_until": now, "problems": 0, "reason_code": reason.code,
        "reason_params": {"sender": sender, **reason.params}, "at": now, "held_by": None, "held_since": now,
        "probe_at": None,
    }  # fmt: skip
    rows.set_state(connection, world.workspace_id, sender, values)


def read_why(why: str) -> str:
    why = " ".join(why.split())[:LONGEST_WHY]
    if not why:
        raise SenderFault("senders.why_missing", "why")
    return why


def audit(
    connection: Connection,
    world: World,
    sender: str,
    action: str,
    detail: dict[str, Any],
    now: datetime,
    by: UUID | None,
) -> None:
    row = rows.by_address(connection, world.workspace_id, sender)
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "sender", "subject": str(row.id) if row else "house",
            "detail": {**detail, "sender": sender},
        },
    )  # fmt: skip


def _known(connection: Connection, world: World, sender: str) -> None:
    """A sender that was set up, the house's, a colleague's address, or one that has written before."""
    found = (
        sender == world.settings.sender_address
        or rows.by_address(connection, world.workspace_id, sender) is not None
        or rows.state(connection, world.workspace_id, sender) is not None
        or rows.owner_exists(connection, world.workspace_id, sender)
    )
    if not found:
        raise SenderFault("senders.unknown", address=sender[:200])
