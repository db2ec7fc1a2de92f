"""The sender at work: each connection claims a batch, and sends it slice by slice.

Per slice of at most ten mails one transaction says how the last slice ended and commits to the
next one (*intent*). Between that commit and the next only the journal knows what was begun.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.engine import Row
from sqlalchemy.exc import OperationalError

from app.core.reasons import Reason
from app.mail.journal import Journal
from app.mail.replies import Outcome
from app.mail.sandbox import MissingField, RenderError
from app.mail.smtp import SmtpConnection
from app.mail.smtp_pool import PoolClosed, SmtpPool
from app.services.library import Catalogue
from app.services.sending.composing import Composed, NoTemplate, compose
from app.services.sending.gating import Taken, claim_and_gate, goes_on, note
from app.services.sending.outcomes import Tried, record
from app.services.world import World
from app.store import ledger, sending

log = structlog.get_logger()
SLICE = 10
# Seconds between attempts to write down what happened.
PAUSES = (0.1, 0.5, 2.0, 5.0)
OnPhase = Callable[[str], None]


class NotBegun(Exception):
    """The journal cannot be written, so no mail may leave."""


class Sender:
    """Sends what is due over the connections of `pool`. `clock` says what time it is when a mail is answered."""

    def __init__(
        self,
        world: World,
        pool: SmtpPool,
        journal: Journal,
        clock: Callable[[], datetime],
        *,
        connections: int,
        on_phase: OnPhase | None = None,
    ) -> None:
        self._world = world
        self._pool = pool
        self._journal = journal
        self._clock = clock
        self._connections = connections
        self._on_phase = on_phase
        self._stopping = threading.Event()

    def send_due(self) -> int:
        """Send until nothing is due; how many mails were looked at. Returns early after `stop`."""
        if self._connections == 1:
            return self._work()
        with ThreadPoolExecutor(self._connections, thread_name_prefix="send") as threads:
            futures = [threads.submit(self._work) for _ in range(self._connections)]
        return sum(future.result() for future in futures)

    def stop(self) -> None:
        """Finish the slices in hand and take no more."""
        self._stopping.set()

    def _work(self) -> int:
        looked_at = 0
        while not self._stopping.is_set():
            now = self._clock()
            catalogue = self._world.library.catalogue(now)
            taken = claim_and_gate(self._world, catalogue, now, self._world.settings.batch_size)
            if taken is None:
                break
            looked_at += taken.looked_at
            try:
                with self._pool.connection() as connection:
                    self._send(catalogue, taken, connection)
            except PoolClosed:
                self._give_back(taken, taken.passed)
                break
        return looked_at

    def _send(self, catalogue: Catalogue, taken: Taken, connection: SmtpConnection) -> None:
        tried: list[Tried] = []
        for rows in _slices(taken.passed):
            if self._stopping.is_set():
                break
            mails, faults = self._compose(catalogue, taken, rows)
            mails = self._commit(taken, tried, mails, faults)
            tried = []
            try:
                for mail in mails:
                    tried.append(self._try(taken, mail, connection))
            except NotBegun:
                self._commit(taken, tried, [], [])
                self._give_back(taken, taken.passed)
                raise
        self._commit(taken, tried, [], [])
        if self._stopping.is_set():
            self._give_back(taken, taken.passed)

    def _compose(
        self, catalogue: Catalogue, taken: Taken, rows: Sequence[Row[Any]]
    ) -> tuple[list[Composed], list[tuple[Row[Any], Reason]]]:
        now = self._clock()
        mails: list[Composed] = []
        faults: list[tuple[Row[Any], Reason]] = []
        for row in rows:
            try:
                mails.append(compose(self._world, catalogue, taken.batch, row, now))
            except Exception as error:
                faults.append((row, _fault(row, error)))
        return mails, faults

    def _commit(
        self,
        taken: Taken,
        tried: Sequence[Tried],
        mails: Sequence[Composed],
        faults: Sequence[tuple[Row[Any], Reason]],
    ) -> list[Composed]:
        """Record the last slice and commit to the next; what of it is still ours to send."""
        if not (tried or mails or faults):
            return []
        for pause in PAUSES:
            try:
                ours = self._written(taken, tried, mails, faults)
                break
            except OperationalError as error:
                # Locked, deadlocked or away for a moment: nothing of it was written, so it is written again.
                log.warning("sending.commit_again", error=repr(error)[:200])
                self._stopping.wait(pause)
        else:
            ours = self._written(taken, tried, mails, faults)
        self._journal.settle([one.row.id for one in tried])
        return [mail for mail in mails if mail.row.id in ours]

    def _written(
        self,
        taken: Taken,
        tried: Sequence[Tried],
        mails: Sequence[Composed],
        faults: Sequence[tuple[Row[Any], Reason]],
    ) -> set[UUID]:
        now = self._clock()
        # The lease of what is on its way counts from now on: a slow batch is not a dead worker.
        until = now + timedelta(seconds=self._world.settings.lease_seconds)
        with self._world.database.write() as connection:
            record(connection, self._world, tried)
            _write_faults(connection, self._world, faults, now)
            if mails and sending.is_stopped(connection, self._world.workspace_id):
                sending.give_back(connection, [mail.row.id for mail in mails], taken.claim.token)
                mails = []
            intents = [_intent(mail, taken, now, until) for mail in mails]
            return sending.intend(connection, intents, taken.claim.token)

    def _try(self, taken: Taken, mail: Composed, connection: SmtpConnection) -> Tried:
        """Raises NotBegun where the journal cannot be written: then nothing may be sent."""
        try:
            self._journal.started(mail.row.id, taken.claim.token)
        except OSError as error:
            raise NotBegun from error
        if not connection.usable:
            connection.close()
        try:
            outcome = connection.send(
                mail.mail_from, mail.recipient, mail.data, smtputf8=mail.smtputf8, on_phase=self._on_phase
            )
        except ValueError as error:
            # An address or a body that cannot be put on the wire; nothing was sent, and the rest goes on.
            outcome = Outcome("failed", "mail", text=str(error))
        try:
            self._journal.answered(mail.row.id, outcome)
        except OSError:
            # The outcome is in hand and is written with the next slice.
            log.exception("sending.journal_failed", delivery=str(mail.row.id))
        return Tried(mail.row, taken.claim.token, mail.recipient, mail.sender, outcome, self._clock())

    def _give_back(self, taken: Taken, rows: Sequence[Row[Any]]) -> None:
        with self._world.database.write() as connection:
            sending.give_back(connection, [row.id for row in rows], taken.claim.token)


def _slices(rows: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    for start in range(0, len(rows), SLICE):
        yield rows[start : start + SLICE]


def _intent(mail: Composed, taken: Taken, now: datetime, until: datetime) -> dict[str, Any]:
    return {
        "row_id": mail.row.id, "row_token": taken.claim.token, "new_intent_at": now, "new_claimed_until": until,
        "new_address": mail.recipient, "new_sender": mail.sender, "new_variant_id": mail.variant_id,
        "new_template_version_id": mail.version_id,
    }  # fmt: skip


def _fault(row: Row[Any], error: Exception) -> Reason:
    """Why a mail could not be written. A fault of the template or its data, never of the recipient."""
    match error:
        case MissingField():
            return Reason("mail.missing_field", {"field": error.name, "template": row.template})
        case RenderError():
            return Reason("mail.render_failed", {"error": str(error)[:200], "template": row.template})
        case NoTemplate():
            return Reason("mail.no_template", {"template": row.template})
    log.error("sending.compose_failed", delivery=str(row.id), exc_info=error)
    return Reason("mail.render_failed", {"error": repr(error)[:200], "template": row.template})


def _write_faults(
    connection: Any, world: World, faults: Sequence[tuple[Row[Any], Reason]], now: datetime
) -> None:
    """A mail that cannot be written has failed; its sequence goes on as it declares."""
    rows = [
        {
            "row_id": row.id, "new_state": "failed", "new_due_at": row.due_at, "new_template": row.template,
            "new_content_kind": row.content_kind, "new_reason_code": reason.code,
            "new_reason_params": dict(reason.params), "new_ended_at": now,
        }
        for row, reason in faults
    ]  # fmt: skip
    sending.write_gated(connection, rows)
    ledger.add_timeline(connection, [note(world, row, "mail_failed", reason, now) for row, reason in faults])
    going = [goes_on(row, "failed", now) for row, _ in faults if row.enrollment_id is not None]
    sending.enrollments_go_on(connection, going)
