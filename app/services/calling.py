"""Outgoing web hooks: what a sequence tells other systems, signed, retried with an end, dead ones kept.

Delivery is *at least once*. A call is claimed and counted in one transaction, made with none open, and
settled in another; a process that dies in between leaves a claim that runs out, and the call is made
again **with the same `Idempotency-Key`** (the row's id, also the body's `id`), as it is after a time-out
whose request did arrive, and after a replay. A receiver that must not act twice looks at that key.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.ids import share
from app.core.reasons import Param, Reason
from app.mail.posting import SECONDS, SIGNATURE, Answer, Poster, sign
from app.mail.reach import Allows, Unreachable, is_public, public_or_this_machine
from app.services.ids import new_id
from app.services.timeline import line
from app.services.users import audit
from app.services.world import World
from app.store import calling as store
from app.store import ledger
from app.store.claims import Claim
from config import Settings

LEASE = timedelta(minutes=3)  # longer than a receiver's turn and one call more
TURN = timedelta(seconds=30)  # of one receiver in a batch; the rest of its calls go back
BATCH = 100
OF_ONE_URL = 10
AT_ONCE = 8
# Growing, jittered, and with an end: about two days of tries, then the call is dead.
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 4, 15, 60, 180, 360, 720, 720, 720))
LONGEST_WAIT = timedelta(days=1)
# Answered calls of receivers that asked for events are kept so long, to be looked at.
FORGOTTEN_AFTER = timedelta(days=30)
PAGE = 50
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended: `state` done, queued (to be tried again at `due_at`) or dead."""

    state: str
    reason: Reason
    due_at: datetime
    response: str = ""
    silent: bool = False  # the receiver gave no answer at all


@dataclass(frozen=True, slots=True)
class DeadCall:
    """A call that was given up, for the health page."""

    id: UUID
    contact_id: UUID
    to: str
    attempts: int
    at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Call:
    """A call as people see it. `receiver` is the title of who asked for the event; empty: a step tells."""

    id: UUID
    contact_id: UUID
    name: str
    url: str
    to: str
    receiver: str
    subscribed: bool
    payload: dict[str, Any]
    state: str
    due_at: datetime
    attempts: int
    response: str
    reason: Reason
    created_at: datetime
    ended_at: datetime | None


def signing_key(secret: bytes, subscription_id: UUID | None = None) -> str:
    """What a receiver checks signatures with: of our own key, for nothing else.

    Each receiver of events has its own, so that none can speak to another in our name; the steps of sequences share one.
    """
    salt = subscription_id.bytes if subscription_id else b""
    return blake2b(secret, person=b"trellis.hooks", salt=salt, digest_size=32).hexdigest()


def allows_of(settings: Settings) -> Allows:
    """Which addresses a call may go to."""
    return public_or_this_machine if settings.web_hooks_to_this_machine else is_public


def poster_of(settings: Settings, seconds: float = SECONDS) -> Poster:
    return Poster(allows=allows_of(settings), seconds=seconds)


