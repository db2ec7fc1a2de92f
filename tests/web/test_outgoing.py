"""The pages of outgoing web hooks: calls, calling again, receivers of events."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import event, insert, select

from app.mail.posting import Poster
from app.services import hook_subscriptions as service
from app.services.calling import signing_key
from app.services.ids import new_id
from app.store import tables
from app.store.database import Database
from config import Settings
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser, signed_in
from tests.web.test_contact import hidden

AT = "/outgoing/receivers"
CRM = {"title": "CRM", "url": "https://crm.example/in", "event": "stage_entered"}


def call(database: Database, seeded: Seeded, state: str = "dead", **columns: Any) -> UUID:
    call_id = new_id(NOW)
    with database.write() as connection:
        mine = tables.contacts.c.workspace_id == seeded.workspace_id
        who = connection.execute(select(tables.contacts.c.id).where(mine).limit(1)).scalar_one()
        row = {
            "id": call_id, "workspace_id": seeded.workspace_id, "contact_id": who, "dedupe_key": str(call_id),
            "url": "https://crm.example/in?key=secret", "payload": {"step": "<b>tell</b>"}, "state": state, "due_at": NOW,
            "attempts": 1, "response": "410 gone", "reason_code": "hook.refused",
            "reason_params": {"to": "crm.example", "status": 410}, "created_at": NOW,
            "ended_at": NOW if state != "queued" else None, **columns,
        }  # fmt: skip
        connection.execute(insert(tables.web_calls), [row])
    return call_id


def states(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(select(tables.web_calls.c.state)).scalars())


def acts(database: Database) -> list[tuple[str, Any]]:
    table = tables.audit_entries
    with database.read() as connection:
        query = select(table.c.action, table.c.detail).where(table.c.action.startswith("hook."))
        return [(row.action, row.detail) for row in connection.execute(query.order_by(table.c.id))]


def test_calls_stand_by_state_and_are_read_in_pages_of_few_statements(
    marta: Browser, app: Flask, seeded: Seeded, sqlite_database: Database
) -> None:
    assert "Nothing was given up" in marta.page("/outgoing")
    assert "No call waits" in marta.page("/outgoing?state=queued")
    assert "No call was answered yet" in marta.page("/outgoing?state=done")
    said: list[str] = []
    event.listen(sqlite_database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))

    def statements(path: str) -> int:
        said.clear()
        marta.page(path)
        return len(said)

    for state in ("dead", "queued", "done"):
        call(sqlite_database, seeded, state)
        few = statements(f"/outgoing?state={state}")
        for number in range(60):
            at = NOW - timedelta(minutes=number // 3)
            call(sqlite_database, seeded, state, due_at=at, ended_at=at if state != "queued" else None)
        assert statements(f"/outgoing?state={state}") == few
        first = marta.page(f"/outgoing?state={state}")
        older = re.findall(r'rel="next" href="([^"]+)"', first)[0].replace("&amp;", "&")
        rest = marta.page(older)
        found = [set(re.findall(r'href="/outgoing/calls/([^"]+)"', page)) for page in (first, rest)]
        assert [len(part) for part in found] == [50, 11]
        assert not found[0] & found[1]
        assert 'rel="next"' not in rest
    for path in ("?state=other", "?after=x", "/calls/" + str(uuid4()), "?state=dead&after=" + "1" * 90):
        marta.get(f"/outgoing{path}", 404)
    assert "Nothing more" in marta.page(f"/outgoing?after={uuid4()}")
    # Others of the team see that it failed and why, and not what is told.
    one = f"/outgoing/calls/{call(sqlite_database, seeded)}"
    assert "&lt;b&gt;tell&lt;/b&gt;" in marta.page(one)
    assert "410 gone" in marta.page(one)
    with sqlite_database.write() as connection:
        connection.execute(
            tables.users.update().where(tables.users.c.email == "vera@halden.example").values(role="marketer")
        )
    marketer = signed_in(app, "vera")
    page = marketer.page(one)
    assert "refused it for good" in page
    assert not [secret for secret in ("b&gt;tell", "key=secret", "410 gone") if secret in page]
    assert 'name="call"' not in marketer.page("/outgoing")


def test_given_up_calls_are_made_again_once(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    ids = [str(call(sqlite_database, seeded)) for _ in range(3)]
    call(sqlite_database, seeded, reason_code="contact.erased")
    replay = "/outgoing/replay"
    none = marta.post(replay, {}, on="/outgoing")
    assert (none.status_code, "no call is ticked" in none.get_data(as_text=True)) == (422, True)
    assert marta.post(replay, {"call": "=1+1"}, on="/outgoing").status_code == 400
    assert marta.post(replay, {"call": ids[0]}, on="/outgoing").location == "/outgoing?again=1"
    # The same form again, and from another tab: nothing is called twice.
    assert marta.post(replay, {"call": ids[0]}, on="/outgoing").location == "/outgoing?again=0"
    assert "somebody called them again before you" in marta.page("/outgoing?again=0")
    assert marta.post(replay, {"call": str(uuid4())}, on="/outgoing").location == "/outgoing?again=0"
    assert marta.post(replay, {"all": "yes"}, on="/outgoing").location == "/outgoing?again=2"
    assert states(sqlite_database) == [
        "dead",
        "queued",
        "queued",
        "queued",
    ]  # of somebody erased there is nothing to tell
    assert [(act, detail["count"]) for act, detail in acts(sqlite_database)] == [
        ("hook.replayed", 1), ("hook.replayed", 2)
    ]  # fmt: skip
    assert "calls made again" in marta.page("/audit")


def test_a_receiver_is_added_changed_paused_and_removed(
    marta: Browser,
    seeded: Seeded,
    sqlite_database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "Nobody hears of events yet" in marta.page(AT)
    made = marta.post(AT, CRM)
    assert made.status_code == 303
    one = made.location.partition("?")[0]
    # The form sent twice makes one, and says so with what was typed.
    again = marta.post(AT, {**CRM, "url": "https://other.example/in"})
    page = again.get_data(as_text=True)
    assert (again.status_code, "there is a receiver “CRM” already" in page) == (422, True)
    assert 'value="https://other.example/in"' in page
    assert 'value="stage_entered" checked' in page
    seen = hidden(marta.page(one), "revision")
    assert marta.post(one, {**CRM, "title": "<b>Desk</b>", "revision": seen}).status_code == 303
    assert "&lt;b&gt;Desk&lt;/b&gt;" in marta.page(one)
    stale = marta.post(one, {**CRM, "title": "Mine", "revision": seen})
    assert (stale.status_code, "somebody changed it" in stale.get_data(as_text=True)) == (422, True)
    assert 'value="Mine"' in stale.get_data(as_text=True)
    assert marta.post(one, {**CRM, "revision": "x"}).status_code == 400
    assert marta.post(f"{one}/pause", on=one).location == f"{one}?done=paused"
    assert marta.post(f"{one}/pause", on=one).location == one
    assert "Paused" in marta.page(AT)
    assert marta.post(f"{one}/resume", on=one).location == f"{one}?done=resumed"
    poster = Poster(resolve=lambda host, port: ["192.168.0.1"])
    monkeypatch.setattr(service, "poster_of", lambda settings, seconds: poster)
    assert marta.post(f"{one}/test", on=one).location == f"{one}?done=tested"
    assert "there was no answer from crm.example" in marta.page(one)
    # The key is in the answer to a press, and never on the page itself.
    subscription = UUID(one.rpartition("/")[2])
    key = signing_key(settings.keys()[0], subscription)
    assert key not in marta.page(one)
    assert key in marta.post(f"{one}/key", on=one).get_data(as_text=True)
    steps = signing_key(settings.keys()[0])
    assert steps in marta.post(f"{AT}/key", on=AT).get_data(as_text=True)
    assert steps not in marta.page(AT)
    assert marta.post(f"{one}/remove", on=one).location == f"{AT}?done=removed"
    assert marta.post(f"{one}/remove", on=AT).status_code == 404
    assert [act.partition(".")[2] for act, _ in acts(sqlite_database)] == [
        "added", "changed", "paused", "resumed", "tested", "key_shown", "key_shown", "removed"
    ]  # fmt: skip


def test_those_of_another_workspace_are_not_there(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    other, mine = new_id(NOW), new_id(NOW)
    with sqlite_database.write() as connection:
        workspace = {"id": other, "key": "other", "name": "Other", "is_demo": False, "created_at": NOW}
        connection.execute(insert(tables.workspaces), [workspace])
        row = {
            "id": mine, "workspace_id": other, "title": "Theirs", "url": "https://theirs.example/", "events": ["bounced"],
            "created_at": NOW, "revision": 1,
        }  # fmt: skip
        connection.execute(insert(tables.hook_subscriptions), [row])
    theirs = call(sqlite_database, seeded, workspace_id=other)
    one = f"{AT}/{mine}"
    assert "Theirs" not in marta.page(AT)
    marta.get(one, 404)
    marta.get(f"/outgoing/calls/{theirs}", 404)
    for path in ("", "/test", "/pause", "/resume", "/remove", "/key"):
        assert marta.post(one + path, {**CRM, "revision": "1"}, on=AT).status_code == 404
    assert marta.post("/outgoing/replay", {"call": str(theirs)}, on="/outgoing").location.endswith("again=0")
    assert marta.post("/outgoing/replay", {"all": "yes"}, on="/outgoing").location.endswith("again=0")
    assert acts(sqlite_database) == []
