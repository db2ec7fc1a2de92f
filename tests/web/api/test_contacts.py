"""Contacts by the API: saved by their address, found page by page, taken along and erased."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.services import contacts as by_hand
from app.services.importing.around import surroundings
from app.store.tables import consent_entries, contacts, fact_changes, field_definitions
from tests.support import line
from tests.web.api.conftest import Program


def saved(program: Program, **wish: Any) -> Any:
    return program.post("/contacts", {"email": "ada@norte.example", **wish})


def test_a_contact_is_made_then_changed_then_left(program: Program) -> None:
    made = saved(program, first_name="Ada", country="Portugal", tags=["fair", "warm"])
    assert made["result"] == "created"
    found = program.get(f"/contacts/{made['id']}")
    assert (found["email"], found["first_name"], found["country"]) == ("ada@norte.example", "Ada", "PT")
    assert (found["tags"], found["stage"]) == (["fair", "warm"], "lead")
    assert found["company"]["domain"] == "norte.example"
    again = saved(program, first_name="Ada", city="Porto")
    assert (again["id"], again["result"]) == (made["id"], "updated")
    assert saved(program, first_name="Ada", last_name=None)["result"] == "unchanged"
    assert program.get(f"/contacts/{made['id']}")["city"] == "Porto"


def test_a_history_says_which_token_did_it(program: Program) -> None:
    saved(program)
    with program.world.database.read() as connection:
        sources = set(connection.execute(select(fact_changes.c.source)).scalars())
    [source] = sources
    assert source.startswith("api:")


def test_consent_carries_its_basis_and_source_and_is_never_upgraded(program: Program) -> None:
    agreed = {"topics": ["guides"], "basis": "box at the fair", "source": "fair-2026"}
    made = saved(program, consent=agreed)
    assert program.get(f"/contacts/{made['id']}")["consents"] == {"guides": "given"}
    with program.world.database.read() as connection:
        entry = connection.execute(
            select(consent_entries).where(consent_entries.c.source == "fair-2026")
        ).one()
    assert (entry.basis, entry.state) == ("box at the fair", "given")
    around = surroundings(program.world, line.NOW)
    by_hand.record_consent(
        program.world.database, program.world.workspace_id, around, entry.contact_id, "guides", "withdrawn", "", "",
        "contact", line.NOW,
    )  # fmt: skip
    again = saved(program, consent=agreed)
    assert [note["code"] for note in again["notes"]] == ["import.note.consent_withdrawn"]
    assert program.get(f"/contacts/{made['id']}")["consents"] == {"guides": "withdrawn"}


@pytest.mark.parametrize(
    ("wish", "code", "pointer"),
    [
        ({"email": "no address"}, "address.", "/email"),
        ({"stage": "bishop"}, "import.row.stage", "/stage"),
        ({"fields": {"flats": 3}}, "contact.field_unknown", "/fields"),
        ({"fields": {"email": "x@y.it"}}, "contact.field_unknown", "/fields"),
        ({"consent": {"topics": ["fishing"], "basis": "x", "source": "y"}}, "contact.topic_unknown", "/consent/topics"),
        ({"consent": {"topics": ["guides"], "basis": " ", "source": "y"}}, "contact.consent_basis", "/consent"),
    ],
)  # fmt: skip
def test_what_cannot_come_in_names_its_place(
    quick: Program, wish: dict[str, Any], code: str, pointer: str
) -> None:
    before = len(quick.get("/contacts")["items"])
    found = quick.post("/contacts", {"email": "ada@norte.example", **wish}, 422)
    assert found["code"].startswith(code)
    assert found["errors"][0]["pointer"] == pointer
    assert len(quick.get("/contacts")["items"]) == before


@pytest.mark.parametrize(
    ("kind", "said", "kept"),
    [
        ("number", 240, 240),
        ("number", 1.123, 1.123),
        ("number", 1.12, 1.12),
        ("flag", True, True),
        ("flag", False, False),
        ("date", "2027-03-31", "2027-03-31"),
        ("text", "=1+1", "=1+1"),
    ],
)
def test_custom_fields_keep_their_type(quick: Program, kind: str, said: Any, kept: Any) -> None:
    row = {
        "id": uuid4(), "workspace_id": quick.world.workspace_id, "subject": "contact", "key": "flats", "label": "Flats",
        "type": kind, "choices": [],
    }  # fmt: skip
    with quick.world.database.write() as connection:
        columns = {column.name for column in field_definitions.columns}
        extra = {"created_at": line.NOW} if "created_at" in columns else {}
        connection.execute(field_definitions.insert().values(**row, **extra))
    made = saved(quick, fields={"flats": said})
    assert quick.get(f"/contacts/{made['id']}")["fields"] == {"flats": kept}


def test_a_batch_has_a_result_for_each_row(program: Program) -> None:
    rows = [
        {"email": "a@x.example", "first_name": "A"},
        {"email": "not an address"},
        {"email": "A@x.example", "last_name": "B"},
        {"email": "a@x.example", "first_name": "A"},
    ]
    found = program.post("/contacts/batch", {"contacts": rows})["results"]
    assert [one["result"] for one in found] == ["created", "rejected", "updated", "unchanged"]
    assert found[0]["id"] == found[2]["id"]
    assert found[1]["notes"][0]["detail"]
    contact = program.get(f"/contacts/{found[0]['id']}")
    assert (contact["first_name"], contact["last_name"]) == ("A", "B")


def test_the_largest_batch_comes_in_and_one_more_does_not(quick: Program) -> None:
    rows = [{"email": f"p{number}@x.example"} for number in range(501)]
    found = quick.post("/contacts/batch", {"contacts": rows}, 422)
    assert found["errors"][0]["pointer"] == "/contacts"
    results = quick.post("/contacts/batch", {"contacts": rows[:500]})["results"]
    assert {one["result"] for one in results} == {"created"}


def test_pages_have_no_gap_and_no_repeat_while_rows_are_added(program: Program) -> None:
    line.people(program.world, 20, first=3)
    seen, after, added = [], "", 0
    while after is not None:
        page = program.get(f"/contacts?limit=4{after and f'&after={after}'}")
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
        if added < 3:
            program.clock.at = program.clock.at.replace(minute=added + 1)
            saved(program, email=f"new{added}@x.example")
            added += 1
    assert len(seen) == len(set(seen)) == 26
    assert page["next"] is None


def test_lists_are_narrowed(program: Program) -> None:
    saved(program, tags=["fair"], first_name="Zoë")
    for query, count in (
        ("tag=fair", 1), ("stage=lead", 4), ("stage=customer", 0), ("email=ADA@norte.example", 1), ("text=zo", 1),
        ("email=nonsense", 0), ("owner=nobody@x.example", 0),
    ):  # fmt: skip
        assert len(program.get(f"/contacts?{query}")["items"]) == count, query


def test_an_export_has_everything_and_an_erasure_leaves_nothing(program: Program) -> None:
    made = saved(program, first_name="Ada")
    tables = program.get(f"/contacts/{made['id']}/export")["tables"]
    assert tables["identities"][0]["value"] == "ada@norte.example"
    erased = program.post(f"/contacts/{made['id']}/erase", {"why": "asked by phone"})
    assert erased["rows"] > 0
    program.get(f"/contacts/{made['id']}", 404)
    program.get(f"/contacts/{made['id']}/export", 404)
    program.post(f"/contacts/{made['id']}/erase", {"why": "again"}, 404)
    # Who was erased comes back by their own act only.
    again = program.post("/contacts", {"email": "ada@norte.example"}, 422)
    assert again["code"] == "import.row.erased"


def test_somebody_of_another_workspace_is_nobody(program: Program) -> None:
    from sqlalchemy import insert, update

    from app.store.tables import workspaces

    other = uuid4()
    with program.world.database.write() as connection:
        row = {"id": other, "key": "other", "name": "Other", "is_demo": False, "created_at": line.NOW}
        connection.execute(insert(workspaces), [row])
        connection.execute(
            update(contacts).where(contacts.c.id == program.people[0]).values(workspace_id=other)
        )
    who = program.people[0]
    assert program.get(f"/contacts/{who}", 404) == program.get(f"/contacts/{uuid4()}", 404)
    program.get(f"/contacts/{who}/export", 404)
    program.post(f"/contacts/{who}/erase", {"why": "x"}, 404)
    assert str(who) not in [one["id"] for one in program.get("/contacts")["items"]]


def test_the_same_person_is_merged_into_a_contact(program: Program) -> None:
    kept = saved(program, first_name="Ada", city="Porto")["id"]
    other = saved(program, email="ada@sul.example", first_name="Ada", city="Faro", phone="+351 911 222 333")[
        "id"
    ]
    path = f"/contacts/{kept}/merge"
    done = program.post(path, {"other": "ada@sul.example", "take": ["city"]})
    assert (done["id"], done["other"], done["left"]) == (kept, other, [])
    found = program.get(f"/contacts/{other}")
    assert (found["id"], found["city"], found["emails"]) == (
        kept,
        "Faro",
        ["ada@norte.example", "ada@sul.example"],
    )
    assert found["phone"]
    assert program.post(path, {"other": other}, 409)["code"] == "merge.same"
    program.post(path, {"other": str(uuid4())}, 404)
    program.post(f"/contacts/{uuid4()}/merge", {"other": kept}, 404)
    program.post(path, {"other": "=1+1", "take": [3]}, 422)
