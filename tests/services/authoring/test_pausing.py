"""A pause holds everything; on resuming a person says what becomes of what should have left."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, insert, select

from app.core.engine import advance
from app.services.authoring import NoSuchSequence, overdue, pause, resume
from app.services.authoring.pausing import Way
from app.services.authoring.planning import read_text
from app.services.ids import new_id
from app.store import definitions, running
from app.store.database import Database
from app.store.tables import deliveries, enrollments
from config import Settings
from tests.core.sample import SETTING, facts
from tests.services.authoring.acts import publish, put_inside
from tests.services.authoring.conftest import NOW
from tests.services.authoring.content import GUIDE

DAY = timedelta(days=1)
BACK = NOW + 10 * DAY


@pytest.fixture
def people(database: Database, workspace_id: UUID, settings: Settings) -> dict[str, UUID]:
    """Two wait for a mail that a pause held, one long and one just now; two whose wait ran out; one not due."""
    publish(database, workspace_id, settings)
    pause(database, workspace_id, "guide", NOW)
    waiting = {"inside": True, "visit": 1, "visits": {"pause": 1}}
    found = {
        "old mail": put_inside(database, workspace_id, "hello", state="sending", due_at=None, inside=True, visit=1, visits={"hello": 1}),
        "new mail": put_inside(database, workspace_id, "hello", state="sending", due_at=None, inside=True, visit=1, visits={"hello": 1}),
        "old wait": put_inside(database, workspace_id, "pause", due_at=NOW + DAY, **waiting),
        "new wait": put_inside(database, workspace_id, "pause", due_at=BACK - DAY, **waiting),
        "not due": put_inside(database, workspace_id, "pause", due_at=BACK + DAY, **waiting),
    }  # fmt: skip
    held_mail(database, workspace_id, found["old mail"], NOW)
    held_mail(database, workspace_id, found["new mail"], BACK - DAY)
    return found


def held_mail(database: Database, workspace_id: UUID, enrollment_id: UUID, planned_at: datetime) -> None:
    with database.write() as connection:
        person = connection.execute(select(enrollments).where(enrollments.c.id == enrollment_id)).one()
        connection.execute(
            insert(deliveries).values(
                id=new_id(NOW), workspace_id=workspace_id, contact_id=person.contact_id, enrollment_id=enrollment_id,
                definition_id=person.definition_id, step="hello", visit=1, dedupe_key=f"{enrollment_id}:hello:1",
                message_class="marketing", content_kind="discovery", topic="guides", template="discovery/hello", priority=50,
                once=True, state="deferred", due_at=planned_at, expires_at=planned_at + 3 * DAY, planned_at=planned_at,
                attempts=0, reason_code="gate.paused", reason_params={},
            )
        )  # fmt: skip


def row(database: Database, enrollment_id: UUID) -> Row[Any]:
    with database.read() as connection:
        return connection.execute(select(enrollments).where(enrollments.c.id == enrollment_id)).one()


def mail(database: Database, enrollment_id: UUID) -> Row[Any]:
    with database.read() as connection:
        return connection.execute(select(deliveries).where(deliveries.c.enrollment_id == enrollment_id)).one()


def goes_on_to(database: Database, enrollment_id: UUID) -> str:
    """The step the engine takes them to."""
    sequence = read_text(GUIDE)
    assert sequence is not None
    step = advance(
        running.to_enrollment(row(database, enrollment_id), "guide"), sequence, facts(), SETTING, BACK
    )
    return step.enrollment.step


def test_heads_are_counted_before(database: Database, workspace_id: UUID, people: dict[str, UUID]) -> None:
    held = overdue(database, workspace_id, "guide", BACK)
    assert (held.inside, held.mails, held.waits, held.oldest_at) == (5, 2, 2, NOW)


def test_spread_sends_everything_the_longest_due_first(
    database: Database, workspace_id: UUID, people: dict[str, UUID]
) -> None:
    done = resume(database, workspace_id, "guide", "re-space", BACK, days=4)
    assert (done.sent, done.passed_over) == (4, 0)
    assert mail(database, people["old mail"]).due_at == BACK
    assert row(database, people["old wait"]).due_at == BACK + DAY
    assert {mail(database, people["new mail"]).due_at, row(database, people["new wait"]).due_at} == {
        BACK + 2 * DAY,
        BACK + 3 * DAY,
    }
    assert mail(database, people["old mail"]).expires_at == BACK + 3 * DAY
    assert row(database, people["not due"]).due_at == BACK + DAY


def test_skip_leads_everybody_past_their_mail(
    database: Database, workspace_id: UUID, people: dict[str, UUID]
) -> None:
    done = resume(database, workspace_id, "guide", "skip", BACK)
    assert (done.sent, done.passed_over) == (0, 4)
    for name in ("old mail", "new mail"):
        assert mail(database, people[name]).state == "cancelled"
        assert goes_on_to(database, people[name]) == "pause"
    for name in ("old wait", "new wait"):
        assert (row(database, people[name]).step, row(database, people[name]).visit) == ("more", 2)
        assert goes_on_to(database, people[name]) == "end"
    assert row(database, people["not due"]).due_at == BACK + DAY


def test_newest_only_sends_what_is_not_late_yet(
    database: Database, workspace_id: UUID, people: dict[str, UUID]
) -> None:
    done = resume(database, workspace_id, "guide", "newest only", BACK)
    assert (done.sent, done.passed_over) == (1, 2)
    assert (mail(database, people["new mail"]).state, mail(database, people["new mail"]).due_at) == (
        "deferred",
        BACK,
    )
    assert mail(database, people["old mail"]).state == "cancelled"
    assert row(database, people["new wait"]).step == "pause"
    assert row(database, people["old wait"]).step == "more"


@pytest.mark.parametrize("way", ["skip", "newest only", "re-space"])
def test_a_running_sequence_is_left_alone(
    database: Database, workspace_id: UUID, settings: Settings, way: Way
) -> None:
    publish(database, workspace_id, settings)
    done = resume(database, workspace_id, "guide", way, BACK)
    assert (done.sent, done.passed_over) == (0, 0)


def test_it_runs_again(database: Database, workspace_id: UUID, people: dict[str, UUID]) -> None:
    def state() -> str:
        with database.read() as connection:
            found = definitions.find(connection, workspace_id, "sequence", "guide")
        assert found is not None
        return str(found.state)

    assert state() == "paused"
    resume(database, workspace_id, "guide", "re-space", BACK)
    assert state() == "live"


def test_a_name_nobody_knows(database: Database, workspace_id: UUID) -> None:
    with pytest.raises(NoSuchSequence):
        pause(database, workspace_id, "gide", NOW)
