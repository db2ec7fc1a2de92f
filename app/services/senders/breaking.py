"""The breaker at work: who harms their name is stopped, and let out again step by step.

Closed: everything goes. Open: nothing, until its rest is over. Half-open: a few of the mails that waited go,
and what becomes of them decides. A person may let a sender go at any time, with a reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.bouncing import class_of
from app.core.breaker import (
    NEWEST,
    PROBE,
    WINDOW,
    Measure,
    Trip,
    Try,
    figures,
    probed,
    rest,
    trips,
    worth_counting,
)  # fmt: skip
from app.core.reasons import Reason
from app.services.senders.holding import audit, hold, let_go
from app.services.world import World
from app.store import senders as rows

# Tries read to find the newest distinct contacts: each is tried about once.
MOST_TRIES = 2 * NEWEST


@dataclass(slots=True)
class Harm:
    """What was heard of one sender's mails: who was hit, when and how."""

    tries: list[Try] = field(default_factory=list)

    def hit(self, since: datetime) -> dict[Measure, int]:
        people: dict[Measure, set[UUID]] = {}
        for one in self.tries:
            if one.measure is not None and one.at >= since:
                people.setdefault(one.measure, set()).add(one.contact_id)
        return {measure: len(found) for measure, found in people.items()}


def watch(world: World, now: datetime) -> int:
    """Look at every sender once; how many were stopped, let out to probe, or let go."""
    with world.database.read() as connection:
        harm = _harm(connection, world, now)
        states = rows.states(connection, world.workspace_id)
        looked_at = {
            sender
            for sender, found in harm.items()
            if worth_counting(found.hit(_since(states.get(sender), now)))
        }
    held = {sender for sender, state in states.items() if state.held_by == "breaker"}
    # One short transaction each: most of the time there is none.
    return sum(_look(world, sender, harm.get(sender, Harm()), now) for sender in sorted(looked_at | held))


def _look(world: World, sender: str, harm: Harm, now: datetime) -> bool:
    with world.database.write() as connection:
        state = rows.state(connection, world.workspace_id, sender)
        if state is not None and state.held_by == "person":
            return False
        if state is None or state.held_by is None:
            trip = trips(figures(_tries(connection, world, sender, harm, now), now, _since(state, now)))
            if trip is not None:
                _open(connection, world, sender, trip, 1, now)
            return trip is not None
        if state.probe_at is not None:
            return state.probe_at <= now and _probe(connection, world, sender, state, now)
        return _judge_probe(connection, world, sender, state, harm, now)


def _open(
    connection: Connection, world: World, sender: str, trip: Trip | None, times: int, now: datetime
) -> None:
    probe_at = now + rest(times)
    if trip is not None:
        params: dict[str, Any] = {
            "measure": trip.measure, "hit": trip.hit, "contacts": trip.contacts, "percent": trip.percent,
            "most": round(100 * trip.limit.share, 1),
        }  # fmt: skip
        reason = Reason(f"sender.breaker_{trip.measure}", {**params, "until": probe_at.isoformat()})
    else:
        reason = Reason("sender.breaker_again", {"until": probe_at.isoformat()})
    hold(connection, world, sender, "breaker", reason, now, probe_at=probe_at, problems=times)
    audit(
        connection,
        world,
        sender,
        "sender.breaker_opened",
        {"reason": reason.code, **reason.params},
        now,
        None,
    )


def _probe(connection: Connection, world: World, sender: str, state: Row[Any], now: datetime) -> bool:
    """Half-open: the mails that waited longest may go."""
    values = {
        "problem_until": now, "held_since": now, "at": now, "probe_at": None, "reason_code": "sender.probing",
        "reason_params": {"sender": sender, "contacts": PROBE},
    }  # fmt: skip
    rows.set_state(connection, world.workspace_id, sender, values)
    rows.due_again(connection, world.workspace_id, sender, now, PROBE)
    return True


def _judge_probe(
    connection: Connection, world: World, sender: str, state: Row[Any], harm: Harm, now: datetime
) -> bool:
    found = figures(_tries(connection, world, sender, harm, now), now, state.held_since)
    verdict = probed(found)
    if verdict == "open":
        _open(connection, world, sender, None, state.problems + 1, now)
    elif verdict == "closed":
        let_go(connection, world, sender, Reason("sender.breaker_closed", {"contacts": found.contacts}), now)
        rows.due_again(connection, world.workspace_id, sender, now, None)
        audit(connection, world, sender, "sender.breaker_closed", {"contacts": found.contacts}, now, None)
    return verdict != "half-open"


def _tries(connection: Connection, world: World, sender: str, harm: Harm, now: datetime) -> list[Try]:
    """All mails of a sender in the window and what was heard of them, the newest first."""
    found = rows.tries_of(connection, world.workspace_id, sender, now - WINDOW, MOST_TRIES)
    tries = [Try(row.contact_id, row.at) for row in found]
    return sorted([*tries, *harm.tries], key=lambda one: one.at, reverse=True)


def _harm(connection: Connection, world: World, now: datetime) -> dict[str, Harm]:
    since = now - WINDOW
    found: dict[str, Harm] = {}
    for row in rows.refusals(connection, world.workspace_id, since):
        measure = measure_of(row.phase, row.enhanced, row.code)
        if measure is not None:
            found.setdefault(row.sender, Harm()).tries.append(Try(row.contact_id, row.at, measure))
    for row in rows.came_back(connection, world.workspace_id, since):
        found.setdefault(row.sender, Harm()).tries.extend(_came_back(row, since))
    return found


def _came_back(row: Row[Any], since: datetime) -> Iterable[Try]:
    if row.bounced_at is not None and row.bounced_at >= since and row.bounce_class in ("hard", "policy"):
        yield Try(row.contact_id, row.bounced_at, row.bounce_class)
    if row.complained_at is not None and row.complained_at >= since:
        yield Try(row.contact_id, row.complained_at, "complaint")


def measure_of(phase: str, enhanced: str | None, code: int | None) -> Measure | None:
    """What a refusal counts as; None: it speaks of the relay, of our sign-in, or of a full mailbox."""
    if phase not in ("rcpt", "data", "dot"):
        return None
    found = class_of(enhanced, code)
    if found == "soft":
        return None
    # Without a code of the finer kind: no at RCPT is about the person, no to the text is about us.
    return found or ("hard" if phase == "rcpt" else "policy")


def _since(state: Row[Any] | None, now: datetime) -> datetime:
    begin = now - WINDOW
    if state is None or state.held_since is None:
        return begin
    let_go_at: datetime = state.held_since + timedelta(microseconds=1)
    return max(begin, let_go_at)
