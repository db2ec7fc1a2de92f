"""How the machine is doing: ticks of its jobs, work that nobody takes, and what must always be true."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.calling import DeadCall, dead_calls
from app.services.invariants import Invariant, stand
from app.services.senders import showing
from app.services.stopping import SendingState
from app.services.viewing.people import full_name
from app.store import accounts, queues
from app.store.database import Database
from app.store.views import Found, programme

LATE_AFTER = timedelta(minutes=5)
MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class JobTick:
    """`state` is ok, late (no tick for too long), failing (its last run ended in an error) or never."""

    job: str
    state: str
    last_at: datetime | None
    error: str | None
    error_at: datetime | None
    handled: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Work that is due and in nobody's hands. `alarm`: it has waited for longer than LATE_AFTER."""

    name: str
    count: int
    oldest_at: datetime | None
    age: timedelta
    alarm: bool

    @property
    def at_least(self) -> bool:
        return self.count >= queues.COUNT_AT_MOST


@dataclass(frozen=True, slots=True)
class Stuck:
    """Somebody who needs a person: a parked enrollment, or a mail that may or may not have arrived."""

    contact_id: UUID
    name: str
    what: str
    step: str | None
    at: datetime | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Health:
    jobs: tuple[JobTick, ...]
    queues: tuple[Queue, ...]
    invariants: tuple[Invariant, ...]
    parked: tuple[Stuck, ...]
    uncertain: tuple[Stuck, ...]
    dead_calls: tuple[DeadCall, ...]
    sending: SendingState
    senders: tuple[tuple[str, showing.Standing], ...] = ()

    @property
    def oldest(self) -> timedelta | None:
        """The age of the oldest work that is due in any queue."""
        return max((queue.age for queue in self.queues if queue.count), default=None)

    @property
    def parked_together(self) -> tuple[tuple[Stuck, int], ...]:
        """Those who are parked at one step for one reason, as one of them and how many, most first."""
        groups: dict[tuple[str, str | None, str], list[Stuck]] = {}
        for stuck in self.parked:
            groups.setdefault((stuck.what, stuck.step, stuck.reason.code), []).append(stuck)
        return tuple((found[0], len(found)) for found in sorted(groups.values(), key=len, reverse=True))

    @property
    def problems(self) -> int:
        """How many lines of the page are not as they should be, people who wait not counted."""
        lines = [tick.state == "ok" for tick in self.jobs]
        lines += [not queue.alarm for queue in self.queues]
        lines += [invariant.ok for invariant in self.invariants]
        lines.append(not self.dead_calls)
        lines += [False for _ in self.senders]
        return lines.count(False)


def look(database: Database, workspace_id: UUID, now: datetime) -> Health:
    """Everything the page of health shows, in a fixed number of statements."""
    with database.read() as connection:
        state = accounts.sending_state(connection, workspace_id)
        sending = SendingState(state["stopped_at"], state["stopped_by_name"], state["stopped_why"])
        waiting = due_work(connection, workspace_id, now, is_stopped=sending.stopped_at is not None)
        return Health(
            job_ticks(connection, now, state["is_demo"]),
            waiting,
            (due_work_is_taken(waiting, now), *stand(connection, workspace_id)),
            tuple(_parked(row) for row in programme.parked(connection, workspace_id, MOST_ROWS)),
            tuple(_uncertain(row) for row in programme.uncertain(connection, workspace_id, MOST_ROWS)),
            dead_calls(connection, workspace_id, MOST_ROWS),
            sending,
            tuple(showing.troubled(connection, workspace_id, now)),
        )


def job_ticks(connection: Connection, now: datetime, demo: bool = False) -> tuple[JobTick, ...]:
    ticks = (_tick(row, now) for row in programme.jobs(connection, demo))
    return tuple(replace(tick, job=tick.job.removeprefix(programme.DEMO_JOBS)) for tick in ticks)


def due_work(
    connection: Connection, workspace_id: UUID, now: datetime, *, is_stopped: bool = False
) -> tuple[Queue, ...]:
    """What is due and unclaimed, by queue. Mails that wait because sending is stopped raise no alarm."""
    return tuple(
        Queue(
            backlog.queue,
            backlog.count,
            backlog.oldest_at,
            age := now - backlog.oldest_at if backlog.oldest_at else timedelta(0),
            age > LATE_AFTER and not (is_stopped and backlog.queue == "deliveries"),
        )
        for backlog in queues.due_and_unclaimed(connection, workspace_id, now)
    )


def due_work_is_taken(waiting: Sequence[Queue], now: datetime) -> Invariant:
    """Work that is due does not stay unclaimed."""
    late = tuple(
        Reason(
            "health.work_taken.late",
            {"queue": queue.name, "count": queue.count, "minutes": _minutes(queue.age)},
        )
        for queue in waiting
        if queue.alarm
    )
    found = sum(queue.count for queue in waiting)
    return Invariant("work_taken", found, late, checked_at=now, whole_at=now, whole=found)


def _tick(row: Found, now: datetime) -> JobTick:
    last_at = max(filter(None, (row.last_started_at, row.last_finished_at)), default=None)
    failing = row.last_error_at is not None and (
        row.last_finished_at is None or row.last_error_at >= row.last_finished_at
    )
    # A job that ticks once an hour is late after two.
    patience = max(LATE_AFTER, timedelta(seconds=2 * row.every))
    late = last_at is None or now - last_at > patience
    state = "never" if last_at is None else "failing" if failing else "late" if late else "ok"
    return JobTick(row.job, state, last_at, row.last_error, row.last_error_at, row.handled)


def _parked(row: Found) -> Stuck:
    reason = Reason(row.reason_code, row.reason_params)
    name = full_name(row.first_name, row.last_name)
    return Stuck(row.contact_id, name, row.key, row.step, row.since, reason)


def _uncertain(row: Found) -> Stuck:
    reason = Reason(row.reason_code, row.reason_params)
    name = full_name(row.first_name, row.last_name)
    return Stuck(row.contact_id, name, row.template, None, row.intent_at, reason)


def _minutes(age: timedelta) -> int:
    return int(age.total_seconds() // 60)
