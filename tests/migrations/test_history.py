"""The history of migrations leads to the schema of the tables, with rows in it and back again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    Float,
    Inspector,
    Integer,
    LargeBinary,
    Table,
    inspect,
    select,
    text,
)

from app.core.ids import timed_id
from app.services.starting import alembic_config, is_current, migrate
from app.store.database import Database
from app.store.tables import PARTITIONED, metadata
from app.store.types import SEAL, Id, Instant, Sealed
from tests.support.databases import Postgres

NOW = datetime(2026, 11, 22, 9, 30, 0, 123_456, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a schema."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'bare.db'}")
        yield database
        database.close()
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    database = postgres.create(schema=False)
    yield database
    postgres.drop(database)


def down(database: Database) -> None:
    config = alembic_config()
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def own_tables(database: Database) -> set[str]:
    return {name for name in inspect(database.engine).get_table_names() if name != "alembic_version"}


def not_of_a_partition(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    table = name if kind == "table" else getattr(getattr(item, "table", None), "name", "")
    return not reflected or "__" not in (table or "")


def differences(database: Database) -> list[Any]:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": not_of_a_partition})
        return list(compare_metadata(context, metadata))


def row_of(table: Table) -> dict[str, Any]:
    """A row with a value in every column; ids that refer to other tables are those of their rows."""
    return {column.name: _value(table, column) for column in table.columns}


def _value(table: Table, column: Any) -> Any:
    if column.foreign_keys:
        return _id(next(iter(column.foreign_keys)).column.table.name)
    kind = column.type
    if isinstance(kind, Id):
        return _id(table.name)
    if isinstance(kind, Instant):
        return NOW
    if isinstance(kind, Sealed):
        return f"{SEAL}{column.name}"
    if isinstance(kind, LargeBinary):
        return b"\x00\xff"
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, Date):
        return NOW.date()
    if isinstance(kind, Integer):
        return 7
    if isinstance(kind, Float):
        return 0.5
    return {"key": ["value", None, 1.5]} if "JSON" in type(kind).__name__.upper() else f"{column.name} ü"


def _id(table: str) -> UUID:
    return timed_id(NOW, table.encode().ljust(10, b"."))


def fill(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        connection.execute(table.insert(), [row_of(table)])


def test_the_history_leads_to_the_schema_of_the_tables(bare: Database) -> None:
    assert not is_current(bare)
    assert migrate(bare)
    assert is_current(bare)
    assert not migrate(bare)
    assert differences(bare) == []


def test_a_column_or_index_too_many_is_seen(bare: Database) -> None:
    migrate(bare)
    with bare.write() as connection:
        connection.exec_driver_sql("ALTER TABLE companies ADD COLUMN stray TEXT")
        connection.exec_driver_sql("DROP INDEX ix_contacts_owner_id")
    assert {difference[0] for difference in differences(bare)} == {"remove_column", "add_index"}


def test_the_migrated_schema_is_the_one_of_the_metadata(
    bare: Database, database_of_metadata: Database
) -> None:
    migrate(bare)
    assert described(bare) == described(database_of_metadata)


@pytest.fixture
def database_of_metadata(
    bare: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Database]:
    """The same kind of database, made by `metadata.create_all`."""
    if not bare.is_sqlite:
        postgres: Postgres = request.getfixturevalue("postgres")
        made = postgres.create()
        yield made
        postgres.drop(made)
        return
    made = Database(f"sqlite:///{tmp_path / 'made.db'}")
    with made.write() as connection:
        metadata.create_all(connection)
    yield made
    made.close()


def described(database: Database) -> dict[str, Any]:
    look: Inspector = inspect(database.engine)
    return {
        name: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"]) for column in look.get_columns(name)
            },
            "key": look.get_pk_constraint(name)["constrained_columns"],
            "unique": sorted(tuple(one["column_names"]) for one in look.get_unique_constraints(name)),
            "refers": sorted(
                (tuple(one["constrained_columns"]), one["referred_table"])
                for one in look.get_foreign_keys(name)
            ),
            "indexes": sorted(
                (one["name"], tuple(one["column_names"]), bool(one["unique"]))
                for one in look.get_indexes(name)
            ),
            "partial": _partial(database, name),
        }
        for name in own_tables(database)
        if "__" not in name
    }


def _partial(database: Database, table: str) -> set[str]:
    """The partial indexes with their conditions, as the database tells them."""
    query = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql LIKE '% WHERE %'"
        if database.is_sqlite
        else "SELECT indexdef FROM pg_indexes WHERE tablename = :table AND indexdef LIKE '% WHERE %'"
    )
    with database.read() as connection:
        return {
            # What a table without partitions tells without ONLY.
            " ".join(found.replace('"', "").replace(" ON ONLY ", " ON ").split())
            for found in connection.execute(text(query), {"table": table}).scalars()
        }


def test_down_and_up_again_with_a_row_in_every_table(bare: Database) -> None:
    migrate(bare)
    with bare.write() as connection:
        fill(connection)
    with bare.read() as connection:
        for table in metadata.sorted_tables:
            assert connection.execute(select(table)).one()._asdict() == row_of(table), table.name
    down(bare)
    assert own_tables(bare) == set()
    assert migrate(bare)
    with bare.write() as connection:
        fill(connection)
    assert differences(bare) == []


def test_what_grows_with_time_takes_any_time(bare: Database) -> None:
    """Without a partition of its own a row is kept all the same."""
    migrate(bare)
    with bare.write() as connection:
        fill(connection)
        for table in PARTITIONED:
            late = {**row_of(table), "id": timed_id(NOW + timedelta(days=4000), bytes(10))}
            connection.execute(table.insert(), [late])
    with bare.read() as connection:
        for table in PARTITIONED:
            assert len(connection.execute(select(table.c.id)).all()) == 2
