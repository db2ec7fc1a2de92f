"""The sender at work: each connection claims a batch, and sends it slice by slice.

Per slice of at most ten mails one transaction says how the last slice ended and commits to the
next one (*intent*). Between that commit and the next only the journal knows what was begun.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import zip_longest
from typing import Any

import structlog
from sqlalchemy.engine import Row

from app.core.reasons import Reason
from app.mail.journal import Journal
from app.mail.replies import Outcome
from app.mail.sandbox import MissingField, RenderError
from app.mail.smtp_pool import OneLine, PoolClosed, SmtpPool
from app.mail.smtp_pools import Lines, SmtpPools, UnknownRelay
from app.services.library import Catalogue
from app.services.sending.committing import Commits, Slice
from app.services.sending.composing import Composed, NoTemplate, compose
from app.services.sending.gating import Taken, claim_and_gate
from app.services.sending.outcomes import Tried
from app.services.sending.recovering import take_over
from app.services.world import World
from app.store import in_hand

log = structlog.get_logger()
SLICE = 10
OnPhase = Callable[[str], None]


class NotBegun(Exception):
    """The journal cannot be written, so no mail may leave."""


class Sender:
    """Sends what is due over `connections` of `pool`, one pool for all or one for each relay.

    `clock` says what time it is when a mail is answered; `renew` is called before each batch, for relays that came or
    went.
    """

    def __init__(
        self,
        world: World,
        pool: SmtpPool | SmtpPools,
        journal: Journal,
        clock: Callable[[], datetime],
        *,
        connections: int,
        on_phase: OnPhase | None = None,
        renew: Callable[[], object] = lambda: None,
    ) -> None:
        self._world = world
        self._pool = pool
        self._journal = journal
        self._clock = clock
        self.connections = connections
        self._renew = renew
        self._on_phase = on_phase
        self._stopping = threading.Event()
        self._at_work = threading.Lock()
        self._broke_off = False
        self._commits = Commits(world, clock, self._stopping.wait)

    def send_due(self) -> int:
        """Send until nothing is due; how many mails were looked at. Returns early after `stop`, and at once where a
        tick before this one is still at it.
        """
        if not self._at_work.acquire(blocking=False):
            return 0
        try:
            self._settle()
            # Whatever ends this early, a database that is away or a full disk, may leave mails in hand.
            self._broke_off = True
            looked_at = self._work_all()
            self._broke_off = False
            return looked_at
        finally:
            self._at_work.release()

    def settle(self) -> None:
        """What a tick that broke off left in hand is settled by the journal, as after a crash."""
        if self._at_work.acquire(blocking=False):
            try:
                self._settle()
            finally:
                self._at_work.release()

    def _settle(self) -> None:
        if self._broke_off:
            found = take_over(self._world, self._journal, self._clock())
            self._broke_off = False
            log.info(
                "sending.settled",
                given_back=found.given_back,
                answered=found.answered,
                uncertain=found.uncertain,
            )

    def _work_all(self) -> int:
        if self.connections == 1:
            return self._work()
        with ThreadPoolExecutor(self.connections, thread_name_prefix="send") as threads:
            futures = [threads.submit(self._work) for _ in range(self.connections)]
        return sum(future.result() for future in futures)

    def stop(self) -> None:
        """Finish the slices in hand and take no more."""
        self._stopping.set()

    def _work(self) -> int:
        looked_at = 0
        while not self._stopping.is_set():
            now = self._clock()
            self._renew()
            catalogue = self._world.library.catalogue(now)
            # A key that cannot be opened stops the sending here, with nothing claimed.
            self._world.dkim.refresh()
            taken = claim_and_gate(self._world, catalogue, now, self._world.settings.batch_size)
            if taken is None:
                break
            looked_at += taken.looked_at
            try:
                with self._pool.lines() as lines:
                    self._send(catalogue, taken, lines)
            except PoolClosed:
                self._give_back(taken, taken.passed)
                break
        return looked_at

    def _send(self, catalogue: Catalogue, taken: Taken, lines: Lines | OneLine) -> None:
        tried: list[Tried] = []
        for rows in _slices(taken.passed):
            if self._stopping.is_set():
                break
            mails, faults = self._compose(catalogue, taken, rows)
            mails = self._commit(taken, tried, mails, faults)
            tried = []
            try:
                for mail, following in zip_longest(mails, mails[1:]):
                    tried.append(self._try(taken, mail, following, lines))
            except (NotBegun, PoolClosed):
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
        slice_ = Slice(taken.claim.token, tried, mails, faults, taken.providers)
        self._commits.commit(slice_)
        self._journal.settle([one.row.id for one in tried])
        return [mail for mail in mails if mail.row.id in slice_.ours]

    def _try(self, taken: Taken, mail: Composed, following: Composed | None, lines: Lines | OneLine) -> Tried:
        """Raises NotBegun where the journal cannot be written: then nothing may be sent. Or PoolClosed."""
        try:
            connection = lines.to(mail.relay)
        except UnknownRelay:
            # Its sender was removed a moment ago; the next try comes from the one that serves instead.
            gone = Outcome("sender_problem", "connect", text="Its relay was removed.", fault="no_host")
            return self._tried(taken, mail, gone)
        try:
            self._journal.started(mail.row.id, taken.claim.token)
        except OSError as error:
            raise NotBegun from error
        try:
            outcome = connection.send(
                mail.mail_from,
                mail.recipient,
                mail.data,
                smtputf8=mail.smtputf8,
                on_phase=self._on_phase,
                following=following if following and following.relay == mail.relay else None,
            )
        except ValueError as error:
            # An address or a body that cannot be put on the wire; nothing was sent, and the rest goes on.
            outcome = Outcome("failed", "mail", text=str(error))
        try:
            self._journal.answered(mail.row.id, outcome)
        except OSError:
            # The outcome is in hand and is written with the next slice.
            log.exception("sending.journal_failed", delivery=str(mail.row.id))
        return self._tried(taken, mail, outcome)

    def _tried(self, taken: Taken, mail: Composed, outcome: Outcome) -> Tried:
        provider = taken.providers.get(mail.row.id, "")
        return Tried(
            mail.row, taken.claim.token, mail.recipient, mail.sender, outcome, self._clock(), provider
        )

    def _give_back(self, taken: Taken, rows: Sequence[Row[Any]]) -> None:
        with self._world.database.write() as connection:
            in_hand.give_back(connection, [row.id for row in rows], taken.claim.token)


def _slices(rows: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    for start in range(0, len(rows), SLICE):
        yield rows[start : start + SLICE]


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
