"""Colleagues on their pages, from the invitation to being shut out; the doors without a sign-in."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.services.world import World, open_world
from app.store.database import Database
from app.store.tables import account_mails as table
from app.store.tables import audit_entries
from app.web.shared.session import COOKIE
from config import Settings
from tests.support.account_links import account_mails, link_in
from tests.support.seed import PASSWORD, Seeded
from tests.web.conftest import Browser, Clock

LIST = "/colleagues"
ADA = {
    "email": "ada@halden.example",
    "name": "Ada Berg",
    "role": "marketer",
    "may_publish": "yes",
    "locale": "it",
}
NEW = {"new": "a green and quiet place", "again": "a green and quiet place"}


@pytest.fixture
def world(sqlite_database: Database, seeded: Seeded, settings: Settings) -> World:
    return open_world(sqlite_database, seeded.workspace_id, settings)


def path_in_mail(world: World, clock: Clock) -> str:
    [mail] = account_mails(world, clock.at)
    link = link_in(mail)
    assert link.startswith(world.settings.public_url)
    return link.removeprefix(world.settings.public_url)


def actions(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(audit_entries.c.action).order_by(audit_entries.c.id)).scalars())


def test_invited_come_in_changed_and_shut_out(
    app: Flask, marta: Browser, world: World, clock: Clock, sqlite_database: Database
) -> None:
    assert marta.post(f"{LIST}/invite", ADA, on=LIST).location.startswith(f"{LIST}?done=invited")
    assert "its mail is on the way" in marta.page(LIST)
    path = path_in_mail(world, clock)
    ada = Browser(app.test_client())
    page = ada.get(path)
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert 'value="Ada Berg"' in page.get_data(as_text=True)
    assert ada.post(path, {"name": "Ada B", **NEW}).location == "/"
    assert "Ada B" in ada.page("/")
    assert "This link has ended" in ada.page(path, 404)
    listed = marta.page(LIST)
    assert "Ada B" in listed
    assert "Invited</h2>" not in listed
    one = re.findall(r'href="(/colleagues/[0-9a-f-]{36})">Ada B<', listed)[0]
    form = {
        "role": "sales",
        "name": "Ada Berg",
        "was_role": "marketer",
        "was_may_publish": "yes",
        "may_send": "yes",
    }
    assert marta.post(one, form).location == f"{one}?done=changed"
    stale = marta.post(one, {**form, "role": "admin"})
    assert stale.status_code == 422
    assert "somebody changed this account meanwhile" in stale.get_data(as_text=True)
    assert marta.post(f"{one}/disable", on=one).status_code == 302
    ada.get("/", 302)
    assert "shut out" in marta.page(LIST)
    assert marta.post(f"{one}/enable", on=one).status_code == 302
    assert actions(sqlite_database) == [
        "account.signed_in", "account.invited", "account.joined", "account.changed", "account.disabled",
        "account.enabled",
    ]  # fmt: skip


def test_what_was_typed_stays_when_it_is_refused(marta: Browser) -> None:
    answer = marta.post(f"{LIST}/invite", {**ADA, "email": "vera@halden.example"}, on=LIST)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "has an account already" in page
    assert 'value="Ada Berg"' in page
    assert marta.post(f"{LIST}/invite", {**ADA, "role": "king"}, on=LIST).status_code == 400
    assert marta.post(f"{LIST}/invite", {**ADA, "locale": "xx"}, on=LIST).status_code == 400


def test_sent_again_and_taken_back(
    marta: Browser, world: World, clock: Clock, sqlite_database: Database
) -> None:
    marta.post(f"{LIST}/invite", ADA, on=LIST)
    first = path_in_mail(world, clock)
    with sqlite_database.read() as connection:
        mail_id = connection.execute(select(table.c.id)).scalar_one()
    clock.at += timedelta(hours=1)
    assert marta.post(f"{LIST}/invitations/{mail_id}/resend", on=LIST).status_code == 302
    second = path_in_mail(world, clock)
    marta.get(first, 404)
    marta.get(second)
    assert marta.post(f"{LIST}/invitations/{mail_id}/withdraw", on=LIST).status_code == 302
    marta.get(second, 404)
    answer = marta.post(f"{LIST}/invitations/{mail_id}/withdraw", on=LIST)
    assert answer.status_code == 422, "pressed twice"
    assert "taken up or back meanwhile" in answer.get_data(as_text=True)


def test_the_last_admin_stays(marta: Browser, seeded: Seeded) -> None:
    one = f"{LIST}/{seeded.admin_id}"
    form = {
        "role": "viewer",
        "name": "Marta",
        "was_role": "admin",
        "was_may_publish": "yes",
        "was_may_send": "yes",
    }
    for answer in (marta.post(one, form), marta.post(f"{one}/disable", on=one)):
        assert answer.status_code == 422
        assert "the last admin who can sign in" in answer.get_data(as_text=True)
    marta.page(LIST)
    marta.get(f"{LIST}/{seeded.workspace_id}", 404)


def test_a_forgotten_password(
    app: Flask, browser: Browser, marta: Browser, world: World, clock: Clock, seeded: Seeded
) -> None:
    assert "Forgot your password?" in browser.page("/sign-in")
    answer = browser.post("/forgot", {"email": "marta@halden.example"})
    assert "If there is an account with this address" in answer.get_data(as_text=True)
    path = path_in_mail(world, clock)
    assert browser.get(path).headers["Referrer-Policy"] == "strict-origin"
    differs = browser.post(path, {**NEW, "again": "another"})
    assert (differs.status_code, "differ" in differs.get_data(as_text=True)) == (422, True)
    short = browser.post(path, {"new": "short", "again": "short"})
    assert (short.status_code, "shorter than 12" in short.get_data(as_text=True)) == (422, True)
    done = browser.post(path, NEW)
    assert done.location == "/sign-in?done=reset"
    assert COOKIE not in str(done.headers), "a link of a mail signs nobody in"
    marta.get("/", 302)
    assert browser.sign_in(password=PASSWORD).status_code == 422
    assert browser.sign_in(password=NEW["new"]).status_code == 302
    assert "Ask for another" in browser.page(path, 404)
