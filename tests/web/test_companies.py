"""Companies on their pages: the list, one of them, and what is refused keeps what was typed."""

import re
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import event, insert, select, update

from app.services.viewing import companies as viewing
from app.store.database import Database
from app.store.tables import (
    audit_entries,
    companies,
    contact_stages,
    contacts,
    field_definitions,
    suppressions,
    tasks,
)
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser, signed_in

HOSTILE = "=1+1<b>{{7*7}}"


def shown(page: str) -> list[str]:
    return re.findall(r'<td class="nm"><a href="/companies/[0-9a-f-]{36}">([^<]+)</a>', page)


def link(page: str, word: str) -> str:
    found = re.search(rf'<a class="btn sm" rel="\w+" href="([^"]+)">{word}</a>', page)
    assert found, word
    return found[1].replace("&amp;", "&")


def at_stage(database: Database, seeded: Seeded, stages: dict[int, str]) -> None:
    """The stages of the first people; everybody else is a visitor."""
    with database.write() as connection:
        connection.execute(update(contact_stages).values(stage="visitor"))
        for number, stage in stages.items():
            who = contact_stages.c.contact_id == seeded.contacts[number]
            connection.execute(update(contact_stages).where(who).values(stage=stage))


def of(seeded: Seeded, database: Database, number: int) -> UUID:
    """The company of this person. Every sixth one of the seed has the same."""
    with database.read() as connection:
        who = contacts.c.id == seeded.contacts[number]
        return UUID(str(connection.execute(select(contacts.c.company_id).where(who)).scalar_one()))


def counted(database: Database, look: object) -> int:
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    look()  # type: ignore[operator]
    event.remove(database.engine, "before_cursor_execute", note)
    return sum("SELECT" in each for each in seen)


