"""Senders in the browser: admins only, no secret on any page, and what is wrong stands at its field."""

import pytest
from sqlalchemy import select

from app.core.throttling import pressed
from app.store import throttles
from app.store.database import Database
from app.store.tables import sender_states, senders, workspaces
from tests.support.seed import NOW
from tests.support.smtp_server import ScriptedServer
from tests.web.conftest import Browser

HOUSE = "hello@halden.example"
SECRET = "correct horse battery"
FORM = {
    "preset": "plain", "address": "news@halden.example", "name": "Halden <news>", "serves": "purpose",
    "match": "marketing", "host": "mail.example", "port": "587", "security": "starttls", "ca": "", "username": "me",
    "password": SECRET, "connections": "2", "max_mails": "50", "max_age": "300", "daily_quota": "1000", "per_minute": "",
    "bounce_domain": "", "reply_domain": "",
}  # fmt: skip
ONE = "/senders/one?address=news@halden.example"


def add(marta: Browser, **changes: str) -> int:
    return marta.post("/senders/add", {**FORM, **changes}, on="/senders/add").status_code


def test_a_sender_is_added_changed_and_removed(marta: Browser, sqlite_database: Database) -> None:
    assert add(marta) == 302
    page = marta.page(ONE)
    assert "Halden &lt;news&gt;" in page
    assert SECRET not in page
    assert "There is one. Leave this empty to keep it." in page
    for path in ("/senders", ONE):
        assert SECRET not in marta.page(path)
    changed = {
        **FORM,
        "old": "news@halden.example",
        "password": "",
        "name": "News",
        "daily_quota": "",
        "enabled": "yes",
    }
    assert marta.post("/senders/one", changed, on=ONE).status_code == 302
    with sqlite_database.read() as connection:
        row = connection.execute(select(senders)).one()
    assert (row.name, row.daily_quota, row.password is not None) == ("News", None, True)
    assert SECRET not in row.password
    assert marta.post("/senders/remove", {"address": row.address}, on=ONE).status_code == 302
    marta.page(ONE, 404)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"address": "nonsense"}, "nonsense"),
        ({"match": "weather"}, "“weather” is no purpose"),
        ({"port": "many"}, "“port” is a whole number"),
        ({"security": "none"}, "a password would travel in the clear"),
        ({"host": "smtp.{region}.example"}, "put the region of your account"),
        ({"ca": "<script>"}, "this holds no certificate"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_the_rest_stays(
    marta: Browser, changes: dict[str, str], words: str
) -> None:
    answer = marta.post("/senders/add", {**FORM, **changes}, on="/senders/add")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    assert 'aria-invalid="true"' in page or 'class="err"' in page
    assert "Halden &lt;news&gt;" in page
    assert SECRET not in page
    assert "<script>" not in page.replace("<script src", "")


def test_a_preset_fills_the_form(marta: Browser) -> None:
    page = marta.page("/senders/add?preset=sendgrid")
    assert 'value="smtp.sendgrid.net"' in page
    assert 'value="apikey"' in page
    assert "an API key that may send mail" in page
    marta.page("/senders/add?preset=pigeon", 404)


def test_a_sender_is_paused_and_let_go_with_a_reason(marta: Browser, sqlite_database: Database) -> None:
    one = f"/senders/one?address={HOUSE}"
    answer = marta.post("/senders/pause", {"address": HOUSE, "why": " "}, on=one)
    assert answer.status_code == 422
    assert "a few words on why are needed" in answer.get_data(as_text=True)
    assert marta.post("/senders/pause", {"address": HOUSE, "why": "wrong <price>"}, on=one).status_code == 302
    assert "a colleague holds the sender: wrong &lt;price&gt;" in marta.page("/senders")
    for path in ("/", "/health"):
        page = marta.page(path)
        assert HOUSE in page
        assert "wrong &lt;price&gt;" in page
    assert marta.post("/senders/resume", {"address": HOUSE, "why": "corrected"}, on=one).status_code == 302
    with sqlite_database.read() as connection:
        assert (
            connection.execute(
                select(sender_states.c.held_by).where(sender_states.c.sender == HOUSE)
            ).scalar()
            is None
        )
    assert "wrong &lt;price&gt;" not in marta.page("/health")
    assert marta.post("/senders/pause", {"address": "who@x.example", "why": "x"}, on=one).status_code == 404


def test_a_relay_is_tried_out(marta: Browser, settings: object) -> None:
    one = f"/senders/one?address={HOUSE}"
    with ScriptedServer() as server:
        # The catcher's port stands for the relay here.
        settings.catcher_port = server.port  # type: ignore[attr-defined]
        page = marta.post("/senders/test", {"address": HOUSE, "to": ""}, on=one).get_data(as_text=True)
        assert "All is well." in page
        assert "test.example ESMTP" in page
        page = marta.post("/senders/test", {"address": HOUSE, "to": "me@x.example"}, on=one).get_data(
            as_text=True
        )
        assert "The relay took the mail to me@x.example" in page
        assert b"Subject: A test mail" in server.received[0].data
    page = marta.post("/senders/test", {"address": HOUSE, "to": ""}, on=one).get_data(as_text=True)
    assert "nobody listens at the relay" in page
    wrong = marta.post("/senders/test", {"address": HOUSE, "to": "nonsense"}, on=one)
    assert wrong.status_code == 422


@pytest.mark.parametrize("path", ["/senders", "/senders/add", f"/senders/one?address={HOUSE}"])
def test_only_admins_come_here(vera: Browser, path: str) -> None:
    vera.page(path, 403)
    assert "/senders" not in vera.page("/")


@pytest.mark.parametrize("act", ["add", "one", "pause", "resume", "test", "remove"])
def test_only_admins_act_here(vera: Browser, act: str) -> None:
    assert vera.post(f"/senders/{act}", {**FORM, "why": "x"}, on="/").status_code == 403


def test_providers_that_asked_for_less_and_new_domains_are_told(
    marta: Browser, sqlite_database: Database
) -> None:
    assert "Asked to slow down" not in marta.page("/senders")
    with sqlite_database.write() as connection:
        workspace = connection.execute(select(workspaces.c.id)).scalar_one()
        throttles.save_pressure(
            connection, workspace, HOUSE, "google", pressed(None, NOW), "throttle.slowed_down",
            {"provider": "google", "code": 421, "enhanced": "4.7.28", "text": "<b>too fast</b>"},
        )  # fmt: skip
        throttles.begin_warm_up(connection, workspace, "news.halden.example", NOW.date(), NOW)
    page = marta.page("/senders")
    assert "&lt;b&gt;too fast" in page
    assert "50 %" in page
    assert "news.halden.example" in page
