"""How each try ended, written down: the mail, its attempt, its enrollment and what follows for the sender."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from app.core.ids import share
from app.core.reasons import Reason
from app.core.retrying import MOST_REFUSALS, after_deferral, after_sender_problem
from app.mail.pauses import is_greylisted
from app.mail.replies import Outcome
from app.services.bouncing import Bounce, Mail, bounced
from app.services.ids import new_id
from app.services.sending.gating import goes_on, note
from app.services.sending.throttling import slowed_down
from app.services.world import World
from app.store import ledger, sending
from app.store.claims import RELEASED
from app.store.tables import contacts, enrollments, sender_states


@dataclass(frozen=True, slots=True)
class Tried:
    """One try: the claimed row, the address and sender it was made with, and how it ended at `at`."""

    row: Row[Any]
    token: UUID
    address: str | None
    sender: str
    outcome: Outcome
    at: datetime
    provider: str = ""


def record(connection: Connection, world: World, tried: Sequence[Tried]) -> None:
    """Write what came of these tries, in the caller's transaction."""
    sending.hold(connection, contacts, (one.row.contact_id for one in tried if _is_dead_address(one.outcome)))
    sending.hold(connection, enrollments, (one.row.enrollment_id for one in tried))
    rows, tries, notes, going = [], [], [], []
    sick: dict[str, Tried] = {}
    for one in tried:
        state, reason, due_at = _ending(one)
        attempt = one.row.attempts + 1
        rows.append(_delivery(one, state, reason, due_at, attempt))
        tries.append(_attempt(world, one, state, attempt))
        if state != "deferred" or one.row.reason_code != reason.code:
            notes.append(
                note(world, one.row, f"mail_{state}", reason, one.at, response=one.outcome.text[:200])
            )
        if state != "deferred" and one.row.enrollment_id is not None:
            going.append(goes_on(one.row, state, one.at))
        if one.outcome.kind == "sender_problem":
            sick.setdefault(one.sender, one)
        elif state == "deferred":
            slowed_down(connection, world, one.sender, one.provider, one.outcome, one.at)
        if state == "failed" and _is_dead_address(one.outcome) and one.row.recipient_user_id is None:
            _dead_address(connection, world, one)
    sending.write_outcomes(connection, rows)
    sending.add_attempts(connection, tries)
    ledger.add_timeline(connection, notes)
    sending.enrollments_go_on(connection, going)
    for one in sick.values():
        pause_sender(connection, world, one)


def _ending(one: Tried) -> tuple[str, Reason, datetime]:
    outcome, row = one.outcome, one.row
    params = {"code": outcome.code, "enhanced": outcome.enhanced, "phase": outcome.phase}
    if outcome.kind in ("accepted", "uncertain", "failed"):
        return outcome.kind, Reason(f"mail.{outcome.kind}", params), row.due_at
    number = row.attempts
    if outcome.kind == "deferred":
        chance = share("retry", str(row.id), str(number))
        greylisted = is_greylisted(outcome.code, outcome.text)
        delay = after_deferral(number, chance, outcome.retry_after, greylisted=greylisted)
        if delay is None:
            return "failed", Reason("mail.gave_up", {**params, "attempts": number + 1}), row.due_at
    elif _is_about_one(outcome) and number + 1 >= MOST_REFUSALS:
        return "failed", Reason("mail.refused_for_us", {**params, "attempts": number + 1}), row.due_at
    else:
        delay = after_sender_problem(1, outcome.retry_after)
    until = one.at + delay
    if row.expires_at is not None and until >= row.expires_at:
        until = row.expires_at
    return "deferred", Reason(f"mail.{outcome.kind}", {**params, "until": until.isoformat()}), until


def _delivery(one: Tried, state: str, reason: Reason, due_at: datetime, attempt: int) -> dict[str, Any]:
    # An uncertain mail keeps its token: the answer may still be found, and then it counts.
    claim = (
        {"claimed_by": one.row.claimed_by, "claim_token": one.token, "claimed_until": one.row.claimed_until}
        if state == "uncertain"
        else RELEASED
    )
    return {
        "row_id": one.row.id, "row_token": one.token, "new_state": state, "new_due_at": due_at,
        "new_accepted_at": one.at if state == "accepted" else None,
        "new_ended_at": None if state in ("deferred", "uncertain") else one.at,
        # A sender's trouble is not counted against the mail, unless it was one recipient's server that had it.
        "new_attempts": one.row.attempts if _is_trouble(one.outcome) else attempt,
        "new_response": one.outcome.text[:500], "new_reason_code": reason.code,
        "new_reason_params": dict(reason.params), **{f"new_{name}": value for name, value in claim.items()},
    }  # fmt: skip


def _attempt(world: World, one: Tried, state: str, number: int) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "id": new_id(one.at), "workspace_id": world.workspace_id, "delivery_id": one.row.id, "number": number,
        "at": one.at, "worker": world.settings.worker_name, "phase": outcome.phase, "outcome": state,
        "code": outcome.code, "enhanced": outcome.enhanced, "response": outcome.text[:500],
    }  # fmt: skip


def _is_about_one(outcome: Outcome) -> bool:
    """A refusal of us that came after a recipient was named: others may well take our mail."""
    return outcome.kind == "sender_problem" and outcome.phase in ("rcpt", "data", "dot")


def _is_trouble(outcome: Outcome) -> bool:
    return outcome.kind == "sender_problem" and not _is_about_one(outcome)


def _is_dead_address(outcome: Outcome) -> bool:
    """The server said at RCPT that there is no such mailbox: that suppresses at once."""
    return outcome.phase == "rcpt" and outcome.enhanced in ("5.1.1", "5.1.10")


def _dead_address(connection: Connection, world: World, one: Tried) -> None:
    """A bounce like any other, told at the door: so it is one, whatever comes back of the mail later."""
    row, outcome = one.row, one.outcome
    mail = Mail(row.id, row.contact_id, one.address, row.template, row.enrollment_id)
    bounce = Bounce("hard", outcome.enhanced, outcome.code, outcome.text)
    bounced(connection, world, mail, bounce, source="smtp", at=one.at, now=one.at)


def pause_sender(connection: Connection, world: World, one: Tried) -> None:
    """Pause the sender for a growing while, with the reason; no recipient is blamed for it."""
    key = (sender_states.c.workspace_id == world.workspace_id, sender_states.c.sender == one.sender)
    before = connection.execute(select(sender_states).where(*key)).one_or_none()
    if before is not None and before.problem_until > one.at:
        return
    recent = before is not None and one.at - before.at < timedelta(days=1)
    problems = (before.problems if before is not None and recent else 0) + 1
    outcome = one.outcome
    values = {
        "problem_until": one.at + after_sender_problem(problems, outcome.retry_after),
        "problems": problems,
        "reason_code": f"sender.{outcome.fault or 'paused'}",
        "reason_params": {
            "sender": one.sender,
            "code": outcome.code,
            "text": outcome.text[:200],
            "phase": outcome.phase,
        },
        "at": one.at,
    }
    if before is None:
        connection.execute(
            sender_states.insert().values(workspace_id=world.workspace_id, sender=one.sender, **values)
        )
    else:
        connection.execute(sender_states.update().where(*key).values(**values))
