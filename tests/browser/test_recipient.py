"""The recipients' pages in a real browser, wide and narrow, by keyboard, with and without script."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from app.factory import create_app
from app.store import tables
from app.store.database import Database
from tests.browser.test_first_walk import fits
from tests.services.authoring import content
from tests.services.signals.conftest import Scene, lay_scene
from tests.support import line
from tests.support.joining import FORM, SERVICE
from tests.support.line import NOW


@dataclass
class House:
    """A server with one person's mail; `at` is what its clock says."""

    base: str
    scene: Scene
    at: list[object]

    def link(self, page: str, minutes: int = 60) -> str:
        mail = self.scene.delivery(accepted_at=NOW - timedelta(minutes=minutes))
        return f"/{page}/{self.scene.world.keyring.seal_manage(mail, self.scene.person, 'guides')}"

    def mailed(self, kind: str) -> str:
        """The path in the newest mail that asks for a button."""
        rows = [row for row in self.scene.rows(tables.deliveries) if row.template == f"service/{kind}"]
        path: str = max(rows, key=lambda row: row.id).context["confirm"]["path"]
        return path


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> Iterator[House]:
    scene = lay_scene(
        sqlite_database, tmp_path, SERVICE, secret_key="k" * 32, lifecycle=content.LIFECYCLE + FORM
    )
    line.enroll(scene.world, [scene.person])
    at = [NOW]
    app = create_app(scene.world.settings, sqlite_database, clock=lambda: at[0], world=scene.world)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield House(f"http://127.0.0.1:{server.server_port}", scene, at)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[(1440, 900), (360, 740)], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, chromium: Browser, house: House) -> Iterator[Page]:
    width, height = request.param
    context = chromium.new_context(base_url=house.base, viewport={"width": width, "height": height})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert complaints == []


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)
    fits(page)


def test_leaving_presses_its_own_button_and_is_taken_back(page: Page, house: House) -> None:
    page.goto(house.link("u"))
    heading(page, "You get no more mail about “Guides”")
    assert house.scene.consents() == {"guides": "withdrawn"}
    page.get_by_role("button", name="Take it back").click()
    heading(page, "You hear from us again")
    page.get_by_role("link", name="Unsubscribe").click()
    # From our own page nothing presses itself.
    heading(page, "Which mail shall stop?")
    assert house.scene.consents() == {"guides": "given"}


def test_a_mail_that_just_came_waits_for_a_person(page: Page, house: House) -> None:
    page.goto(house.link("u", minutes=1))
    heading(page, "Which mail shall stop?")
    page.get_by_label("All mail from").check()
    page.get_by_role("button", name="Unsubscribe").click()
    heading(page, "You get no more mail from us")


def test_the_pace_and_the_language_are_chosen(page: Page, house: House) -> None:
    page.goto(house.link("w"))
    heading(page, "Why did I get this, and what comes next?")
    expect(page.locator("#next")).to_contain_text("It does not begin again.")
    page.get_by_label("At most one mail a month").check()
    page.get_by_role("button", name="Save this pace").click()
    expect(page.get_by_role("status")).to_contain_text("Your pace is saved")
    expect(page.locator("#now")).to_contain_text("At most one mail a month.")
    page.get_by_label("Mails and pages in").select_option("it")
    page.get_by_role("button", name="Save this language").click()
    expect(page.locator("html")).to_have_attribute("lang", "it")
    page.get_by_role("link", name="Русский").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    fits(page)
    assert house.scene.person_row().locale == "it"


def test_signing_up_by_keyboard(page: Page, house: House) -> None:
    page.goto("/join/guides")
    heading(page, "Guides by mail")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the page")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("name", "email")
    page.keyboard.type("nora@example.org")
    house.at[0] = NOW + timedelta(seconds=30)
    for name in ("first_name", "company.name"):
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_attribute("name", name)
    # The field for programs is never reached.
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Send me the confirming mail")
    page.keyboard.press("Enter")
    heading(page, "Look into your mailbox")
    page.goto(house.mailed("confirm"))
    heading(page, "Shall we write to you?")
    page.get_by_role("button", name="Yes, write to me").click()
    heading(page, "Welcome")


def test_a_copy_of_the_data_and_then_forgotten(page: Page, house: House) -> None:
    page.goto(house.link("d"))
    heading(page, "What we keep about you")
    page.get_by_role("button", name="Send me the link", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("A mail with a button is on its way")
    page.get_by_role("button", name="Send me the link to erase").click()
    expect(page.get_by_role("status")).to_contain_text("A mail with a button is on its way")
    page.goto(house.mailed("export"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Fetch my data").click()
    assert download.value.suggested_filename == "my-data.zip"
    page.goto(house.mailed("erase"))
    heading(page, "Shall we forget you?")
    page.get_by_role("button", name="Erase my data for good").click()
    heading(page, "You are forgotten")
    assert house.scene.person_row().erased_at == NOW


def test_without_script_every_page_works(chromium: Browser, house: House) -> None:
    context = chromium.new_context(base_url=house.base, java_script_enabled=False)
    page = context.new_page()
    page.goto(house.link("u"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Which mail shall stop?")
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You get no more mail about “Guides”")
    context.close()
    with house.scene.world.database.read() as connection:
        assert connection.execute(select(tables.consents.c.state)).scalar_one() == "withdrawn"
