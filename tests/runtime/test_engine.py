"""One worker wired to one workspace: its jobs, what they write down, and how it ends."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import RawHit, Spool
from app.mail.smtp import SmtpRoute
from app.runtime.catcher import Catcher
from app.runtime.engine import Engine, route_of
from app.runtime.jobs import Job, jobs, run_job, tick_all
from app.services.ids import new_id
from app.store.caught import CaughtMails
from app.store.database import Database
from app.store.tables import deliveries, enrollments, hits, job_runs
from config import Settings
from tests.support.line import NOW, enroll, people
from tests.support.rules import DAY, change, one, programme, rows

TICK = timedelta(seconds=5)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caught(tmp_path: Path) -> Iterator[CaughtMails]:
    store = CaughtMails(tmp_path / "caught.db")
    yield store
    store.close()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def engine(
    database: Database, tmp_path: Path, clock: Clock, caught: CaughtMails, spool: Spool
) -> Iterator[Engine]:
    catcher = Catcher(caught, "127.0.0.1", 0, clock)
    world = programme(database, tmp_path, smtp_connections=2)
    made = Engine(
        world, spool, LinkMaps(tmp_path / "links"), SmtpRoute("127.0.0.1", catcher.start(), "none"), clock
    )
    yield made
    made.stop()
    made.close()
    catcher.stop()


def settle(engine: Engine) -> None:
    while tick_all(engine):
        pass


def test_every_job_writes_down_its_tick(engine: Engine, clock: Clock) -> None:
    tick_all(engine)
    written = {row.job: row for row in rows(engine.world, job_runs)}
    assert set(written) == {job.name for job in jobs(TICK)}
    for row in written.values():
        assert (row.last_started_at, row.last_finished_at, row.last_error) == (NOW, NOW, None)
        assert row.worker == "main"
    clock.at += DAY
    tick_all(engine)
    assert {row.last_finished_at for row in rows(engine.world, job_runs)} == {NOW + DAY}


def test_a_failing_job_is_noted_and_ticks_again(engine: Engine, clock: Clock) -> None:
    broken = [True]

    def work(engine: Engine) -> int:
        if broken[0]:
            raise RuntimeError("the disk is full")
        return 7

    job = Job("react", TICK, work)
    assert run_job(engine, job) == 0
    row = one(engine.world, job_runs, job="react")
    assert (row.last_error_at, row.last_finished_at, "disk is full" in row.last_error) == (NOW, None, True)
    clock.at += TICK
    broken[0] = False
    assert run_job(engine, job) == 7
    row = one(engine.world, job_runs, job="react")
    assert (row.last_finished_at, row.handled, row.last_error_at) == (NOW + TICK, 7, NOW)


def test_one_failing_job_does_not_hold_up_the_others(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "react", lambda self: 1 / 0)
    enroll(engine.world, people(engine.world, 1), "discovery")
    tick_all(engine)
    assert one(engine.world, deliveries).state == "accepted"
    assert "ZeroDivisionError" in one(engine.world, job_runs, job="react").last_error


def test_a_due_mail_goes_out_and_the_stay_goes_on(engine: Engine, caught: CaughtMails) -> None:
    (who,) = people(engine.world, 1)
    enroll(engine.world, [who], "discovery")
    settle(engine)
    assert caught.count() == 1
    assert (one(engine.world, enrollments).state, one(engine.world, enrollments).step) == ("waiting", "heard")


def test_a_hit_is_taken_from_the_spool_and_judged_when_it_has_settled(
    engine: Engine, clock: Clock, spool: Spool
) -> None:
    (who,) = people(engine.world, 1)
    enroll(engine.world, [who], "discovery")
    settle(engine)
    mail = one(engine.world, deliveries)
    clock.at += timedelta(hours=2)
    spool.add(
        RawHit(
            str(new_id(clock.at)), "click", "GET", clock.at.isoformat(), str(mail.id), str(who), str(mail.variant_id), 1,
            "203.0.113.9", "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
            {"accept-language": "en"},
        )
    )  # fmt: skip
    settle(engine)
    assert one(engine.world, hits).verdict is None
    assert one(engine.world, enrollments).state == "waiting"
    clock.at += timedelta(minutes=3)
    settle(engine)
    assert one(engine.world, hits).verdict == "human"
    assert one(engine.world, enrollments).state == "ended"


def test_recover_gives_back_what_the_last_process_held(engine: Engine) -> None:
    (who,) = people(engine.world, 1)
    enroll(engine.world, [who], "discovery")
    engine.run()
    mail = one(engine.world, deliveries)
    token, until = new_id(NOW), NOW + timedelta(minutes=5)
    change(engine.world, deliveries, {"id": mail.id}, state="claimed", claimed_by="main", claim_token=token,
           claimed_until=until)  # fmt: skip
    assert engine.send() == 0
    assert engine.recover().given_back == 1
    engine.send()
    assert one(engine.world, deliveries).state == "accepted"


def test_a_stopped_engine_takes_no_more(engine: Engine, caught: CaughtMails) -> None:
    enroll(engine.world, people(engine.world, 3), "discovery")
    engine.stop()
    tick_all(engine)
    assert caught.count() == 0
    assert {row.state for row in rows(engine.world, enrollments)} == {"due"}


def test_two_workers_at_once_do_nothing_twice(engine: Engine, caught: CaughtMails) -> None:
    enroll(engine.world, people(engine.world, 20), "discovery")
    _together(*[lambda: tick_all(engine)] * 3)
    settle(engine)
    assert caught.count() == 20
    assert [row.state for row in rows(engine.world, deliveries)] == ["accepted"] * 20


def _together(*work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_mail_leaves_by_the_relay_or_the_catcher() -> None:
    inside = Settings(_env_file=None, secret_key="k")
    assert route_of(inside, 4321) == SmtpRoute("127.0.0.1", 4321, "none")
    outside = Settings(
        _env_file=None, secret_key="k", smtp_host="smtp.example.com", smtp_username="me", smtp_password="p",
        sender_address="hello@halden.example",
    )  # fmt: skip
    route = route_of(outside, None)
    assert (route.host, route.port, route.security) == ("smtp.example.com", 587, "starttls")
    assert (route.username, route.local_hostname) == ("me", "halden.example")
