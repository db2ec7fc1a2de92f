"""One's own account: the second step from the QR code to the lost phone, and where one is signed in."""

import re
from datetime import timedelta

from flask import Flask

from app.core import totp
from app.services import second_step
from app.services.world import open_world
from app.store.database import Database
from app.web.shared.session import COOKIE
from config import Settings
from tests.support.seed import PASSWORD, Seeded
from tests.web.conftest import Browser, Clock, signed_in

STEP = "/account/second-step"


def secret_on(page: str) -> bytes:
    from base64 import b32decode

    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert found is not None
    return b32decode(found[1].replace(" ", ""))


def set_up(browser: Browser, clock: Clock) -> tuple[bytes, list[str]]:
    assert browser.post(f"{STEP}/begin", {"password": PASSWORD}, on=STEP).location == STEP
    page = browser.page(STEP)
    assert "<svg" in page
    secret = secret_on(page)
    answer = browser.post(f"{STEP}/confirm", {"code": totp.code(secret, totp.step_at(clock.at))}, on=STEP)
    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", answer.get_data(as_text=True))
    assert len(codes) == second_step.CODES
    assert answer.headers["Cache-Control"] == "no-store"
    return secret, codes


def test_from_the_qr_code_to_signing_in_by_both(app: Flask, marta: Browser, clock: Clock) -> None:
    secret, codes = set_up(marta, clock)
    assert codes[0] not in marta.page(STEP), "shown once"
    browser, clock.at = Browser(app.test_client()), clock.at + timedelta(minutes=3)
    form = {"email": "marta@halden.example", "password": PASSWORD, "next": "/health"}
    answer = browser.post("/sign-in", form)
    assert answer.location == "/sign-in/code?next=/health"
    half = browser.client.get_cookie(COOKIE)
    assert half is not None
    browser.get("/health", 302)
    wrong = browser.post("/sign-in/code", {"code": "000000", "next": "/health"})
    assert (wrong.status_code, "does not fit" in wrong.get_data(as_text=True)) == (422, True)
    code = totp.code(secret, totp.step_at(clock.at))
    assert browser.post("/sign-in/code", {"code": code, "next": "/health"}).location == "/health"
    whole = browser.client.get_cookie(COOKIE)
    assert whole is not None
    assert whole.value != half.value
    browser.page("/health")


def test_without_half_a_sign_in_there_is_no_code_to_give(browser: Browser, marta: Browser) -> None:
    assert browser.get("/sign-in/code", 302).location == "/sign-in"
    assert marta.get("/sign-in/code?next=//evil.example", 302).location.startswith("/sign-in")


def test_a_wrong_password_begins_nothing(marta: Browser) -> None:
    answer = marta.post(f"{STEP}/begin", {"password": "wrong"}, on=STEP)
    assert answer.status_code == 422
    assert "not the present password" in answer.get_data(as_text=True)
    assert 'class="secret"' not in marta.page(STEP)


def test_required_everybody_is_led_to_it_and_nowhere_else(
    marta: Browser, vera: Browser, clock: Clock
) -> None:
    assert marta.post("/colleagues/second-step", {"on": "maybe"}, on=STEP).status_code == 400
    assert marta.post("/colleagues/second-step", {"on": "yes"}, on="/colleagues").status_code == 302
    for path in ("/", "/contacts", "/account/second-step/off"):
        assert vera.client.get(path).location in (STEP, None)
    assert "Set yours up to go on" in vera.page(STEP)
    assert vera.post("/contacts", on=STEP).status_code in (302, 405)
    set_up(vera, clock)
    vera.page("/contacts")
    assert vera.post(f"{STEP}/off", {"password": PASSWORD}, on=STEP).status_code == 422


def test_an_admin_helps_after_a_lost_phone(
    app: Flask,
    marta: Browser,
    vera: Browser,
    clock: Clock,
    seeded: Seeded,
    settings: Settings,
    sqlite_database: Database,
) -> None:
    one = f"/colleagues/{seeded.viewer_id}"
    assert "Lost the phone?" not in marta.page(one)
    set_up(vera, clock)
    assert "Lost the phone?" in marta.page(one)
    assert marta.post(f"{one}/second-step", on=one).status_code == 302
    vera.get("/", 302)
    signed_in(app, "vera").page("/contacts")
    world = open_world(sqlite_database, seeded.workspace_id, settings)
    assert not second_step.take_away(world, "vera@halden.example", clock.at, None)


def test_places_are_shown_and_ended(app: Flask, marta: Browser) -> None:
    other = signed_in(app, "marta")
    page = marta.page("/account")
    keys = re.findall(r'name="key" value="([0-9a-f]+)"', page)
    assert len(keys) == 1
    assert (
        marta.post("/account/sign-ins/revoke", {"key": keys[0]}, on="/account").location
        == "/account?done=ended"
    )
    other.get("/", 302)
    again = marta.post("/account/sign-ins/revoke", {"key": keys[0]}, on="/account")
    assert again.location == "/account?done=gone"
    third = signed_in(app, "marta")
    marta.post("/account/sign-ins/revoke-others", on="/account")
    third.get("/", 302)
    marta.page("/")
