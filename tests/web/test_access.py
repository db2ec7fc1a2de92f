"""Who may open what: nothing is open by accident."""

import re

import pytest
from flask import Flask
from sqlalchemy import update

from app.services.accounts import ROLES
from app.services.wording.routes import ROUTES
from app.store.database import Database
from app.store.tables import users
from app.web.access import ACCESS, OWN_PROOF, PUBLIC, RIGHTS
from tests.support.seed import Seeded
from tests.web.conftest import Browser

PAGES = (
    "/",
    "/contacts",
    "/sequences",
    "/sequences/discovery-guide",
    "/catcher",
    "/health",
    "/sending",
    "/returned",
    "/password",
)


def test_every_route_is_in_the_table(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    own = {endpoint for endpoint in routes if endpoint.partition(".")[0] in OWN_PROOF}
    assert routes - own == set(ACCESS)


def test_the_table_names_known_roles_only() -> None:
    assert set(ACCESS.values()) <= {PUBLIC, *ROLES}


def test_only_the_doors_and_the_theme_are_public() -> None:
    assert {endpoint for endpoint, role in ACCESS.items() if role == PUBLIC} == {
        "static", "htmx", "account.sign_in", "account.theme", "entry.code", "entry.forgot", "entry.invited", "entry.reset",
    }  # fmt: skip


@pytest.mark.parametrize(
    "path", [*PAGES, "/contacts/01a0d7aa-0900-7000-8000-000000000015", "/catcher/1/html"]
)
def test_a_stranger_is_led_to_the_sign_in(browser: Browser, path: str) -> None:
    answer = browser.get(path, 302)
    assert answer.location.startswith("/sign-in?next=/")


def test_an_unlisted_route_is_closed(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    browser = Browser(app.test_client())
    assert browser.sign_in().status_code == 302
    assert "secret" not in browser.page("/forgotten", 403)


@pytest.mark.parametrize("path", ["/sending/stop", "/sending/resume"])
def test_a_viewer_may_look_but_not_press(vera: Browser, path: str) -> None:
    assert "An admin, or somebody with the right to send" in vera.page("/sending")
    assert vera.post(path, {"why": "x"}, on="/sending").status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_a_viewer_sees_the_pages(vera: Browser, path: str) -> None:
    vera.page(path)


def test_a_viewer_sees_no_button_that_is_not_theirs(vera: Browser, seeded: Seeded) -> None:
    for path in ("/", "/health"):
        assert "Stop all sending" not in vera.page(path)


def test_rights_are_of_routes_that_act_and_are_known(app: Flask) -> None:
    acting = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert set(RIGHTS) <= acting
    assert set(RIGHTS.values()) <= {"publish", "send"}


@pytest.mark.parametrize("may_send", [True, False])
def test_the_right_to_send_counts_apart_from_the_role(
    app: Flask, vera: Browser, seeded: Seeded, sqlite_database: Database, may_send: bool
) -> None:
    with sqlite_database.write() as connection:
        who = users.c.id == seeded.viewer_id
        connection.execute(update(users).where(who).values(role="sales", may_send=may_send))
    assert vera.post("/sending/stop", {"why": "x"}, on="/sending").status_code == (302 if may_send else 403)


def test_the_table_is_told_as_it_is_held(app: Flask, vera: Browser) -> None:
    page = vera.page("/colleagues/rights")
    rows = {
        " ".join(re.sub("<[^>]+>", " ", row).split()) for row in re.findall(r"<tr><td>.*?</tr>", page, re.S)
    }
    assert "stop all sending changes yes yes yes yes the right to send" in rows
    assert "check texts before they are published – no – no yes yes" in rows
    assert "invite somebody changes – no – no – no yes" in rows
    assert len(rows) == len([role for role in ACCESS.values() if role != PUBLIC])
    assert '<form method="post"' not in page.partition("<main")[2]


def test_every_word_for_a_route_is_of_one() -> None:
    assert [code for code in ROUTES if code.removeprefix("route.") not in ACCESS] == []
