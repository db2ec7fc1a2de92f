"""Custom fields on their pages; what is refused keeps what was typed."""

import re
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import update

from app.store.database import Database
from app.store.tables import users
from tests.support.seed import Seeded
from tests.web.conftest import Browser

LIST = "/settings/fields"
BRANCH = {"subject": "contact", "key": "", "label": "Branch", "type": "choice", "choices": "Care\nHousing"}


def added(marta: Browser, **changed: str) -> str:
    answer = marta.post(LIST, {**BRANCH, **changed})
    assert answer.status_code == 303
    return str(answer.location).partition("?")[0]


def test_added_changed_taken_out_and_brought_back(marta: Browser) -> None:
    assert "No field of your own yet" in marta.page(LIST)
    one = added(marta)
    page = marta.page(f"{one}?done=added")
    assert "It is there." in page
    assert "Care\nHousing</textarea>" in page
    was = re.findall(r'name="was" value="([^"]+)"', page)[0]
    form = {"label": "Trade", "choices": "Care\r\nHousing\r\nSchools", "was": was}
    assert marta.post(one, form).location == f"{one}?done=changed"
    stale = marta.post(one, {**form, "label": "Mine"})
    assert stale.status_code == 422
    assert "somebody changed this field meanwhile" in stale.get_data(as_text=True)
    assert 'value="Mine"' in stale.get_data(as_text=True)
    assert "3 choices" in marta.page(LIST)


def test_not_out_of_use_while_it_cannot_be_said_where_it_is_used(marta: Browser) -> None:
    """The seeded programme has a sequence and no lifecycle."""
    one = added(marta)
    answer = marta.post(f"{one}/retire", on=one)
    assert answer.status_code == 422
    assert "cannot be read" in answer.get_data(as_text=True)


def test_what_was_typed_stays_when_it_is_refused(marta: Browser) -> None:
    answer = marta.post(LIST, {**BRANCH, "key": "E-mail <b>", "choices": "=1+1\n{{7*7}}"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "E-mail &lt;b&gt;" in page
    assert "=1+1\n{{7*7}}</textarea>" in page
    assert '<option value="choice" selected>' in page
    assert "is no key" in page
    for bad in ({"type": "json"}, {"subject": "deal"}):
        assert marta.post(LIST, {**BRANCH, **bad}).status_code == 400


def test_one_that_is_not_here_is_not_found(marta: Browser) -> None:
    one = f"{LIST}/{uuid4()}"
    marta.get(one, 404)
    for path in (one, f"{one}/retire", f"{one}/bring-back"):
        assert marta.post(path, BRANCH, on=LIST).status_code == 404


@pytest.mark.parametrize(("role", "status"), [("sales", 403), ("marketer", 303)])
def test_marketers_may_and_others_look_on(
    app: Flask, vera: Browser, seeded: Seeded, sqlite_database: Database, role: str, status: int
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(update(users).where(users.c.id == seeded.viewer_id).values(role=role))
    assert ("Add a field" in vera.page(LIST)) is (role == "marketer")
    assert vera.post(LIST, BRANCH, on="/password").status_code == status


def test_the_settings_lead_to_what_somebody_may_open(marta: Browser, vera: Browser) -> None:
    for browser, sees in ((marta, True), (vera, False)):
        page = browser.page("/settings")
        assert ('href="/senders"' in page) is sees
        for path in set(re.findall(r'class="way" href="([^"]+)"', page)):
            browser.get(path)