class Caller:
    """Makes the calls that are due, at most AT_ONCE receivers side by side and one call of each at a time."""

    def __init__(self, world: World, clock: Callable[[], datetime], poster: Poster | None = None) -> None:
        self._world = world
        self._clock = clock
        self._poster = poster or poster_of(world.settings)
        self._secret = world.settings.keys()[0]
        self._stopping = threading.Event()

    def call_due(self) -> int:
        """Take one batch and make its calls; how many were taken."""
        now = self._clock()
        claim = Claim(self._world.settings.worker_name, new_id(now), now + LEASE)
        with self._world.database.write() as connection:
            rows = store.claim_due(connection, self._world.workspace_id, claim, now, BATCH, OF_ONE_URL)
        by_receiver: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            by_receiver[urlsplit(row.url).netloc].append(row)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hook") as threads:
            turns = [threads.submit(self._turn, calls, claim, now) for calls in by_receiver.values()]
        for turn in turns:
            turn.result()
        return len(rows)

    def stop(self) -> None:
        """Finish the calls in hand and make no more."""
        self._stopping.set()

    def _turn(self, calls: Sequence[Row[Any]], claim: Claim, began: datetime) -> None:
        """The calls of one receiver, one after the other. When it does not answer, the others wait as long."""
        for number, row in enumerate(calls):
            if self._stopping.is_set() or self._clock() - began > TURN:
                self._give_back(calls[number:], claim, None)
                return
            outcome = self._try(row)
            self._record(row, claim, outcome)
            if outcome.silent:
                others_at = max(outcome.due_at, self._clock() + DELAYS[0])
                self._give_back(calls[number + 1 :], claim, others_at)
                return

    def _try(self, row: Row[Any]) -> Outcome:
        body = body_of(row)
        at = int(self._clock().timestamp())
        headers = {
            SIGNATURE: sign(signing_key(self._secret, row.subscription_id).encode(), at, body),
            "Idempotency-Key": str(row.id),
            "User-Agent": "Trellis-Hooks/1",
        }
        try:
            answer = self._poster.post(row.url, body, headers)
        except Unreachable as fault:
            return after_silence(row, fault, self._clock())
        return after_answer(row, answer, self._clock())

    def _record(self, row: Row[Any], claim: Claim, outcome: Outcome) -> None:
        now = self._clock()
        with self._world.database.write() as connection:
            ours = store.settle(
                connection, row.id, claim.token, state=outcome.state, due_at=outcome.due_at,
                response=outcome.response or None, reason_code=outcome.reason.code,
                reason_params=dict(outcome.reason.params), ended_at=None if outcome.state == "queued" else now,
            )  # fmt: skip
            if ours:
                _tell(connection, self._world, [(row, outcome.reason)], "engine", now)

    def _give_back(self, calls: Sequence[Row[Any]], claim: Claim, due_at: datetime | None) -> None:
        with self._world.database.write() as connection:
            store.give_back(connection, [row.id for row in calls], claim.token, due_at)


def body_of(row: Row[Any]) -> bytes:
    """The same bytes on every try."""
    told = {"id": str(row.id), **row.payload}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def after_answer(row: Row[Any], answer: Answer, now: datetime) -> Outcome:
    """2xx is done. 4xx is for good, but for 408 and 429; all others, redirects too, are tried again."""
    params: dict[str, Param] = {"to": _host(row.url), "status": answer.status}
    response = f"{answer.status} {answer.text}".strip()
    if 200 <= answer.status < 300:
        return Outcome("done", Reason("hook.done", params), row.due_at, response)
    if 400 <= answer.status < 500 and answer.status not in (408, 429):
        return Outcome("dead", Reason("hook.refused", params), row.due_at, response)
    code = "hook.redirected" if 300 <= answer.status < 400 else "hook.not_now"
    return _again(row, code, params, now, wanted_wait(answer.retry_after, now), response)


def after_silence(row: Row[Any], fault: Unreachable, now: datetime) -> Outcome:
    """There was no answer: for good where the address is at fault, else tried again."""
    params: dict[str, Param] = {"to": _host(row.url), "error": fault.error}
    if fault.for_good:
        return Outcome("dead", Reason(fault.code, params), row.due_at)
    return _again(row, fault.code, params, now, timedelta(), "", silent=True)


def _again(
    row: Row[Any], code: str, params: dict[str, Param], now: datetime, wanted: timedelta, response: str,
    *, silent: bool = False,
) -> Outcome:  # fmt: skip
    tries = row.attempts + 1
    if tries > len(DELAYS):
        told = {**params, "attempts": tries, "last": code}
        return Outcome("dead", Reason("hook.gave_up", told), row.due_at, response, silent)
    jittered = DELAYS[tries - 1] * (0.8 + 0.4 * share("hook", str(row.id), str(tries)))
    until = now + max(jittered, wanted)
    return Outcome("queued", Reason(code, {**params, "until": until.isoformat()}), until, response, silent)


