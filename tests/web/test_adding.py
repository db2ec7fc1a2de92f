"""A contact added by hand: made with its evidence, or told kindly why not; nothing is overwritten."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.reasons import Reason
from app.factory import create_app
from app.services.suppressing import suppress
from app.services.suppressions import add
from app.services.world import World
from app.store import erasing, tables
from app.store.database import Database
from tests.services.test_bulk_acts import SEQUENCE, user
from tests.support import line
from tests.support.line import NOW
from tests.web.conftest import Browser, signed_in

NEW = "/contacts/new"
ANA = {
    "email": "Ana@Casa.example", "first_name": "Ana", "last_name": "=1+1", "company.name": "<b>Casa</b>",
    "locale": "pt-br", "zone": "Europe/Lisbon", "stage": "prospect", "owner": "mara@halden.example",
}  # fmt: skip
AGREED = {"topic": "guides", "basis": "signed sheet 12", "source": "fair in Porto"}


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    world = line.lay(sqlite_database, tmp_path, sequences=[SEQUENCE], secret_key="k" * 32)
    user(world, "mara")
    return world


@pytest.fixture
def app(world: World, sqlite_database: Database) -> Flask:
    return create_app(world.settings, sqlite_database, None, lambda: NOW, world)


@pytest.fixture
def mara(app: Flask) -> Browser:
    return signed_in(app, "mara")


def refused(browser: Browser, form: dict[str, str]) -> str:
    answer = browser.post(NEW, form)
    assert answer.status_code == 422
    return answer.get_data(as_text=True)


def rows(world: World, table: str) -> list[dict[str, object]]:
    with world.database.read() as connection:
        found = connection.execute(select(tables.metadata.tables[table])).mappings()
        return [dict(row) for row in found]


def test_the_form_makes_one_contact_with_stage_owner_company_and_evidence(
    mara: Browser, world: World
) -> None:
    page = mara.page(NEW)
    assert 'name="topic" value="guides">' in page, "a topic is never ticked before"
    answer = mara.post(NEW, {**ANA, **AGREED})
    assert answer.status_code == 303
    [contact] = rows(world, "contacts")
    assert (contact["last_name"], contact["locale"], contact["zone"]) == ("=1+1", "pt-BR", "Europe/Lisbon")
    assert contact["owner_id"] is not None
    assert rows(world, "contact_stages")[0]["stage"] == "prospect"
    assert rows(world, "companies")[0]["name"] == "<b>Casa</b>"
    [entry] = rows(world, "consent_entries")
    assert (entry["purpose"], entry["state"], entry["basis"], entry["source"]) == (
        "guides", "given", "signed sheet 12", "fair in Porto",
    )  # fmt: skip
    [told] = [row for row in rows(world, "audit_entries") if row["action"] == "contact.added"]
    assert "casa" not in str(told["detail"]).lower()
    assert "Added." in mara.page(str(answer.location))
    assert not rows(world, "admissions")
    # The same form again finds who is there, and changes nothing of them.
    page = refused(mara, {"email": "ana@casa.EXAMPLE", "first_name": "Other", **AGREED})
    assert f'href="{str(answer.location).partition("?")[0]}"' in page
    assert "is somebody already" in page
    assert 'value="Other"' in page
    assert rows(world, "contacts") == [contact]


def test_what_cannot_be_read_is_marked_at_its_field_and_kept(mara: Browser, world: World) -> None:
    wrong = {
        **ANA, "email": "ana", "zone": "Mars/Base", "stage": "larva", "owner": "x@x", "locale": "!!", "topic": "guides",
    }  # fmt: skip
    page = refused(mara, wrong)
    assert page.count('class="err"') == 6
    for typed in ('value="ana"', "Mars/Base", 'value="!!"', "&lt;b&gt;Casa", 'value="guides" checked'):
        assert typed in page
    assert refused(mara, {**ANA, "first_name": "x" * 400}).count('class="err"') == 1
    for bad in ({"email": ""}, {"email": "x" * 5000}, {**ANA, "topic": "=1+1", "basis": "x", "source": "y"}):
        refused(mara, bad)
    assert rows(world, "contacts") == []
    assert rows(world, "companies") == []


def test_an_address_that_is_stopped_comes_in_after_a_second_yes_and_stays_stopped(
    mara: Browser, world: World
) -> None:
    add(world, "domain", "casa.example", "asked us", None, NOW)
    page = refused(mara, ANA)
    assert "stays stopped" in page
    assert "untick the topics" in refused(mara, {**ANA, **AGREED, "sure": "yes"})
    assert rows(world, "contacts") == []
    assert mara.post(NEW, {**ANA, "sure": "yes"}).status_code == 303
    assert rows(world, "consent_entries") == []
    assert len(rows(world, "suppressions")) == 1


def test_who_was_erased_is_not_brought_back(mara: Browser, world: World) -> None:
    with world.database.write() as connection:
        suppress(
            connection, world, scope="marketing", value="ana@casa.example", reason=Reason(erasing.CODE),
            source="erasure", now=NOW,
        )  # fmt: skip
    assert "by their own act only" in refused(mara, {**ANA, "sure": "yes"})
    assert rows(world, "contacts") == []


def test_sales_adds_without_consent_and_viewers_do_not(app: Flask, world: World) -> None:
    for name, role in (("sam", "sales"), ("vic", "viewer")):
        who = user(world, name)
        with world.database.write() as connection:
            users = tables.users
            connection.execute(users.update().where(users.c.id == who).values(role=role))
    sam, vic = signed_in(app, "sam"), signed_in(app, "vic")
    assert 'name="topic"' not in sam.page(NEW)
    assert sam.post(NEW, {**ANA, **AGREED}).status_code == 403
    assert sam.post(NEW, ANA).status_code == 303
    vic.get(NEW, 403)
    assert "Add a contact" not in vic.page("/contacts")
