"""Lines of the ledger: a repeated one is a skip, and reading gives them in their order."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.core.ids import content_id
from app.services.ids import new_id
from app.store import ledger
from app.store.database import Database
from app.store.tables import contacts, events, timeline, workspaces

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WORKSPACE, CONTACT = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def _somebody(database: Database) -> None:
    with database.write() as connection:
        connection.execute(
            insert(workspaces).values(id=WORKSPACE, key="main", name="M", is_demo=False, created_at=NOW)
        )
        connection.execute(
            insert(contacts).values(
                id=CONTACT, workspace_id=WORKSPACE, fields={}, revision=0, created_at=NOW, updated_at=NOW
            )
        )


def event(number: int, at: datetime = NOW) -> dict[str, Any]:
    return {
        "id": content_id(at, "site", str(number)), "workspace_id": WORKSPACE, "contact_id": CONTACT, "kind": "visited",
        "subject": str(number), "topics": "", "verdict": "human", "source": "site", "occurred_at": at, "received_at": at,
        "failures": 0, "payload": {},
    }  # fmt: skip


def line(at: datetime, code: str) -> dict[str, Any]:
    return {
        "id": new_id(at), "workspace_id": WORKSPACE, "contact_id": CONTACT, "at": at, "kind": "step", "code": code,
        "params": {}, "actor": "engine",
    }  # fmt: skip


def test_an_event_told_twice_is_one_row(database: Database) -> None:
    with database.write() as connection:
        assert ledger.add_events(connection, [event(1)]) == 1
        assert ledger.add_events(connection, [event(1)]) == 0
        assert ledger.add_events(connection, [event(number) for number in (1, 2, 3, 3)]) == 2
        assert ledger.add_events(connection, []) == 0
        assert len(connection.execute(select(events.c.id)).all()) == 3


def test_the_same_content_at_another_time_is_another_event(database: Database) -> None:
    with database.write() as connection:
        assert ledger.add_events(connection, [event(1), event(1, NOW + timedelta(seconds=1))]) == 2


def test_what_refers_to_nobody_is_an_error_and_no_skip(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        ledger.add_events(connection, [{**event(1), "contact_id": UUID(int=99)}])


def test_a_timeline_is_read_in_its_order_up_to_an_instant(database: Database) -> None:
    lines = [
        line(NOW + timedelta(hours=1), "later"),
        *(line(NOW, f"at once {number}") for number in range(9)),
    ]
    with database.write() as connection:
        ledger.add_timeline(connection, list(reversed(lines)))
        ledger.add_timeline(connection, [])
    with database.read() as connection:
        told = [row.code for row in ledger.timeline_of(connection, CONTACT)]
        before = [row.code for row in ledger.timeline_of(connection, CONTACT, until=NOW)]
        assert ledger.timeline_of(connection, UUID(int=99)) == []
    assert told == [*(f"at once {number}" for number in range(9)), "later"]
    assert before == told[:-1]
    assert len(told) == len(lines)


def test_lines_are_only_added(database: Database) -> None:
    """The same line twice is a mistake, not a skip: nothing of the ledger is written over."""
    mine = line(NOW, "once")
    with database.write() as connection:
        ledger.add_timeline(connection, [mine])
    with pytest.raises(IntegrityError), database.write() as connection:
        ledger.add_timeline(connection, [mine])
    with database.read() as connection:
        assert connection.execute(select(timeline.c.code)).scalars().all() == ["once"]
