"""Coming in and going out, over HTTP."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.factory import create_app
from app.services.accounts import IDLE
from app.store.caught import CaughtMails
from app.store.database import Database
from app.store.tables import sign_ins, users
from app.web.shared.session import COOKIE
from config import Settings
from tests.support.seed import PASSWORD, Seeded
from tests.web.conftest import Browser, Clock


def test_wrong_words_say_the_same_for_everybody(browser: Browser) -> None:
    answers = [
        browser.sign_in("marta@halden.example", "wrong"),
        browser.sign_in("nobody@halden.example", PASSWORD),
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    texts = [answer.get_data(as_text=True) for answer in answers]
    assert all("do not go together" in text for text in texts)
    assert COOKIE not in "".join(str(answer.headers) for answer in answers)


def test_the_address_stays_in_the_form_and_the_password_does_not(browser: Browser) -> None:
    page = browser.sign_in('"><b>@x.example', "hunter2-hunter2").get_data(as_text=True)
    assert "&#34;&gt;&lt;b&gt;@x.example" in page
    assert "hunter2" not in page


def test_the_cookie_is_kept_from_scripts_and_other_sites(browser: Browser) -> None:
    cookie = next(c for c in browser.sign_in().headers.getlist("Set-Cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie, "the test runs without TLS"


def test_behind_tls_the_cookie_is_secure(
    tmp_path: Path, sqlite_database: Database, seeded: Seeded, caught: CaughtMails, clock: Clock
) -> None:
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path,
        secret_key="k" * 32,
        base_url="https://mail.halden.example",  # type: ignore[call-arg]
    )
    app = create_app(settings, sqlite_database, caught, clock)
    app.config["WTF_CSRF_SSL_STRICT"] = False
    answer = Browser(app.test_client()).sign_in()
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_signing_in_again_ends_the_sign_in_before(marta: Browser, sqlite_database: Database) -> None:
    assert marta.client.get("/sign-in").status_code == 302, "already in"
    cookie = marta.client.get_cookie(COOKIE)
    assert cookie is not None
    token = marta.post("/sign-in", {"email": "marta@halden.example", "password": PASSWORD}, on="/password")
    assert token.status_code == 302
    fresh = marta.client.get_cookie(COOKIE)
    assert fresh is not None
    assert fresh.value != cookie.value
    with sqlite_database.read() as connection:
        revoked = (
            connection.execute(select(sign_ins.c.revoked_at).order_by(sign_ins.c.token_hash)).scalars().all()
        )
    assert sorted(at is None for at in revoked) == [False, True]


def test_signing_out_ends_it_on_the_server_too(app: Flask, marta: Browser) -> None:
    cookie = marta.client.get_cookie(COOKIE)
    assert cookie is not None
    assert marta.post("/sign-out", on="/").status_code == 302
    thief = app.test_client()
    thief.set_cookie(COOKIE, cookie.value)
    assert thief.get("/").status_code == 302


def test_an_idle_sign_in_ends(marta: Browser, clock: Clock) -> None:
    clock.at += IDLE + timedelta(seconds=1)
    marta.get("/", 302)


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-out", "/password", "/theme", "/sending/stop", "/sending/resume"]
)
def test_no_form_works_without_its_proof(marta: Browser, path: str) -> None:
    answer = marta.client.post(path, data={"why": "x", "theme": "dark"})
    assert answer.status_code == 400
    assert "gone stale" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("wanted", "to"),
    [
        ("/contacts?stage=lead", "/contacts?stage=lead"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\\..\\evil", "/"),
        ("javascript:alert(1)", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("contacts", "/"),
        ("", "/"),
    ],
)
def test_afterwards_only_a_path_of_this_site_is_opened(browser: Browser, wanted: str, to: str) -> None:
    form = {"email": "marta@halden.example", "password": PASSWORD, "next": wanted}
    assert browser.post("/sign-in", form).location == to


def test_a_one_time_password_opens_the_change_page_only(
    browser: Browser, sqlite_database: Database, seeded: Seeded
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(
            update(users).where(users.c.id == seeded.admin_id).values(must_change_password=True)
        )
    browser.sign_in()
    assert browser.get("/contacts", 302).location == "/password"
    assert "works once" in browser.page("/password")
    new = {"current": PASSWORD, "new": "a green and quiet place", "again": "a green and quiet place"}
    assert browser.post("/password", new).status_code == 302
    browser.page("/contacts")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            {"current": "no", "new": "a green and quiet place", "again": "a green and quiet place"},
            "not the present",
        ),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "shorter than 12"),
        ({"current": PASSWORD, "new": "a green and quiet place", "again": "another"}, "differ"),
    ],
)
def test_a_refused_password_is_said_at_its_field(marta: Browser, form: dict[str, str], text: str) -> None:
    answer = marta.post("/password", form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert text in page
    assert 'aria-invalid="true"' in page


def test_the_theme_is_kept_without_a_script(marta: Browser) -> None:
    assert "data-theme" not in marta.page("/")
    marta.post("/theme", {"theme": "dark", "next": "/health"}, on="/")
    assert '<html lang="en" data-theme="dark">' in marta.page("/")
    marta.post("/theme", {"theme": "nonsense"}, on="/")
    assert 'data-theme="dark"' in marta.page("/")
    marta.post("/theme", {"theme": "system"}, on="/")
    assert "data-theme" not in marta.page("/")
