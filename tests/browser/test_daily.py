"""The day of each role, walked through in a real browser: marketer, sales, admin, viewer, and who gets the mail.

The clock stands still and the engine's part is run by hand, so nothing here hangs on time. Whatever the browser
complains about, and each request that would leave this machine, fails the test (see `windows`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect
from sqlalchemy import insert, select

from app.core.ids import timed_id
from app.factory import create_app
from app.services.broadcasts import queueing
from app.services.importing import jobs
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.browser.test_first_walk import fits
from tests.browser.windows import Windows, by_keyboard, served, sign_in
from tests.services.signals.conftest import Scene, lay_scene
from tests.support import line, rules
from tests.support.joining import FORM, SERVICE
from tests.support.line import NOW
from tests.support.seed import PASSWORD_HASH

TEAM = {"mara": "marketer", "jonas": "sales", "ada": "admin", "vera": "viewer"}
LIST = (
    "E-mail,First name,Company,City\nines@casa-alta.example,Inês,Casa Alta,Porto\nno address,Tomáš,,Praha\n"
)
PROOF = "input[name=csrf_token]"


@dataclass
class House:
    """An installation with five leads, one of them in the sequence and with a task, behind a server."""

    base: str
    scene: Scene
    people: list[UUID]
    at: list[datetime]

    @property
    def world(self) -> World:
        return self.scene.world

    def sealed(self, page: str, rest: str = "") -> str:
        mail = self.scene.delivery(accepted_at=NOW - timedelta(hours=1))
        return f"/{page}/{self.world.keyring.seal_manage(mail, self.scene.person, 'guides')}{rest}"

    def rows(self, table: Any, **wanted: Any) -> list[Any]:
        query = select(table)
        for name, value in wanted.items():
            query = query.where(table.c[name] == value)
        with self.world.database.read() as connection:
            return list(connection.execute(query).all())


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path, quick_passwords: None) -> Iterator[House]:
    scene = lay_scene(
        sqlite_database, tmp_path, SERVICE, secret_key="k" * 32, lifecycle=rules.LIFECYCLE + FORM
    )
    people = [scene.person, *line.people(scene.world, 4, first=1, city="Porto", country="PT")]
    line.enroll(scene.world, people[:1], due_at=NOW + timedelta(days=1))
    _lay(scene, people)
    at = [NOW]
    app = create_app(scene.world.settings, sqlite_database, None, lambda: at[0], scene.world)
    with served(app) as base:
        yield House(base, scene, people, at)


def _lay(scene: Scene, people: list[UUID]) -> None:
    """The team; who was at the fair; a task, and a click that a person did."""
    here = {"workspace_id": scene.world.workspace_id}
    team = [
        {
            **here, "id": timed_id(NOW, name.encode().ljust(10)), "email": f"{name}@halden.example",
            "name": name.capitalize(), "title": "", "signature": "", "password_hash": PASSWORD_HASH, "role": role,
            "may_publish": role in ("admin", "marketer"), "may_send": role in ("admin", "marketer"),
            "must_change_password": False, "failed_sign_ins": 0, "created_at": NOW,
        }
        for name, role in TEAM.items()
    ]  # fmt: skip
    task = {
        **here, "id": timed_id(NOW, b"task------"), "contact_id": people[1], "kind": "call", "title": "Call them back",
        "owner_id": team[1]["id"], "body": "Asked about prices.", "due_at": NOW + timedelta(hours=2), "state": "open",
        "dedupe_key": "task", "reason_code": "task.by_step", "reason_params": {"step": "call", "sequence": "line"},
        "created_at": NOW,
    }  # fmt: skip
    click = {
        **here, "id": timed_id(NOW, b"click-----"), "contact_id": people[1], "kind": "clicked",
        "subject": "discovery/hello", "topics": ",pricing,", "verdict": "human", "source": "hit", "occurred_at": NOW,
        "received_at": NOW, "processed_at": NOW, "failures": 0, "payload": {},
    }  # fmt: skip
    with scene.world.database.write() as connection:
        connection.execute(insert(tables.users), team)
        connection.execute(insert(tables.tasks), [task])
        connection.execute(insert(tables.events), [click])
        tags = [{**here, "contact_id": who, "tag": "fair", "added_at": NOW} for who in people[:3]]
        connection.execute(insert(tables.contact_tags), tags)


@pytest.fixture
def windows(chromium: Browser, house: House) -> Iterator[Windows]:
    opened = Windows(chromium, house.base)
    yield opened
    opened.close()
    opened.quiet()


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=isinstance(name, str)).click()


def heading(page: Page, words: str | re.Pattern[str], level: int = 1) -> None:
    expect(page.get_by_role("heading", level=level, name=words).first).to_be_visible()


# The marketer.


def test_a_marketer_finds_people_acts_on_all_of_them_and_takes_it_back(
    windows: Windows, house: House
) -> None:
    page = windows.signed_in("mara")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Contacts").click()
    page.get_by_label("Tag", exact=True).fill("fair")
    press(page, "Search")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_label("Whom").select_option("all")
    by_keyboard(page, page.get_by_role("button", name="Tag…", exact=True))
    heading(page, "Give a tag")
    page.get_by_label("Tag", exact=True).fill("spring")
    press(page, "Count heads")
    expect(page.get_by_role("main")).to_contain_text("change now")
    # Another tab, in which the same is pressed later: told that it was so already.
    other = page.context.new_page()
    other.goto(page.url)
    press(page, "Give the tag “spring”")
    heading(page, "Give the tag “spring”")
    assert len(house.rows(tables.contact_tags, tag="spring")) == 3
    press(other, "Give the tag “spring”")
    expect(other.get_by_role("main")).to_contain_text("were so already")
    other.close()
    press(page, "Undo for 3")
    heading(page, re.compile("^Undo"))
    assert house.rows(tables.contact_tags, tag="spring") == []


def test_a_marketer_imports_a_file_through_to_the_result(windows: Windows, house: House) -> None:
    page = windows.signed_in("mara", viewport={"width": 390, "height": 844})
    page.goto("/imports/new")
    upload = FilePayload(name="fair.csv", mimeType="text/csv", buffer=LIST.encode())
    page.get_by_label("CSV file").set_input_files(upload)
    press(page, "Look at its columns")
    heading(page, "fair.csv")
    fits(page)
    press(page, "Go on")
    page.get_by_label("Nobody left, or their list is in already").check()
    press(page, "Go on")
    press(page, "Go on to the dry run")
    press(page, "Begin the dry run")
    expect(page.get_by_role("main")).to_contain_text("Going through the file; nothing is written")
    jobs.work(house.world, lambda: NOW)
    # The page follows by itself.
    heading(page, re.compile("^Take in "), level=2)
    fits(page)
    assert not house.rows(tables.identities, value="ines@casa-alta.example")
    by_keyboard(page, page.get_by_role("button", name="Take in 1", exact=True))
    expect(page.get_by_role("main")).to_contain_text("About to begin")
    jobs.work(house.world, lambda: NOW)
    heading(page, "What came of it", level=2)
    expect(page.get_by_role("table", name="Reasons")).to_contain_text("left out")
    assert len(house.rows(tables.identities, value="ines@casa-alta.example")) == 1


def test_a_marketer_mends_a_text_and_publishes_it_with_heads(windows: Windows, house: House) -> None:
    windows.meant = {401, 422}
    page = windows.signed_in("mara")
    page.goto("/sequences/line/text")
    text = page.get_by_label("Text", exact=True)
    found = page.get_by_role("region", name="Findings")
    good = text.input_value().replace("30 days", "40 days")
    text.fill(good.replace("wait:", "wiat:"))
    expect(found).to_contain_text("“pause” does not say what it does")
    expect(found).to_contain_text("1 error keeps this from being published.")
    # The sign-in ends while they type: nothing of it is lost, and it goes on in the same page.
    page.context.clear_cookies(name="trellis_session")
    text.fill(good)
    expect(found.or_(page.locator("#looked"))).to_contain_text(
        "You were signed out. What you typed is still on this page."
    )
    other = page.context.new_page()
    other.goto("/sign-in")
    sign_in(other, "mara")
    other.goto("/sequences/line/text")
    text.press("End")
    text.press_sequentially(" ")
    expect(found).to_contain_text("1 warning is worth a look.")
    expect(found).to_contain_text("saved as a draft")
    assert text.input_value().rstrip() == good.rstrip()
    # The other tab is stale now, says so, and keeps what was typed there.
    stale = other.get_by_label("Text", exact=True)
    stale.fill(good.replace("40 days", "50 days"))
    expect(other.locator("#looked")).to_contain_text("saved another text")
    assert "50 days" in stale.input_value()
    other.close()
    page.get_by_role("link", name="Publish…").last.click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("They stay on the version they began")
    expect(main).to_contain_text("1 goes on as planned")
    by_keyboard(page, page.get_by_role("button", name="Publish version 2"))
    expect(page.get_by_role("button", name="Publish version 2")).to_have_count(0)
    assert line.version_of(house.world).number == 2
    [version] = house.rows(tables.definition_versions, number=2)
    assert version.source.rstrip() == good.rstrip()


def test_a_marketer_sees_a_mail_as_a_person_and_sends_it_to_a_segment(windows: Windows, house: House) -> None:
    page = windows.signed_in("mara")
    page.goto("/templates/of/discovery/hello")
    page.get_by_label("Seen as").fill(line.address(2))
    press(page, "Look")
    mail = page.frame_locator("iframe[title='The mail on a phone']")
    page.locator("iframe[title='The mail on a phone']").scroll_into_view_if_needed()
    expect(mail.locator("body")).to_contain_text("Hello Person 2.")

    page.goto("/segments/new")
    page.get_by_label("Title").fill("From the fair")
    # The row is drawn anew by what is asked: a field has a comparison, a tag has none.
    expect(page.locator("[name='o-0']")).to_have_count(1)
    page.get_by_label("What is asked").select_option("tag")
    expect(page.locator("[name='o-0']")).to_have_count(0)
    page.locator("input[name='v-0']").fill("fair")
    press(page, "See what it changes")
    heading(page, "Publish this segment?", level=2)
    expect(page.get_by_role("main")).to_contain_text("fit now")
    press(page, "Publish")
    heading(page, "From the fair")

    page.goto("/broadcasts/new")
    for label, chosen in (
        ("Mail", "discovery/deal"), ("To the segment", "from-the-fair"), ("Topic they consented to", "guides"),
        ("When", "at"),
    ):  # fmt: skip
        page.get_by_label(label, exact=True).select_option(chosen)
    page.get_by_label("Title, for the team").fill("After the fair")
    page.get_by_label("Day and hour").fill("2026-11-30T10:00")
    press(page, "Keep the draft")
    heading(page, "After the fair")
    stale = page.context.new_page()
    stale.goto(page.url + "/edit")
    press(page, "Write the audience down")
    expect(page.get_by_role("main")).to_contain_text("this page follows")
    while queueing.work(house.world, NOW):
        pass
    heading(page, "Send to 3 people?", level=2)
    page.get_by_label("Why it goes out").fill("they asked at the fair")
    by_keyboard(page, page.get_by_role("button", name="Send to 3 people"))
    press(page, "Pause")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    assert [row.state for row in house.rows(tables.broadcasts)] == ["paused"]
    # A tab from before says that it is late, and keeps what stands in it.
    windows.meant = {422}
    stale.get_by_label("Title, for the team").fill("After the fair, later")
    press(stale, "Keep the draft")
    expect(stale.get_by_role("alert")).to_be_visible()


# Sales.


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_sales_reads_the_story_writes_a_talk_down_accepts_and_sends_back(
    windows: Windows, house: House, script: bool
) -> None:
    page = windows.signed_in("jonas", java_script_enabled=script)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Tasks").click()
    page.get_by_role("link", name="Call them back").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("Asked about prices.")
    expect(page.get_by_role("table", name="Human signals, newest first")).to_contain_text("discovery/hello")
    page.get_by_role("link", name="Write down a talk, accept or send back").click()
    stale = page.context.new_page()
    stale.goto(page.url)
    page.get_by_label("It was").select_option("interview")
    page.get_by_label("What was said").fill("They lose two days a month.")
    page.locator("select[name='state.need']").select_option("yes")
    page.locator("select[name='value.need']").select_option("time")
    press(page, "Write down")
    expect(page.get_by_role("status")).to_contain_text("Written down.")
    page.locator("#f-accept-stage").select_option("prospect")
    page.locator("#f-accept-why").fill("the need is clear")
    by_keyboard(page, main.get_by_role("button", name="Accept"))
    expect(page.get_by_role("status")).to_contain_text("Accepted.")
    # A tab from before they were accepted: told, and what was typed stands there.
    windows.meant = {422}
    stale.locator("#f-back-why").fill("no money this year")
    stale.locator("#f-wake").fill("2027-03-01")
    press(stale, "Send back")
    expect(stale.get_by_role("alert")).to_be_visible()
    expect(stale.locator("#f-back-why")).to_have_value("no money this year")
    press(stale, "Send back")
    expect(stale.get_by_role("status")).to_contain_text("Sent back.")
    [stage] = house.rows(tables.contact_stages, contact_id=house.people[1])
    assert stage.stage == "lead"
    stale.goto("/tasks")
    stale.get_by_role("link", name="Call them back").click()
    stale.get_by_label("What came of it").fill("We talk again in March.")
    press(stale, "Done")
    expect(stale.get_by_role("status")).to_contain_text("Done.")


def test_a_sign_in_that_ends_while_they_write_loses_nothing(windows: Windows, house: House) -> None:
    windows.meant = {401}
    page = windows.signed_in("jonas", java_script_enabled=False)
    page.goto(f"/contacts/{house.people[1]}/talk")
    page.get_by_label("What was said").fill("Two days a month,\nand a lot of paper.")
    page.locator("input[name='note.need']").fill("<b>time</b>")
    page.context.clear_cookies(name="trellis_session")
    press(page, "Write down")
    heading(page, "You were signed out")
    expect(page.get_by_label("What you typed: note", exact=True)).to_have_value(
        "Two days a month,\nand a lot of paper."
    )
    expect(page.get_by_label("What you typed: note need")).to_have_value("<b>time</b>")
    assert "csrf" not in page.content()
    assert not house.rows(tables.timeline, contact_id=house.people[1])


# The admin.


def test_an_admin_invites_stops_all_mail_changes_rules_and_makes_a_token(
    windows: Windows, house: House
) -> None:
    page = windows.signed_in("ada")
    main = page.get_by_role("main")
    page.goto("/colleagues")
    page.get_by_label("Address").fill("nora@halden.example")
    page.get_by_label("Name", exact=True).fill("Nora Lund")
    page.get_by_label("Role").select_option("marketer")
    by_keyboard(page, main.get_by_role("button", name="Invite"))
    expect(page.get_by_role("status")).to_contain_text("Invited.")
    expect(page.get_by_role("table", name="Invited")).to_contain_text("nora@halden.example")

    page.goto("/")
    page.get_by_role("link", name="Stop all sending…").click()
    page.get_by_label("Why?").fill("a wrong price")
    press(page, "Stop all sending")
    expect(page.get_by_role("status")).to_contain_text("a wrong price")
    other = windows.signed_in("vera")
    expect(other.get_by_role("status")).to_contain_text("a wrong price")
    page.goto("/sending")
    press(page, "Resume sending")
    heading(page, "Stop all sending?", level=2)
    other.reload()
    expect(other.get_by_role("heading", level=1)).to_be_visible()
    expect(other.get_by_text("a wrong price")).to_have_count(0)

    windows.meant = {422}
    page.goto("/settings/programme")
    zone = page.locator("input[name='zone'], select[name='zone']").first
    assert zone.is_visible()
    page.get_by_label("Key, such as events").fill("Not A Key")
    page.get_by_label("Title", exact=True).last.fill("Events & fairs")
    press(page, "See what it would do")
    expect(page.get_by_role("alert").or_(page.locator(".finding")).first).to_be_visible()
    expect(page.get_by_label("Key, such as events")).to_have_value("Not A Key")
    expect(page.get_by_label("Title", exact=True).last).to_have_value("Events & fairs")
    page.get_by_label("Key, such as events").fill("events")
    press(page, "See what it would do")
    press(page, re.compile("^Publish as version"))
    expect(page.get_by_role("status")).to_contain_text("It is in force.")

    page.goto("/api-tokens")
    page.get_by_role("textbox", name="Program").fill("Our shop")
    page.locator("input[name='scope']").first.check()
    press(page, "Make the token")
    expect(page.get_by_role("status")).to_contain_text("it is shown this once")
    page.goto("/api-tokens")
    expect(page.get_by_text("it is shown this once")).to_have_count(0)

    page.goto("/audit")
    told = page.get_by_role("table", name="Audit log, newest first")
    for what in ("account.invited", "a wrong price", "sending.resumed", "definition.published", "Our shop"):
        expect(told).to_contain_text(what)


# The viewer.


def test_a_viewer_reads_and_cannot_act(windows: Windows, house: House) -> None:
    page = windows.signed_in("vera")
    task = house.rows(tables.tasks)[0].id
    for path in (
        "/", "/contacts", f"/contacts/{house.people[1]}", "/tasks?whose=all", f"/tasks/{task}", "/segments",
        "/sequences", "/sequences/line", "/templates", "/templates/of/discovery/hello", "/broadcasts", "/health",
        "/settings", "/settings/programme",
    ):  # fmt: skip
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        # A view of the list is saved for oneself.
        assert page.locator("main form[method=post]:not([action^='/contacts/views'])").count() == 0, path
    proof = page.locator(PROOF).first.input_value()
    before = house.rows(tables.contact_tags)
    for path in (
        f"/tasks/{task}/done",
        "/contacts/acts",
        f"/contacts/{house.people[1]}/notes",
        "/sending/stop",
    ):
        answer = page.request.post(path, form={"csrf_token": proof, "text": "x", "result": "x", "why": "x"})
        assert answer.status == 403, path
        assert "This page is not for your role" in answer.text()
    assert house.rows(tables.contact_tags) == before
    assert house.rows(tables.tasks)[0].state == "open"


# Who gets the mail.


def test_a_recipient_answers_sets_the_pace_and_leaves(windows: Windows, house: House) -> None:
    page = windows.open(viewport={"width": 390, "height": 844})
    page.goto(house.sealed("a", "/100"))
    fits(page)
    assert not house.rows(tables.contact_criteria, contact_id=house.scene.person)
    by_keyboard(page, page.get_by_role("main").get_by_role("button").first)
    expect(page.get_by_role("main")).to_contain_text("You answered: “A hundred”.")
    [answer] = house.rows(tables.events, contact_id=house.scene.person, kind="answered")
    assert answer.verdict == "human"

    page.goto(house.sealed("w"))
    page.get_by_label("At most one mail a month").check()
    press(page, "Save this pace")
    expect(page.get_by_role("status")).to_contain_text("Your pace is saved")

    page.goto(house.sealed("u"))
    heading(page, "You get no more mail about “Guides”")
    assert house.scene.consents() == {"guides": "withdrawn"}


# The guard itself.


def test_a_request_that_would_leave_is_stopped_and_counted(chromium: Browser, house: House) -> None:
    windows = Windows(chromium, house.base)
    page = windows.open()
    page.goto("/sign-in")
    assert windows.left == []
    asked, sources = windows.asked, ("http://elsewhere.example/pixel.gif", "https://203.0.113.1/x.gif")
    # A window of its own, which no policy of ours keeps from asking.
    elsewhere, failures = windows.open(), list[str | None]()
    elsewhere.on("requestfailed", lambda request: failures.append(request.failure))
    elsewhere.set_content("".join(f"<img src='{source}'>" for source in sources))
    for _ in range(200):
        if len(failures) == len(sources):
            break
        elsewhere.wait_for_timeout(50)
    assert failures == ["net::ERR_FAILED"] * 2
    # On a page of ours the policy stops it before, which counts as well.
    page.evaluate("url => { document.body.append(Object.assign(new Image(), {src: url})) }", sources[0])
    page.goto("/sign-in")
    windows.close()
    assert sorted(windows.left) == [sources[0], *sources]
    assert windows.asked > asked
    assert any("Content Security Policy" in told for told in windows.complaints)
    with pytest.raises(AssertionError, match="left this machine"):
        windows.quiet()
