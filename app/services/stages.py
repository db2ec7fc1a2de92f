"""The one door between stages: who goes through, who is refused, and what is written down about it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, update

from app.core.ids import content_id
from app.core.lifecycle import Lifecycle, may_move
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.timeline import line
from app.store import ledger, running
from app.store.tables import contact_stages, deliveries


@dataclass(frozen=True, slots=True)
class StageMove:
    contact_id: UUID
    to: str
    reason: Reason
    by: str = "automation"
    actor: str = "engine"
    event_id: UUID | None = None


def move_stage(
    connection: Connection, workspace_id: UUID, lifecycle: Lifecycle, move: StageMove, now: datetime
) -> Reason | None:
    """Move a contact; None when done, else why not. Both are on the timeline, the refusal too.

    Mails of the contact that a worker holds go back into the queue, so that the gate is asked again:
    what commits before their intent wins.
    """
    current = running.stage_of(connection, move.contact_id, lifecycle.key)
    frm = current.stage if current else ""
    refusal = may_move(lifecycle, frm, move.to, move.by)
    if refusal is not None:
        if refusal.code != "stage.already_there":
            _write_down(connection, workspace_id, move, "stage_refused", refusal, now)
        return refusal
    values = {
        "stage": move.to,
        "since": now,
        "reason_code": move.reason.code,
        "reason_params": dict(move.reason.params),
    }
    if current is None:
        connection.execute(
            insert(contact_stages).values(
                contact_id=move.contact_id,
                lifecycle=lifecycle.key,
                workspace_id=workspace_id,
                revision=0,
                **values,
            )
        )
    else:
        written = connection.execute(
            update(contact_stages)
            .where(
                contact_stages.c.contact_id == move.contact_id,
                contact_stages.c.lifecycle == lifecycle.key,
                contact_stages.c.revision == current.revision,
            )
            .values(**values, revision=current.revision + 1)
        )
        if written.rowcount == 0:
            return Reason("stage.moved_meanwhile", {"from": frm, "to": move.to})
    ledger.add_fact_changes(
        connection,
        [
            {
                "id": new_id(now), "workspace_id": workspace_id, "contact_id": move.contact_id, "kind": "stage",
                "name": lifecycle.key, "old": frm or None, "new": move.to, "source": move.actor,
                "reason_code": move.reason.code, "reason_params": dict(move.reason.params), "at": now,
            }
        ],
    )  # fmt: skip
    moved = Reason(move.reason.code, {**move.reason.params, "from": frm, "to": move.to})
    _write_down(connection, workspace_id, move, "stage", moved, now)
    ledger.add_events(connection, [_entered(workspace_id, move, frm, now)])
    ask_the_gate_again(connection, move.contact_id)
    return None


def ask_the_gate_again(connection: Connection, contact_id: UUID) -> None:
    """Take mails that are claimed, but not yet on their way, out of their worker's hands."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.contact_id == contact_id, deliveries.c.state == "claimed")
        .values(state="queued", claimed_by=None, claim_token=None, claimed_until=None)
    )


def _entered(workspace_id: UUID, move: StageMove, frm: str, now: datetime) -> dict[str, object]:
    key = f"{move.contact_id}:{move.to}:{now.isoformat()}"
    return {
        "id": content_id(now, "stage", key), "workspace_id": workspace_id, "contact_id": move.contact_id,
        "kind": "stage_entered", "subject": move.to, "topics": "", "verdict": "human", "source": "stage",
        "occurred_at": now, "received_at": now, "failures": 0, "payload": {"from": frm, "by": move.by},
    }  # fmt: skip


def _write_down(
    connection: Connection, workspace_id: UUID, move: StageMove, kind: str, reason: Reason, now: datetime
) -> None:
    told = line(workspace_id, move.contact_id, kind, reason, now, actor=move.actor, event_id=move.event_id)
    ledger.add_timeline(connection, [told])
