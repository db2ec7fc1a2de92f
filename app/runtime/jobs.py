"""The named jobs and how often they tick. A ticker may be APScheduler here, or a queue elsewhere: the names stay."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.runtime.engine import Engine
from app.store import job_runs

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    every: timedelta
    work: Callable[[Engine], int]


def jobs(tick: timedelta) -> tuple[Job, ...]:
    """All jobs; `tick` is how often work in hand is looked for."""
    return (
        Job("signals", tick, Engine.signals),
        Job("mailbox", timedelta(minutes=1), Engine.mailbox),
        Job("inbound", tick, Engine.inbound),
        Job("react", tick, Engine.react),
        Job("run", tick, Engine.run),
        Job("send", tick, Engine.send),
        Job("breaker", timedelta(seconds=30), Engine.breaker),
        Job("account_mails", tick, Engine.account_mails),
        Job("bulk", tick, Engine.bulk),
        Job("call", tick, Engine.call),
        Job("provider_events", tick, Engine.provider_events),
        Job("provider_tidy", timedelta(minutes=5), Engine.provider_tidy),
        Job("silence", timedelta(hours=1), Engine.silence),
        Job("gather", timedelta(hours=1), Engine.gather),
        Job("broadcasts", tick, Engine.broadcasts),
        Job("reassign", timedelta(minutes=1), Engine.reassign),
        Job("segments", timedelta(hours=1), Engine.segments),
        Job("forget", timedelta(minutes=1), Engine.forget),
        Job("flags", timedelta(minutes=1), Engine.flags),
        Job("imports", tick, Engine.imports),
        Job("settle", timedelta(minutes=5), Engine.settle),
        Job("invariants", timedelta(hours=1), Engine.invariants),
        Job("partitions", timedelta(days=1), Engine.partitions),
        Job("paces", timedelta(days=1), Engine.paces),
        Job("old_hits", timedelta(hours=1), Engine.old_hits),
    )


def run_job(engine: Engine, job: Job) -> int:
    """One tick of a job, written down. A failing job is seen on the health page and ticks again."""
    started_at = engine.clock()
    try:
        handled = job.work(engine)
    except Exception as error:
        log.exception("job.failed", job=job.name)
        _note(engine, job, started_at, last_error_at=engine.clock(), last_error=repr(error)[:500])
        return 0
    _note(engine, job, started_at, last_finished_at=engine.clock(), handled=handled)
    return handled


def _note(engine: Engine, job: Job, started_at: datetime, **how: Any) -> None:
    """Where the database is away there is no note, and the job ticks again all the same."""
    worker, every = engine.world.settings.worker_name, job.every.total_seconds()
    try:
        with engine.world.database.write() as connection:
            job_runs.note(connection, job.name, worker, every, last_started_at=started_at, **how)
    except SQLAlchemyError:
        log.exception("job.not_noted", job=job.name)


def tick_all(engine: Engine, tick: timedelta = timedelta(seconds=5)) -> int:
    """All jobs once, in their order; how much was done."""
    return sum(run_job(engine, job) for job in jobs(tick))
