"""The page of web hooks coming in."""

import pytest
from flask import Flask

from app.services import provider_events as service
from app.services.secrets import Vault
from app.store.database import Database
from config import Settings
from tests.support.seed import NOW, Seeded
from tests.support.webhooks import CERTIFICATE, TOPIC, certificate
from tests.web.conftest import Browser, signed_in


def test_one_is_made_with_the_address_to_paste_and_its_password_is_shown_once(marta: Browser) -> None:
    assert "No provider tells us anything yet" in marta.page("/webhooks")
    answer = marta.post("/webhooks/add", {"provider": "postmark", "name": "<b>News</b>"}, on="/webhooks")
    page = answer.get_data(as_text=True)
    assert "/hooks/postmark/" in page
    assert "&lt;b&gt;News&lt;/b&gt; is ready" in page
    password = page.split("password <code>")[1].split("<")[0]
    assert len(password) >= 32
    again = marta.page("/webhooks")
    assert password not in again
    assert "/hooks/postmark/" in again
    assert "Not heard of yet" in again


def test_a_wish_that_makes_no_sense_is_told(marta: Browser) -> None:
    answer = marta.post("/webhooks/add", {"provider": "mailgun", "name": "Mine"}, on="/webhooks")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "Mailgun proves itself with its HTTP webhook signing key" in page
    assert 'value="Mine"' in page


def test_a_certificate_is_installed_and_a_web_hook_removed(
    marta: Browser, sqlite_database: Database, seeded: Seeded, settings: Settings
) -> None:
    made = marta.post("/webhooks/add", {"provider": "ses", "topics": TOPIC}, on="/webhooks")
    assert made.status_code == 200
    form = {"name": "ses", "file": CERTIFICATE, "pem": "nonsense"}
    assert marta.post("/webhooks/certificate", form, on="/webhooks").status_code == 422
    form["pem"] = certificate(begin=NOW)
    assert marta.post("/webhooks/certificate", form, on="/webhooks").location == "/webhooks"
    [found] = service.listing(sqlite_database, Vault(settings), seeded.workspace_id)
    assert found.certificates == (CERTIFICATE,)
    assert marta.post("/webhooks/remove", {"name": "ses"}, on="/webhooks").location == "/webhooks"
    assert marta.post("/webhooks/remove", {"name": "ses"}, on="/webhooks").status_code == 422
    assert service.listing(sqlite_database, Vault(settings), seeded.workspace_id) == []


def test_health_leads_there(marta: Browser, vera: Browser) -> None:
    assert 'href="/webhooks"' in marta.page("/health")
    assert 'href="/webhooks"' not in vera.page("/health")


@pytest.mark.parametrize("name", ["vera"])
def test_only_admins_see_it(app: Flask, name: str) -> None:
    signed_in(app, name).page("/webhooks", 403)
