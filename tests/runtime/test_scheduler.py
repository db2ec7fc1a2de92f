"""The ticker starts every job at once, and ends without leaving one half-done."""

import threading
from datetime import timedelta
from typing import Any, cast

import pytest

from app.runtime import clock, jobs, scheduler
from app.runtime.engine import Engine
from app.runtime.jobs import Job
from app.runtime.scheduler import start_scheduler

PATIENCE = 20


class Ticked:
    """Stands for an engine whose jobs say that they ran."""

    clock = staticmethod(clock.now)


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> dict[str, threading.Semaphore]:
    """Jobs that count their ticks instead of working."""
    counted = {job.name: threading.Semaphore(0) for job in jobs.jobs(timedelta(seconds=1))}

    def run(_engine: Any, job: Job) -> int:
        counted[job.name].release()
        return 0

    monkeypatch.setattr(scheduler, "run_job", run)
    return counted


def test_every_job_ticks_at_once_and_again(ticking: dict[str, threading.Semaphore]) -> None:
    started = start_scheduler(cast(Engine, Ticked()), timedelta(milliseconds=20))
    try:
        for name, ticks in ticking.items():
            assert ticks.acquire(timeout=PATIENCE), name
        for name in ("signals", "react", "run", "send"):
            for _ in range(3):
                assert ticking[name].acquire(timeout=PATIENCE), name
    finally:
        started.shutdown(wait=True)
    assert not started.running


def test_it_ends_when_what_is_in_hand_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    began, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def slow(_engine: Any, job: Job) -> int:
        if job.name == "send":
            began.set()
            may_end.wait(PATIENCE)
            done.set()
        return 0

    monkeypatch.setattr(scheduler, "run_job", slow)
    started = start_scheduler(cast(Engine, Ticked()), timedelta(hours=1))
    assert began.wait(PATIENCE)
    ending = threading.Thread(target=started.shutdown)
    ending.start()
    assert not done.is_set()
    may_end.set()
    ending.join(PATIENCE)
    assert done.is_set()


def test_a_slow_job_is_not_started_beside_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, others, may_end = [0], [0], threading.Semaphore(0), threading.Event()

    def slow(_engine: Any, job: Job) -> int:
        if job.name != "send":
            others.release()
            return 0
        running[0] += 1
        most[0] = max(most[0], running[0])
        may_end.wait(PATIENCE)
        running[0] -= 1
        return 0

    monkeypatch.setattr(scheduler, "run_job", slow)
    started = start_scheduler(cast(Engine, Ticked()), timedelta(milliseconds=10))
    for _ in range(60):
        assert others.acquire(timeout=PATIENCE)
    may_end.set()
    started.shutdown(wait=True)
    assert most[0] == 1
