"""APScheduler ticks the named jobs. It holds no state: a missed tick is made up for by the next one."""

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app.runtime.engine import Engine
from app.runtime.jobs import Job, jobs, run_job


def start_scheduler(
    engine: Engine,
    tick: timedelta,
    *,
    some: Sequence[Job] | None = None,
    run: Callable[[Engine, Job], int] | None = None,
) -> BackgroundScheduler:
    """Tick every job, or `some`, in this process. Overlaps are safe, because rows are claimed."""
    every = jobs(tick) if some is None else some
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(every))},
        # Its default grace of one second drops runs on a busy machine.
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in every:
        scheduler.add_job(
            run or run_job, "interval", args=(engine, job), id=job.name, seconds=job.every.total_seconds(),
            next_run_time=engine.clock(),
        )  # fmt: skip
    scheduler.start()
    return scheduler
