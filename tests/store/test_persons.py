"""Whoever adds a table with people in it says how they are found; erasing and exporting then know it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select

from app.store import persons
from app.store.database import Database
from app.store.tables import contact_tags, contacts, events, fact_changes, merges, metadata, workspaces
from app.store.tables.columns import contact, key, personal, plain
from app.store.types import Id

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
WORKSPACE, ANNA, ANNE, BO = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)


def test_every_table_with_personal_columns_has_a_way_to_its_contact() -> None:
    known = {place.table.name for place in persons.places()}
    colleagues = {table.name for table in metadata.sorted_tables if table.info.get("whose") == "colleague"}
    people = {table.name for table in metadata.sorted_tables if persons.personal_columns(table)}
    assert people - known == colleagues
    assert {"users", "sign_ins"} <= colleagues


def test_a_table_without_a_way_is_found() -> None:
    tables = MetaData()
    Table("contacts", tables, key())
    Table("notes", tables, key(), personal("text", Text))
    with pytest.raises(persons.NoWay, match="notes has personal columns"):
        persons.places(tables)


def test_every_personal_column_can_be_emptied() -> None:
    for place in persons.places():
        for column in persons.personal_columns(place.table):
            persons._nothing(column)
    stray = Table("stray", MetaData(), key(), personal("age", Integer))
    with pytest.raises(TypeError, match="cannot be emptied"):
        persons._nothing(stray.c.age)


def test_a_row_is_found_through_the_row_it_refers_to() -> None:
    tables = MetaData()
    Table("contacts", tables, key())
    Table("deliveries", tables, key(), contact(), personal("address", Text))
    Table("attempts", tables, key(), plain("delivery_id", Id), personal("response", Text))
    found = {place.table.name: place for place in persons.places(tables)}
    assert [other.table.name for _, other in found["attempts"].via] == ["deliveries"]
    assert not found["attempts"].searched


def _row(table: Table, **values: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"TEXT": "", "INTEGER": 0}

    def usual(column: Column[Any]) -> Any:
        kind = type(column.type).__name__.upper()
        return NOW if kind == "INSTANT" else {} if "JSON" in kind else empty.get(kind, UUID(int=9))

    needed = {column.name: usual(column) for column in table.columns if not column.nullable}
    return needed | {"workspace_id": WORKSPACE} | values


def lay(database: Database) -> None:
    with database.write() as connection:
        row = {"id": WORKSPACE, "key": "main", "name": "M", "is_demo": False, "created_at": NOW}
        connection.execute(insert(workspaces).values(row))
        for who, into in ((ANNA, None), (ANNE, ANNA), (BO, None)):
            connection.execute(
                insert(contacts).values(_row(contacts, id=who, first_name="A", merged_into=into))
            )
            connection.execute(insert(contact_tags).values(_row(contact_tags, contact_id=who, tag="warm")))
            change = _row(fact_changes, id=UUID(int=who.int + 10), contact_id=who, old={"a": 1}, name="city")
            connection.execute(insert(fact_changes).values(change))
            event = _row(
                events, id=UUID(int=who.int + 20), contact_id=who, subject="/from/anna", kind="visited"
            )
            connection.execute(insert(events).values(event))
        connection.execute(
            insert(merges).values(
                _row(merges, survivor_id=ANNA, merged_id=ANNE, before={"first_name": "Anne"})
            )
        )


def test_personal_columns_are_emptied_and_rows_whose_key_is_personal_go(database: Database) -> None:
    lay(database)
    with database.write() as connection:
        group = persons.everybody_in(connection, ANNA)
        assert set(group) == {ANNA, ANNE}
        persons.erase_rows(connection, group, {"discovery/hello"})
    with database.read() as connection:
        assert connection.execute(select(contact_tags.c.contact_id)).scalars().all() == [BO]
        names = dict(connection.execute(select(contacts.c.id, contacts.c.first_name)).all())
        assert names == {ANNA: None, ANNE: None, BO: "A"}
        changes = connection.execute(
            select(fact_changes.c.contact_id, fact_changes.c.old, fact_changes.c.name)
        )
        told = {who: (old, name) for who, old, name in changes}
        assert told == {ANNA: (None, "city"), ANNE: (None, "city"), BO: ({"a": 1}, "city")}
        assert connection.execute(select(merges.c.before)).scalar_one() == {}


@pytest.mark.parametrize(("subject", "left"), [("/from/anna", ""), ("discovery/hello", "discovery/hello")])
def test_a_subject_that_is_one_of_our_own_keys_stays(database: Database, subject: str, left: str) -> None:
    lay(database)
    with database.write() as connection:
        mine = events.c.contact_id == ANNA
        connection.execute(events.update().where(mine).values(subject=subject))
        persons.erase_rows(connection, [ANNA], {"discovery/hello"})
        assert connection.execute(select(events.c.subject).where(mine)).scalar_one() == left
        others = select(events.c.subject).where(events.c.contact_id == BO)
        assert connection.execute(others).scalar_one() == "/from/anna"
