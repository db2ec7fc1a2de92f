"""Saved views of the list of contacts: kept, opened, changed, shared, deleted, and emptied by an erasure."""

import re
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.store.database import Database
from app.store.persons import erase_named, searched
from app.store.tables import audit_entries, saved_views
from tests.support.seed import Seeded
from tests.web.conftest import Browser, signed_in

VIEWS = "/contacts/views"
SEARCH = {"q": "ana", "stage": "lead", "col": "tags", "sort": "oldest"}


def save(browser: Browser, title: str = "Ana's leads", **search: str) -> str:
    answer = browser.post(VIEWS, {"title": title, **(search or SEARCH)}, on="/contacts")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location)


def id_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["view"][0]


def act(browser: Browser, view: str, what: str, status: int = 303, **form: str) -> str:
    answer = browser.post(f"{VIEWS}/{view}{what}", form, on="/contacts")
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def rows(database: Database) -> list[tuple[str, object, bool, int]]:
    with database.read() as connection:
        table = saved_views.c
        found = connection.execute(
            select(table.title, table.query, table.is_shared, table.revision).order_by(table.id)
        )
        return [tuple(row) for row in found]


def test_a_view_is_the_whole_question_under_a_title(marta: Browser, sqlite_database: Database) -> None:
    address = save(marta)
    assert {name: values for name, values in parse_qs(urlsplit(address).query).items() if name != "view"} == {
        name: [value] for name, value in SEARCH.items()
    }
    page = marta.page(address)
    assert re.search(r'aria-current="true">Ana&#39;s leads</a>', page)
    assert "differs from the view" not in page
    assert save(marta) == address, "the same once more is the same view"
    assert len(rows(sqlite_database)) == 1
    # Elsewhere in the list the view stays open, and says that it differs.
    page = marta.page(address.replace("stage=lead", "stage=prospect"))
    assert "differs from the view" in page
    assert "Save changes" in page
    assert f'name="view" value="{id_of(address)}"' in page
    assert "Save changes" not in marta.page("/contacts?q=ana")


def test_it_is_overwritten_renamed_and_deleted(marta: Browser, sqlite_database: Database) -> None:
    view = id_of(save(marta))
    act(marta, view, "/overwrite", q="bo", fit_from="50", revision="1")
    [(_, query, _, revision)] = rows(sqlite_database)
    assert (query["text"], query["bounds"][0], query["stage"], revision) == ("bo", 50.0, None, 2)  # type: ignore[index]
    act(marta, view, "", title=" Bo  and  others ", revision="2")
    assert rows(sqlite_database)[0][0] == "Bo and others"
    act(marta, view, "/delete", revision="3")
    assert rows(sqlite_database) == []
    assert "No views yet" in marta.page(VIEWS)
    with sqlite_database.read() as connection:
        told = connection.execute(
            select(audit_entries).where(audit_entries.c.action.startswith("view."))
        ).all()
    assert [row.action for row in told] == ["view.saved", "view.changed", "view.renamed", "view.deleted"]
    assert "ana" not in str([row.detail for row in told]).lower()


def test_an_old_page_overrules_nobody_and_loses_nothing(marta: Browser, sqlite_database: Database) -> None:
    view = id_of(save(marta))
    act(marta, view, "", title="First", revision="1")
    page = act(marta, view, "", 422, title="Second", revision="1")
    assert "changed since the page was shown" in page
    assert 'value="Second"' in page
    page = act(marta, view, "/overwrite", 422, q="bo", revision="1")
    assert 'href="/contacts?q=bo"' in page
    assert "changed since" in act(marta, view, "/delete", 422, revision="1")
    assert rows(sqlite_database)[0][0] == "First"
    # The same form twice: what is so already is no change.
    act(marta, view, "", title="First", revision="1")
    assert rows(sqlite_database)[0][3] == 2


@pytest.mark.parametrize("title", ["", "   ", "x" * 81, "ana's LEADS"])
def test_a_title_is_asked_for_again_and_the_search_is_kept(marta: Browser, title: str) -> None:
    save(marta)
    answer = marta.post(VIEWS, {"title": title, "q": "<b>{{7*7}}", "tag": "=1+1"}, on="/contacts")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'name="q" value="&lt;b&gt;{{7*7}}"' in page
    assert 'name="tag" value="=1+1"' in page
    assert 'class="err"' in page


def test_a_shared_view_is_everybodys_to_open_and_its_owners_to_change(app: Flask, marta: Browser) -> None:
    vera, jonas = signed_in(app, "vera"), signed_in(app, "jonas")
    view = id_of(save(jonas))
    assert "Ana&#39;s leads" not in vera.page("/contacts")
    vera.get(f"{VIEWS}/{view}", 404)
    act(marta, view, "/delete", 404, revision="1")
    act(jonas, view, "/share", shared="yes", revision="1")
    assert "Ana&#39;s leads" in vera.page("/contacts")
    assert "Save changes" not in vera.page(f"/contacts?view={view}")
    page = act(vera, view, "", 422, title="Mine", revision="2")
    assert "only who saved a view changes it" in page
    act(vera, view, "/overwrite", 422, q="x", revision="2")
    act(vera, view, "/delete", 422, revision="2")
    act(vera, view, "/share", 403, shared="no", revision="2")
    own = id_of(save(vera, "For me"))
    assert "Share with the team" not in vera.page(f"{VIEWS}/{own}")
    assert "Share with the team" in jonas.page(f"{VIEWS}/{id_of(save(jonas, 'For us'))}")
    act(marta, view, "/delete", revision="2")
    assert "Ana&#39;s leads" not in jonas.page("/contacts")


def test_what_is_no_view_of_theirs_opens_none(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    address = save(marta)
    for wrong in (str(uuid4()), "x\0", "'", ""):
        page = marta.client.get("/contacts", query_string={"view": wrong, "q": "ana"}).get_data(as_text=True)
        assert "differs from the view" not in page
    marta.get(f"{VIEWS}/{uuid4()}", 404)
    act(marta, id_of(address), "", 400, title="x", revision="one")
    act(marta, id_of(address), "/share", 400, shared="maybe", revision="1")
    assert marta.post(VIEWS, {"title": "x", "sort": "sideways"}, on="/contacts").status_code == 400


def test_an_erasure_empties_a_view_that_names_the_person(marta: Browser, sqlite_database: Database) -> None:
    kept, named = (
        id_of(save(marta, "Leads", stage="lead")),
        id_of(save(marta, "One", q="person0@example.com")),
    )
    [place] = [place for place in searched() if place.table is saved_views]
    with sqlite_database.write() as connection:
        assert erase_named(connection, place, ["person0@example.com"], ()) == 1
    page = marta.page("/contacts")
    assert f'href="{VIEWS}/{named}">Without a title</a>' in page
    assert f"view={kept}" in page
    page = marta.page(f"{VIEWS}/{named}")
    assert "the search is gone" in page
    assert "its search is gone" in marta.page(VIEWS)
    act(marta, named, "/delete", revision="1")


def test_a_view_of_a_stage_that_is_gone_says_so(marta: Browser, sqlite_database: Database) -> None:
    address = save(marta, "Leads", stage="lead")
    with sqlite_database.write() as connection:
        query = {**rows(sqlite_database)[0][1], "stage": "larva"}  # type: ignore[dict-item]
        connection.execute(update(saved_views).values(query=query))
    lost = marta.client.get(address.replace("stage=lead", "stage=larva"))
    assert lost.status_code == 302
    assert "“larva” is not in the lifecycle" in marta.page(str(lost.location))
    marta.get("/contacts?stage=larva", 404)
