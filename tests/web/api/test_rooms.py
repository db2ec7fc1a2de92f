"""The rooms of the API beside contacts: events, stays, mails, suppressions, tasks, companies and what is in force."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from app.services import custom_fields
from app.services.enrolling import admit_due
from app.store import tables
from tests.support import line
from tests.web.api.conftest import Program

VISIT = {"contact": line.address(0), "kind": "visited", "subject": "pricing", "at": "2026-11-24T09:00:00Z"}


def test_an_event_told_twice_is_one(program: Program) -> None:
    first = program.post("/events", VISIT)
    assert (first["new"], first["contact"]) == (True, str(program.people[0]))
    assert program.post("/events", VISIT)["new"] is False
    with program.world.database.read() as connection:
        [row] = connection.execute(select(tables.events)).all()
    assert (row.source, row.verdict, row.subject) == ("api", "human", "pricing")


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"at": "yesterday"}, "/at"),
        ({"at": "2026-11-24T09:00:00"}, "/at"),
        ({"at": "2031-01-01T00:00:00Z"}, "/at"),
        ({"kind": "sneezed"}, "/kind"),
        ({"subject": "a\nb"}, "/subject"),
        ({"topics": ["a,b"]}, "/topics"),
        ({"data": {"x": "y" * 20_000}}, "/data"),
        ({"verdict": "angel"}, "/verdict"),
    ],
)
def test_a_wrong_event_names_its_place(quick: Program, wish: dict[str, Any], pointer: str) -> None:
    assert quick.post("/events", {**VISIT, **wish}, 422)["errors"][0]["pointer"] == pointer


def test_a_batch_of_events_tells_each(program: Program) -> None:
    rows = [
        VISIT,
        {**VISIT, "at": "soon"},
        {**VISIT, "contact": "nobody@x.example"},
        VISIT,
        {**VISIT, "key": "k"},
    ]
    found = program.post("/events/batch", {"events": rows})
    assert [one["result"] for one in found["results"]] == [
        "recorded",
        "rejected",
        "rejected",
        "recorded",
        "recorded",
    ]
    assert (found["new"], found["known"]) == (2, 1)
    assert "nobody@x.example" in found["results"][2]["notes"][0]["detail"]
    assert program.post("/events", {**VISIT, "contact": "nobody@x.example"}, 404)["code"] == "not_found"


def test_the_description_promises_a_time_only_where_the_request_fails_without_one(quick: Program) -> None:
    shapes = quick.call("GET", "/openapi.json", token="").get_json()["components"]["schemas"]
    [alone] = [each for name, each in shapes.items() if name.endswith("EventWish")]
    [of_many] = [each for name, each in shapes.items() if name.endswith("EventRow")]
    assert alone["properties"]["at"]["format"] == "date-time"
    assert "format" not in of_many["properties"]["at"]


STAY = {"contact": line.address(1), "sequence": "line", "why": "asked by the CRM"}


def test_into_a_sequence_and_out_of_it(program: Program) -> None:
    program.post("/enrollments", STAY)
    admit_due(program.world, line.NOW)
    [stay] = program.get("/enrollments?sequence=line")["items"]
    assert (stay["contact"], stay["state"], stay["entry"]) == (str(program.people[1]), "due", 1)
    assert "asked by the CRM" in stay["reason"]
    assert program.get(f"/enrollments?contact={program.people[0]}")["items"] == []
    assert program.post("/enrollments", STAY, 422)["code"].startswith("enroll.")
    program.post("/enrollments/exit", STAY)
    assert [one["state"] for one in program.get("/enrollments")["items"]] == ["ended"]
    assert program.post("/enrollments/exit", STAY, 409)["code"] == "enrollment.not_inside"
    program.post("/enrollments", {**STAY, "contact": str(uuid4())}, 404)
    assert program.post("/enrollments", {**STAY, "sequence": "none"}, 422)["code"] == "enroll.unknown"


def test_mails_are_told_page_by_page_and_those_to_colleagues_are_not(program: Program) -> None:
    enrolled = line.enroll(program.world, program.people)
    rows = [
        mail(program, who, stay, number)
        for number, (who, stay) in enumerate(zip(program.people, enrolled, strict=True))
    ]
    with program.world.database.write() as connection:
        connection.execute(insert(tables.deliveries), rows)
    first = program.get("/deliveries?limit=2")
    second = program.get(f"/deliveries?limit=2&after={first['next']}")
    told = [*first["items"], *second["items"]]
    assert [one["id"] for one in told] == sorted((str(row["id"]) for row in rows), reverse=True)
    assert second["next"] is None
    assert program.get(f"/deliveries/{told[0]['id']}") == told[0]
    assert len(program.get(f"/deliveries?contact={program.people[0]}&state=queued")["items"]) == 1
    assert program.get("/deliveries?state=accepted")["items"] == []
    program.get(f"/deliveries/{uuid4()}", 404)


def mail(program: Program, who: UUID, stay: UUID, number: int) -> dict[str, Any]:
    at = line.NOW + timedelta(seconds=number)
    return {
        "id": tables_id(at, number), "workspace_id": program.world.workspace_id, "contact_id": who, "enrollment_id": stay,
        "definition_id": line.version_of(program.world).definition_id, "step": "hello", "visit": 1,
        "dedupe_key": f"k{number}", "message_class": "marketing", "content_kind": "guide", "topic": "guides",
        "template": "discovery/hello", "priority": 50, "once": False, "state": "queued", "due_at": at, "planned_at": at,
        "attempts": 0, "reason_code": "mail.planned", "reason_params": {}, "context": {},
    }  # fmt: skip


def tables_id(at: Any, number: int) -> UUID:
    from app.core.ids import timed_id

    return timed_id(at, number.to_bytes(10, "big"))


def test_a_suppression_is_added_found_and_lifted(program: Program) -> None:
    wish = {"scope": "address", "value": line.address(2), "why": "asked by phone"}
    assert program.post("/suppressions", wish) == {"changed": True}
    assert program.post("/suppressions", wish) == {"changed": False}
    [one] = program.get(f"/suppressions?search={line.address(2)}")["items"]
    assert (one["value"], one["contact"], one["scope"]) == (
        line.address(2),
        str(program.people[2]),
        "address",
    )
    assert program.get("/suppressions?scope=domain")["items"] == []
    assert program.post(f"/suppressions/{one['id']}/lift", {"why": "a slip"}) == {"changed": True}
    assert program.post(f"/suppressions/{one['id']}/lift", {"why": "a slip"}) == {"changed": False}
    assert program.get("/suppressions")["items"] == []
    assert len(program.get("/suppressions?lifted=true")["items"]) == 1
    program.post(f"/suppressions/{uuid4()}/lift", {"why": "x"}, 404)
    assert program.post("/suppressions", {**wish, "value": "nowhere"}, 422)["code"].startswith("address.")
    assert program.post("/suppressions", {**wish, "why": "  "}, 422)["code"] == "suppression.why_missing"
    with program.world.database.read() as connection:
        entries = connection.execute(
            select(tables.audit_entries).where(tables.audit_entries.c.subject_kind == "suppression")
        ).all()
    assert [entry.detail["by"].partition(":")[0] for entry in entries] == ["api", "api"]


def test_a_task_is_found_and_done_once(program: Program) -> None:
    task = {
        "id": uuid4(), "workspace_id": program.world.workspace_id, "contact_id": program.people[0], "kind": "call",
        "title": "Call them", "body": "", "state": "open", "dedupe_key": "k", "reason_code": "task.by_step",
        "reason_params": {}, "created_at": line.NOW,
    }  # fmt: skip
    with program.world.database.write() as connection:
        connection.execute(insert(tables.tasks), [task])
    [one] = program.get("/tasks?state=open")["items"]
    assert (one["title"], one["contact"]) == ("Call them", str(program.people[0]))
    assert program.get("/tasks?owner=nobody@x.example")["items"] == []
    program.post(f"/tasks/{one['id']}/done", {"result": "they want a quote"})
    assert program.post(f"/tasks/{one['id']}/done", {"result": "again"}, 409)["code"] == "task.not_open"
    program.post(f"/tasks/{uuid4()}/done", {"result": "x"}, 404)
    with program.world.database.read() as connection:
        told = connection.execute(select(tables.timeline).where(tables.timeline.c.kind == "task")).one()
    assert told.actor.startswith("api:")


def test_companies_are_found_by_their_domain(program: Program) -> None:
    program.post("/contacts", {"email": "ada@norte.example", "company": {"name": "Norte"}})
    [one] = program.get("/companies?domain=norte.example")["items"]
    assert one["name"] == "Norte"
    assert program.get(f"/companies/{one['id']}") == one
    program.get(f"/companies/{uuid4()}", 404)
    assert program.get("/companies?domain=other.example")["items"] == []


def test_companies_are_made_once_and_changed_whole_or_not(program: Program) -> None:
    made = program.post("/companies", {"name": "Norte", "domain": "www.norte.example"})
    assert made["created"] is True
    assert program.post("/companies", {"domain": "norte.example"}) == {**made, "created": False}
    add = {"subject": "company", "key": "lifts", "label": "Lifts", "type": "number", "choices": ""}
    lifts = custom_fields.add(program.world, add, line.NOW, None)
    path = f"/companies/{made['id']}"
    told = program.post(path, {"name": "Norte Sul", "fields": {"lifts": 1.125}})
    assert (told["name"], told["domain"], told["fields"]) == ("Norte Sul", "norte.example", {"lifts": 1.125})
    for wish, pointer in (
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"domain": "gmail.com"}, "/domain"),
        ({"fields": {"lifts": "many"}}, "/fields"),
        ({"fields": {"none": 1}}, "/fields"),
    ):
        refused = program.post(path, {"name": "Changed", **wish}, 422)
        assert refused["errors"][0]["pointer"] == pointer
    assert program.get(path)["name"] == "Norte Sul"
    assert program.post(path, {"fields": {"lifts": None}, "domain": None})["fields"] == {}
    custom_fields.retire(program.world, lifts.id, line.NOW, None)
    assert program.post(path, {"fields": {"lifts": 3}}, 422)["code"] == "contact.field_retired"
    program.post("/companies", {}, 422)
    program.post(f"/companies/{uuid4()}", {"name": "x"}, 404)
    with program.world.database.read() as connection:
        entries = connection.execute(select(tables.audit_entries.c.detail)).scalars().all()
    assert [one["by"][:4] for one in entries if "by" in one] == ["api:"] * 3


def test_what_is_in_force_is_told(quick: Program) -> None:
    assert quick.get("/sequences")["items"] == [{"key": "line", "state": "live", "version": 1}]
    assert quick.get("/sequences/line")["source"] == line.LINE
    quick.get("/sequences/none", 404)
    assert "discovery/hello" in [one["key"] for one in quick.get("/templates")["items"]]
    assert quick.get("/segments")["items"] == []
    assert {"key": "guides", "label": "Guides"}.keys() == quick.get("/topics")["items"][0].keys()


FOREIGN = (
    ("enrollments", "/enrollments"), ("deliveries", "/deliveries"), ("tasks", "/tasks"), ("companies", "/companies"),
    ("suppressions", "/suppressions"),
)  # fmt: skip


def test_rows_of_another_workspace_are_not_told(program: Program) -> None:
    """All of ours are moved to another workspace; the token sees none of them."""
    [stay, *_] = line.enroll(program.world, program.people)
    program.post("/contacts", {"email": "ada@norte.example"})
    program.post("/suppressions", {"scope": "address", "value": line.address(2), "why": "x"})
    other = uuid4()
    with program.world.database.write() as connection:
        connection.execute(insert(tables.deliveries), [mail(program, program.people[0], stay, 1)])
        row = {"id": other, "key": "other", "name": "Other", "is_demo": False, "created_at": line.NOW}
        connection.execute(insert(tables.workspaces), [row])
        for name in ("enrollments", "deliveries", "companies", "suppressions", "contacts", "identities"):
            connection.execute(getattr(tables, name).update().values(workspace_id=other))
    for name, path in FOREIGN:
        assert program.get(path)["items"] == [], name
    mails = tables.deliveries.c.id
    with program.world.database.read() as connection:
        delivery = connection.execute(select(mails)).scalars().first()
        company = connection.execute(select(tables.companies.c.id)).scalars().first()
        suppression = connection.execute(select(tables.suppressions.c.id)).scalars().first()
    program.get(f"/deliveries/{delivery}", 404)
    program.get(f"/companies/{company}", 404)
    program.post(f"/suppressions/{suppression}/lift", {"why": "x"}, 404)
    program.post("/events", VISIT, 404)
    program.post("/enrollments", {**STAY, "contact": str(program.people[0])}, 404)
