"""One contact by hand: every act has its history and its line on the timeline, and faults write nothing."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from app.services import contacts
from app.services.contacts import ContactFault
from app.services.importing import ImportFault
from app.store import tables
from app.store.database import Database
from tests.support.importing import NOW, WORKSPACE, House

BY = "user:31"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


@pytest.fixture
def anna(house: House) -> UUID:
    saved = contacts.save_contact(
        house.database,
        WORKSPACE,
        house.around,
        {"email": "Anna@x.it", "full_name": "Anna Rossi", "country": "Italia"},
        BY,
        NOW,
    )
    assert saved.result == "created"
    assert saved.contact_id is not None
    return saved.contact_id


def test_saving_makes_a_contact_once_and_then_changes_it(house: House, anna: UUID) -> None:
    found = house.contact("anna@x.it")
    assert (found["first_name"], found["country"], found["origin"]) == ("Anna", "IT", None)
    assert house.stage("anna@x.it") == "lead"
    values = {"email": "anna@x.it", "city": "Roma", "stage": "customer"}
    again = contacts.save_contact(house.database, WORKSPACE, house.around, values, BY, NOW)
    assert (again.contact_id, again.result) == (anna, "updated")
    assert [note.code for note in again.notes] == ["import.note.stage_kept"]
    assert house.stage("anna@x.it") == "lead"
    assert sorted(row["code"] for row in house.rows(tables.timeline)) == [
        "contact.created",
        "contact.updated",
    ]
    assert {row["actor"] for row in house.rows(tables.timeline)} == {BY}
    assert (
        contacts.save_contact(house.database, WORKSPACE, house.around, values, BY, NOW).result == "unchanged"
    )


def test_a_field_is_typed_set_and_cleared_with_its_history(house: House, anna: UUID) -> None:
    def put(field: str, text: str) -> list[tuple[object, object]]:
        changes = contacts.set_field(house.database, WORKSPACE, house.around, anna, field, text, BY, NOW)
        return [(change.old, change.new) for change in changes]

    assert put("country", "Nederland") == [("IT", "NL")]
    assert put("country", "nl") == []
    assert put("country", " ") == [("NL", None)]
    found = house.contact("anna@x.it")
    assert (found["country"], found["revision"]) == (None, 2)
    facts = [row for row in house.rows(tables.fact_changes) if row["kind"] == "field"]
    assert {(row["old"], row["new"], row["source"]) for row in facts} == {("IT", "NL", BY), ("NL", None, BY)}


def test_nothing_is_written_to_a_field_that_is_out_of_use(house: House, anna: UUID) -> None:
    file = "email,flats\nanna@x.it,12\n"
    house.run(file, fields=("flats=flats:number",))
    with house.database.write() as connection:
        connection.execute(update(tables.field_definitions).values(retired_at=NOW))
    place = (house.database, WORKSPACE, house.around)
    refused = []
    for act in (
        lambda: contacts.set_field(*place, anna, "flats", "13", BY, NOW),
        lambda: contacts.save_contact(*place, {"email": "anna@x.it", "flats": "13"}, BY, NOW),
    ):
        with pytest.raises(ContactFault) as fault:
            act()
        refused.append(fault.value.reason.code)
    assert refused == ["contact.field_retired"] * 2
    for act in (house.run, house.rehearse):
        with pytest.raises(ImportFault, match="retired"):
            act(file, chosen={"flats": "flats"})
    assert "flats" not in {each.key for each in contacts.sheet(*place, anna).fields}
    assert house.run(file.replace("12", "13")).counts["unchanged"] == 1, "the column is passed over"
    assert house.contact("anna@x.it")["fields"] == {"flats": 12}, "what people have in it stays"


def test_tags_come_and_go(house: House, anna: UUID) -> None:
    def tag(**given: list[str]) -> list[str]:
        changes = contacts.tag_contact(house.database, WORKSPACE, house.around, anna, BY, NOW, **given)
        return [change.name for change in changes]

    assert tag(add=["Warm", "fair 2026"]) == ["warm", "fair 2026"]
    assert tag(add=["warm"], remove=["cold"]) == []
    assert tag(remove=["WARM"]) == ["warm"]
    assert [row["tag"] for row in house.rows(tables.contact_tags)] == ["fair 2026"]


def test_owner_and_further_address(house: House, anna: UUID) -> None:
    contacts.set_owner(house.database, WORKSPACE, house.around, anna, "OWNER@halden.example", BY, NOW)
    assert house.contact("anna@x.it")["owner_id"] == UUID(int=31)
    assert (
        contacts.set_owner(house.database, WORKSPACE, house.around, anna, "owner@halden.example", BY, NOW)
        == []
    )
    contacts.set_owner(house.database, WORKSPACE, house.around, anna, None, BY, NOW)
    assert house.contact("anna@x.it")["owner_id"] is None
    contacts.add_address(house.database, WORKSPACE, house.around, anna, "anna.r@gmail.com", BY, NOW)
    assert house.contact("anna.r@gmail.com")["id"] == anna
    assert (
        contacts.add_address(house.database, WORKSPACE, house.around, anna, "Anna.R@gmail.com", BY, NOW) == []
    )


def test_consent_is_a_ledger_with_a_current_state(house: House, anna: UUID) -> None:
    def say(state: str, basis: str = "told me", source: str = "phone") -> bool:
        return contacts.record_consent(
            house.database, WORKSPACE, house.around, anna, "guides", state, basis, source, BY, NOW, "v1"
        )

    assert [say("given"), say("given"), say("withdrawn"), say("given")] == [True, False, True, True]
    assert [row["state"] for row in house.rows(tables.consents)] == ["given"]
    entries = house.rows(tables.consent_entries)
    assert sorted(row["state"] for row in entries) == ["given", "given", "withdrawn"]
    assert {(row["basis"], row["source"], row["text_version"]) for row in entries} == {
        ("told me", "phone", "v1")
    }


def test_contacts_are_found_by_address_and_by_id(house: House, anna: UUID) -> None:
    for who in ("ANNA@x.it", str(anna)):
        assert contacts.find_contact(house.database, WORKSPACE, who) == anna
    for who in ("bo@x.it", str(UUID(int=5)), "nonsense"):
        assert contacts.find_contact(house.database, WORKSPACE, who) is None


Act = Callable[[House, UUID], object]
REFUSED: dict[str, tuple[str, Act]] = {
    "field": ("contact.field_unknown", lambda h, a: contacts.set_field(h.database, WORKSPACE, h.around, a, "shoe", "42", BY, NOW)),
    "value": ("import.note.country", lambda h, a: contacts.set_field(h.database, WORKSPACE, h.around, a, "country", "Atlantis", BY, NOW)),
    "contact": ("contact.unknown", lambda h, a: contacts.set_field(h.database, WORKSPACE, h.around, UUID(int=9), "city", "R", BY, NOW)),
    "owner": ("contact.owner_unknown", lambda h, a: contacts.set_owner(h.database, WORKSPACE, h.around, a, "x@y.it", BY, NOW)),
    "address": ("address.invalid", lambda h, a: contacts.add_address(h.database, WORKSPACE, h.around, a, "x@y", BY, NOW)),
    "state": ("contact.consent_state", lambda h, a: contacts.record_consent(h.database, WORKSPACE, h.around, a, "guides", "maybe", "b", "s", BY, NOW)),
    "topic": ("contact.topic_unknown", lambda h, a: contacts.record_consent(h.database, WORKSPACE, h.around, a, "golf", "given", "b", "s", BY, NOW)),
    "basis": ("contact.consent_basis", lambda h, a: contacts.record_consent(h.database, WORKSPACE, h.around, a, "guides", "given", " ", "s", BY, NOW)),
    "new": ("address.invalid", lambda h, a: contacts.save_contact(h.database, WORKSPACE, h.around, {"email": "@"}, BY, NOW)),
    "place": ("contact.field_unknown", lambda h, a: contacts.save_contact(h.database, WORKSPACE, h.around, {"email": "b@x.it", "shoe": "42"}, BY, NOW)),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_says_why_and_writes_nothing(house: House, anna: UUID, case: str) -> None:
    code, act = REFUSED[case]
    before = house.sizes()
    with pytest.raises(ContactFault) as caught:
        act(house, anna)
    assert caught.value.reason.code == code
    assert house.sizes() == before


def test_an_address_stays_with_its_contact(house: House, anna: UUID) -> None:
    contacts.save_contact(house.database, WORKSPACE, house.around, {"email": "bo@x.it"}, BY, NOW)
    with pytest.raises(ContactFault) as caught:
        contacts.add_address(house.database, WORKSPACE, house.around, anna, "bo@x.it", BY, NOW)
    assert caught.value.reason.code == "contact.address_taken"


def test_who_was_erased_is_not_made_again(house: House) -> None:
    house.suppress("gone@x.it", "address", "erasure")
    with pytest.raises(ContactFault) as caught:
        contacts.save_contact(house.database, WORKSPACE, house.around, {"email": "gone@x.it"}, BY, NOW)
    assert caught.value.reason.code == "import.row.erased"
    assert house.sizes()["contacts"] == 0