def test_the_stage_is_the_furthest_of_its_people_and_cuts_the_list(
    marta: Browser, seeded: Seeded, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_stage(
        sqlite_database, seeded, {0: "lead", 6: "customer", 12: "disqualified", 1: "prospect", 2: "dormant"}
    )
    page = marta.page("/companies?sort=name")
    assert len(shown(page)) == 6
    assert "6 of 6 shown" in page
    rows = {name: row for row in page.split("<tr>") for name in shown(row)}
    assert 'class="stage customer"' in rows["Casa Alta Residences"]
    assert 'class="stage prospect"' in rows["Vltava Housing"]
    assert 'class="stage visitor"' in rows["Woonstad Oost"], "beside the way counts below it"
    assert "Jonas Weber" in rows["Casa Alta Residences"]
    for few in (viewing.FEW, 0):
        monkeypatch.setattr(viewing, "FEW", few)
        assert shown(marta.page("/companies?stage=customer")) == ["Casa Alta Residences"]
        assert shown(marta.page("/companies?stage=lead")) == []
        assert len(shown(marta.page("/companies?stage=visitor"))) == 4
    with sqlite_database.write() as connection:
        connection.execute(update(contacts).values(merged_into=seeded.contacts[0]))
    assert shown(marta.page("/companies?stage=customer")) == []
    assert "nobody" in marta.page("/companies")


def test_searched_by_name_and_domain_and_paged_there_and_back(
    marta: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(marta.page("/companies?q=CASA")) == ["Casa Alta Residences"]
    assert shown(marta.page("/companies?q=vltava.ex")) == ["Vltava Housing"]
    assert "No company matches" in marta.page("/companies?q=%25")
    whole = {order: shown(marta.page(f"/companies?sort={order}")) for order in ("name", "newest")}
    assert whole["name"] == sorted(whole["name"])
    look = viewing.list_companies
    monkeypatch.setattr(viewing, "list_companies", lambda place, asked, at: look(place, asked, at, limit=2))
    for order, on, back in (("name", "After", "Before"), ("newest", "Older", "Newer")):
        pages = [marta.page(f"/companies?sort={order}")]
        pages.append(marta.page(link(pages[0], on)))
        pages.append(marta.page(link(pages[1], on)))
        assert [name for page in pages for name in shown(page)] == whole[order]
        assert shown(marta.page(link(pages[2], back))) == shown(pages[1])
        assert 'rel="next"' not in pages[2]
    for bad in ("sort=wealth", "older=x", "newer=a_b"):
        marta.page(f"/companies?{bad}", 400)
    marta.page("/companies?stage=king", 404)


def test_as_many_statements_for_sixty_people_as_for_none(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    one = of(seeded, sqlite_database, 0)
    many = [counted(sqlite_database, lambda path=path: marta.page(path)) for path in ("/companies?q=casa", "/companies", f"/companies/{one}")]  # fmt: skip
    assert many[0] == many[1]
    with sqlite_database.write() as connection:
        connection.execute(
            update(contacts).where(contacts.c.company_id == one, contacts.c.id != seeded.contacts[0]).values(company_id=None)
        )  # fmt: skip
    assert counted(sqlite_database, lambda: marta.page(f"/companies/{one}")) == many[2]


def test_a_company_with_more_people_than_are_looked_at_says_so(
    marta: Browser, seeded: Seeded, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.views.companies.MOST_LOOKED", 3)
    monkeypatch.setattr("app.store.views.companies.MOST_TOLD", 2)
    assert "more than 3" in marta.page("/companies")
    page = marta.page(f"/companies/{of(seeded, sqlite_database, 0)}")
    assert "more than 3 people" in page
    assert "Of the newest 200" in page


def test_one_company_tells_its_people_their_story_and_what_is_to_be_done(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    one = of(seeded, sqlite_database, 0)
    with sqlite_database.write() as connection:
        row = {
            "id": uuid4(), "workspace_id": seeded.workspace_id, "contact_id": seeded.contacts[0], "kind": "call",
            "title": HOSTILE, "state": "open", "dedupe_key": "x", "reason_code": "task.by_step",
            "reason_params": {"step": "a", "sequence": "b"}, "created_at": NOW, "body": "",
        }  # fmt: skip
        connection.execute(insert(tasks).values(row))
    page = marta.page(f"/companies/{one}")
    assert len(re.findall(r'<td class="nm"><a href="/contacts/', page)) == 10
    assert "=1+1&lt;b&gt;{{7*7}}" in page
    story = page[page.index('aria-labelledby="sto"') :]
    assert f'<p class="ev"><a href="/contacts/{seeded.contacts[0]}">Inês Carvalho</a>' in story
    assert 'class="vh">because' in story
    assert len(marta.page(f"/companies/{one}?show=stage")) < len(page)
    assert f'href="/companies/{one}"' in marta.page(f"/contacts/{seeded.contacts[0]}")
    assert f'href="/companies/{one}"' in marta.page("/contacts?sort=oldest")
    assert f'href="/companies/{one}"' in marta.page("/tasks?whose=all")
    marta.page(f"/companies/{uuid4()}", 404)
    with sqlite_database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO workspaces (id, key, name, is_demo, created_at) VALUES (?, 'demo', 'Demo', 1, 0)",
            (b"0" * 16,),
        )
        connection.execute(
            update(companies).where(companies.c.id == one).values(workspace_id=UUID(bytes=b"0" * 16))
        )
    for path in (f"/companies/{one}", f"/companies/{one}/edit"):
        marta.page(path, 404)
    for path in ("edit", "people", "people/out", "stop", "lift"):
        assert marta.post(f"/companies/{one}/{path}", {"why": "x", "address": "a@b.example"}, on="/companies/new").status_code == 404  # fmt: skip
    assert "Casa Alta" not in marta.page("/companies")


def test_made_once_and_refused_with_what_was_typed(marta: Browser, sqlite_database: Database) -> None:
    def make(name: str, domain: str) -> str:
        answer = marta.post("/companies", {"name": name, "domain": domain}, on="/companies/new")
        return str(answer.location) if answer.status_code == 303 else answer.get_data(as_text=True)

    made = make("Berg <b>", "https://www.Berg.example/about")
    assert made.endswith("?done=made")
    assert "Berg &lt;b&gt;" in marta.page(made)
    assert make("Another", "berg.example") == made.replace("made", "there")
    nameless = make("Dal", "")
    assert make(" dal ", "") == nameless.replace("made", "there")
    for name, domain, told in (
        ("", " ", "a company needs a name"),
        ("x" * 201, "", "at most 200 signs"),
        ("Ada", "gmail.com", "anybody may have a mailbox"),
        ("Ada", HOSTILE, "is no domain"),
    ):
        page = make(name, domain)
        assert told in page
        assert f'value="{name}"' in page
    with sqlite_database.read() as connection:
        kept = connection.execute(
            select(audit_entries.c.action).where(audit_entries.c.subject_kind == "company")
        )
        assert kept.scalars().all() == ["company.made", "company.made"]


def test_changed_where_nobody_else_did_meanwhile(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    one = of(seeded, sqlite_database, 0)
    with sqlite_database.write() as connection:
        for key, kind, gone in (("size", "number", None), ("started", "date", None), ("old", "text", NOW)):
            connection.execute(
                insert(field_definitions).values(
                    id=uuid4(), workspace_id=seeded.workspace_id, subject="company", key=key, label=key.title(), type=kind,
                    choices=[], created_at=NOW, retired_at=gone,
                )
            )  # fmt: skip
    at = f"/companies/{one}/edit"
    page = marta.page(at)
    form = {
        name: value.replace("&amp;", "&")
        for name, value in re.findall(r'name="((?:field|was)\.[a-z]+)"[^>]*value="([^"]*)"', page)
    }
    assert "field.old" not in form
    bad = marta.post(
        at,
        {**form, "field.name": "", "field.domain": "vltava.example", "field.size": "many", "field.old": "x"},
    )
    told = bad.get_data(as_text=True)
    assert bad.status_code == 422
    for words in ("needs a name", "belongs to Vltava Housing", 'value="many"'):
        assert words in told
    good = {**form, "field.name": HOSTILE, "field.size": "41", "field.started": "2026-11-30"}
    assert marta.post(at, good).location == f"/companies/{one}?done=saved"
    page = marta.page(f"/companies/{one}?done=saved")
    assert "=1+1&lt;b&gt;{{7*7}}" in page
    assert "2026-11-30" in page
    stale = marta.post(at, {**form, "field.size": "42"})
    assert stale.status_code == 422
    assert "it is “41” now" in stale.get_data(as_text=True)
    assert 'value="42"' in stale.get_data(as_text=True)
    other = marta.post(at, {**form, "field.started": "2026-11-30"})
    assert other.status_code == 303, "the same again changes nothing"


def test_people_are_put_in_moved_when_it_was_told_and_taken_out(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    one, other = of(seeded, sqlite_database, 0), of(seeded, sqlite_database, 1)
    at, on = f"/companies/{one}/people", f"/companies/{one}"
    refused = marta.post(at, {"address": "person1@example.com"}, on=on)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "they are with Vltava Housing" in page
    assert f'name="from" value="{other}"' in page
    assert "Move them here" in page
    assert 'value="person1@example.com"' in page
    moved = {"address": "person1@example.com", "from": str(other)}
    assert marta.post(at, moved, on=on).location == f"{on}?done=in"
    assert marta.post(at, moved, on=on).location == f"{on}?done=was_in"
    assert of(seeded, sqlite_database, 1) == one
    assert "Company" in marta.page(f"/contacts/{seeded.contacts[1]}")
    for _twice in range(2):
        assert marta.post(f"{at}/out", {"who": str(seeded.contacts[1])}, on=on).location == f"{on}?done=out"
    with sqlite_database.read() as connection:
        row = connection.execute(select(contacts).where(contacts.c.id == seeded.contacts[1])).one()
    assert (row.company_id, row.judge_due_at) == (None, NOW)
    assert marta.post(at, {"address": "nobody@example.com"}, on=on).status_code == 422
    assert marta.post(at, {"address": HOSTILE}, on=on).status_code == 422
    assert marta.post(f"{at}/out", {"who": "x"}, on=on).status_code == 400


def test_marketing_to_all_of_it_is_stopped_and_lifted_with_a_reason(
    app: Flask, marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    one = of(seeded, sqlite_database, 0)
    at = f"/companies/{one}"
    without = marta.post(f"{at}/stop", {"why": " "}, on=at)
    assert without.status_code == 422
    assert "a reason is needed" in without.get_data(as_text=True)
    jonas = signed_in(app, "jonas")
    assert jonas.post(f"{at}/stop", {"why": "their lawyer wrote"}, on=at).location == f"{at}?done=stopped"
    assert jonas.post(f"{at}/stop", {"why": "again"}, on=at).location == f"{at}?done=standing"
    page = jonas.page(at)
    assert "a colleague stopped it: their lawyer wrote" in page
    assert "An admin can lift it" in page
    assert jonas.post(f"{at}/lift", {"why": "x"}, on=at).status_code == 403
    marta.post(
        f"{at}/edit", {"field.name": "Casa Baixa", "was.field.name": "", "was.name": "Casa Alta Residences"}
    )
    with sqlite_database.read() as connection:
        assert connection.execute(select(suppressions.c.value)).scalar_one() == "Casa Baixa"
    assert marta.post(f"{at}/lift", {"why": ""}, on=at).status_code == 422
    assert marta.post(f"{at}/lift", {"why": "they asked for it"}, on=at).location == f"{at}?done=lifted"
    assert "Nothing stops the company" in marta.page(at)


def test_a_viewer_looks_and_finds_no_button(vera: Browser, seeded: Seeded, sqlite_database: Database) -> None:
    page = vera.page(f"/companies/{of(seeded, sqlite_database, 0)}")
    assert '<form method="post"' not in page.partition("<main")[2]
    assert "New company" not in vera.page("/companies")
    vera.page("/companies/new", 403)