def wanted_wait(text: str | None, now: datetime) -> timedelta:
    """How long Retry-After (RFC 9110: seconds or a date) asks us to wait, a day at most; nonsense is nothing."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max(at - now, timedelta()), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return timedelta()


def dead_calls(connection: Connection, workspace_id: UUID, limit: int = 50) -> tuple[DeadCall, ...]:
    """Calls that were given up and wait for a person, the newest first."""
    rows = store.dead(connection, workspace_id, limit)
    return tuple(
        DeadCall(row.id, row.contact_id, row.url, row.attempts, row.ended_at,
                 Reason(row.reason_code, row.reason_params))
        for row in rows
    )  # fmt: skip


def listing(
    world: World, state: str, after: UUID | None = None, limit: int = PAGE
) -> tuple[list[Call], UUID | None]:
    """Calls that are queued, dead or done, and behind which one the others follow (None: there are none)."""
    with world.database.read() as connection:
        rows = store.listing(connection, world.workspace_id, state, limit + 1, after)
    calls = [_seen(row) for row in rows[:limit]]
    return calls, calls[-1].id if len(rows) > limit else None


def find(world: World, call_id: UUID) -> Call | None:
    with world.database.read() as connection:
        row = store.one(connection, world.workspace_id, call_id)
    return _seen(row) if row is not None else None


def counted(world: World) -> dict[str, int]:
    """How many wait and how many were given up, MOST_COUNTED at the most."""
    with world.database.read() as connection:
        return {
            state: store.counted(connection, world.workspace_id, state, MOST_COUNTED) for state in ("queued", "dead")
        }  # fmt: skip


def replay(
    world: World, ids: Sequence[UUID] | None, actor: str, now: datetime, limit: int = 10_000, by: UUID | None = None
) -> int:  # fmt: skip
    """Make dead calls anew, under the keys they had: those of `ids`, or all. How many."""
    reason = Reason("hook.replayed", {})
    with world.database.write() as connection:
        rows = store.dead(connection, world.workspace_id, limit, ids)
        again = store.call_again(connection, [row.id for row in rows], now, reason.code, {})
        told = [(row, Reason(reason.code, {"to": _host(row.url)})) for row in rows if row.id in again]
        _tell(connection, world, told, actor, now)
        if again:
            subject = next(iter(again)) if len(again) == 1 else world.workspace_id
            audit(
                connection, world.workspace_id, subject, "hook.replayed", {"count": len(again)}, now, by, "web_hook"
            )  # fmt: skip
    return len(again)


def forget(world: World, now: datetime, limit: int = 1000) -> int:
    """Take away answered calls of receivers that are old enough; how many."""
    with world.database.write() as connection:
        return store.forget(connection, world.workspace_id, now - FORGOTTEN_AFTER, limit)


def _seen(row: Row[Any]) -> Call:
    return Call(
        row.id, row.contact_id, " ".join(name for name in (row.first_name, row.last_name) if name), row.url,
        _host(row.url), row.receiver or "", row.subscription_id is not None, row.payload or {}, row.state, row.due_at,
        row.attempts, row.response or "", Reason(row.reason_code, row.reason_params or {}), row.created_at,
        row.ended_at,
    )  # fmt: skip


def _tell(
    connection: Connection, world: World, told: Sequence[tuple[Row[Any], Reason]], actor: str, now: datetime
) -> None:
    """On the contact's timeline stands what a step of a sequence told; receivers of events would fill it."""
    lines = [
        line(world.workspace_id, row.contact_id, "web_hook", reason, now, actor=actor)
        for row, reason in told
        if row.subscription_id is None
    ]
    ledger.add_timeline(connection, lines)


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2][:200]
