"""What the connections of one sender have to write, together: one transaction for all that wait at the moment.

Whoever finds nobody writing writes for everybody who is waiting then; the others find their share done.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError

from app.core.reasons import Reason
from app.services.sending.composing import Composed
from app.services.sending.gating import goes_on, note
from app.services.sending.outcomes import Tried, record
from app.services.world import World
from app.store import in_hand, ledger, sending
from app.store.tables import enrollments

log = structlog.get_logger()
# Seconds between attempts to write down what happened.
PAUSES = (0.1, 0.5, 2.0, 5.0)


@dataclass(slots=True, eq=False)
class Slice:
    """How the last slice of a connection ended, and the next one, to which it commits.

    `faults` are mails that cannot be written. Once it is committed, `ours` are the mails that may be sent.
    """

    token: UUID
    tried: Sequence[Tried] = ()
    mails: Sequence[Composed] = ()
    faults: Sequence[tuple[Row[Any], Reason]] = ()
    providers: Mapping[UUID, str] = field(default_factory=dict)
    ours: frozenset[UUID] = frozenset()
    error: Exception | None = None
    written: bool = False
    turn: threading.Event = field(default_factory=threading.Event)


class Commits:
    """Writes slices. `pause` waits that many seconds between two attempts."""

    def __init__(self, world: World, clock: Callable[[], datetime], pause: Callable[[float], object]) -> None:
        self._world = world
        self._clock = clock
        self._pause = pause
        self._guard = threading.Lock()
        self._waiting: list[Slice] = []
        self._busy = False

    def commit(self, slice_: Slice) -> None:
        """Returns when this slice is committed, alone or with others. Raises what writing it raised."""
        with self._guard:
            self._waiting.append(slice_)
            behind = self._busy
            self._busy = True
        if behind:
            slice_.turn.wait()
        if not slice_.written:
            self._write_waiting()
        if slice_.error is not None:
            raise slice_.error

    def _write_waiting(self) -> None:
        """Write for all that wait; then it is the turn of the first who came meanwhile."""
        with self._guard:
            together, self._waiting = self._waiting, []
        try:
            self._write(together)
        finally:
            with self._guard:
                following = self._waiting[:1]
                self._busy = bool(following)
            for one in together:
                one.written = True
            for one in (*together, *following):
                one.turn.set()

    def _write(self, together: list[Slice]) -> None:
        """One transaction; where it fails for good, one each, so that nobody fails for another's sake."""
        again = False
        try:
            for pause in PAUSES:
                try:
                    return self._written(together, again)
                except (OperationalError, InterfaceError, IntegrityError) as error:
                    # Locked, crossed, away for a moment, or two workers wrote the first of something: once more.
                    log.warning("sending.commit_again", error=repr(error)[:200])
                    self._pause(pause)
                    again = True
            self._written(together, again)
        except Exception as error:
            if len(together) == 1:
                together[0].error = error
                return None
            for one in together:
                self._write([one])

    def _written(self, together: list[Slice], again: bool) -> None:
        now = self._clock()
        # The lease of what is on its way counts from now on: a slow batch is not a dead worker.
        until = now + timedelta(seconds=self._world.settings.lease_seconds)
        intents = [_intent(mail, one, now, until) for one in together for mail in one.mails]
        tried = [each for one in together for each in one.tried]
        with self._world.database.write() as connection:
            if again:
                # The line may have broken after the commit and before the word of it.
                tried = _unwritten(connection, tried)
            record(connection, self._world, tried)
            _write_faults(connection, self._world, [fault for one in together for fault in one.faults], now)
            ours = sending.intend(connection, intents)
            for one in together:
                # What is not ours is somebody else's by now, or sending was stopped: then it goes back.
                missing = [mail.row.id for mail in one.mails if mail.row.id not in ours]
                in_hand.give_back(connection, missing, one.token)
        for one in together:
            one.ours = frozenset(ours)


def _unwritten(connection: Connection, tried: Sequence[Tried]) -> list[Tried]:
    """Those of which the ledger does not say yet how they ended."""
    open_ = sending.not_ended(connection, [one.row.id for one in tried])

    def is_news(one: Tried) -> bool:
        state, token = open_.get(one.row.id, ("", None))
        return token == one.token and (state == "intent" or one.outcome.kind != "uncertain")

    return [one for one in tried if is_news(one)]


def _intent(mail: Composed, of: Slice, now: datetime, until: datetime) -> dict[str, Any]:
    return {
        "row_id": mail.row.id, "row_token": of.token, "new_intent_at": now, "new_claimed_until": until,
        "new_address": mail.recipient, "new_sender": mail.sender, "new_variant_id": mail.variant_id,
        "new_template_version_id": mail.version_id, "new_provider": of.providers.get(mail.row.id),
    }  # fmt: skip


def _write_faults(
    connection: Connection, world: World, faults: Sequence[tuple[Row[Any], Reason]], now: datetime
) -> None:
    """A mail that cannot be written has failed; its sequence goes on as it declares."""
    sending.hold(connection, enrollments, (row.enrollment_id for row, _ in faults))
    rows = [
        {
            "row_id": row.id, "row_token": row.claim_token, "new_state": "failed", "new_due_at": row.due_at, "new_template": row.template,
            "new_content_kind": row.content_kind, "new_reason_code": reason.code,
            "new_reason_params": dict(reason.params), "new_ended_at": now,
        }
        for row, reason in faults
    ]  # fmt: skip
    sending.write_gated(connection, rows)
    ledger.add_timeline(connection, [note(world, row, "mail_failed", reason, now) for row, reason in faults])
    going = [goes_on(row, "failed", now) for row, _ in faults if row.enrollment_id is not None]
    sending.enrollments_go_on(connection, going)
