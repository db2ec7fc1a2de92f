"""What holds for every page: one look, one heading, a strict content policy, a fixed number of statements."""

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, update

from app.factory import create_app
from app.store.caught import CaughtMails
from app.store.database import Database
from app.store.tables import users
from config import Settings
from tests.support.databases import open_sqlite
from tests.support.seed import NOW, Seeded, seed
from tests.web.conftest import Browser, Clock, signed_in

PAGES = (
    "/tasks", "/tasks?whose=all",
    "/", "/contacts", "/contacts/first", "/contacts?q=nobody-at-all", "/sequences", "/sequences/discovery-guide",
    "/catcher", "/catcher/1", "/catcher/1?tab=headers", "/health", "/sending", "/password", "/nowhere",
)  # fmt: skip
READ = (
    "/",
    "/contacts",
    "/contacts?q=a&stage=lead",
    "/contacts/first",
    "/sequences",
    "/sequences/discovery-guide",
    "/health",
)


@pytest.fixture
def one_mail(caught: CaughtMails) -> None:
    raw = b"Subject: Hello\r\nFrom: a@x.example\r\nTo: b@x.example\r\nContent-Type: text/html\r\n\r\n<p>hi</p>\r\n"
    caught.add("a@x.example", ["b@x.example"], raw, NOW)


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, marta: Browser, seeded: Seeded, one_mail: None) -> str:
    path = request.param.replace("first", str(seeded.contacts[0]))
    return marta.page(path, 404 if path == "/nowhere" else 200)


def test_it_has_one_heading_a_title_a_skip_link_and_landmarks(page: str) -> None:
    assert page.count("<h1") == 1
    assert re.search(r"<title>.+ · Trellis</title>", page)
    assert 'class="skip" href="#main"' in page
    assert '<main class="main" id="main"' in page
    assert 'aria-label="Main"' in page


def test_headings_leave_out_no_level(page: str) -> None:
    main = page[page.index("<main") :]
    levels = [int(level) for level in re.findall(r"<h([1-6])", main)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_in_it_needs_a_looser_policy(page: str) -> None:
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", page)


def test_tables_have_captions_and_scoped_headers(page: str) -> None:
    assert page.count("<table") == page.count("<caption")
    assert "<th>" not in page
    assert not re.search(r"<th (?![^>]*scope=)", page)


def test_every_field_has_a_label(page: str) -> None:
    for id in re.findall(r'<(?:input|select|textarea)[^>]*\sid="([^"]+)"', page):
        assert re.search(rf'<label(?: class="(?:lab|vh)")? for="{re.escape(id)}"', page), id
    # What stands within its label needs no other name.
    alone = re.sub(r"<label\b(?![^>]*\sfor=).*?</label>", "", page, flags=re.S)
    unnamed = re.findall(r'<input(?![^>]*type="hidden")(?![^>]*\s(?:id|aria-label)=)[^>]*>', alone)
    assert not unnamed


def test_no_id_is_given_twice(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_headers_are_strict(marta: Browser) -> None:
    headers = marta.get("/").headers
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'self'", "style-src 'self'", "script-src 'self'", "frame-ancestors 'none'",
        "base-uri 'none'", "form-action 'self'", "img-src 'self' data:", "object-src 'none'"):  # fmt: skip
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_errors_look_like_the_rest_and_tell_no_secret(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        raise RuntimeError("the password is hunter2")

    app.add_url_rule("/broken", "health.show2", broken)
    from app.web import access

    access.ACCESS["health.show2"] = "viewer"
    try:
        page = signed_in(app, "marta").page("/broken", 500)
    finally:
        del access.ACCESS["health.show2"]
    assert "Something broke on our side" in page
    assert "hunter2" not in page
    assert "Traceback" not in page
    assert "hunter2" in caplog.text, "it is in the log"


def test_a_database_that_is_gone_is_told_in_the_same_look(
    settings: Settings, tmp_path: Path, clock: Clock, caught: CaughtMails
) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    browser = Browser(create_app(settings, empty, caught, clock).test_client())
    browser.client.set_cookie("trellis_session", "x")
    assert "Something broke on our side" in browser.page("/", 500)
    empty.close()


def test_too_much_is_refused_kindly(marta: Browser) -> None:
    assert marta.client.post("/theme", data={"x": "y" * 2_000_000}).status_code in (400, 413)


def test_a_page_cannot_be_used_the_wrong_way(marta: Browser) -> None:
    assert "cannot be used that way" in marta.page("/sending/stop", 405)


def test_the_language_is_the_users_then_the_browsers(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    assert '<html lang="en"' in marta.page("/")
    with sqlite_database.write() as connection:
        connection.execute(update(users).where(users.c.id == seeded.admin_id).values(locale="da"))
    page = marta.page("/")
    assert '<html lang="da"' in page
    assert "tirsdag 24 november" in page, "dates follow at once; texts when they are translated"


def test_instants_are_told_in_the_users_zone(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    assert "today 06:24" in marta.page("/health")
    with sqlite_database.write() as connection:
        connection.execute(update(users).where(users.c.id == seeded.admin_id).values(zone="Asia/Tokyo"))
    assert "today 14:24" in marta.page("/health")
    with sqlite_database.write() as connection:
        connection.execute(update(users).where(users.c.id == seeded.admin_id).values(zone="Moon/Crater"))
    assert "today 06:24" in marta.page("/health"), "a bad zone falls back"


@pytest.mark.parametrize("path", READ)
def test_it_costs_the_same_number_of_statements_for_10_contacts_as_for_200(
    path: str, sqlite_template: Path, tmp_path: Path, settings: Settings, caught: CaughtMails, clock: Clock
) -> None:
    counts = []
    for people in (10, 200):
        database = open_sqlite(sqlite_template, tmp_path / f"{people}.db")
        base = seed(database, contacts=people)
        browser = signed_in(create_app(settings, database, caught, clock), "marta")
        statements: list[str] = []
        event.listen(
            database.engine, "before_cursor_execute", lambda *given, kept=statements: kept.append(given[2])
        )
        browser.page(path.replace("first", str(base.contacts[0])))
        counts.append(len(statements))
        database.close()
    assert counts[0] == counts[1]
    assert 3 < counts[0] < 30


def test_time_stands_still_within_a_request(marta: Browser, clock: Clock) -> None:
    clock.at = NOW + timedelta(hours=1)
    assert "today 06:24" in marta.page("/health")
