"""After a crash: what a worker had in hand is settled before anything is sent.

Its journal says which mails were begun and which were answered. Begun and not answered is
uncertain; not begun goes back into the queue; answered is recorded as it was answered.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Row

from app.mail.journal import Journal, JournalDamaged, JournalState
from app.mail.replies import Outcome
from app.services.sending.outcomes import Tried, record
from app.services.world import World
from app.store import in_hand


@dataclass(slots=True)
class Recovered:
    given_back: int = 0
    answered: int = 0
    uncertain: int = 0


def take_over(world: World, journal: Journal, now: datetime) -> Recovered:
    """Settle what the last process of this worker left. Called once, before the first mail is sent."""
    try:
        state, readable = journal.unsettled(), True
    except JournalDamaged:
        # Nothing can be said of what was in hand: all of it may have been sent.
        state, readable = JournalState(), False
    found = Recovered()
    with world.database.write() as connection:
        rows = in_hand.in_hand_of(connection, world.workspace_id, world.settings.worker_name)
        tried: list[Tried] = []
        back: dict[UUID, list[UUID]] = {}
        for row in rows:
            outcome = _outcome(row, state, readable)
            if outcome is not None:
                tried.append(_tried(row, outcome, now))
                found.answered += outcome.kind != "uncertain"
                found.uncertain += outcome.kind == "uncertain"
            elif row.state != "uncertain":
                back.setdefault(row.claim_token, []).append(row.id)
        record(connection, world, tried)
        for token, ids in back.items():
            in_hand.give_back(connection, ids, token)
            found.given_back += len(ids)
    journal.settle()
    return found


def _outcome(row: Row[Any], state: JournalState, readable: bool) -> Outcome | None:
    """How the mail ended, as far as the journal knows; None: it was not begun."""
    if row.state == "claimed":
        return None
    mine = state.claim_tokens.get(row.id) == row.claim_token
    if mine and row.id in state.answered:
        return state.answered[row.id]
    if row.state == "intent" and (not readable or (mine and row.id in state.started_unanswered)):
        return Outcome("uncertain", "dot", text="The worker was ended before the server's answer was read.")
    return None


def _tried(row: Row[Any], outcome: Outcome, now: datetime) -> Tried:
    return Tried(row, row.claim_token, row.address, row.sender or "", outcome, now)


def reap(world: World, now: datetime) -> Recovered:
    """Take mails out of the hands of workers that were not heard of until their lease ended.

    Claimed ones go back into the queue. Of those in intent nobody can say what was sent, so they are
    uncertain: listed, never sent again by themselves.
    """
    found = Recovered()
    with world.database.write() as connection:
        # One more lease on top for our own: a slow server is not a dead worker.
        grace = timedelta(seconds=world.settings.lease_seconds)
        tried: list[Tried] = []
        back: list[Row[Any]] = []
        for row in in_hand.leases_run_out(connection, world.workspace_id, now):
            if row.state == "claimed":
                back.append(row)
            elif row.claimed_by != world.settings.worker_name or row.claimed_until + grace < now:
                outcome = Outcome("uncertain", "dot", text="The worker was not heard of again.")
                tried.append(_tried(row, outcome, now))
                found.uncertain += 1
        record(connection, world, tried)
        for row in back:
            in_hand.give_back(connection, [row.id], row.claim_token)
    found.given_back = len(back)
    return found
