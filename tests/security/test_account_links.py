"""Links that open accounts: who may learn, steal, reuse or overrule something by them. Nobody."""

import inspect
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from app.services import accounts, resetting
from app.services.world import World, open_world
from app.store import tables
from app.store.database import Database
from app.web.shared.session import COOKIE
from tests.security.conftest import Site
from tests.security.test_looking import rows_of
from tests.support.account_links import account_mails, link_in, text_of
from tests.support.line import settings_for
from tests.support.seed import NOW, seed
from tests.web.conftest import Browser

VERA, NOBODY = "vera@halden.example", "nobody@halden.example"
NEW = {"new": "a green and quiet place", "again": "a green and quiet place"}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What is tried here is who may; the statements run on both in tests/services."""
    return sqlite_database


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    seeded = seed(database, contacts=0)
    home = "https://mail.halden.example"
    return open_world(
        database, seeded.workspace_id, settings_for(tmp_path, database, secret_key="k" * 32, base_url=home)
    )


def test_a_known_and_an_unknown_address_cost_the_same_statements(world: World) -> None:
    """What takes time is done by both: the mail is written by a job, and nobody waits for a relay."""
    kinds: dict[str, list[str]] = {}
    seen: list[str] = []
    event.listen(
        world.database.engine, "before_cursor_execute", lambda *given: seen.append(given[2].split("(")[0])
    )
    for email in (VERA, NOBODY):
        seen.clear()
        resetting.ask(world, email, "203.0.113.9", "en", NOW)
        kinds[email] = list(seen)
    assert kinds[VERA] == kinds[NOBODY] != []


def test_nobody_is_flooded_and_nobody_can_tell(world: World) -> None:
    for number in range(10):
        resetting.ask(world, VERA, f"203.0.{number}.9", "en", NOW)
    assert len(account_mails(world, NOW)) == resetting.PER_ADDRESS[1]
    resetting.ask(world, VERA, "203.0.113.9", "en", NOW + timedelta(hours=1))
    assert len(account_mails(world, NOW + timedelta(hours=1))) == 1


def test_one_network_cannot_ask_for_everybody(world: World) -> None:
    for number in range(resetting.PER_NETWORK[1]):
        resetting.ask(world, f"person{number}@x.example", f"203.0.113.{number}", "en", NOW)
    resetting.ask(world, VERA, "203.0.113.200", "en", NOW)
    assert account_mails(world, NOW) == []
    resetting.ask(world, VERA, "198.51.100.1", "en", NOW)
    assert len(account_mails(world, NOW)) == 1


def test_an_unknown_address_is_kept_as_a_hash_only(world: World) -> None:
    resetting.ask(world, NOBODY, "203.0.113.9", "en", NOW)
    with world.database.read() as connection:
        kept = repr(connection.execute(select(tables.account_mails)).all())
    assert "nobody" not in kept
    assert "203.0.113" not in kept


def test_the_answer_is_the_same_for_everybody(site: Site) -> None:
    def asked(email: str) -> tuple[int, str]:
        answer = site.stranger().post("/forgot", {"email": email})
        return answer.status_code, answer.get_data(as_text=True)

    known = asked("viewer@halden.example")
    for email in (
        "nobody@halden.example",
        "",
        "no address",
        "a" * 5000,
        "<script>@x",
        "viewer@halden.example",
    ):
        assert asked(email) == known
    for _ in range(5):
        assert asked("viewer@halden.example") == known


def test_a_mailed_link_leads_home_whatever_host_the_browser_names(world: World) -> None:
    from app.factory import create_app

    client = create_app(world.settings, world.database, None, lambda: NOW, world)
    client.config["WTF_CSRF_ENABLED"] = False
    for headers in (
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
    ):
        client.test_client().post("/forgot", data={"email": VERA}, headers=headers)
    mails = account_mails(world, NOW)
    assert mails
    for mail in mails:
        assert link_in(mail).startswith("https://mail.halden.example/reset/")
        assert "evil" not in mail.as_string() + text_of(mail)


@pytest.mark.parametrize("path", ["/invited/invite-link", "/reset/reset-link"])
def test_a_link_is_told_to_nobody(site: Site, path: str) -> None:
    answer = site.stranger().client.get(path)
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.get_data(as_text=True)
    assert "-link" not in page, "no address on the page repeats the proof"


@pytest.mark.parametrize("path", ["/invited/invite-link", "/reset/reset-link"])
def test_without_the_proof_of_the_form_a_link_changes_nothing(site: Site, path: str) -> None:
    before = rows_of(site)
    for headers in ({}, {"Origin": "https://evil.example", "Referer": "https://evil.example/"}):
        assert (
            site.stranger().client.post(path, data={"name": "Eve", **NEW}, headers=headers).status_code == 400
        )
    assert rows_of(site) == before


def test_forged_links_all_look_like_one_that_has_ended(site: Site) -> None:
    for link in ("x", "é" * 60, "invite-link ", "INVITE-LINK", "a" * 3000, "%00"):
        for door in ("invited", "reset"):
            answer = site.stranger().client.get(f"/{door}/{link}")
            assert answer.status_code in (400, 404), link
    assert "This link has ended" in site.stranger().page("/invited/reset-link", 404)
    assert "This link has ended" in site.stranger().page("/reset/invite-link", 404)


def test_no_form_field_makes_an_invitation_more_than_it_is(site: Site) -> None:
    form = {"name": "Ada", **NEW, "role": "admin", "may_send": "yes", "email": "eve@x.example"}
    assert site.stranger().post("/invited/invite-link", form).status_code == 302
    with site.scene.world.database.read() as connection:
        row = connection.execute(
            select(tables.users).where(tables.users.c.email == "ada@halden.example")
        ).one()
    assert (row.role, row.may_publish, row.may_send) == ("sales", False, False)


def test_coming_in_takes_no_token_that_was_there_before(site: Site) -> None:
    """Session fixation: a cookie somebody planted opens nothing afterwards."""
    browser = site.stranger()
    browser.client.set_cookie(COOKIE, "planted-by-somebody")
    assert browser.post("/invited/invite-link", {"name": "Ada", **NEW}).status_code == 302
    fresh = browser.client.get_cookie(COOKIE)
    assert fresh is not None
    assert fresh.value != "planted-by-somebody"
    thief = site.stranger()
    thief.client.set_cookie(COOKIE, "planted-by-somebody")
    thief.get("/", 302)


def test_two_who_press_at_once_make_one_account(site: Site) -> None:
    first, second = site.stranger(), site.stranger()
    pages = [Browser(one.client) for one in (first, second)]
    for page in pages:
        page.get("/invited/invite-link")
    assert first.post("/invited/invite-link", {"name": "Ada", **NEW}).status_code == 302
    late = second.post("/invited/invite-link", {"name": "Eve", **NEW}, on="/sign-in")
    assert late.status_code == 404
    with site.scene.world.database.read() as connection:
        count = connection.execute(select(func.count()).select_from(tables.users)).scalar_one()
    assert count == 5


def test_tokens_are_compared_as_hashes_by_the_database_and_are_long() -> None:
    assert "token_urlsafe(32)" in inspect.getsource(accounts.open_session)


def test_only_an_admin_invites_and_nobody_raises_themselves(site: Site) -> None:
    marketer = site.as_role("marketer")
    before = rows_of(site)
    for path in ("/colleagues/invite", f"/colleagues/{site.colleague}"):
        form = {
            "email": "eve@x.example",
            "name": "Eve",
            "role": "admin",
            "locale": "en",
            "was_role": "viewer",
        }
        assert marketer.post(path, form, on="/sending").status_code == 403
    assert rows_of(site) == before


def test_a_locked_account_at_the_second_step_says_what_a_wrong_code_says(site: Site) -> None:
    """Half a sign-in tells nobody whether the account rests by now."""
    from app.services import second_step
    from app.services.secrets import Vault
    from app.store import second_factors

    world = site.scene.world
    with world.database.write() as connection:
        second_factors.begin(connection, site.colleague, Vault(world.settings).seal("GEZDGNBVGY3TQOJQ"), NOW)
        row = second_factors.find(connection, site.colleague)
        assert row is not None
        second_factors.confirm(connection, site.colleague, row.secret, 0, NOW)
    browser = site.stranger()
    assert browser.sign_in("viewer@halden.example").location == "/sign-in/code"
    pages = [
        browser.post("/sign-in/code", {"code": "000000"}).get_data(as_text=True).partition("csrf_token")[0]
        for _ in range(accounts.FREE_FAILURES + 2)
    ]
    assert len(set(pages)) == 1
    assert "does not fit" in pages[0]
    assert second_step.finish(world, "", "000000", NOW) is None
    browser.get("/contacts", 302)
