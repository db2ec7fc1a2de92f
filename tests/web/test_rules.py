"""Programme, lifecycle and scoring changed in the browser: looked at, published once, never over somebody else."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app.factory import create_app
from app.services.world import World
from app.store import authoring, definitions, tables
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW
from tests.support.seed import PASSWORD_HASH
from tests.web.conftest import Browser, signed_in

PROGRAMME, LIFECYCLE, SCORING = "/settings/programme", "/settings/lifecycle", "/settings/scoring"
TEXT = re.compile(r'name="text" hidden>\n(.*?)</textarea>', re.DOTALL)


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    world = line.lay(sqlite_database, tmp_path, secret_key="k" * 32)
    rows = [
        {
            "id": world.workspace_id if role == "admin" else NOW and line.timed_id(NOW, role.encode().ljust(10)),
            "workspace_id": world.workspace_id, "email": f"{role}@halden.example", "name": role, "title": "",
            "signature": "", "password_hash": PASSWORD_HASH, "role": role, "may_publish": role == "admin",
            "may_send": False, "must_change_password": False, "failed_sign_ins": 0, "created_at": NOW,
        }
        for role in ("admin", "marketer", "viewer")
    ]  # fmt: skip
    with sqlite_database.write() as connection:
        connection.execute(insert(tables.users), rows)
    return world


@pytest.fixture
def site(world: World) -> Flask:
    return create_app(world.settings, world.database, None, lambda: NOW, world)


@pytest.fixture
def admin(site: Flask) -> Browser:
    return signed_in(site, "admin")


def source(world: World, kind: str = "lifecycle") -> tuple[int, str]:
    with world.database.read() as connection:
        [live] = definitions.live(connection, world.workspace_id, kind)
    return live.number, live.source


def values(page: str) -> dict[str, str]:
    """The form as a browser would send it back."""
    form = page.partition('class="rules-form"')[2].partition("</form>")[0]
    found = dict(re.findall(r'name="([^"]+)" type="(?:text|time)" value="([^"]*)"', form))
    for name, options in re.findall(
        r'<select id="[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        found[name] = next(iter(re.findall(r'value="([^"]*)" selected', options)), "")
    return {**found, "base": re.findall(r'name="base" value="(\d+)"', form)[0]}


def unescaped(text: str) -> str:
    for sign, code in (("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;"), ("&", "&amp;")):
        text = text.replace(code, sign)
    return text


def looked(browser: Browser, path: str, form: dict[str, str], status: int = 200) -> str:
    answer = browser.post(f"{path}/look", form, on=path)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page
    return page


def test_the_programme_is_changed_as_a_form_and_its_text_keeps_the_rest(admin: Browser, world: World) -> None:
    form = values(admin.page(PROGRAMME))
    before = source(world)[1]
    assert (form["caps"], form["quiet_from"], form["holidays_of"]) == ("1 a day, 3 a week", "21:00", "DK")
    page = looked(admin, PROGRAMME, {**form, "caps": "2 a week", "quiet_to": "08:00", "late": "5 days"})
    assert "Publish 3 changes?" in page
    for words in (
        "<del>1 a day, 3 a week</del>",
        "<ins>2 a week</ins>",
        "<ins>21:00 to 08:00</ins>",
        "5 days",
    ):
        assert words in page
    assert source(world)[0] == 1, "looking publishes nothing"
    text = unescaped(TEXT.findall(page)[0])
    publish = {"text": text, "base": "1", "note": "calmer"}
    for location in (f"{PROGRAMME}?done=2", f"{PROGRAMME}?done=same"):
        answer = admin.post(f"{PROGRAMME}/publish", publish, on=PROGRAMME)
        assert (answer.status_code, answer.location) == (303, location), "pressed twice"
    number, after = source(world)
    assert number == 2
    assert set(after.splitlines()) - set(before.splitlines()) == {
        "  caps: [2 a week]", '  quiet: {from: "21:00", to: "08:00"}', "  late: 5 days",
    }  # fmt: skip
    assert "calmer" in admin.page(PROGRAMME)
    assert "1 a day, 3 a week" in admin.page(f"{PROGRAMME}/versions/1")
    with world.database.read() as connection:
        done = connection.execute(select(tables.audit_entries.c.action)).scalars().all()
        agreed = authoring.in_files(connection, world.workspace_id)
    assert done.count(authoring.PUBLISHED) == 1
    assert definitions.digest(after) not in {one["digest"] for one in agreed.values()}, (
        "the files say something else"
    )


def test_mails_that_wait_and_people_who_agreed_are_counted(admin: Browser, world: World) -> None:
    people = line.people(world, 3)
    rows = [
        {
            "id": line.timed_id(NOW, b"mail" + bytes([number] * 6)), "workspace_id": world.workspace_id, "contact_id": who,
            "dedupe_key": str(number), "message_class": "marketing", "content_kind": "discovery", "template": "x/y",
            "priority": 50, "once": True, "state": "queued", "due_at": NOW, "planned_at": NOW, "attempts": 0,
            "reason_code": "x", "reason_params": {},
        }
        for number, who in enumerate(people)
    ]  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(tables.deliveries), rows)
    assert "(3 of 3 agreed)" in admin.page(PROGRAMME)
    form = values(admin.page(PROGRAMME))
    page = looked(admin, PROGRAMME, {**form, "quiet_from": "10:30", "quiet_to": "12:00"})
    assert "<b>3</b><span>mails that wait would be held longer" in page, "it is eleven in Copenhagen"
    page = looked(admin, PROGRAMME, {**form, "programme.topics.guides.retire": "yes"}, 422)
    assert "There is no" in page or "topic" in page
    assert 'name="programme.topics.guides.retire" value="yes" checked' in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"caps": "often"}, "is not a cap"),
        ({"late": "=1+1"}, "is not a span of time"),
        ({"zone": "{{7*7}}"}, "is not known"),
        ({"country": "<b>x</b>"}, "&lt;b&gt;x&lt;/b&gt;"),
        ({"quiet_from": ""}, "is missing"),
        ({"new_topic": "A b", "new_label": "x"}, "a new topic needs a key"),
        ({"new_topic": "guides", "new_label": "x"}, "there is a topic"),
        ({"when_away": "perhaps"}, "not on the list"),
        ({"late": "x" * 5000}, "is not a span of time"),
        ({"zone": "Europe/\x07Berlin"}, "Europe"),
    ],
)
def test_what_is_refused_says_why_and_keeps_what_was_typed(
    admin: Browser, world: World, change: dict[str, str], words: str
) -> None:
    form = values(admin.page(PROGRAMME))
    page = looked(admin, PROGRAMME, {**form, **change, "locale": "it"}, 422)
    assert words in page
    assert 'name="locale" type="text" value="it"' in page
    assert source(world)[0] == 1


def test_two_tabs_and_a_stale_page(admin: Browser, world: World) -> None:
    form = values(admin.page(PROGRAMME))
    text = source(world)[1].replace("3 a week", "2 a week")
    assert admin.post(f"{PROGRAMME}/publish", {"text": text, "base": "1"}, on=PROGRAMME).status_code == 303
    other = source(world)[1].replace("2 a week", "4 a week")
    late = admin.post(f"{PROGRAMME}/publish", {"text": other, "base": "1"}, on=PROGRAMME)
    assert late.status_code == 422
    assert "version 2 was published since you began" in late.get_data(as_text=True)
    assert "4 a week" in late.get_data(as_text=True), "what was typed is there"
    assert "version 2 was published" in looked(admin, PROGRAMME, {**form, "zone": "UTC"}, 422)
    assert source(world) == (2, text)
    assert admin.post(f"{PROGRAMME}/publish", {"text": other, "base": "x"}, on=PROGRAMME).status_code == 400


def test_the_lifecycle_tells_its_way_and_who_would_move(admin: Browser, world: World) -> None:
    line.people(world, 2)
    page = admin.page(LIFECYCLE)
    assert "discovery" in page
    text = source(world)[1].replace(
        "criteria:\n", "    entries:\n      - {stage: prospect, from: lead, if: {field: first_name, is known: true}}\ncriteria:\n", 1
    )  # fmt: skip
    page = looked(admin, LIFECYCLE, {"text": text, "base": "1"})
    assert "entry rule lead → prospect" in page
    assert "would move from lead to prospect when they are next judged" in page
    assert '<b>2</b><span class="t-warn">would move' in page
    broken = looked(
        admin, LIFECYCLE, {"text": text.replace("stage: prospect", "stage: king"), "base": "1"}, 422
    )
    assert "sequences/lifecycle.yaml, line" in broken
    assert "king" in broken


def test_scoring_says_who_gains_and_who_loses(admin: Browser, world: World) -> None:
    people = line.people(world, 2, fields={})
    row = {"id": people[0], "workspace_id": world.workspace_id, "measure": "engagement", "rule": "click",
           "model_version": 1, "occasion": "x", "points": 5.0, "at": NOW, "reason_code": "x", "reason_params": {}}  # fmt: skip
    score = {"measure": "engagement", "value": 5.0, "as_of": NOW, "half_life": 30 * 86400.0}
    with world.database.write() as connection:
        connection.execute(insert(tables.score_entries), [{**row, "contact_id": people[0]}])
        connection.execute(
            insert(tables.scores), [{**score, "contact_id": people[0], "workspace_id": world.workspace_id}]
        )
    form = values(admin.page(SCORING))
    assert form["engagement.rules.click.points"] == "5"
    page = looked(admin, SCORING, {**form, "engagement.rules.click.points": "9"})
    assert "<del>+5</del>" in page
    assert "<b>1</b><span>would have more engagement" in page
    assert "is not a number" not in page
    assert (
        looked(admin, SCORING, {**form, "fit.big.points": "many"}, 422).count("Here should stand a number")
        == 1
    )


def test_a_text_is_checked_while_it_is_typed(admin: Browser) -> None:
    for text, words in (
        ("fit: {x: {points: 1}}", "“if” is missing"),
        ("a: [", "This is not YAML"),
        ("fit: {}", "Nothing to mend"),
    ):
        answer = admin.post(f"{SCORING}/lint", {"text": text}, on=SCORING)
        assert answer.status_code == 200
        assert words in answer.get_data(as_text=True)
        assert "<html" not in answer.get_data(as_text=True)


def test_publishing_needs_its_right(site: Flask, world: World) -> None:
    marketer, viewer = signed_in(site, "marketer"), signed_in(site, "viewer")
    text = source(world)[1].replace("3 a week", "2 a week")
    assert "needs the right to publish" in looked(marketer, PROGRAMME, {"text": text, "base": "1"})
    assert marketer.post(f"{PROGRAMME}/publish", {"text": text, "base": "1"}, on=PROGRAMME).status_code == 403
    assert "See what it would do" not in viewer.page(PROGRAMME)
    with world.database.write() as connection:
        connection.execute(
            update(tables.users).where(tables.users.c.role == "marketer").values(may_publish=True)
        )
    assert marketer.post(f"{PROGRAMME}/publish", {"text": text, "base": "1"}, on=PROGRAMME).status_code == 303


def test_without_rules_the_pages_say_so(marta: Browser) -> None:
    for path in (PROGRAMME, LIFECYCLE, SCORING):
        assert "nothing was published yet" in marta.page(path)
    marta.get("/settings/programme/versions/1", 404)
    marta.get("/settings/prices", 404)
