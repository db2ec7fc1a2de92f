"""Broadcasts in the browser, from the draft to what came of them."""

import re

import pytest
from flask import Flask
from sqlalchemy import update

from app.services.broadcasts import queueing
from app.services.world import World
from app.store.tables import deliveries, users
from tests.support.line import NOW
from tests.support.rules import rows
from tests.web import test_segments
from tests.web.conftest import Browser, signed_in

world, app, admin = test_segments.world, test_segments.app, test_segments.admin
DRAFT = {
    "title": "Spring <b>",
    "template": "discovery/hello",
    "segment": "warm",
    "topic": "guides",
    "way": "now",
}


def press(browser: Browser, path: str, act: str, **form: str) -> int:
    revision = re.findall(r'name="revision" value="(\d+)"', browser.page(path))
    return browser.post(f"{path}/{act}", {"revision": revision[0], **form}, on=path).status_code


def drafted(browser: Browser, **form: str) -> str:
    answer = browser.post("/broadcasts/new", {**DRAFT, **form})
    assert answer.status_code == 303
    return str(answer.location)


def test_from_the_draft_to_the_result(admin: Browser, world: World) -> None:
    assert "No broadcasts yet" in admin.page("/broadcasts")
    path = drafted(admin)
    assert "Spring &lt;b&gt;" in admin.page(path)
    assert press(admin, path, "freeze") == 303
    while queueing.work(world, NOW):
        pass
    assert "Send to 2 people?" in admin.page(path)
    assert press(admin, path, "confirm", why=" ") == 422
    revision = re.findall(r'name="revision" value="(\d+)"', admin.page(path))[0]
    form = {"revision": revision, "why": "it is spring"}
    assert [admin.post(f"{path}/confirm", form, on=path).status_code for _ in range(2)] == [303, 303]
    assert press(admin, path, "pause") == 303
    assert queueing.work(world, NOW) == 0
    assert press(admin, path, "resume") == 303
    while queueing.work(world, NOW):
        pass
    page = admin.page(path)
    assert "it is spring" in page
    assert "the broadcast “Spring &lt;b&gt;” goes to them" in page
    assert len(rows(world, deliveries)) == 2
    assert "2 of 2" in admin.page("/broadcasts")
    assert press(admin, path, "cancel") == 303


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"title": ""}, "give it a title"), ({"template": "service/test"}, "published marketing mail"),
        ({"way": "at", "wall": "soon"}, "choose day and hour"), ({"pace": "-1"}, "whole number"),
    ],
)  # fmt: skip
def test_a_refused_draft_keeps_what_was_typed(admin: Browser, form: dict[str, str], said: str) -> None:
    answer = admin.post("/broadcasts/new", {**DRAFT, "zone": "Europe/Lisbon", **form})
    page = answer.get_data(as_text=True)
    assert (answer.status_code, said in page, 'value="Europe/Lisbon"' in page) == (422, True, True)


def test_another_tab_and_foreign_ids(admin: Browser) -> None:
    path = drafted(admin)
    assert press(admin, path, "freeze") == 303
    stale = admin.post(f"{path}/edit", {**DRAFT, "revision": "0", "title": "Mine"}, on=f"{path}/edit")
    assert stale.status_code == 422
    assert 'value="Mine"' in stale.get_data(as_text=True)
    assert admin.post(f"{path}/freeze", {"revision": "x"}, on=path).status_code == 400
    admin.page("/broadcasts/01a0d7aa-0900-7000-8000-000000000015", 404)


def test_a_marketer_drafts_and_whoever_may_send_confirms(app: Flask, world: World) -> None:
    marketer, viewer = signed_in(app, "marketer"), signed_in(app, "viewer")
    path = drafted(marketer)
    assert press(marketer, path, "freeze") == 303
    while queueing.work(world, NOW):
        pass
    assert "needs the right to send" in marketer.page(path)
    assert press(marketer, path, "confirm", why="x") == 403
    assert "/edit" not in viewer.page(path)
    with world.database.write() as connection:
        connection.execute(update(users).where(users.c.role == "marketer").values(may_send=True))
    assert press(marketer, path, "confirm", why="x") == 303
