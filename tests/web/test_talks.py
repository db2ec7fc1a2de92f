"""The page of a talk: forms that keep what was typed, count once, and ask for the right role."""

import re
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert

from app.core.ids import timed_id
from app.factory import create_app
from app.services.world import World
from app.store.caught import CaughtMails
from app.store.database import Database
from app.store.tables import contact_criteria, contact_stages, events, users
from tests.support.line import NOW, people
from tests.support.rules import one, programme, rows
from tests.support.seed import PASSWORD_HASH
from tests.web.conftest import Browser, signed_in


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    world = programme(sqlite_database, tmp_path)
    team = [
        {
            "id": timed_id(NOW, role.encode().ljust(10)), "workspace_id": world.workspace_id,
            "email": f"{role}@halden.example", "name": role.capitalize(), "title": "", "signature": "",
            "password_hash": PASSWORD_HASH, "role": role, "may_publish": False, "may_send": False,
            "must_change_password": False, "failed_sign_ins": 0, "created_at": NOW,
        }
        for role in ("sales", "viewer")
    ]  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(users), team)
    return world


@pytest.fixture
def app(world: World, caught: CaughtMails) -> Flask:
    return create_app(world.settings, world.database, caught, lambda: NOW, world)


@pytest.fixture
def who(world: World) -> UUID:
    return people(world, 1)[0]


@pytest.fixture
def ann(app: Flask) -> Browser:
    return signed_in(app, "sales")


def form_of(browser: Browser, who: UUID) -> dict[str, str]:
    page = browser.page(f"/contacts/{who}/talk")
    key = re.search(r'name="key" value="([^"]+)"', page)
    was = re.search(r'name="was" value="([^"]*)"', page)
    assert key
    assert was
    return {"key": key[1], "was": was[1]}


def test_a_talk_is_written_down_once_and_stands_on_the_page(ann: Browser, world: World, who: UUID) -> None:
    form = {
        **form_of(ann, who), "kind": "interview", "at": "2026-11-23T10:00", "note": "<b>by hand</b>",
        "state.need": "", "value.need": "time", "state.authority": "unknown", "state.nonsense": "yes",
    }  # fmt: skip
    for said in ("recorded", "same"):
        answer = ann.post(f"/contacts/{who}/talk", form, on=f"/contacts/{who}/talk")
        assert answer.status_code == 303
        assert answer.location == f"/contacts/{who}/talk?said={said}"
    assert [row.subject for row in rows(world, events) if row.kind == "call_recorded"] == ["interview"]
    assert {r.criterion: r.state for r in rows(world, contact_criteria)} == {
        "need": "yes",
        "authority": "unknown",
    }
    page = ann.page(f"/contacts/{who}")
    assert "told to Sales" in page
    assert "<b>by hand" not in page


def test_what_was_typed_stays_when_a_form_is_refused(ann: Browser, who: UUID) -> None:
    form = {**form_of(ann, who), "kind": "call", "at": "2026-11-23T10:00", "note": "=1+1 kept", "state.means": "",
            "value.means": "{{7*7}}", "note.means": "<i>kept too</i>"}  # fmt: skip
    answer = ann.post(f"/contacts/{who}/talk", form, on=f"/contacts/{who}/talk")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for kept in ("=1+1 kept", "{{7*7}}", "&lt;i&gt;kept too&lt;/i&gt;", "is no answer to"):
        assert kept in page
    for bad in ({"at": "soon"}, {"key": "x"}, {"kind": "letter"}, {"at": "0001-01-01T00:00"}):
        assert ann.post(f"/contacts/{who}/talk", {**form, "value.means": "", **bad},
                        on=f"/contacts/{who}/talk").status_code == 422, bad  # fmt: skip


def test_accepted_then_sent_back_and_a_stale_tab_is_told(ann: Browser, world: World, who: UUID) -> None:
    path = f"/contacts/{who}/talk"
    first = {**form_of(ann, who), "stage": "prospect", "why": ""}
    stale = form_of(ann, who)
    assert ann.post(f"/contacts/{who}/accept", first, on=path).location == f"{path}?said=accepted"
    assert ann.post(f"/contacts/{who}/accept", first, on=path).location == f"{path}?said=same"
    late = ann.post(f"/contacts/{who}/accept", {**stale, "stage": "customer"}, on=path)
    assert late.status_code == 422
    assert "they are at another stage by now" in late.get_data(as_text=True)
    back = {**form_of(ann, who), "stage": "lead", "why": "No budget", "wake": "2027-03-01"}
    assert ann.post(f"/contacts/{who}/send-back", {**back, "wake": ""}, on=path).status_code == 422
    assert ann.post(f"/contacts/{who}/send-back", back, on=path).location == f"{path}?said=back"
    assert one(world, contact_stages, contact_id=who).stage == "lead"
    assert "Look again" in ann.page("/tasks")


def test_who_only_looks_and_who_is_not_there(app: Flask, ann: Browser, who: UUID) -> None:
    signed_in(app, "viewer").get(f"/contacts/{who}/talk", 403)
    nobody = timed_id(NOW, b"nobody----")
    ann.get(f"/contacts/{nobody}/talk", 404)
    form = {**form_of(ann, who), "stage": "lead", "why": "x"}
    assert ann.post(f"/contacts/{nobody}/accept", form, on=f"/contacts/{who}/talk").status_code == 404
