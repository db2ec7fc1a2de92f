"""Who gets a task, on the pages: who is away, the rules as a form, and who would get it."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app.core.effects import CreateTask
from app.core.reasons import Reason
from app.factory import create_app
from app.services import tasks as task_service
from app.services.world import World
from app.store import tables
from app.store.database import Database
from app.store.tables import audit_entries
from tests.support import line
from tests.support.line import NOW
from tests.support.seed import PASSWORD_HASH, Seeded
from tests.web.conftest import Browser, Clock, signed_in
from tests.web.test_rules import TEXT, unescaped
from tests.web.test_tasks import lay_task

PAGE = "/settings/assignment"
PUBLISH = "/settings/programme/publish"
ITALY = {
    "name_0": "italy", "when_0": "{field: country, is: IT}", "to_0": "sales@halden.example", "own_0": "yes", "place_0": "2",
    "name_1": "rest", "when_1": "", "to_1": "sales@halden.example, admin@halden.example", "place_1": "5",
    "name_2": "vip", "when_2": "{tag: vip}", "to_2": "Nobody", "place_2": "1",
    "name_3": "", "when_3": "", "to_3": "",
}  # fmt: skip


def actions(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(audit_entries.c.action).order_by(audit_entries.c.id)).scalars())


def test_who_is_away_and_how_many_tasks_go_to_others(
    marta: Browser, seeded: Seeded, sqlite_database: Database, clock: Clock
) -> None:
    one = f"/colleagues/{seeded.sales_id}"
    lay_task(sqlite_database, seeded, 1, owner_id=seeded.sales_id)
    assert "<b>1</b><span>open task is assigned again, by the rules for tasks" in marta.page(one)
    day = (clock.at + timedelta(days=7)).date().isoformat()
    assert marta.post(f"{one}/away", {"back": day}, on=one).location == f"{one}?done=away"
    assert marta.post(f"{one}/away", {"back": day}, on=one).location == f"{one}?done=away"
    page = marta.page(one)
    assert f'name="back" type="date" value="{day}"' in page
    assert "Away until" in page
    for bad, words in (
        ("tomorrow", "write the day they are back"),
        ("<i>", "write the day they are back"),
        ("0001-01-01", ""),
        ("9999-12-31", "a day that is still to come"),
        ("2020-01-01", "a day that is still to come"),
    ):
        answer = marta.post(f"{one}/away", {"back": bad}, on=one)
        assert answer.status_code == 422
        assert words in answer.get_data(as_text=True)
    assert marta.post(f"{one}/away", {"back": ""}, on=one).location == f"{one}?done=back"
    assert actions(sqlite_database)[-2:] == ["account.away", "account.back"]
    assert (
        marta.post(f"/colleagues/{seeded.workspace_id}/away", {"back": day}, on="/colleagues").status_code
        == 404
    )


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    world = line.lay(sqlite_database, tmp_path, secret_key="k" * 32)
    rows = [
        {
            "id": line.timed_id(NOW, role.encode().ljust(10)), "workspace_id": world.workspace_id,
            "email": f"{role}@halden.example", "name": role.title(), "title": "", "signature": "",
            "password_hash": PASSWORD_HASH, "role": role, "may_publish": role == "admin", "may_send": False,
            "must_change_password": False, "failed_sign_ins": 0, "created_at": NOW,
        }
        for role in ("admin", "marketer", "sales", "viewer")
    ]  # fmt: skip
    with sqlite_database.write() as connection:
        connection.execute(insert(tables.users), rows)
    return world


@pytest.fixture
def site(world: World) -> Flask:
    return create_app(world.settings, world.database, None, lambda: NOW, world)


def looked(browser: Browser, form: dict[str, str], status: int) -> str:
    answer = browser.post(f"{PAGE}/look", {"base": "1", **form}, on=PAGE)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page
    return page


def test_rules_are_typed_looked_at_published_and_followed(site: Flask, world: World) -> None:
    admin = signed_in(site, "admin")
    assert "There are no rules" in admin.page(PAGE)
    page = looked(admin, ITALY, 200)
    assert "who gets a task by the rule “vip”" in page
    assert "<ins>sales@halden.example, who become owners</ins>" in page
    found = TEXT.search(page)
    assert found
    text = unescaped(found[1])
    assert text.endswith(
        """  tasks:
    - vip: {if: {tag: vip}, to: nobody}
    - italy: {if: {field: country, is: IT}, to: sales@halden.example, own: true}
    - rest: {to: [sales@halden.example, admin@halden.example]}
