"""What colleagues do to one contact in the browser."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app.core.ids import timed_id
from app.factory import create_app
from app.services.enrolling import admit_due
from app.services.running import run_due
from app.services.world import World
from app.store import tables
from app.store.caught import CaughtMails
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW
from tests.support.seed import PASSWORD_HASH
from tests.web.conftest import Browser, signed_in

OTHER = """\
sequence: other
title: The other way
for: prospect
topic: guides
enter: {on: stage_entered}
steps:
  - rest: {wait: 30 days}
"""
# What opens with a wait, so that there is something to pass over.
PATIENT = """\
sequence: patient
title: A patient one
for: lead
topic: guides
enter: {on: person}
steps:
  - rest: {wait: 30 days}
  - hello: {send: discovery/hello}
  - calm: {wait: 30 days}
"""


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    world = line.lay(sqlite_database, tmp_path, sequences=(line.LINE, OTHER, PATIENT), secret_key="k" * 32)
    rows = [
        {
            "id": timed_id(NOW, b"user" + role[:6].encode().ljust(6)), "workspace_id": world.workspace_id,
            "email": f"{role}@halden.example", "name": f"{role.capitalize()} One", "title": "", "signature": "",
            "password_hash": PASSWORD_HASH, "role": role, "may_publish": False, "may_send": False,
            "must_change_password": False, "failed_sign_ins": 0, "created_at": NOW,
        }
        for role in ("admin", "marketer", "sales", "viewer")
    ]  # fmt: skip
    fields = [
        {
            "id": timed_id(NOW, b"field" + key[:5].encode().ljust(5)), "workspace_id": world.workspace_id,
            "subject": "contact", "key": key, "label": key.capitalize(), "type": kind, "choices": choices,
            "created_at": NOW,
        }
        for key, kind, choices in (
            ("flats", "number", []), ("renewal", "date", []), ("lift", "flag", []), ("size", "choice", ["s", "l"]),
        )
    ]  # fmt: skip
    with sqlite_database.write() as connection:
        connection.execute(insert(tables.users), rows)
        connection.execute(insert(tables.field_definitions), fields)
    return world


@pytest.fixture
def person(world: World) -> UUID:
    return line.people(world, 1)[0]


@pytest.fixture
def app(world: World, caught: CaughtMails) -> Flask:
    return create_app(world.settings, world.database, caught, lambda: NOW, world)


@pytest.fixture
def maja(app: Flask) -> Browser:
    """A marketer."""
    return signed_in(app, "marketer")


@pytest.fixture
def sam(app: Flask) -> Browser:
    """Of sales."""
    return signed_in(app, "sales")


def rows(world: World, table: Any, **where: Any) -> list[Any]:
    with world.database.read() as connection:
        wanted = [table.c[name] == value for name, value in where.items()]
        return list(connection.execute(select(table).where(*wanted)))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def acts(world: World) -> list[tuple[str, dict[str, Any]]]:
    return [
        (row.action, row.detail) for row in rows(world, tables.audit_entries) if row.subject_kind == "contact"
    ]


def run(world: World) -> None:
    while admit_due(world, NOW) or run_due(world, NOW).taken:
        pass


def stay_of(world: World, person: UUID) -> Any:
    [found] = [row for row in rows(world, tables.enrollments, contact_id=person) if row.state != "ended"]
    return found


def test_a_move_says_before_what_it_brings_and_is_told_with_who_and_why(
    world: World, person: UUID, sam: Browser
) -> None:
    line.enroll(world, [person], due_at=NOW + timedelta(days=9))
    path = f"/contacts/{person}/move"
    page = sam.page(path)
    assert "asks to enter “The other way”" in page
    assert "leaves “Line”" in page
    form = {"stage": "prospect", "why": "met them", "seen": hidden(page, "seen")}
    answer = sam.post(path, form)
    assert (answer.status_code, answer.location) == (303, f"/contacts/{person}?done=moved")
    assert [row.stage for row in rows(world, tables.contact_stages)] == ["prospect"]
    told = sam.page(answer.location)
    assert "met them" in told
    assert "by Sales One" in told
    assert acts(world) == [
        ("contact.moved", {"from": "lead", "to": "prospect", "leap": False, "through": "page"})
    ]
    # The same form once more changes nothing, and is no error.
    assert sam.post(path, form).status_code == 303
    assert len(acts(world)) == 1


def test_who_was_moved_meanwhile_is_not_moved_on_unseen(
    world: World, person: UUID, sam: Browser, maja: Browser
) -> None:
    path = f"/contacts/{person}/move"
    assert sam.post(path, {"stage": "gone", "why": "asked to", "seen": "lead"}).status_code == 303
    answer = maja.post(path, {"stage": "prospect", "why": "typed reason", "seen": "lead"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Sales One saved this" in page
    assert "it is “gone” now" in page
    assert 'value="typed reason"' in page
    assert [row.stage for row in rows(world, tables.contact_stages)] == ["gone"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"stage": "prospect"},
        {"why": "x"},
        {"stage": "=1+1", "why": "x"},
        {"stage": "prospect", "why": "  "},
    ],
)
def test_a_move_without_a_stage_or_a_reason_is_none(
    world: World, person: UUID, sam: Browser, form: dict[str, str]
) -> None:
    assert sam.post(f"/contacts/{person}/move", {"seen": "lead", **form}).status_code == 422
    assert [row.stage for row in rows(world, tables.contact_stages)] == ["lead"]
    assert acts(world) == []


def test_a_form_to_enroll_sent_twice_asks_once(world: World, person: UUID, maja: Browser) -> None:
    path = f"/contacts/{person}/enroll"
    page = maja.page(path)
    assert "made for another stage" in page
    form = {"sequence": "patient", "why": "they asked me", "once": hidden(page, "once")}
    for _ in range(2):
        assert maja.post(path, form).location == f"/contacts/{person}?done=asked"
    assert len(rows(world, tables.admissions)) == 1
    run(world)
    assert stay_of(world, person).step == "rest"
    assert maja.post(path, form).status_code == 303
    assert "is inside already" in maja.page(path)
    again = maja.post(path, {**form, "once": "another"})
    assert again.status_code == 422
    assert [action for action, _ in acts(world)] == ["contact.enrolled"]


def test_a_wait_is_passed_over_once(world: World, person: UUID, maja: Browser) -> None:
    line.enroll(world, [person], "patient")
    run(world)
    stay = stay_of(world, person)
    page = maja.page(f"/contacts/{person}/stays/{stay.id}")
    assert "they go on to “hello” now" in page
    form = {"why": "they cannot wait", "revision": hidden(page, "revision")}
    path = f"/contacts/{person}/stays/{stay.id}/skip"
    assert maja.post(path, form, on=f"/contacts/{person}").location == f"/contacts/{person}?done=skipped"
    run(world)
    assert (stay_of(world, person).step, stay_of(world, person).state) == ("hello", "sending")
    answer = maja.post(path, form, on=f"/contacts/{person}")
    assert answer.status_code == 422
    assert "went on with them since this page was shown" in answer.get_data(as_text=True)
    assert len(rows(world, tables.deliveries)) == 1


def test_the_next_mail_becomes_due_and_the_gate_is_still_asked(
    world: World, person: UUID, maja: Browser
) -> None:
    line.enroll(world, [person], "patient")
    run(world)
    stay = stay_of(world, person)
    path = f"/contacts/{person}/stays/{stay.id}/send-now"
    form = {"why": "the fair begins", "revision": str(stay.revision)}
    assert maja.post(path, form, on=f"/contacts/{person}").status_code == 303
    run(world)
    [mail] = rows(world, tables.deliveries)
    assert (mail.state, mail.due_at) == ("queued", NOW)
    # A mail that waits is made due as well, and nothing but its time is touched.
    with world.database.write() as connection:
        connection.execute(update(tables.deliveries).values(state="deferred", due_at=NOW + timedelta(days=3)))
    form = {"why": "again", "revision": str(stay_of(world, person).revision)}
    for status in (303, 422):
        assert maja.post(path, form, on=f"/contacts/{person}").status_code == status
    [again] = rows(world, tables.deliveries)
    assert (again.state, again.due_at) == ("deferred", NOW)
    assert mail.dedupe_key == again.dedupe_key


def test_a_mail_that_waits_is_passed_over(world: World, person: UUID, maja: Browser) -> None:
    line.enroll(world, [person])
    run(world)
    stay = stay_of(world, person)
    page = maja.page(f"/contacts/{person}/stays/{stay.id}")
    assert "This mail is not sent" in page
    form = {"why": "said on the phone", "revision": hidden(page, "revision")}
    path = f"/contacts/{person}/stays/{stay.id}/skip"
    assert maja.post(path, form, on=f"/contacts/{person}").status_code == 303
    run(world)
    [mail] = rows(world, tables.deliveries)
    assert (mail.state, mail.reason_code) == ("cancelled", "stay.skipped")
    assert stay_of(world, person).step == "pause"


def test_out_of_a_sequence_and_on_from_where_they_are_parked(
    world: World, person: UUID, sam: Browser
) -> None:
    [stay] = line.enroll(world, [person], state="parked", due_at=None)
    path = f"/contacts/{person}/stays/{stay}"
    assert "Let them go on?" in sam.page(path)
    assert sam.post(f"{path}/go-on", on=path).location == f"/contacts/{person}?done=freed"
    assert stay_of(world, person).state == "due"
    assert sam.post(f"{path}/go-on", on=path).status_code == 422
    assert sam.post(f"{path}/leave", {"why": ""}, on=path).status_code == 422
    assert sam.post(f"{path}/leave", {"why": "they asked"}, on=path).status_code == 303
    assert sam.post(f"{path}/leave", {"why": "they asked"}, on=path).status_code == 422
    assert [row.state for row in rows(world, tables.enrollments)] == ["ended"]
    assert [action for action, _ in acts(world)] == ["contact.freed", "contact.taken_out"]


def test_facts_are_typed_and_all_or_none_are_saved(world: World, person: UUID, sam: Browser) -> None:
    path = f"/contacts/{person}/facts"
    form = {
        "field.city": "Porto", "was.city": "", "field.flats": "2.300,50", "was.flats": "", "field.lift": "yes",
        "was.lift": "", "field.size": "l", "was.size": "", "field.renewal": "31.12.2026", "was.renewal": "",
    }  # fmt: skip
    refused = sam.post(
        path, {**form, "field.renewal": "someday", "field.country": "Atlantis", "was.country": ""}
    )
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert 'value="someday"' in page
    assert 'value="Porto"' in page
    assert page.count('aria-invalid="true"') == 2
    assert rows(world, tables.fact_changes) == []
    assert sam.post(path, form).location == f"/contacts/{person}?done=saved"
    [found] = rows(world, tables.contacts)
    assert (found.city, found.fields) == (
        "Porto",
        {"flats": 2300.5, "lift": True, "size": "l", "renewal": "2026-12-31"},
    )
    again = sam.page(path)
    assert 'value="2300.5"' in again
    assert 'value="2026-12-31"' in again
    assert "What it was before" in again
    assert "Sales One" in again
    # As the form stands it changes nothing.
    same = {name: hidden(again, name) for name in re.findall(r'name="(was\.[^"]+)"', again)}
    same |= {name.replace("was.", "field."): text for name, text in same.items()}
    assert sam.post(path, same).status_code == 303
    assert len(rows(world, tables.fact_changes)) == 5
    assert acts(world) == [
        ("contact.field_set", {"names": ["city", "flats", "lift", "size", "renewal"], "through": "page"})
    ]


def test_two_people_who_change_the_same_fact_both_see_it(
    world: World, person: UUID, sam: Browser, maja: Browser
) -> None:
    path = f"/contacts/{person}/facts"
    assert sam.post(path, {"field.city": "Porto", "was.city": ""}).status_code == 303
    answer = maja.post(path, {"field.city": "Braga", "was.city": "", "field.persona": "x", "was.persona": ""})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Sales One saved this" in page
    assert 'value="Braga"' in page
    # What another typed elsewhere meanwhile is not in the way.
    assert maja.post(path, {"field.persona": "builder", "was.persona": ""}).status_code == 303
    assert (rows(world, tables.contacts)[0].city, rows(world, tables.contacts)[0].persona) == (
        "Porto",
        "builder",
    )


HOSTILE = "\"'><script>alert(1)</script>{{7*7}}=1+1"


def test_owner_and_tags(world: World, person: UUID, sam: Browser) -> None:
    facts = f"/contacts/{person}/facts"
    owner = {"owner": "marketer@halden.example", "seen": ""}
    for _ in range(2):
        assert sam.post(f"/contacts/{person}/owner", owner, on=facts).status_code == 303
    stale = sam.post(f"/contacts/{person}/owner", {"owner": "sales@halden.example", "seen": ""}, on=facts)
    assert stale.status_code == 422
    assert sam.post(f"/contacts/{person}/owner", {"owner": "x@y.example"}, on=facts).status_code == 422
    for _ in range(2):
        assert (
            sam.post(f"/contacts/{person}/tags", {"add": f"Warm, {HOSTILE[:50]}"}, on=facts).status_code
            == 303
        )
    page = sam.page(f"/contacts/{person}")
    assert "<script>alert" not in page
    assert sam.post(f"/contacts/{person}/tags", {"add": "x" * 90}, on=facts).status_code == 422
    assert sam.post(f"/contacts/{person}/tags", {"remove": "warm"}, on=facts).status_code == 303
    assert len(rows(world, tables.contact_tags)) == 1
    assert [action for action, _ in acts(world)] == ["contact.owner_set", "contact.tagged", "contact.tagged"]


def test_consent_is_taken_back_by_anybody_and_given_with_its_proof(
    world: World, person: UUID, sam: Browser, maja: Browser
) -> None:
    path = f"/contacts/{person}/consents"
    assert "They said yes?" not in sam.page(path)
    back = {"topic": "guides", "source": "on the phone", "was.guides": "given"}
    assert sam.post(f"{path}/withdraw", back, on=path).location == f"/contacts/{person}?done=withdrawn"
    assert sam.post(f"{path}/withdraw", back, on=path).status_code == 303
    assert sam.post(f"{path}/give", {"topic": "guides"}, on=path).status_code == 403
    yes = {"topic": "guides", "basis": "signed sheet 12", "source": "", "was.guides": "withdrawn"}
    refused = maja.post(f"{path}/give", yes, on=path)
    assert refused.status_code == 422
    assert 'value="signed sheet 12"' in refused.get_data(as_text=True)
    stale = maja.post(f"{path}/give", {**yes, "source": "fair", "was.guides": "given"}, on=path)
    assert stale.status_code == 422
    assert maja.post(f"{path}/give", {**yes, "source": "fair"}, on=path).status_code == 303
    assert maja.post(f"{path}/give", {**yes, "topic": "=1+1", "source": "fair"}, on=path).status_code == 422
    assert [(row.state, row.source) for row in rows(world, tables.consent_entries)] == [
        ("withdrawn", "on the phone"), ("given", "fair"),
    ]  # fmt: skip


def test_a_note_is_a_line_of_the_story_once(world: World, person: UUID, sam: Browser) -> None:
    page = sam.page(f"/contacts/{person}")
    form = {"text": f"Two lines\n{HOSTILE}", "shown_at": hidden(page, "shown_at")}
    for _ in range(2):
        assert sam.post(f"/contacts/{person}/notes", form, on=f"/contacts/{person}").status_code == 303
    assert len(rows(world, tables.timeline, kind="note")) == 1
    told = sam.page(f"/contacts/{person}?show=hand")
    assert "Two lines\n&#34;&#39;&gt;&lt;script&gt;" in told
    assert "by Sales One" in told
    for text in ("", " \n ", "x" * 5000):
        answer = sam.post(f"/contacts/{person}/notes", {"text": text}, on=f"/contacts/{person}")
        assert answer.status_code == 422
    assert "x" * 5000 in answer.get_data(as_text=True)
    for shown_at in ("yesterday", "9999-12-31T23:59:59+00:00", "2026-11-24"):
        again = {"text": f"Another {shown_at}", "shown_at": shown_at}
        assert sam.post(f"/contacts/{person}/notes", again, on=f"/contacts/{person}").status_code == 303


def test_nobody_of_another_workspace_and_nobody_erased_is_acted_on(
    world: World, person: UUID, maja: Browser
) -> None:
    other = timed_id(NOW, b"elsewhere-")
    gone = line.people(world, 1, first=7)[0]
    with world.database.write() as connection:
        row = {"id": other, "key": "other", "name": "Other", "is_demo": False, "created_at": NOW}
        connection.execute(insert(tables.workspaces), [row])
        theirs = tables.contacts.c.id == person
        connection.execute(update(tables.contacts).where(theirs).values(workspace_id=other))
        connection.execute(update(tables.contacts).where(tables.contacts.c.id == gone).values(erased_at=NOW))
    for who in (person, gone, other):
        for path, form in (
            ("move", {"stage": "prospect", "why": "x"}), ("enroll", {"sequence": "patient", "why": "x"}),
            ("facts", {"field.city": "X", "was.city": ""}), ("owner", {"owner": ""}), ("tags", {"add": "x"}),
            ("consents/withdraw", {"topic": "guides"}), ("consents/give", {"topic": "guides"}),
        ):  # fmt: skip
            assert maja.post(f"/contacts/{who}/{path}", form, on="/contacts").status_code == 404, path
        maja.get(f"/contacts/{who}/stays/{other}", 404)
        refused = maja.post(f"/contacts/{who}/notes", {"text": "x"}, on="/contacts").status_code
        assert refused in (404, 422)
    assert acts(world) == []
    assert rows(world, tables.timeline) == []


def test_a_viewer_sees_no_act(app: Flask, person: UUID) -> None:
    page = signed_in(app, "viewer").page(f"/contacts/{person}")
    for word in ("Move stage", "Add to a sequence", "Note it", "Facts, owner, tags"):
        assert word not in page


def test_the_gate_is_asked_rule_by_rule_with_what_would_change_it(
    app: Flask, world: World, person: UUID, maja: Browser
) -> None:
    path = f"/contacts/{person}/why"
    line.enroll(world, [person])
    page = maja.page(f"{path}?mail=discovery/hello")
    assert "It would go." in page
    assert "Consent covers it" in page
    with world.database.write() as connection:
        connection.execute(update(tables.consents).values(state="withdrawn"))
    page = maja.page(f"{path}?mail=discovery/hello&at=2026-11-25T23:00")
    assert "It would not go." in page
    assert "<b>No consent.</b>" in page
    assert "<b>Outside the hours.</b>" in page
    assert f'<a href="/contacts/{person}/consents">record consent' in page
    # Who may only look is told the same without a way in.
    seen = signed_in(app, "viewer").page(f"{path}?mail=discovery/hello")
    assert "record consent" in seen
    assert "/consents" not in seen
    assert rows(world, tables.deliveries) == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("mail=nobody/knows", "there is no mail “nobody/knows”"),
        ("mail=%3Cscript%3E&at=", "there is no mail “&lt;script&gt;”"),
        ("mail=discovery/hello&at=tomorrow", "“tomorrow” is no instant"),
        ("mail=discovery/hello&at=9999-12-31T23:59", "look back and ahead a year"),
        ("mail=discovery/hello&at=0001-01-01T00:00", "“0001-01-01T00:00” is no instant"),
    ],
)
def test_what_cannot_be_asked_is_told(person: UUID, maja: Browser, query: str, told: str) -> None:
    assert told in maja.page(f"/contacts/{person}/why?{query}", 422)


def test_a_hold_keeps_mail_back_until_its_day_or_until_a_colleague_ends_it(
    world: World, person: UUID, sam: Browser, maja: Browser
) -> None:
    path = f"/contacts/{person}/hold"
    for until in ("", "2026-11-24", "2027-12-31", "=1+1", "9999-12-31", "0001-01-01"):
        assert sam.post(path, {"until": until, "why": "a long talk"}).status_code == 422, until
    assert sam.post(path, {"until": "2026-12-01", "why": " "}).status_code == 422
    for _ in range(2):
        held = sam.post(path, {"until": "2026-12-01", "why": "a long talk"})
        assert held.location == f"/contacts/{person}?done=held"
    assert len(rows(world, tables.fact_changes)) == 1
    line.enroll(world, [person])
    assert "<b>Rests.</b>" in maja.page(f"/contacts/{person}/why?mail=discovery/hello")
    run(world)
    with world.database.write() as connection:
        put_off = {
            "state": "deferred",
            "reason_code": "gate.contact_paused",
            "due_at": NOW + timedelta(days=7),
        }
        connection.execute(update(tables.deliveries).values(**put_off))
    assert "Sales One said so." in maja.page(path)
    for _ in range(2):
        assert maja.post(f"{path}/end", on=path).status_code == 303
    assert [(row.paused_until, row.revision) for row in rows(world, tables.contacts)] == [(None, 2)]
    assert [row.due_at for row in rows(world, tables.deliveries)] == [NOW]
    assert "<b>Rests.</b>" not in maja.page(f"/contacts/{person}/why?mail=discovery/hello")
    assert [action for action, _ in acts(world)] == ["contact.held", "contact.released"]


def test_the_rest_they_chose_themselves_stays_theirs(world: World, person: UUID, sam: Browser) -> None:
    path = f"/contacts/{person}/hold"
    with world.database.write() as connection:
        connection.execute(update(tables.contacts).values(paused_until=NOW + timedelta(days=30)))
    assert "theirs to end" in sam.page(path)
    assert sam.post(f"{path}/end", on=path).status_code == 422
    assert sam.post(path, {"until": "2026-12-01", "why": "sooner"}).status_code == 422
    assert rows(world, tables.contacts)[0].paused_until == NOW + timedelta(days=30)
    assert acts(world) == []
