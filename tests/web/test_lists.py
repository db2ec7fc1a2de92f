"""Lists in the browser: made, filled by ticks, by pasted addresses and from a contact, emptied and deleted."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.factory import create_app
from app.services.world import World
from app.store.database import Database
from app.store.tables import contact_tags
from tests.services.test_bulk_acts import user
from tests.support.line import NOW, lay, people
from tests.web.conftest import Browser, signed_in
from tests.web.test_acting import form_of

FAIR = "/segments/of/fair"


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    world = lay(sqlite_database, tmp_path, secret_key="k" * 32)
    people(world, 3)
    user(world, "mara")
    return world


@pytest.fixture
def mara(world: World) -> Browser:
    app: Flask = create_app(world.settings, world.database, None, lambda: NOW, world)
    browser = signed_in(app, "mara")
    assert browser.post("/segments/lists", {"title": "Fair"}, on="/segments").location.startswith(FAIR)
    return browser


def on_list(world: World) -> int:
    with world.database.read() as connection:
        return len(
            connection.execute(select(contact_tags.c.tag).where(contact_tags.c.tag == "list:fair")).all()
        )


def test_the_ticked_come_onto_it_and_everybody_off(mara: Browser, world: World) -> None:
    who = re.findall(r'name="who" value="([^"]+)"', mara.page("/contacts"))
    assert '<option value="fair">Fair</option>' in mara.page(f"/contacts/acts/new?act=list&who={who[0]}")
    form = form_of(mara.page(f"/contacts/acts/new?act=list&who={who[0]}&on_list=fair"))
    answer = mara.client.post("/contacts/acts", data=form)
    assert answer.status_code == 303
    assert "Put on the list “fair”" in mara.page(answer.location)
    assert on_list(world) == 1
    page = mara.page(FAIR)
    assert 'href="/contacts?tag=list:fair"' in page
    assert "Delete the list" not in page
    off = re.search(r'href="(/contacts/acts/new\?[^"]*act=unlist[^"]*)"', page)
    assert off is not None
    page = mara.page(off[1].replace("&amp;", "&"))
    assert "Take off the list “fair”?" in page
    mara.client.post("/contacts/acts", data=form_of(page))
    assert on_list(world) == 0
    assert mara.post(f"{FAIR}/delete", on=FAIR).location == "/segments?done=deleted"
    mara.get(FAIR, 404)
    page = mara.page(f"/contacts/acts/new?act=list&who={who[0]}&on_list=fair")
    assert "not there any more" in page
    assert "There is no list yet" in page


def test_pasted_addresses_are_shown_before_anybody_comes_on(mara: Browser, world: World) -> None:
    text = "person0@example.com\nperson1@example.com, <script>alert(1)</script>\nnobody@x.example"
    page = mara.post(f"{FAIR}/look-up", {"addresses": text}, on=FAIR).get_data(as_text=True)
    assert on_list(world) == 0
    assert "2 contacts are found" in page
    assert "<li>nobody@x.example</li>" in page
    assert "<script>alert" not in page
    who = re.findall(r'name="who" value="([^"]+)"', page)
    answer = mara.client.post("/contacts/acts", data={**form_of(page), "who": who})
    assert on_list(world) == 2
    assert "Undo for 2" in mara.page(answer.location)
    assert mara.post("/segments/of/warm/look-up", {"addresses": text}, on=FAIR).status_code == 404


def test_one_contact_is_put_on_and_taken_off_on_their_page(mara: Browser, world: World) -> None:
    who = re.findall(r'name="who" value="([^"]+)"', mara.page("/contacts"))[0]
    facts = f"/contacts/{who}/facts"
    assert '<option value="list:fair">Fair</option>' in mara.page(facts)
    mara.post(f"/contacts/{who}/tags", {"add": "list:fair"}, on=facts)
    assert on_list(world) == 1
    page = mara.page(facts)
    assert 'name="remove" value="list:fair"><span>Fair</span>' in page
    assert page.count('value="list:fair"') == 1, "a list is no tag to take away besides"
    mara.post(f"/contacts/{who}/tags", {"remove": "list:fair", "add": ""}, on=facts)
    assert on_list(world) == 0


def test_a_title_is_asked_for_again(mara: Browser) -> None:
    answer = mara.post("/segments/lists", {"title": "<b>" * 40}, on="/segments")
    assert answer.status_code == 422
    assert "give the list a title" in answer.get_data(as_text=True)
    assert "&lt;b&gt;" in answer.get_data(as_text=True)
