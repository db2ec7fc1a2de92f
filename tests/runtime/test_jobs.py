"""The named jobs: their names stay, because tickers elsewhere call them by name."""

from datetime import timedelta

from app.runtime.engine import Engine
from app.runtime.jobs import jobs


def test_the_names_stay_and_the_order_is_that_of_the_way_through() -> None:
    names = [job.name for job in jobs(timedelta(seconds=5))]
    assert names == [
        "signals",
        "mailbox",
        "inbound",
        "react",
        "run",
        "send",
        "breaker",
        "account_mails",
        "bulk",
        "call",
        "provider_events",
        "provider_tidy",
        "silence",
        "gather",
        "broadcasts",
        "reassign",
        "segments",
        "forget",
        "flags",
        "imports",
        "settle",
        "invariants",
        "partitions",
        "paces",
        "old_hits",
    ]


def test_work_in_hand_is_looked_for_at_every_tick_and_the_rest_seldom() -> None:
    every = {job.name: job.every for job in jobs(timedelta(seconds=3))}
    for name in ("signals", "react", "run", "send", "call"):
        assert every[name] == timedelta(seconds=3)
    assert every["silence"] == timedelta(hours=1)
    assert every["gather"] == timedelta(hours=1)
    assert every["partitions"] == timedelta(days=1)


def test_every_job_is_work_of_an_engine() -> None:
    for job in jobs(timedelta(seconds=5)):
        assert getattr(Engine, job.work.__name__) is job.work
