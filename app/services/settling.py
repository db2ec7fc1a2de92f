"""What becomes of an uncertain mail: later evidence or a person says whether it arrived.

Nothing here sends. A person who has a mail sent again plans a new delivery, once for each uncertain
one, and the gate asks about it like about any other (docs/decisions/an-uncertain-mail-is-settled.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.timeline import line
from app.services.world import World
from app.store import accounts, ledger
from app.store import uncertain as store
from app.store.tables import deliveries

# What a person may say of an uncertain mail.
ARRIVED, LOST, AGAIN = "arrived", "lost", "again"
CODES = {ARRIVED: "mail.settled_arrived", LOST: "mail.settled_lost", AGAIN: "mail.settled_again"}
LONGEST_WHY = 500
MOST_AT_ONCE = 500
# The phase of the attempt that stands for a settlement: no server was asked.
SETTLED = "settled"


class SettlingFault(Exception):
    """What was asked cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(slots=True)
class Settled:
    """Which mails were settled now, which had been before (or never were uncertain), which nobody knows.

    `again` are the deliveries planned in the place of settled ones.
    """

    settled: list[UUID] = field(default_factory=list)
    already: list[UUID] = field(default_factory=list)
    unknown: list[UUID] = field(default_factory=list)
    again: list[UUID] = field(default_factory=list)


def settle_by_evidence(
    connection: Connection, world: World, delivery_id: UUID, evidence: str, at: datetime
) -> bool:
    """A sign that only a mail that arrived can cause settles it as accepted, in the caller's transaction.

    `evidence` is hit, clicked, replied, bounced, delivered or another kind of event: whoever bounces or
    complains had the mail handed over. Whether this settled it: False for a mail that is not uncertain.
    """
    rows = store.read(connection, world.workspace_id, [delivery_id])
    if not rows or rows[0].state != "uncertain":
        return False
    reason = Reason("mail.settled_by_evidence", {"evidence": evidence})
    return _accept(connection, world, rows[0], reason, at, "engine")


def settle_known(world: World, now: datetime, limit: int = MOST_AT_ONCE) -> int:
    """Settle the uncertain mails whose evidence came before they were called uncertain; how many."""
    with world.database.write() as connection:
        found = store.with_evidence(connection, world.workspace_id, limit)
        return sum(settle_by_evidence(connection, world, which, sign, now) for which, sign in found)


def settle_by_hand(
    world: World, ids: Sequence[UUID], verdict: str, why: str, by: UUID | None, now: datetime
) -> Settled:
    """A person (None: at the shell) says it arrived, was lost, or is to be sent again. Raises SettlingFault.

    Saying it twice, or two people at once, settles each mail once: the first word counts.
    """
    why = " ".join(why.split())[:LONGEST_WHY]
    wanted = sorted(set(ids))
    if verdict not in CODES:
        raise SettlingFault("settle.verdict", verdict=verdict[:40], known=list(CODES))
    if not why:
        raise SettlingFault("settle.why_missing")
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        raise SettlingFault("settle.how_many", count=len(wanted), most=MOST_AT_ONCE)
    actor = f"user:{by}" if by else "system"
    found = Settled()
    with world.database.write() as connection:
        rows = {row.id: row for row in store.read(connection, world.workspace_id, wanted)}
        for one in wanted:
            row = rows.get(one)
            if row is None:
                found.unknown.append(one)
            elif row.state != "uncertain" or not _settle(connection, world, row, verdict, why, actor, now):
                found.already.append(one)
            else:
                found.settled.append(one)
                _audit(connection, world, row, verdict, why, by, now)
                if verdict == AGAIN:
                    found.again.append(_plan_again(connection, row, now))
    return found


def _settle(
    connection: Connection, world: World, row: Row[Any], verdict: str, why: str, actor: str, now: datetime
) -> bool:
    reason = Reason(CODES[verdict], {"why": why})
    if verdict == ARRIVED:
        return _accept(connection, world, row, reason, now, actor)
    values = {
        "state": "failed",
        "ended_at": now,
        "reason_code": reason.code,
        "reason_params": dict(reason.params),
    }
    if not store.settle(connection, row.id, values):
        return False
    _tell(connection, world, row, "mail_failed", reason, now, actor)
    if verdict == LOST and row.enrollment_id is not None:
        store.tell_enrollment(connection, row.enrollment_id, row.visit, "failed", now)
    return True


def _accept(
    connection: Connection, world: World, row: Row[Any], reason: Reason, at: datetime, actor: str
) -> bool:
    # It arrived when it was sent, not when somebody found out.
    accepted_at = min(row.intent_at or at, at)
    values = {
        "state": "accepted", "accepted_at": accepted_at, "ended_at": at, "reason_code": reason.code,
        "reason_params": dict(reason.params), "attempts": row.attempts + 1,
    }  # fmt: skip
    if not store.settle(connection, row.id, values):
        return False
    attempt = {
        "id": new_id(at), "workspace_id": world.workspace_id, "delivery_id": row.id, "number": row.attempts + 1,
        "at": at, "worker": actor, "phase": SETTLED, "outcome": "accepted", "code": None, "enhanced": None,
        "response": "",
    }  # fmt: skip
    store.add_attempt(connection, attempt)
    _tell(connection, world, row, "mail_accepted", reason, at, actor)
    if row.enrollment_id is not None:
        store.tell_enrollment(connection, row.enrollment_id, row.visit, "accepted", at)
    return True


def _plan_again(connection: Connection, row: Row[Any], now: datetime) -> UUID:
    """The same mail under a new row: queued, and asked everything again when it is claimed."""
    which = new_id(now)
    kept = {name: getattr(row, name) for name in _KEPT}
    expires_at = now + (row.expires_at - row.planned_at) if row.expires_at else None
    planned = {
        **kept, "id": which, "dedupe_key": f"again:{row.id}", "state": "queued", "due_at": now,
        "planned_at": now, "expires_at": expires_at, "attempts": 0, "reason_code": "mail.planned_again",
        "reason_params": {},
    }  # fmt: skip
    ledger.insert_new(connection, deliveries, [planned])
    if row.enrollment_id is not None:
        store.wait_again(connection, row.enrollment_id, row.visit)
    return which


_KEPT = (
    "workspace_id", "contact_id", "recipient_user_id", "enrollment_id", "definition_id", "broadcast_id", "step",
    "visit", "message_class", "content_kind", "topic", "template", "arm", "priority", "once", "when_capped",
    "context",
)  # fmt: skip


def _tell(
    connection: Connection, world: World, row: Row[Any], kind: str, reason: Reason, at: datetime, actor: str
) -> None:
    params = {**reason.params, "template": row.template, "step": row.step, "sequence": row.sequence}
    told = line(
        world.workspace_id, row.contact_id, kind, Reason(reason.code, params), at, actor=actor,
        enrollment_id=row.enrollment_id, delivery_id=row.id,
    )  # fmt: skip
    ledger.add_timeline(connection, [told])


def _audit(
    connection: Connection,
    world: World,
    row: Row[Any],
    verdict: str,
    why: str,
    by: UUID | None,
    now: datetime,
) -> None:
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by,
            "action": f"delivery.settled_{verdict}", "subject_kind": "delivery", "subject": str(row.id),
            "detail": {"why": why},
        },
    )  # fmt: skip
