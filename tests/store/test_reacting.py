"""What is to be reacted to: of each contact the oldest, by its index, and no row twice."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.services.world import World
from app.store import reacting
from app.store.database import Database
from app.store.tables import contacts, events
from tests.support.line import NOW, people
from tests.support.rules import change, happen, one, programme, rows

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path)


def test_the_oldest_of_each_contact_first(world: World) -> None:
    first, second = people(world, 2)
    happen(world, first, "visited", "b", NOW + timedelta(seconds=2))
    happen(world, first, "visited", "a", NOW)
    happen(world, second, "visited", "c", NOW + timedelta(seconds=1))
    with world.database.read() as connection:
        found = reacting.pending(connection, world.workspace_id, SOON, 10)
        assert [row.subject for row in found] == ["a", "c"]
        assert [row.subject for row in reacting.pending(connection, world.workspace_id, SOON, 1)] == ["a"]
        assert [row.subject for row in reacting.pending(connection, world.workspace_id, NOW, 10)] == ["a"]


def test_of_one_instant_in_a_fixed_order(world: World) -> None:
    (who,) = people(world, 1)
    for subject in ("c", "a", "b"):
        happen(world, who, "visited", subject)
    with world.database.read() as connection:
        assert [row.subject for row in reacting.pending(connection, world.workspace_id, NOW, 9)] == ["a"]


def test_what_is_processed_is_not_pending_and_keeps_its_instant(world: World) -> None:
    (who,) = people(world, 1)
    event = happen(world, who, "visited", "a")
    with world.database.write() as connection:
        reacting.mark_processed(connection, [event], NOW)
        reacting.mark_processed(connection, [event], SOON)
        assert reacting.pending(connection, world.workspace_id, SOON, 9) == []
    assert one(world, events, id=event).processed_at == NOW


def test_two_workers_are_handed_different_events(postgres_database: Database, tmp_path: Path) -> None:
    world = programme(postgres_database, tmp_path)
    for who in people(world, 4):
        happen(world, who, "visited", "a")
    with world.database.write() as mine, world.database.write() as theirs:
        first = {row.id for row in reacting.pending(mine, world.workspace_id, NOW, 2)}
        second = {row.id for row in reacting.pending(theirs, world.workspace_id, NOW, 9)}
    assert len(first) == 2
    assert not first & second


def test_contacts_to_judge_are_found_once(world: World) -> None:
    first, second = people(world, 2)
    change(world, contacts, {"id": first}, judge_due_at=NOW)
    change(world, contacts, {"id": second}, judge_due_at=SOON)
    with world.database.write() as connection:
        assert reacting.to_judge(connection, world.workspace_id, NOW, 9) == [first]
        assert reacting.to_judge(connection, world.workspace_id, SOON, 9) == [first, second]
        reacting.mark_judged(connection, [first, second])
        assert reacting.to_judge(connection, world.workspace_id, SOON, 9) == []
    assert {row.judge_due_at for row in rows(world, contacts)} == {None}


def test_pending_events_are_found_by_their_index(sqlite_database: Database, tmp_path: Path) -> None:
    """Among millions of events that were worked in, the few that wait are looked up."""
    world = programme(sqlite_database, tmp_path)
    with world.database.read() as connection:
        plan = connection.execute(
            text("EXPLAIN QUERY PLAN SELECT * FROM events WHERE processed_at IS NULL AND received_at <= 5")
        )
        assert "ix_events_unprocessed" in " ".join(row.detail for row in plan)
