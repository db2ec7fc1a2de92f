"""Statements run by the driver mean what they mean in Core, on both databases."""

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from sqlalchemy import bindparam, select, update

from app.store.database import Database
from app.store.prepared import Prepared, inserting, inserting_new
from app.store.tables import contacts, workspaces

AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
WORKSPACE = {"key": "main", "name": "Main", "is_demo": True, "created_at": AT}


def person(number: int, **more: object) -> dict[str, object]:
    row = {
        "id": UUID(int=number),
        "workspace_id": UUID(int=1),
        "first_name": None,
        "fields": {},
        "revision": 0,
    }
    return {**row, "judge_due_at": None, "created_at": AT, "updated_at": AT, **more}


@pytest.fixture
def peopled(database: Database) -> Database:
    rows = [
        person(1, fields={"a": [1, "ä %s"]}, judge_due_at=AT),
        person(2, first_name="Zoë %(id)s"),
        person(3, created_at=AT.astimezone(timezone(timedelta(hours=2)))),
    ]
    with database.write() as connection:
        inserting(workspaces, (*WORKSPACE, "id")).run(connection, [{**WORKSPACE, "id": UUID(int=1)}])
        assert inserting(contacts, tuple(rows[0])).run(connection, rows) == 3
    return database


def test_values_come_back_as_they_were(peopled: Database) -> None:
    with peopled.read() as connection:
        first, second, third = connection.execute(select(contacts).order_by(contacts.c.id)).all()
    assert (first.id, first.workspace_id, first.fields) == (UUID(int=1), UUID(int=1), {"a": [1, "ä %s"]})
    assert (first.judge_due_at, second.judge_due_at) == (AT, None)
    assert (first.first_name, second.first_name) == (None, "Zoë %(id)s")
    assert third.created_at == AT
    assert third.created_at.tzinfo is UTC


def test_ids_that_were_read_are_ids(peopled: Database) -> None:
    with peopled.read() as connection:
        found = connection.execute(select(contacts.c.id).order_by(contacts.c.id)).scalars().first()
    same = UUID(int=1)
    assert found == same
    assert hash(found) == hash(same)
    assert (str(found), repr(found), found.bytes) == (str(same), repr(same), same.bytes)
    assert pickle.loads(pickle.dumps(found)) == copy.copy(found) == same


def test_a_conflict_is_a_skip(peopled: Database) -> None:
    rows = [person(3), person(4)]
    with peopled.write() as connection:
        new = inserting_new(contacts, tuple(rows[0]), connection.dialect.name)
        assert new.run(connection, rows) == 1
        assert new.run(connection, rows) == new.run(connection, []) == 0


def test_an_update_says_how_many_rows_it_met(peopled: Database) -> None:
    renamed = Prepared(
        update(contacts)
        .where(contacts.c.id == bindparam("row_id"), contacts.c.revision == 0)
        .values(first_name=bindparam("new_name"), revision=contacts.c.revision + 1, city="Aarhus")
    )
    rows = [{"row_id": UUID(int=number), "new_name": f"N{number}"} for number in (1, 2, 9)]
    with peopled.write() as connection:
        assert renamed.run(connection, rows) == 2
        assert renamed.run(connection, rows) == 0
        found = connection.execute(
            select(contacts.c.first_name, contacts.c.city).where(contacts.c.revision == 1)
        )
        assert sorted(map(tuple, found)) == [("N1", "Aarhus"), ("N2", "Aarhus")]


def test_an_instant_without_a_zone_is_refused(peopled: Database) -> None:
    with pytest.raises((TypeError, ValueError)), peopled.write() as connection:
        rows = [person(7, created_at=datetime(2026, 1, 1))]  # noqa: DTZ001
        inserting(contacts, tuple(rows[0])).run(connection, rows)
