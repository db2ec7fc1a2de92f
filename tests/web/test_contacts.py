"""The list of contacts and one contact."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, insert, update

from app.store.database import Database
from app.store.tables import companies, contacts, identities
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser, signed_in


def names(page: str) -> list[str]:
    return re.findall(r'<td class="nm"><a href="[^"]*/([0-9a-f-]{36})"', page)


def link(page: str, word: str) -> str | None:
    found = re.search(rf'<a class="btn sm" rel="\w+" href="([^"]+)">{word}</a>', page)
    return found[1].replace("&amp;", "&") if found else None


def test_each_stage_has_its_count_and_its_list(marta: Browser) -> None:
    page = marta.page("/contacts")
    assert re.search(r"All stages <span class=\"num\">60</span>", page)
    assert re.search(r"Leads <span class=\"num\">29</span>", page)
    leads = marta.page("/contacts?stage=lead")
    assert len(names(leads)) == 29
    assert 'aria-current="true">' in leads


def test_a_flagged_address_says_what_was_probably_meant(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(
            update(identities)
            .where(identities.c.contact_id == seeded.contacts[0], identities.c.kind == "email")
            .values(shown_as="ann@gmial.com", flag="typo", suggestion="ann@gmail.com")
        )
    page = marta.page(f"/contacts/{seeded.contacts[0]}")
    assert "ann@gmial.com: looks mistyped. Did you mean ann@gmail.com?" in page
    assert "Did you mean" not in marta.page(f"/contacts/{seeded.contacts[1]}")


def test_who_is_away_is_told_until_they_are_back(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    for days, told in ((3, True), (-1, False)):
        with sqlite_database.write() as connection:
            until = NOW + timedelta(days=days)
            connection.execute(update(contacts).values(away_until=until))
        page = marta.page(f"/contacts/{seeded.contacts[0]}")
        assert ("as their automatic answer says" in page) == told


def test_older_and_newer_walk_the_whole_list_and_back(marta: Browser, seeded: Seeded) -> None:
    first = marta.page("/contacts")
    older = link(first, "Older")
    assert older is not None
    assert link(first, "Newer") is None
    second = marta.page(older)
    assert link(second, "Older") is None
    assert [*names(first), *names(second)] == [str(id) for id in reversed(seeded.contacts)]
    newer = link(second, "Newer")
    assert newer is not None
    assert names(marta.page(newer)) == names(first)


def test_oldest_first_turns_the_list_round(marta: Browser, seeded: Seeded) -> None:
    page = marta.page("/contacts?sort=oldest")
    assert names(page)[0] == str(seeded.contacts[0])
    newer = link(page, "Newer")
    assert newer is not None
    assert names(marta.page(newer))[-1] == str(seeded.contacts[-1])


@pytest.mark.parametrize(
    "text", ["Inês", "inê", "carvalho", "INÊS CARVALHO", "ines c", "person0@ex", "Casa A", "  casa  alta"]
)
def test_search_finds_by_the_beginning_of_name_address_or_company(
    marta: Browser, seeded: Seeded, text: str
) -> None:
    found = names(marta.page(f"/contacts?q={text}"))
    expected = text != "ines c"
    assert (str(seeded.contacts[0]) in found) is expected, "an accent is a letter of its own"
    assert len(found) < 60


def test_search_for_a_name_with_a_foreign_capital(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(
            update(contacts).where(contacts.c.id == seeded.contacts[7]).values(last_name="Šimek")
        )
    assert names(marta.page("/contacts?q=šim")) == [str(seeded.contacts[7])]
    assert names(marta.page("/contacts?q=Šim")) == [str(seeded.contacts[7])]


@pytest.mark.parametrize("text", ["%", "_", "'", '"><script>', "\\", "person%"])
def test_search_takes_signs_as_signs(marta: Browser, text: str) -> None:
    page = marta.client.get("/contacts", query_string={"q": text}).get_data(as_text=True)
    assert "Nobody matches" in page
    assert "<script>" not in page


def test_owner_and_tag_narrow_the_list(marta: Browser, seeded: Seeded) -> None:
    assert len(names(marta.page(f"/contacts?owner={seeded.sales_id}"))) == 20
    assert len(names(marta.page("/contacts?tag=webinar"))) == 15
    assert len(names(marta.page(f"/contacts?tag=webinar&stage=lead&owner={seeded.sales_id}"))) == 2


def test_a_row_says_signal_score_and_course(marta: Browser) -> None:
    page = marta.page("/contacts?q=Yara")
    assert "Clicked in “discovery/guide”" in page
    assert "parked at “guide”" in page
    assert re.search(r'meter eng v\d+"', page)
    assert '<span class="lab">fit</span><span class="dim">unknown</span>' in marta.page("/contacts?q=Emil")


def test_nobody_who_was_erased_or_merged_is_listed(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    gone, merged, survivor = seeded.contacts[-1], seeded.contacts[-2], seeded.contacts[0]
    with sqlite_database.write() as connection:
        connection.execute(update(contacts).where(contacts.c.id == gone).values(erased_at=NOW))
        connection.execute(update(contacts).where(contacts.c.id == merged).values(merged_into=survivor))
    shown = names(marta.page("/contacts"))
    assert not {str(gone), str(merged)} & set(shown)
    assert marta.get(f"/contacts/{merged}", 302).location == f"/contacts/{survivor}"


@pytest.mark.parametrize(("query", "people"), [
    ("owner=none", 40), ("seq=discovery-guide", 30), ("seq=nothing", 0), ("source=heat cost guide", 60), ("source=heat", 0),
    ("fit_from=60&fit_to=70", 9), ("eng_to=0", 0), ("topic=guides&consent=unknown", 60),
    ("topic=guides&consent=given", 0), ("suppressed=yes", 0), ("suppressed=no", 60),
])  # fmt: skip
def test_filters_narrow_the_list_and_each_can_be_taken_off(marta: Browser, query: str, people: int) -> None:
    page = marta.page(f"/contacts?{query}")
    found = re.search(r"of (\d+) shown", page)
    assert (int(found[1]) if found else 0) == people
    chips = re.findall(r'<span class="chip">.*?href="([^"]+)"', page)
    assert len(chips) == 1
    assert 'class="chip"' not in marta.page(chips[0].replace("&amp;", "&"))


def test_a_search_is_counted_up_to_a_bound(marta: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "50 of 60 shown" in marta.page("/contacts?suppressed=no")
    monkeypatch.setattr("app.services.viewing.people.NOT_COUNTED_ABOVE", 55)
    assert "50 of more than 10,000 shown" in marta.page("/contacts?suppressed=no")


def test_the_best_fit_comes_first_and_the_unknown_are_not_there(marta: Browser, seeded: Seeded) -> None:
    first = marta.page("/contacts?sort=fit")
    figures = [int(each) for each in re.findall(r'fit</span><span class="meter v(\d+)"', first)]
    assert figures == sorted(figures, reverse=True)
    older = link(first, "Lower")
    assert older is not None
    everybody = [*names(first), *names(marta.page(older))]
    assert len(everybody) == len(set(everybody)) == 54
    assert "whose fit is known" in first
    assert str(seeded.contacts[9]) not in everybody


def test_columns_are_chosen_and_stay_with_the_search(marta: Browser) -> None:
    page = marta.page("/contacts?col=owner&col=tags&col=junk&q=person")
    assert re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', page) == ["Name", "Owner", "Tags"]
    older = link(page, "Older")
    assert older is not None
    assert "col=owner&col=tags" in older


def test_the_list_takes_as_many_statements_for_sixty_as_for_one(
    marta: Browser, sqlite_database: Database
) -> None:
    counts = []
    for query in ("q=person1@", "suppressed=no"):
        seen: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_: object, seen: list[str] = seen) -> None:
            seen.append(statement)

        event.listen(sqlite_database.engine, "before_cursor_execute", note)
        marta.page(f"/contacts?{query}&col=tags&col=course&col=scores&col=signal")
        event.remove(sqlite_database.engine, "before_cursor_execute", note)
        counts.append(sum("SELECT" in each for each in seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "query",
    [
        "owner=x", "older=x", "newer=1", "sort=wealth", "consent=maybe", "suppressed=2", "fit_from=much", "eng_to=nan",
        "fit_to=1e99", "company=x", "sort=fit&older=x_1", "sort=signal&older=2026-01-01_1",
    ],
)  # fmt: skip
def test_a_mistyped_address_is_no_fault_of_ours(marta: Browser, query: str) -> None:
    assert "could not be read" in marta.page(f"/contacts?{query}", 400)


def test_an_unknown_stage_is_no_page(marta: Browser) -> None:
    marta.page("/contacts?stage=king", 404)


def test_an_empty_base_teaches_the_import(app: Flask, sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        for table in ("contact_stages", "identities"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.execute(update(contacts).values(erased_at=NOW))
    assert "Import a file" in signed_in(app, "marta").page("/contacts")


def test_the_story_gives_each_entry_its_reason(marta: Browser, seeded: Seeded) -> None:
    page = marta.page(f"/contacts/{seeded.contacts[0]}")
    assert "the limit of 1 a week is reached; free again Thu 19 Nov, 09:30" in page
    assert "judged a machine; moved nothing" in page
    assert '<li class="machine">' in page
    assert "fit 78 is at least 60" in page
    assert page.count('<p class="why') >= 10
    days = re.findall(r'<li class="day">([^<]+)</li>', page)
    assert days[:2] == ["Today, 24 November", "Thursday 19 November"]


def test_what_is_known_comes_with_its_evidence(marta: Browser, seeded: Seeded) -> None:
    page = marta.page(f"/contacts/{seeded.contacts[0]}")
    assert "Bills are late every quarter" in page
    assert "said in the form “guide”" in page
    assert "How it adds up" in page
    assert "by a form, text 3" in page


def test_what_comes_next_stands_in_its_order(marta: Browser, seeded: Seeded) -> None:
    page = marta.page(f"/contacts/{seeded.contacts[0]}")
    assert "may or may not have arrived" in page
    assert page.index("Mail “discovery/nudge”") < page.index("Mail “discovery/ask”")
    assert "step 7 of 8, “ask”" in page


@pytest.mark.parametrize(("kind", "there", "not_there"), [
    ("mail", "Mail “discovery/hello” sent", "Asked for a quote"),
    ("clicks", "Asked for a quote", "Mail “discovery/hello” sent"),
    ("stage", "Entered “discovery-guide”", "Asked for a quote"),
])  # fmt: skip
def test_the_story_can_be_cut(marta: Browser, seeded: Seeded, kind: str, there: str, not_there: str) -> None:
    page = marta.page(f"/contacts/{seeded.contacts[0]}?show={kind}")
    assert there in page
    assert not_there not in page


def test_a_contact_of_another_workspace_is_no_page(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        other = seeded.contacts[5]
        connection.exec_driver_sql(
            "INSERT INTO workspaces (id, key, name, is_demo, created_at) VALUES (?, 'demo', 'Demo', 1, 0)",
            (b"0" * 16,),
        )
        connection.exec_driver_sql(
            "UPDATE contacts SET workspace_id = ? WHERE id = ?", (b"0" * 16, other.bytes)
        )
    marta.page(f"/contacts/{other}", 404)
    assert str(other) not in marta.page("/contacts")


def test_names_are_text_and_never_markup(marta: Browser, seeded: Seeded, sqlite_database: Database) -> None:
    who = seeded.contacts[0]
    with sqlite_database.write() as connection:
        connection.execute(
            update(contacts)
            .where(contacts.c.id == who)
            .values(first_name="<img src=x onerror=alert(1)>", job_title="%s{{7*7}}")
        )
    for path in (f"/contacts/{who}", "/contacts?sort=oldest", "/health", "/"):
        assert "<img" not in marta.page(path)
    assert "49" not in re.findall(r"%s[^<]{0,9}", marta.page(f"/contacts/{who}"))


def test_company_names_are_searched_within_the_workspace_only(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(
            insert(companies).values(
                id=seeded.sequence_id,
                workspace_id=seeded.workspace_id,
                name="Zebra",
                fields={},
                created_at=NOW,
            )
        )
        connection.execute(
            update(contacts).where(contacts.c.id == seeded.contacts[3]).values(company_id=seeded.sequence_id)
        )
        connection.execute(identities.delete().where(identities.c.contact_id == seeded.contacts[3]))
    assert names(marta.page("/contacts?q=zeb")) == [str(seeded.contacts[3])]


def test_who_came_by_whose_word_stands_on_both_pages(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    friend, new = seeded.contacts[:2]
    with sqlite_database.write() as connection:
        connection.execute(update(contacts).where(contacts.c.id == new).values(referred_by=friend))
    came = marta.page(f"/contacts/{new}").partition("Recommended by")[2].partition("</dd>")[0]
    assert f'href="/contacts/{friend}"' in came
    brought = marta.page(f"/contacts/{friend}").partition("Recommended us to")[2].partition("</dd>")[0]
    assert f'href="/contacts/{new}"' in brought
    with sqlite_database.write() as connection:
        connection.execute(update(contacts).where(contacts.c.id == friend).values(erased_at=NOW))
    assert "somebody who was erased" in marta.page(f"/contacts/{new}")
