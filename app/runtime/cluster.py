"""The same named jobs as tasks of Celery, for many machines on PostgreSQL.

    TRELLIS_WORKER_NAME=mill-1 celery -A app.runtime.cluster:cluster worker --pool threads --concurrency 6
    celery -A app.runtime.cluster:cluster beat

Any number of workers and beats, none of them special: the rows stay the truth, and a job that two
workers run at once claims different rows. Each worker needs a name of its own, because its journal
goes by it, and runs its tasks on threads of one process.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.signals import worker_shutdown, worker_shutting_down

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.runtime import clock
from app.runtime.engine import Engine, resolver_of, route_of
from app.runtime.jobs import Job, jobs, run_job
from app.runtime.logs import quiet_logs
from app.services.world import open_world
from app.store.accounts import main_workspace
from app.store.database import Database
from config import Settings, load_settings


class Member:
    """This process's engine, opened by its first task and settled before it sends anything."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def engine(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = self._open()
            return self._engine

    def stop(self, **_: Any) -> None:
        """Finish the slices in hand."""
        if self._engine is not None:
            self._engine.stop()

    def close(self, **_: Any) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _open(self) -> Engine:
        settings = self._settings
        quiet_logs()
        database = Database(settings.url_of_database)
        with database.read() as connection:
            workspace_id = main_workspace(connection)
        if workspace_id is None:
            raise RuntimeError("The database is empty. Run `trellis init` first.")
        spool, links = Spool(settings.data_dir / "spool"), LinkMaps(settings.data_dir / "links")
        world = open_world(database, workspace_id, settings)
        engine = Engine(
            world, spool, links, route_of(settings, None), clock.now, resolver=resolver_of(settings)
        )
        engine.recover()
        return engine


def make_cluster(settings: Settings, member: Member) -> Celery:
    """A Celery application whose tasks are the jobs and whose beat ticks them. Raises ValueError without a broker."""
    if not settings.broker_url:
        raise ValueError("TRELLIS_BROKER_URL is empty; give one such as redis://localhost:6379/0")
    celery = Celery("trellis", broker=settings.broker_url)
    every = jobs(timedelta(seconds=settings.tick_seconds))
    celery.conf.update(
        timezone="UTC",
        task_ignore_result=True,
        # A tick that nobody took in time is worth nothing: the next one looks at the same rows.
        beat_schedule={
            job.name: {
                "task": f"trellis.{job.name}",
                "schedule": job.every,
                "options": {"expires": job.every.total_seconds()},
            }
            for job in every
        },
        broker_connection_retry_on_startup=True,
        worker_hijack_root_logger=False,
    )
    for job in every:
        celery.task(_task(member, job), name=f"trellis.{job.name}", shared=False)
    worker_shutting_down.connect(member.stop, weak=False)
    worker_shutdown.connect(member.close, weak=False)
    return celery


def _task(member: Member, job: Job) -> Callable[[], int]:
    def tick() -> int:
        return run_job(member.engine(), job)

    return tick


def __getattr__(name: str) -> Celery:
    """`cluster`, made when Celery asks for it, so that importing this module needs no settings."""
    if name != "cluster":
        raise AttributeError(name)
    settings = load_settings()
    return make_cluster(settings, Member(settings))
