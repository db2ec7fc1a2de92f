"""DKIM keys on their page: made, the record to publish, what the DNS says, activated and retired; by admins only."""

import html
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.store.database import Database
from app.store.tables import audit_entries, dkim_keys
from config import Settings
from tests.support.names import dns_server
from tests.support.seed import Seeded
from tests.web.conftest import Browser, signed_in

LIST = "/senders/keys"
ONE = f"{LIST}/one?domain=halden.example&selector=m1"
NAMED = {"domain": "halden.example", "selector": "m1"}
Zone = dict[str, dict[str, list[str]]]


@pytest.fixture
def zone(settings: Settings) -> Iterator[Zone]:
    """What a name server on loopback knows, which is the one that is asked."""
    held: Zone = {}
    with dns_server(held) as place:
        settings.dns_servers = [place]
        yield held


@pytest.fixture
def page(zone: Zone, app: Flask) -> Browser:
    browser = signed_in(app, "marta")
    form = {**NAMED, "algorithm": "rsa"}
    assert browser.post(LIST, form, on=LIST).location.startswith(f"{LIST}/one?")
    return browser


def shown(page: str, name: str) -> str:
    found = re.search(rf'id="c-{name}"[^>]*>([^<]+)<', page)
    assert found is not None
    return html.unescape(found[1])


def states(database: Database) -> dict[str, str]:
    with database.read() as connection:
        rows = connection.execute(select(dkim_keys.c.selector, dkim_keys.c.state))
        return {row.selector: row.state for row in rows}


def test_from_the_making_to_the_retirement(
    page: Browser, zone: Zone, sqlite_database: Database, seeded: Seeded
) -> None:
    told = page.page(ONE)
    assert "not signing yet" in told
    assert shown(told, "name") == "m1._domainkey.halden.example"
    refused = page.post(f"{LIST}/activate", NAMED, on=ONE)
    assert refused.status_code == 422
    assert "Nothing was activated" in refused.get_data(as_text=True)
    assert states(sqlite_database) == {"m1": "new"}
    zone[shown(told, "name")] = {"TXT": [shown(told, "value")]}
    assert "Publish" not in page.page(f"{ONE}&look=yes").split("What the DNS says now")[1].split("</form>")[0]
    assert page.post(f"{LIST}/activate", NAMED, on=ONE).location.endswith("done=activated")
    assert states(sqlite_database) == {"m1": "active"}
    assert page.post(f"{LIST}/retire", NAMED, on=ONE).location.endswith("done=retired")
    assert states(sqlite_database) == {"m1": "retired"}
    with sqlite_database.read() as connection:
        acts = connection.execute(
            select(audit_entries).where(audit_entries.c.subject_kind == "dkim_key")
        ).all()
    assert [act.action for act in acts] == ["dkim.made", "dkim.activated", "dkim.retired"]
    assert {(act.user_id, act.detail["through"]) for act in acts} == {(seeded.admin_id, "page")}


def test_the_next_key_says_whom_it_follows(page: Browser, sqlite_database: Database) -> None:
    page.post(f"{LIST}/activate", {**NAMED, "sure": "yes"}, on=ONE)
    page.post(LIST, {**NAMED, "selector": "m2", "algorithm": "both"}, on=LIST)
    second = ONE.replace("m1", "m2")
    assert "m1 retires" in page.page(second)
    assert "m1 retires" not in page.page(ONE.replace("m1", "m2e")), "of another algorithm"
    page.post(f"{LIST}/activate", {**NAMED, "selector": "m2", "sure": "yes"}, on=second)
    assert states(sqlite_database) == {"m1": "retired", "m2": "active", "m2e": "new"}


def test_no_page_shows_a_private_key(page: Browser, sqlite_database: Database) -> None:
    with sqlite_database.read() as connection:
        sealed = connection.execute(select(dkim_keys.c.private_key)).scalar_one()
    for path in (LIST, ONE, f"{ONE}&look=yes"):
        told = page.page(path)
        assert sealed not in told
        assert "PRIVATE" not in told


@pytest.mark.parametrize(
    "form",
    [
        {"domain": "no domain", "algorithm": "both"},
        {"domain": "<script>", "algorithm": "rsa"},
        {"domain": "halden.example", "selector": "m1", "algorithm": "rsa"},
        {"domain": "halden.example", "selector": "a b", "algorithm": "rsa"},
    ],
)
def test_what_cannot_be_made_is_refused(
    page: Browser, form: dict[str, str], sqlite_database: Database
) -> None:
    answer = page.post(LIST, form, on=LIST)
    assert answer.status_code == 422
    assert "<script>" not in answer.get_data(as_text=True)
    assert states(sqlite_database) == {"m1": "new"}


def test_unknown_keys_and_other_roles(page: Browser, vera: Browser) -> None:
    for path in (f"{LIST}/one", f"{LIST}/one?domain=x&selector=y", ONE.replace("m1", "m9")):
        page.get(path, 404)
    assert (
        page.post(f"{LIST}/retire", {"domain": "halden.example", "selector": "m9"}, on=ONE).status_code == 404
    )
    assert page.post(LIST, {**NAMED, "algorithm": "md5"}, on=LIST).status_code == 400
    for path in (LIST, ONE):
        vera.get(path, 403)
