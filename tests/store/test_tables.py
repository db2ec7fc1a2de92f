"""What every table keeps to, and values that come back as they went in."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from sqlalchemy import Column, Text, UniqueConstraint, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from app.core.ids import timed_id
from app.store.database import Database
from app.store.tables import PARTITIONED, contacts, metadata, workspaces
from app.store.types import Instant

DATA = {"plain", "pseudonymous", "personal"}
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NAMES_AND_ADDRESSES = {"email", "value", "domain", "key", "value_hash", "dedupe_key", "sender"}
# The workspace itself, and keys whose first part already belongs to one workspace.
OF_ITS_OWN = {("workspaces", ("key",))}
FAR = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 11, 22, 9, 30, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, 0, 999_999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)


def undeclared(column: Column[object]) -> bool:
    return column.info.get("data") not in DATA


def test_every_column_says_what_it_is_to_a_person() -> None:
    assert [
        str(column) for table in metadata.sorted_tables for column in table.columns if undeclared(column)
    ] == []


def test_a_column_that_says_nothing_is_found() -> None:
    assert undeclared(Column("stray", Text))


def test_contact_ids_and_addresses_are_never_plain() -> None:
    known = {"contact_id", "email", "address", "first_name", "last_name", "phone", "user_agent", "payload"}
    plain = [
        str(column)
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name in known and column.info["data"] == "plain"
    ]
    assert plain == []


def test_every_unique_name_or_address_belongs_to_a_workspace() -> None:
    found = []
    for table in metadata.sorted_tables:
        keys = [
            tuple(c.name for c in one.columns)
            for one in table.constraints
            if isinstance(one, UniqueConstraint)
        ]
        keys += [tuple(c.name for c in one.columns) for one in table.indexes if one.unique]
        keys += [(column.name,) for column in table.columns if column.unique]
        for names in keys:
            if NAMES_AND_ADDRESSES & set(names) and names[0] != "workspace_id":
                found.append((table.name, names))
    assert set(found) == OF_ITS_OWN


def test_every_table_with_rows_of_people_names_its_workspace() -> None:
    without = {table.name for table in metadata.sorted_tables if "workspace_id" not in table.c}
    assert without == {
        "workspaces", "sign_ins", "second_factors", "recovery_codes", "import_rows", "job_runs",
    }  # fmt: skip


def test_what_is_partitioned_has_its_time_in_its_id_alone() -> None:
    assert {table.name for table in PARTITIONED} == {"hits", "events", "attempts", "timeline"}
    for table in PARTITIONED:
        assert [column.name for column in table.primary_key] == ["id"]
        assert not [one for one in table.constraints if isinstance(one, UniqueConstraint)]


@pytest.mark.parametrize("at", FAR, ids=str)
def test_instants_come_back_to_the_microsecond(database: Database, at: datetime) -> None:
    row_id = timed_id(NOW, b"0123456789")
    with database.write() as connection:
        connection.execute(insert(workspaces).values(**_workspace(row_id), created_at=at, stopped_at=at))
    with database.read() as connection:
        found = connection.execute(select(workspaces)).one()
        matched = connection.execute(
            select(workspaces.c.id).where(workspaces.c.created_at == at)
        ).scalar_one()
    assert (found.created_at, found.stopped_at, found.id, matched) == (at, at, row_id, row_id)
    assert found.created_at.utcoffset() == timedelta(0)


def test_an_instant_of_another_zone_is_the_same_instant(database: Database) -> None:
    at = datetime(2026, 11, 22, 15, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with database.write() as connection:
        connection.execute(insert(workspaces).values(**_workspace(UUID(int=3)), created_at=at))
    with database.read() as connection:
        found = connection.execute(select(workspaces.c.created_at)).scalar_one()
    assert found == at
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused_and_nothing_is_written(database: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="has no time zone"), database.write() as connection:
        connection.execute(insert(workspaces).values(**_workspace(UUID(int=3)), created_at=naive))
    with database.read() as connection:
        assert connection.execute(select(workspaces)).all() == []
        with pytest.raises(StatementError, match="has no time zone"):
            connection.execute(select(workspaces).where(workspaces.c.created_at > naive))


def test_instants_order_as_they_follow_one_another(database: Database) -> None:
    with database.write() as connection:
        for number, at in enumerate(reversed(FAR), start=1):
            connection.execute(insert(workspaces).values(**_workspace(UUID(int=number)), created_at=at))
    with database.read() as connection:
        query = select(workspaces.c.created_at).order_by(workspaces.c.created_at)
        assert tuple(connection.execute(query).scalars()) == tuple(sorted(FAR))


def test_ids_sort_by_time_in_both_databases(database: Database) -> None:
    ids = [timed_id(NOW + timedelta(milliseconds=step), bytes([255 - step]) * 10) for step in range(8)]
    with database.write() as connection:
        for row_id in reversed(ids):
            connection.execute(insert(workspaces).values(**_workspace(row_id), created_at=NOW))
    with database.read() as connection:
        assert list(connection.execute(select(workspaces.c.id).order_by(workspaces.c.id)).scalars()) == ids


def test_json_keeps_null_apart_from_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(workspaces).values(**_workspace(UUID(int=1)), created_at=NOW))
        connection.execute(
            insert(contacts).values(**_contact(UUID(int=2)), fields={"size": None, "ü": [1, 2.5]})
        )
    with database.read() as connection:
        assert connection.execute(select(contacts.c.fields)).scalar_one() == {"size": None, "ü": [1, 2.5]}


def test_a_row_that_refers_to_nothing_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(contacts).values(**_contact(UUID(int=2)), fields={}))


def test_none_stays_none() -> None:
    assert Instant().process_bind_param(None, _Sqlite()) is None  # type: ignore[arg-type]
    assert Instant().process_result_value(None, _Sqlite()) is None  # type: ignore[arg-type]


class _Sqlite:
    name = "sqlite"


def _workspace(row_id: UUID) -> dict[str, object]:
    return {"id": row_id, "key": row_id.hex, "name": "Main", "is_demo": False}


def _contact(row_id: UUID) -> dict[str, object]:
    return {"id": row_id, "workspace_id": UUID(int=1), "revision": 0, "created_at": NOW, "updated_at": NOW}
