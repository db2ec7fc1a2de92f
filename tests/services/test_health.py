"""Health: a sound base is healthy, what the checks found stands there, and work that waits raises an alarm."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core.ids import timed_id
from app.services import health
from app.services.health import Health, Invariant
from app.services.stopping import stop
from app.store.database import Database
from app.store.tables import deliveries, job_runs, truth_findings
from tests.support.seed import NOW, Seeded, seed


@pytest.fixture
def base(database: Database) -> Seeded:
    return seed(database, contacts=20)


def look(database: Database, base: Seeded) -> Health:
    return health.look(database, base.workspace_id, NOW)


def found(database: Database, base: Seeded, code: str) -> Invariant:
    return next(line for line in look(database, base).invariants if line.code == code)


def plant(database: Database, table: Any, where: Any, **values: Any) -> UUID:
    """Change the first row that fits; its contact."""
    with database.write() as connection:
        row = connection.execute(select(table).where(where).limit(1)).one()
        connection.execute(update(table).where(table.c.id == row.id).values(**values))
    contact_id: UUID = row.contact_id
    return contact_id


def test_a_sound_base_is_healthy(database: Database, base: Seeded) -> None:
    looked = look(database, base)
    assert [line.code for line in looked.invariants if not line.ok] == []
    assert looked.problems == 0
    assert looked.oldest is None


def test_what_the_checks_found_stands_here(database: Database, base: Seeded) -> None:
    row = {
        "id": timed_id(NOW, b"finding-00"), "workspace_id": base.workspace_id, "rule": "scores_fold",
        "fault": "differs", "subject": base.contacts[4], "contact_id": base.contacts[4], "first_seen_at": NOW,
        "last_seen_at": NOW,
    }  # fmt: skip
    with database.write() as connection:
        connection.execute(truth_findings.insert().values(row))
    assert look(database, base).problems == 1
    line = found(database, base, "scores_fold")
    assert [(one.code, dict(one.params)) for one in line.findings] == [
        ("health.scores_fold.differs", {"count": 1})
    ]
    assert line.people == (base.contacts[4],)


def late(database: Database) -> None:
    plant(database, deliveries, deliveries.c.state == "queued", due_at=NOW - timedelta(minutes=7))


def test_work_that_nobody_takes_raises_an_alarm(database: Database, base: Seeded) -> None:
    late(database)
    looked = look(database, base)
    queue = next(queue for queue in looked.queues if queue.name == "deliveries")
    assert (queue.count, queue.alarm, queue.age) == (1, True, timedelta(minutes=7))
    assert looked.oldest == timedelta(minutes=7)
    finding = found(database, base, "work_taken").findings[0]
    assert (finding.code, finding.params["minutes"]) == ("health.work_taken.late", 7)


def test_claimed_work_is_in_hand(database: Database, base: Seeded) -> None:
    late(database)
    plant(database, deliveries, deliveries.c.due_at < NOW - timedelta(minutes=6), claimed_until=NOW)
    assert look(database, base).oldest == timedelta(minutes=7), "the lease has run out"
    with database.write() as connection:
        connection.execute(update(deliveries).values(claimed_until=NOW + timedelta(minutes=1)))
    assert look(database, base).oldest is None


def test_mails_that_wait_for_the_red_button_raise_none(database: Database, base: Seeded) -> None:
    late(database)
    stop(database, base.workspace_id, base.admin_id, "x", NOW)
    looked = look(database, base)
    assert not any(queue.alarm for queue in looked.queues)
    assert looked.sending.stopped_by == "Marta Lindqvist"


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "ok"),
        ({"last_finished_at": NOW - timedelta(hours=1), "last_started_at": NOW - timedelta(hours=1)}, "late"),
        ({"last_error_at": NOW, "last_error": "boom"}, "failing"),
        ({"last_finished_at": None, "last_started_at": None}, "never"),
    ],
)
def test_a_job_tells_how_it_is(database: Database, base: Seeded, values: dict[str, Any], state: str) -> None:
    if values:
        with database.write() as connection:
            connection.execute(update(job_runs).where(job_runs.c.job == "run").values(**values))
    ticks = {tick.job: tick.state for tick in look(database, base).jobs}
    assert ticks == {"react": "ok", "run": state, "send": "ok"}


def test_uncertain_mails_and_parked_people_are_listed_with_their_reason(
    database: Database, base: Seeded
) -> None:
    looked = look(database, base)
    assert [(stuck.name, stuck.what) for stuck in looked.uncertain] == [("Inês Carvalho", "discovery/nudge")]
    assert {stuck.reason.code for stuck in looked.parked} == {"parked.error"}
    assert looked.parked_together[0][1] == len(looked.parked)
