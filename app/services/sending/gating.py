"""Claiming due mails, asking the gate about each, and writing down what it said."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.gate import Cancel, Decision, Defer, Expire, Pass, Replace, Suppress, decide
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.library import Catalogue
from app.services.sending.facts import Batch, load_batch, mail_facts
from app.services.sending.throttling import QUIET, Parted, Ready, part
from app.services.timeline import line
from app.services.world import World
from app.store import in_hand, ledger, sending
from app.store.claims import Claim

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Taken:
    """A claimed batch: `passed` may go now, in the order in which they were due. `providers` are by mail."""

    claim: Claim
    batch: Batch
    passed: list[Row[Any]]
    looked_at: int
    providers: dict[UUID, str]


def claim_and_gate(world: World, catalogue: Catalogue, now: datetime, limit: int) -> Taken | None:
    """Take a batch of due mails and settle those that do not pass. None: nothing is due, or sending is stopped.

    Between taking them and writing what was decided nothing is locked, so that others can write. Whoever cancels a mail
    meanwhile wins: it is theirs then, and left alone here.
    """
    claim = Claim(
        world.settings.worker_name, new_id(now), now + timedelta(seconds=world.settings.lease_seconds)
    )
    with world.database.write() as connection:
        if sending.is_stopped(connection, world.workspace_id):
            return None
        ids = in_hand.claim_due(connection, world.workspace_id, claim, now, limit)
    if not ids:
        return None
    with world.database.read() as connection:
        rows = in_hand.claimed(connection, ids, claim.token)
        batch = load_batch(connection, world, catalogue, rows, now)
    asked = [(row, _asked(batch, row, world, catalogue, now)) for row in rows]
    settled = [(row, decision) for row, decision in asked if not isinstance(decision, Pass)]
    with world.database.write() as connection:
        lost = in_hand.lost(connection, rows, claim.token, [row for row, _ in settled])
        passed = [row for row, decision in asked if isinstance(decision, Pass) and row.id not in lost]
        parted = _parted(connection, world, batch, passed, now)
        ours = [one for one in settled if one[0].id not in lost]
        _settle(connection, world, catalogue, [*ours, *parted.held], now)
    return Taken(claim, batch, parted.going, len(ids), parted.providers)


def _parted(
    connection: Connection, world: World, batch: Batch, passed: list[Row[Any]], now: datetime
) -> Parted:
    """Those whose turn it is, and those that wait for a slot. The built-in catcher takes what comes."""
    if world.settings.uses_catcher:
        return Parted(passed)
    ready = [
        Ready(row, batch.from_of(row).sender, batch.address_of(row).rpartition("@")[2].lower())
        for row in passed
    ]
    return part(connection, world, ready, now)


def _asked(batch: Batch, row: Row[Any], world: World, catalogue: Catalogue, now: datetime) -> Decision:
    try:
        return decide(mail_facts(batch, row, world, catalogue, now), now)
    except Exception as error:
        # One bad row never stops a batch: it waits, and is seen.
        log.exception("sending.gate_failed", delivery=str(row.id))
        return Defer(now + timedelta(hours=1), "error", Reason("gate.error", {"error": repr(error)[:200]}))


def _settle(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    settled: list[tuple[Row[Any], Decision]],
    now: datetime,
) -> None:
    rows, notes, going = [], [], []
    for row, decision in settled:
        state, reason, due_at = _outcome(row, decision)
        template = decision.template if isinstance(decision, Replace) else row.template
        info = catalogue.setting.templates.get(template)
        rows.append(
            {
                "row_id": row.id, "row_token": row.claim_token, "new_state": state, "new_due_at": due_at, "new_template": template,
                "new_content_kind": info.content_kind if info else row.content_kind,
                "new_reason_code": reason.code, "new_reason_params": dict(reason.params),
                "new_ended_at": None if state == "deferred" else now,
            }
        )  # fmt: skip
        # A mail that is looked at every few minutes says once why it waits.
        if not (state == "deferred" and (row.reason_code == reason.code or reason.code in QUIET)):
            notes.append(note(world, row, f"mail_{state}", reason, now))
        if state != "deferred" and row.enrollment_id is not None:
            going.append(goes_on(row, state, now))
    sending.write_gated(connection, rows)
    ledger.add_timeline(connection, notes)
    sending.enrollments_go_on(connection, going)


def _outcome(row: Row[Any], decision: Decision) -> tuple[str, Reason, datetime]:
    match decision:
        case Suppress():
            return "suppressed", decision.reason, row.due_at
        case Defer() | Replace():
            return "deferred", decision.reason, decision.until
        case Expire():
            return "expired", decision.reason, row.due_at
        case Cancel():
            return "cancelled", decision.reason, row.due_at
        case _:
            raise TypeError(f"{decision} is no outcome")


def goes_on(row: Row[Any], outcome: str, at: datetime) -> dict[str, Any]:
    return {"row_id": row.enrollment_id, "row_visit": row.visit, "new_due_at": at, "new_outcome": outcome}


def note(world: World, row: Row[Any], kind: str, reason: Reason, at: datetime, **also: Any) -> dict[str, Any]:
    """A mail's line on the timeline."""
    params = {**reason.params, "template": row.template, "step": row.step, "sequence": row.sequence, **also}
    return line(
        world.workspace_id, row.contact_id, kind, Reason(reason.code, params), at,
        enrollment_id=row.enrollment_id, delivery_id=row.id,
    )  # fmt: skip
