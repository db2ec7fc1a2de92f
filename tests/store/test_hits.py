"""Whose a hit is, after merges and erasures, and what was consented to before."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert

from app.store import hits, tables
from app.store.database import Database

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
WORKSPACE = UUID(int=1)
A, B, C, D = (UUID(int=number) for number in (11, 12, 13, 14))


@pytest.fixture(autouse=True)
def _workspace(database: Database) -> None:
    row = {"id": WORKSPACE, "key": "main", "name": "Main", "is_demo": False, "created_at": NOW}
    with database.write() as connection:
        connection.execute(insert(tables.workspaces), [row])


def add(connection: Connection, contact_id: UUID, **columns: object) -> None:
    row = {
        "id": contact_id, "workspace_id": WORKSPACE, "fields": {}, "revision": 0, "created_at": NOW, "updated_at": NOW,
        **columns,
    }  # fmt: skip
    connection.execute(insert(tables.contacts), [row])


def who(database: Database, *contact_ids: UUID) -> dict[UUID, tuple[UUID, str | None]]:
    with database.read() as connection:
        found = hits.living(connection, contact_ids)
    return {contact_id: (one.contact_id, one.tracking) for contact_id, one in found.items()}


def test_merged_contacts_are_their_last_survivor(database: Database) -> None:
    with database.write() as connection:
        add(connection, A, merged_into=B)
        add(connection, B, merged_into=C)
        add(connection, C, tracking="aggregate")
    assert who(database, A, B, C) == dict.fromkeys((A, B, C), (C, "aggregate"))
    assert who(database, A) == {A: (C, "aggregate")}


def test_the_erased_and_the_unknown_are_nobody(database: Database) -> None:
    with database.write() as connection:
        add(connection, A, erased_at=NOW)
        add(connection, B, merged_into=A)
        add(connection, C)
    assert who(database, A, B, C, D) == {C: (C, None)}
    assert who(database) == {}


def test_a_circle_of_merges_is_nobody_and_ends(database: Database) -> None:
    with database.write() as connection:
        add(connection, A, merged_into=B)
        add(connection, B, merged_into=A)
    assert who(database, A, B) == {}


def test_earlier_consent_is_found_by_what_changed_it(database: Database) -> None:
    with database.write() as connection:
        add(connection, A)
        for number, (minutes, before) in enumerate(((-5, "none"), (5, "aggregate"), (9, "individual"))):
            entry = {
                "id": UUID(int=20 + number), "workspace_id": WORKSPACE, "contact_id": A, "purpose": "tracking",
                "state": "given", "basis": "x", "source": "page", "at": NOW + timedelta(minutes=minutes),
                "detail": {"before": before},
            }  # fmt: skip
            connection.execute(insert(tables.consent_entries), [entry])
    with database.read() as connection:
        changes = hits.tracking_changes(connection, [A], NOW)
    assert changes == {
        A: [(NOW + timedelta(minutes=5), "aggregate"), (NOW + timedelta(minutes=9), "individual")]
    }
