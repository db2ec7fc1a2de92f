"""The demo's own ticks, beside those of the real workspace: on the real clock, to a catcher of its own."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.mail.journal import JournalBusy
from app.runtime.catcher import Catcher
from app.runtime.engine import Engine, route_of
from app.runtime.jobs import Job, jobs, run_job
from app.runtime.scheduler import start_scheduler
from app.services import demo
from app.services.world import open_world
from app.store.caught import CaughtMails
from app.store.database import Database
from config import Settings

log = structlog.get_logger()
# What reaches out of this machine has no place in it: no web hook is called, no mailbox read, no provider listened to.
LEFT_OUT = frozenset({"account_mails", "call", "mailbox", "provider_events", "provider_tidy"})


class _Life:
    """The engine of one demo, its catcher and its ticks."""

    def __init__(
        self, database: Database, settings: Settings, workspace_id: UUID, clock: Callable[[], datetime]
    ) -> None:
        apart = demo.demo_settings(settings)
        self._data_dir = settings.data_dir
        self._caught = CaughtMails(apart.data_dir / "caught.db")
        self._catcher = Catcher(self._caught, "127.0.0.1", 0, clock)
        spool, links = Spool(apart.data_dir / "spool"), LinkMaps(apart.data_dir / "links")
        world = open_world(database, workspace_id, apart)
        self._database, self._workspace_id = database, workspace_id
        try:
            self._engine = Engine(world, spool, links, route_of(apart, self._catcher.start()), clock)
        except JournalBusy:
            self._catcher.stop()
            self._caught.close()
            raise
        self._engine.recover()
        tick = timedelta(seconds=settings.tick_seconds)
        mine = [replace(job, name=demo.JOBS + job.name) for job in jobs(tick) if job.name not in LEFT_OUT]
        self._scheduler: BackgroundScheduler = start_scheduler(self._engine, tick, some=mine, run=self._tick)

    def _tick(self, engine: Engine, job: Job) -> int:
        """Not while somebody makes or removes a demo, and not when it is gone."""
        with demo.running(self._data_dir) as free:
            if not free or demo.workspace_of(self._database) != self._workspace_id:
                return 0
            return run_job(engine, job)

    def close(self) -> None:
        self._engine.stop()
        self._scheduler.shutdown(wait=True)
        self._engine.close()
        self._catcher.stop()
        self._caught.close()


class DemoLife:
    """Looks now and then whether there is a demo, and lets it live as long as there is."""

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], datetime], every: float = 5.0
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._every = every
        self._life: tuple[UUID, _Life] | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="demo", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand."""
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ending.is_set():
            try:
                self._look()
            except Exception:
                log.exception("demo.look_failed")
            self._ending.wait(self._every)
        self._close()

    def _look(self) -> None:
        there = demo.workspace_of(self._database)
        if self._life is not None and self._life[0] != there:
            self._close()
        if self._life is None and there is not None:
            demo.ready(self._settings.data_dir)
            with demo.running(self._settings.data_dir) as free:
                if free:
                    self._life = (there, _Life(self._database, self._settings, there, self._clock))

    def _close(self) -> None:
        if self._life is not None:
            self._life[1].close()
            self._life = None
