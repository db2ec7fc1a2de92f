"""Contacts in the store: bulk rows on both databases, looked up as they stand, cut by stage and tag."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.core.ids import content_id
from app.services.importing.ids import RisingIds
from app.store import companies, contacts, tables
from app.store.bulk import insert_many, insert_missing
from app.store.database import Database
from tests.support.importing import NOW, WORKSPACE, House

MANY = 60


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


def company(number: int, **values: object) -> tuple[object, ...]:
    row = {"id": UUID(int=number), "workspace_id": WORKSPACE, "domain": f"c{number}.it", "name": f"C {number}",
           "fields": {"size": number, "quote": '"\t\\N'}, "created_at": NOW + timedelta(microseconds=number)} | values  # fmt: skip
    return tuple(row[name] for name in companies.COMPANY)


@pytest.mark.parametrize("count", [1, MANY])
def test_bulk_rows_read_back_as_they_were_given(house: House, count: int) -> None:
    given = [
        company(number, domain=None if number == 1 else f"c{number}.it") for number in range(1, count + 1)
    ]
    with house.database.write() as connection:
        insert_many(connection, tables.companies, companies.COMPANY, given)
    rows = house.rows(tables.companies, "id")
    assert [tuple(row[name] for name in companies.COMPANY) for row in rows] == given


@pytest.mark.parametrize("count", [1, MANY])
def test_a_conflict_is_an_error_in_one_way_and_a_skip_in_the_other(house: House, count: int) -> None:
    given = [company(number) for number in range(1, count + 1)]
    with house.database.write() as connection:
        insert_many(connection, tables.companies, companies.COMPANY, given[:1])
    with pytest.raises(IntegrityError), house.database.write() as connection:
        insert_many(connection, tables.companies, companies.COMPANY, given)
    with house.database.write() as connection:
        insert_missing(connection, tables.companies, companies.COMPANY, given)
    assert len(house.rows(tables.companies)) == count


def test_known_contacts_carry_everything_a_merge_looks_at(house: House) -> None:
    house.run(
        'email,email 2,name,company,tags,owner\na@x.it,a@y.it,Anna R,X,"b,a",owner@halden.example\nn@gmail.com,,,Rossi,,\n'
    )
    house.set_consent("a@x.it", "guides", "asked")
    with house.database.read() as connection:
        ids = contacts.contacts_of(connection, WORKSPACE, ["a@y.it", "n@gmail.com", "who@x.it"])
        known = contacts.load_known(connection, set(ids.values()), "inbound")
        other = contacts.load_known(connection, set(ids.values()), "outbound")
    anna = known[ids["a@y.it"]]
    assert set(ids) == {"a@y.it", "n@gmail.com"}
    assert anna.facts == {"first_name": "Anna", "last_name": "R", "origin": "import"}
    assert (anna.addresses, anna.tags, anna.company) == (("a@x.it", "a@y.it"), {"a", "b"}, "x.it")
    assert (anna.stage, anna.consents, anna.owner) == ("lead", {"guides": "asked"}, UUID(int=31))
    assert known[ids["n@gmail.com"]].company == "=rossi"
    assert other[ids["a@y.it"]].stage is None


def test_lists_are_cut_by_stage_and_tag(house: House) -> None:
    house.run("email,stage,tags\na@x.it,lead,fair\nb@x.it,customer,fair\nc@x.it,lead,\n")

    def listed(stage: str | None = None, tag: str | None = None, limit: int = 9) -> list[str]:
        with house.database.read() as connection:
            return [
                row["email"] for row in contacts.listing(connection, WORKSPACE, "inbound", stage, tag, limit)
            ]

    assert listed() == ["c@x.it", "b@x.it", "a@x.it"]
    assert listed("lead") == ["c@x.it", "a@x.it"]
    assert listed("lead", "fair") == ["a@x.it"]
    assert listed(tag="nobody") == []
    assert listed(limit=1) == ["c@x.it"]


def test_only_live_suppressions_count_and_only_in_their_workspace(house: House) -> None:
    house.suppress("a@x.it", "address", "complaint")
    house.suppress("a@x.it", "topic", "preferences", "guides")
    with house.database.write() as connection:
        connection.execute(
            tables.suppressions.update().where(tables.suppressions.c.scope == "address").values(lifted_at=NOW)
        )
    hashed = house.around.hash_value("a@x.it")
    with house.database.read() as connection:
        assert contacts.live_suppressions(connection, WORKSPACE, [hashed]) == {
            hashed: [("topic", "guides", "preferences")]
        }
        assert contacts.live_suppressions(connection, UUID(int=99), [hashed]) == {}


def test_an_address_belongs_to_one_contact_in_a_workspace_and_to_others_elsewhere(house: House) -> None:
    house.run("email\na@x.it\n")
    elsewhere = UUID(int=77)
    with house.database.write() as connection:
        connection.execute(
            insert(tables.workspaces).values(id=elsewhere, key="demo", name="D", is_demo=True, created_at=NOW)
        )
        assert contacts.contacts_of(connection, elsewhere, ["a@x.it"]) == {}


def test_rising_ids_rise_and_carry_their_time() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    new_id = RisingIds(at)
    ids = [new_id() for _ in range(70_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {one.version for one in ids} == {7}
    assert ids[0].bytes[:6] == content_id(at, "x", "y").bytes[:6]
    assert RisingIds(at)() != RisingIds(at)()
