"""The red button: on record with who and why, once, and back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.services.stopping import effects, resume, sending_state, stop
from app.store.database import Database
from app.store.tables import audit_entries, workspaces
from tests.support.seed import NOW, Seeded, seed


@pytest.fixture
def base(database: Database) -> Seeded:
    return seed(database, contacts=10)


def test_it_stands_with_who_and_why(database: Database, base: Seeded) -> None:
    assert stop(database, base.workspace_id, base.admin_id, "  wrong price in the mail ", NOW)
    state = sending_state(database, base.workspace_id)
    assert (state.stopped_at, state.stopped_by, state.why) == (
        NOW,
        "Marta Lindqvist",
        "wrong price in the mail",
    )


def test_the_first_who_pressed_it_stays_on_record(database: Database, base: Seeded) -> None:
    stop(database, base.workspace_id, base.admin_id, "first", NOW)
    assert not stop(database, base.workspace_id, base.sales_id, "second", NOW + timedelta(minutes=1))
    assert sending_state(database, base.workspace_id).why == "first"


def test_resuming_clears_it_and_both_are_in_the_audit_trail(database: Database, base: Seeded) -> None:
    stop(database, base.workspace_id, base.admin_id, "a", NOW)
    assert resume(database, base.workspace_id, base.sales_id, "b", NOW + timedelta(hours=1))
    assert sending_state(database, base.workspace_id).stopped_at is None
    with database.read() as connection:
        rows = connection.execute(select(audit_entries).order_by(audit_entries.c.at)).all()
    assert [(row.action, row.user_id, row.detail["why"]) for row in rows] == [
        ("sending.stopped", base.admin_id, "a"),
        ("sending.resumed", base.sales_id, "b"),
    ]


def test_resuming_what_runs_changes_and_records_nothing(database: Database, base: Seeded) -> None:
    assert not resume(database, base.workspace_id, base.admin_id, "", NOW)
    with database.read() as connection:
        assert connection.execute(select(audit_entries)).first() is None


def test_another_workspace_goes_on(database: Database, base: Seeded) -> None:
    with database.write() as connection:
        other = base.contacts[0]
        connection.execute(
            workspaces.insert().values(id=other, key="demo", name="Demo", is_demo=True, created_at=NOW)
        )
    stop(database, base.workspace_id, base.admin_id, "x", NOW)
    assert sending_state(database, other).stopped_at is None


def test_its_effects_are_counted_before(database: Database, base: Seeded) -> None:
    before = effects(database, base.workspace_id, NOW)
    assert before.under_way == 0
    # The first contact's "ask", and "guide" of the one that waits for its delivery.
    assert before.waiting.count == 2
    assert before.waiting.oldest_at == NOW + timedelta(hours=1)