"""
    )
    form = {"text": text, "base": "1", "note": "who sells where"}
    assert admin.post(PUBLISH, form, on="/settings/programme").status_code == 303
    page = admin.page(PAGE)
    assert page.index("<b>vip</b>") < page.index("<b>italy</b>") < page.index("<b>rest</b>")
    assert 'name="to_2" value="sales@halden.example, admin@halden.example"' in page
    (who,) = line.people(world, 1, country="DE")
    page = admin.page(f"{PAGE}?who=person0@example.com")
    assert "<b>Sales</b>" in page
    assert "rule “rest”, and it was Sales’s turn" in page
    assert "No contact has this address" in admin.page(f"{PAGE}?who=%3Cb%3E")
    with world.database.write() as connection:
        task = CreateTask("k", "call", "Call them", None, Reason("enroll.person", {}))
        task_service.create(connection, world, world.library.catalogue(NOW), who, task, None, NOW)
        mine = connection.execute(select(tables.tasks)).one()
        sales = connection.execute(select(tables.users).where(tables.users.c.role == "sales")).one()
    assert mine.owner_id == sales.id
    # Taken out as a form: the rest of the text stays, and so do the tasks.
    page = looked(admin, {"base": "2", "name_0": "", "when_0": "", "to_0": ""}, 200)
    found = TEXT.search(page)
    assert found
    assert "tasks:" not in found[1]
    assert admin.post(f"/colleagues/{sales.id}/disable", on=f"/colleagues/{sales.id}").status_code == 302
    with world.database.read() as connection:
        mine = connection.execute(select(tables.tasks)).one()
        admin_id = connection.execute(
            select(tables.users.c.id).where(tables.users.c.role == "admin")
        ).scalar_one()
    assert (mine.owner_id, mine.assigned_rule) == (admin_id, "rest")
    assert "shut out" in admin.page(PAGE)


def test_what_cannot_be_followed_is_told_at_its_row_and_nothing_typed_is_lost(
    site: Flask, world: World
) -> None:
    marketer = signed_in(site, "marketer")
    for change, words in (
        ({"to_0": "nina@halden.example"}, "names nina@halden.example, who has no account here. Invite them"),
        ({"to_0": "viewer@halden.example"}, "who may only look on. Give them the role sales"),
        ({"to_0": ""}, "one to 100 colleagues"),
        ({"to_0": "Chiara"}, "“chiara” is no address"),
        ({"when_0": "{field: country, is: IT"}, "the condition of “italy” cannot be read"),
        ({"when_0": "=1+1"}, ""),
        ({"when_0": "{segment: gone}"}, "gone"),
        ({"name_0": "<b>x</b>" * 12}, "This name of a rule cannot be used"),
        ({"name_0": ""}, "This name of a rule cannot be used"),
        ({"name_0": "rest"}, "There is a rule “rest” already"),
        ({"base": "7"}, "version 1 was published since you began with version 7"),
    ):
        page = looked(marketer, {**ITALY, **change}, 422)
        assert words in unescaped(page)
        assert 'value="{field: country, is: IT}"' in page or "when_0" in change
        assert "<b>x</b>" not in page
        assert 'value="sales@halden.example, admin@halden.example"' in page
    assert marketer.post(f"{PAGE}/look", {**ITALY, "base": "x"}, on=PAGE).status_code == 400
    assert "Change the rules" in marketer.page(PAGE)
    viewer = signed_in(site, "viewer")
    assert "Change the rules" not in viewer.page(PAGE)
    assert viewer.post(f"{PAGE}/look", ITALY, on=PAGE).status_code == 403
    with world.database.write() as connection:
        connection.execute(update(tables.definitions).values(live_version_id=None))
    assert "nothing was published yet" in marketer.page(PAGE)
