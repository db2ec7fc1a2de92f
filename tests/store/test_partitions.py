"""Months of their own for what grows with time, on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, inspect, text

from app.core.ids import timed_id
from app.services.starting import migrate
from app.store.database import Database
from app.store.partitions import add_partitions, first_id
from app.store.tables import PARTITIONED, attempts
from tests.support.databases import Postgres

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MONTHS = ("2026_11", "2026_12", "2027_01", "2027_02")


@pytest.fixture
def migrated(postgres: Postgres) -> Iterator[Database]:
    database = postgres.create(schema=False)
    migrate(database)
    yield database
    postgres.drop(database)


def attempt(at: datetime, workspace: UUID, entropy: bytes = bytes(10)) -> dict[str, object]:
    return {
        "id": timed_id(at, entropy), "workspace_id": workspace, "delivery_id": UUID(int=1), "number": 1, "at": at,
        "worker": "main", "phase": "dot", "outcome": "accepted", "response": "",
    }  # fmt: skip


def workspace(connection: Connection) -> UUID:
    made = UUID(int=9)
    connection.execute(
        text(
            "INSERT INTO workspaces (id, key, name, is_demo, created_at) VALUES (:id, 'main', 'M', false, :at)"
        ),
        {"id": made, "at": NOW},
    )
    return made


def where_it_lies(connection: Connection, row: dict[str, object]) -> str:
    found = connection.execute(
        text("SELECT tableoid::regclass::text FROM attempts WHERE id = :id"), {"id": row["id"]}
    )
    return str(found.scalar_one())


def test_this_month_and_the_next_three_for_each_table(migrated: Database) -> None:
    with migrated.write() as connection:
        assert add_partitions(connection, NOW) == len(MONTHS) * len(PARTITIONED)
        assert add_partitions(connection, NOW) == 0
    names = set(inspect(migrated.engine).get_table_names())
    assert {f"{table.name}__{month}" for table in PARTITIONED for month in MONTHS} < names


def test_a_new_month_adds_one(migrated: Database) -> None:
    with migrated.write() as connection:
        add_partitions(connection, NOW)
        assert add_partitions(connection, NOW + timedelta(days=31)) == len(PARTITIONED)


def test_ids_sort_into_the_partition_of_their_month(migrated: Database) -> None:
    """To the millisecond, whatever stands behind the time in an id."""
    december = datetime(2026, 12, 1, tzinfo=UTC)
    places = {
        "attempts__2026_11": (NOW, december - timedelta(milliseconds=1)),
        "attempts__2026_12": (december, datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        "attempts__2027_01": (datetime(2027, 1, 1, tzinfo=UTC),),
        "attempts__default": (datetime(2020, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)),
    }
    with migrated.write() as connection:
        add_partitions(connection, NOW)
        mine = workspace(connection)
        for place, instants in places.items():
            for at in instants:
                for entropy in (bytes(10), b"\xff" * 10):
                    row = attempt(at, mine, entropy)
                    connection.execute(attempts.insert(), [row])
                    assert where_it_lies(connection, row) == place


def test_a_month_that_began_in_the_default_partition_stays_there(migrated: Database) -> None:
    with migrated.write() as connection:
        row = attempt(NOW, workspace(connection))
        connection.execute(attempts.insert(), [row])
        assert add_partitions(connection, NOW) == len(MONTHS) * len(PARTITIONED) - 1
        assert where_it_lies(connection, row) == "attempts__default"


def test_sqlite_has_none(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        assert add_partitions(connection, NOW) == 0


def test_the_first_id_of_a_month_is_the_smallest() -> None:
    month = datetime(2026, 12, 1, tzinfo=UTC)
    assert first_id(month) < timed_id(month, bytes(10))
    assert first_id(month) > timed_id(month - timedelta(milliseconds=1), b"\xff" * 10)
