"""Acts on many in the browser: chosen, counted, confirmed, followed, undone; and the list taken along."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.factory import create_app
from app.services import bulk_acts
from app.store.database import Database
from app.store.tables import audit_entries, contact_tags
from app.store.tables import bulk_acts as acts
from tests.services.test_bulk_acts import SEQUENCE, user
from tests.support import line
from tests.support.line import NOW
from tests.web.conftest import Browser, signed_in

NEW = "/contacts/acts/new"


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Flask:
    world = line.lay(sqlite_database, tmp_path, sequences=[SEQUENCE], secret_key="k" * 32)
    line.people(world, 5)
    user(world, "mara")
    return create_app(world.settings, sqlite_database, None, lambda: NOW, world)


@pytest.fixture
def mara(app: Flask) -> Browser:
    return signed_in(app, "mara")


def form_of(page: str) -> dict[str, str]:
    form = page.partition('<form method="post" action="/contacts/acts')[2].partition("</form>")[0]
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))


def tagged(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(contact_tags)).scalar_one()


def test_all_that_match_get_a_tag_and_lose_it_again(mara: Browser, sqlite_database: Database) -> None:
    assert "All 5 that match" in mara.page("/contacts")
    page = mara.page(f"{NEW}?act=tag&scope=all&stage=lead&give_tag=fair")
    assert "<b>5</b><span>change now" in page
    assert tagged(sqlite_database) == 0
    form = form_of(page)
    answer = mara.client.post("/contacts/acts", data=form)
    assert answer.status_code == 303
    assert tagged(sqlite_database) == 5
    again = mara.client.post("/contacts/acts", data=form)
    assert again.location == answer.location, "the same form is the same act"
    page = mara.page(answer.location)
    assert "Undo for 5" in page
    undone = mara.post(f"{answer.location}/undo", on=answer.location)
    assert undone.status_code == 303
    assert tagged(sqlite_database) == 0
    assert "It was undone" in mara.page(answer.location)
    assert "Give the tag “fair”" in mara.page("/contacts/acts")


def test_only_the_ticked_are_met(mara: Browser, sqlite_database: Database) -> None:
    ticked = re.findall(r'name="who" value="([^"]+)"', mara.page("/contacts"))[:2]
    page = mara.page(f"{NEW}?act=tag&give_tag=fair&who={ticked[0]}&who={ticked[1]}&who={ticked[0]}")
    form = form_of(page)
    mara.client.post("/contacts/acts", data={**form, "who": ticked})
    assert tagged(sqlite_database) == 2


def test_heads_and_reasons_stand_before_the_button(mara: Browser) -> None:
    page = mara.page(f"{NEW}?act=enroll&scope=all&sequence=line")
    assert "<b>5</b><span>ask to enter now" in page
    form = form_of(page)
    answer = mara.client.post("/contacts/acts", data={**form, "why": " "})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "say why" in page
    assert form_of(page)["sequence"] == "line"
    answer = mara.client.post("/contacts/acts", data={**form_of(page), "why": "the fair <b>"})
    assert "<b>5</b><span>asked to enter" in mara.page(answer.location)


def test_long_work_is_followed_and_can_be_stopped(
    mara: Browser, monkeypatch: pytest.MonkeyPatch, sqlite_database: Database
) -> None:
    monkeypatch.setattr(bulk_acts, "BATCH", 2)
    form = form_of(mara.page(f"{NEW}?act=tag&scope=all&give_tag=fair"))
    there = mara.client.post("/contacts/acts", data=form).location
    page = mara.page(there)
    assert "2 of 5" in page
    assert 'hx-trigger="every 2s"' in page
    assert mara.post(f"{there}/stop", on=there).status_code == 303
    assert "hx-trigger" not in mara.page(there)
    assert tagged(sqlite_database) == 2


@pytest.mark.parametrize(
    "query", ["", "act=delete", "act=tag&who=x", "act=owner&to_owner=me", "act=tag&owner=%00"]
)
def test_what_cannot_be_read_is_no_fault_of_ours(mara: Browser, query: str) -> None:
    assert mara.client.get(f"{NEW}?{query}").status_code == 400


@pytest.mark.parametrize("query", [
    "act=tag&give_tag=fair", "act=tag&scope=all&q=nobody-of-this-name&give_tag=x", "act=untag&scope=all",
    "act=tag&scope=all&give_tag=a,b", "act=exit&scope=all&sequence=nope", "act=owner&scope=all",
    "act=tag&scope=all&give_tag=" + "x" * 400, "act=tag&scope=all&give_tag=%3Cscript%3E",
])  # fmt: skip
def test_a_half_filled_form_asks_on(mara: Browser, query: str) -> None:
    assert "<script>" not in mara.page(f"{NEW}?{query}")


def test_nobody_chosen_is_told(mara: Browser) -> None:
    form = form_of(mara.page(f"{NEW}?act=tag&scope=all&give_tag=fair"))
    del form["scope"]
    answer = mara.client.post("/contacts/acts", data=form)
    assert answer.status_code == 422
    assert "nobody is chosen" in answer.get_data(as_text=True)


def test_the_list_is_taken_along_and_that_is_written_down(mara: Browser, sqlite_database: Database) -> None:
    page = mara.page(f"{NEW}?act=export&scope=all&stage=lead&col=tags")
    answer = mara.client.post("/contacts/acts/export", data=form_of(page))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert len(answer.get_data(as_text=True).splitlines()) == 6
    with sqlite_database.read() as connection:
        entry = connection.execute(
            select(audit_entries).where(audit_entries.c.action == "contacts.exported")
        ).one()
        assert entry.detail["query"]["stage"] == "lead"
        assert connection.execute(select(func.count()).select_from(acts)).scalar_one() == 0
