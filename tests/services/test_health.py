"""Health: each invariant holds on a sound base and names the fault that was planted."""

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
from app.store.tables import deliveries, enrollments, job_runs, scores, suppressions
from tests.support.seed import NOW, Seeded, seed


@pytest.fixture
def base(database: Database) -> Seeded:
    return seed(database, contacts=20)


def look(database: Database, base: Seeded, sample: int | None = None) -> Health:
    return health.look(database, base.workspace_id, NOW, sample)


def found(database: Database, base: Seeded, code: str) -> Invariant:
    return next(line for line in look(database, base).invariants if line.code == code)


def plant(database: Database, table: Any, where: Any, **values: Any) -> UUID:
    """Change the first row that fits; its contact."""
    with database.write() as connection:
        row = connection.execute(select(table).where(where).limit(1)).one()
        connection.execute(update(table).where(table.c.id == row.id).values(**values))
    contact_id: UUID = row.contact_id
    return contact_id


@pytest.mark.parametrize("sample", [None, 5])
def test_a_sound_base_is_healthy(database: Database, base: Seeded, sample: int | None) -> None:
    looked = look(database, base, sample)
    assert [line.code for line in looked.invariants if not line.ok] == []
    assert looked.problems == 0
    assert looked.oldest is None
    checked = {line.code: line.checked for line in looked.invariants}
    assert checked["scores_fold"] == (sample or 20)


@pytest.mark.parametrize(
    ("state", "fault", "values"),
    [
        ("due", "due_never", {"due_at": None}),
        ("waiting", "waits_forever", {"due_at": None}),
        ("waiting", "waits_forever", {"waiting_for": None}),
        ("sending", "no_delivery", {"step": "guide"}),
        ("due", "state", {"state": "lost"}),
    ],
)
def test_somebody_without_a_next_step_is_found(
    database: Database, base: Seeded, state: str, fault: str, values: dict[str, Any]
) -> None:
    if fault == "no_delivery":
        with database.write() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.state == "queued")
                .values(state="cancelled", ended_at=NOW)
            )
    who = plant(database, enrollments, enrollments.c.state == state, **values)
    line = found(database, base, "next_step")
    assert f"health.next_step.{fault}" in [finding.code for finding in line.findings]
    assert who in line.people


@pytest.mark.parametrize(
    ("state", "fault", "values"),
    [
        ("accepted", "state", {"state": "teleported"}),
        ("queued", "nobodys", {"state": "claimed"}),
        ("accepted", "no_instant", {"accepted_at": None}),
    ],
)
def test_a_mail_that_does_not_add_up_is_found(
    database: Database, base: Seeded, state: str, fault: str, values: dict[str, Any]
) -> None:
    who = plant(database, deliveries, deliveries.c.state == state, **values)
    line = found(database, base, "mails_add_up")
    assert [finding.code for finding in line.findings] == [f"health.mails_add_up.{fault}"]
    assert line.people == (who,)


def test_a_score_that_is_not_its_fold_is_found(database: Database, base: Seeded) -> None:
    who = base.contacts[4]
    with database.write() as connection:
        connection.execute(
            update(scores).where(scores.c.contact_id == who, scores.c.measure == "fit").values(value=99.0)
        )
    assert found(database, base, "scores_fold").people == (who,)


def suppress(database: Database, base: Seeded, who: UUID, **values: Any) -> None:
    row: dict[str, Any] = {
        "id": timed_id(NOW, b"suppressed"), "workspace_id": base.workspace_id, "scope": "marketing",
        "value_hash": "h", "topic": "", "contact_id": who, "source": "page", "reason_code": "gate.unsubscribed",
        "reason_params": {}, "at": NOW - timedelta(days=30),
    }  # fmt: skip
    with database.write() as connection:
        connection.execute(suppressions.insert().values({**row, **values}))


def test_a_mail_after_a_suppression_is_found(database: Database, base: Seeded) -> None:
    suppress(database, base, base.contacts[0])
    line = found(database, base, "after_suppression")
    assert [finding.code for finding in line.findings] == ["health.after_suppression.sent"]
    assert line.people == (base.contacts[0],)


@pytest.mark.parametrize(
    "values",
    [
        {"at": NOW},
        {"lifted_at": NOW - timedelta(days=25)},
        {"scope": "topic", "topic": "something else"},
    ],
)
def test_a_mail_it_did_not_cover_is_no_fault(
    database: Database, base: Seeded, values: dict[str, Any]
) -> None:
    suppress(database, base, base.contacts[0], **values)
    line = found(database, base, "after_suppression")
    assert line.ok
    assert line.checked == 1


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
