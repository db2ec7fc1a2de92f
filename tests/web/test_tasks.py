"""The list of tasks and one task: what is shown, who may act, two tabs, double submits, hostile words."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app.core.ids import timed_id
from app.store.database import Database
from app.store.tables import audit_entries, deliveries, events, tasks, timeline, users, workspaces
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser, signed_in

TITLE = re.compile(r'<a class="b" href="/tasks/[0-9a-f-]{36}">([^<]+)</a>')


def lay_task(database: Database, seeded: Seeded, number: int, **values: Any) -> UUID:
    task_id = timed_id(NOW - timedelta(days=1), number.to_bytes(10, "big"))
    row: dict[str, Any] = {
        "id": task_id, "workspace_id": seeded.workspace_id, "contact_id": seeded.contacts[0], "owner_id": None,
        "kind": "call", "title": f"Task {number}", "body": "", "due_at": NOW + timedelta(hours=number),
        "state": "open", "dedupe_key": f"task {number}", "reason_code": "task.by_step",
        "reason_params": {"step": "call", "sequence": "discovery"}, "created_at": NOW, **values,
    }  # fmt: skip
    with database.write() as connection:
        connection.execute(insert(tasks).values(row))
    return task_id


@pytest.fixture
def none(seeded: Seeded, sqlite_database: Database) -> None:
    """The seed's own tasks are out of the way."""
    with sqlite_database.write() as connection:
        connection.execute(update(tasks).values(state="dropped"))


@pytest.fixture
def task(none: None, sqlite_database: Database, seeded: Seeded) -> UUID:
    return lay_task(sqlite_database, seeded, 1)


@pytest.fixture
def jonas(app: Flask) -> Browser:
    """Signed in as sales."""
    return signed_in(app, "jonas")


def row_of(database: Database, task_id: UUID) -> Any:
    with database.read() as connection:
        return connection.execute(select(tasks).where(tasks.c.id == task_id)).one()


def form_of(browser: Browser, task_id: UUID) -> dict[str, str]:
    """What the page of the task shows, as its forms carry it."""
    page = browser.page(f"/tasks/{task_id}")
    return {
        name: found[1]
        for name in ("was_owner", "was_due")
        if (found := re.search(rf'name="{name}" value="([^"]*)"', page))
    }


def act(browser: Browser, task_id: UUID, what: str, form: dict[str, str]) -> Any:
    return browser.post(f"/tasks/{task_id}/{what}", form, on=f"/tasks/{task_id}")


@pytest.mark.usefixtures("none")
def test_those_due_first_stand_first_and_overdue_ones_are_marked(
    jonas: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    for number, due in ((1, NOW + timedelta(days=2)), (2, None), (3, NOW - timedelta(days=1))):
        lay_task(sqlite_database, seeded, number, due_at=due, owner_id=seeded.sales_id)
    lay_task(sqlite_database, seeded, 4)
    page = jonas.page("/tasks")
    assert TITLE.findall(page) == ["Task 3", "Task 1", "Task 2"]
    assert page.count("Overdue") == 1
    assert "1 of yours is overdue." in page
    assert TITLE.findall(jonas.page("/tasks?whose=nobody")) == ["Task 4"]
    assert TITLE.findall(jonas.page("/tasks?whose=all")) == ["Task 3", "Task 4", "Task 1", "Task 2"]


@pytest.mark.usefixtures("none")
def test_pages_follow_one_another_over_tasks_with_the_same_time_and_with_none(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    for number in range(1, 121):
        due = None if number > 70 else NOW + timedelta(hours=number // 10)
        lay_task(sqlite_database, seeded, number, due_at=due)
    told, path = [], "/tasks?whose=all"
    while path:
        page = marta.page(path)
        told += TITLE.findall(page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert told == [f"Task {number}" for number in range(1, 121)]


@pytest.mark.usefixtures("none")
def test_kind_and_stage_cut_the_list(marta: Browser, seeded: Seeded, sqlite_database: Database) -> None:
    lay_task(sqlite_database, seeded, 1, kind="reply")
    lay_task(sqlite_database, seeded, 2, contact_id=seeded.contacts[5])
    assert TITLE.findall(marta.page("/tasks?whose=all&kind=reply")) == ["Task 1"]
    assert TITLE.findall(marta.page("/tasks?whose=all&stage=customer")) == ["Task 2"]
    assert "No task fits" in marta.page("/tasks?whose=all&kind=reply&stage=customer")


def test_addresses_that_ask_for_nonsense_are_told_so(marta: Browser, task: UUID) -> None:
    for path in (
        "/tasks?whose=theirs", "/tasks?stage=planet", "/tasks?after=x", "/tasks?after=2026-01-01_x",
        f"/tasks?after=2026-01-01_{task}", f"/tasks/{timed_id(NOW, b'nothing---')}",
    ):  # fmt: skip
        marta.get(path, 404)


def test_the_page_tells_the_whole_story(
    jonas: Browser, task: UUID, seeded: Seeded, sqlite_database: Database
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(update(tasks).where(tasks.c.id == task).values(body="Can you call me?"))
        for number, verdict in enumerate(("human", "machine")):
            row = {
                "id": timed_id(NOW, b"signal" + str(number).encode() * 4), "workspace_id": seeded.workspace_id,
                "contact_id": seeded.contacts[0], "kind": "visited", "subject": f"page-{verdict}", "topics": ",pricing,",
                "verdict": verdict, "source": "site", "occurred_at": NOW, "received_at": NOW, "processed_at": NOW,
                "failures": 0, "payload": {},
            }  # fmt: skip
            connection.execute(insert(events).values(row))
    page = jonas.page(f"/tasks/{task}")
    assert "Can you call me?" in page
    assert "the step “call” of “discovery” asks a person" in page
    assert "Visited “page-human”" in page
    assert "page-machine" not in page
    for heading in ("Who it is about", "What we know", "What comes next", "The last mails"):
        assert heading in page


def test_one_takes_it_the_other_is_told_and_nothing_is_overruled(
    marta: Browser, jonas: Browser, task: UUID, seeded: Seeded, sqlite_database: Database
) -> None:
    hers, his = form_of(marta, task), form_of(jonas, task)
    assert act(jonas, task, "take", his).location == f"/tasks/{task}?said=taken"
    assert act(jonas, task, "take", his).location == f"/tasks/{task}?said=same"
    late = act(marta, task, "take", hers)
    assert late.status_code == 422
    assert "somebody changed this task since you opened it" in late.get_data(as_text=True)
    assert row_of(sqlite_database, task).owner_id == seeded.sales_id
    with sqlite_database.read() as connection:
        acts = [row.action for row in connection.execute(select(audit_entries)) if row.subject == str(task)]
    assert acts == ["task.taken"]


def test_handing_over_is_told_and_refuses_who_cannot(
    marta: Browser, task: UUID, seeded: Seeded, sqlite_database: Database
) -> None:
    shown = form_of(marta, task)
    for to in (str(seeded.viewer_id), "x", str(timed_id(NOW, b"nobody----")), ""):
        refused = act(marta, task, "hand-over", {**shown, "to": to, "why": "kept words"})
        assert refused.status_code == 422, to
        assert "kept words" in refused.get_data(as_text=True)
    done = act(marta, task, "hand-over", {**shown, "to": str(seeded.sales_id), "why": "his <b>town</b>"})
    assert done.location == f"/tasks/{task}?said=handed"
    page = marta.page(done.location)
    assert "handed over to Jonas Weber: his &lt;b&gt;town&lt;/b&gt;" in page
    assert row_of(sqlite_database, task).owner_id == seeded.sales_id


def test_a_mail_that_is_still_here_goes_to_nobody_after_handing_over(
    marta: Browser, task: UUID, seeded: Seeded, sqlite_database: Database
) -> None:
    mail = {
        "id": timed_id(NOW, b"mail------"), "workspace_id": seeded.workspace_id, "contact_id": seeded.contacts[0],
        "recipient_user_id": seeded.admin_id, "dedupe_key": "mail", "message_class": "internal",
        "content_kind": "internal", "template": "internal/task", "priority": 90, "once": False, "state": "queued",
        "due_at": NOW, "planned_at": NOW, "attempts": 0, "reason_code": "task.by_step", "reason_params": {},
        "context": {"task_id": str(task)},
    }  # fmt: skip
    with sqlite_database.write() as connection:
        connection.execute(insert(deliveries).values(mail))
    act(marta, task, "hand-over", {**form_of(marta, task), "to": str(seeded.sales_id)})
    with sqlite_database.read() as connection:
        state = connection.execute(select(deliveries.c.state).where(deliveries.c.id == mail["id"])).scalar()
    assert state == "cancelled"


def test_the_time_is_read_on_the_readers_clock_and_wants_a_reason(
    jonas: Browser, task: UUID, sqlite_database: Database
) -> None:
    shown = form_of(jonas, task)
    for due, why in (
        ("2026-11-30T09:00", ""), ("soon", "x"), ("2020-01-01T09:00", "x"), ("9999-12-31T23:59", "x"),
        ("0001-01-01T00:00", "x"), ("", "x"),
    ):  # fmt: skip
        assert act(jonas, task, "due", {**shown, "due": due, "why": why}).status_code == 422, due
    form = {**shown, "due": "2026-11-30T09:00", "why": "They are away"}
    assert act(jonas, task, "due", form).location == f"/tasks/{task}?said=due"
    assert act(jonas, task, "due", form).location == f"/tasks/{task}?said=same"
    assert row_of(sqlite_database, task).due_at == datetime.fromisoformat("2026-11-30T08:00+00:00")
    assert "due at another time: They are away" in jonas.page(f"/tasks/{task}")


def test_done_counts_once_and_says_what_came_of_it(
    jonas: Browser, marta: Browser, task: UUID, sqlite_database: Database
) -> None:
    assert act(jonas, task, "done", {"result": "  "}).status_code == 422
    for said in ("done", "already"):
        form = {"result": "=1+1 <i>they buy</i>"}
        proof = jonas.post("/theme", {"theme": "dark"}, on="/tasks")
        assert proof.status_code in (302, 303)
        answer = jonas.post(f"/tasks/{task}/done", form, on="/tasks")
        assert answer.location == f"/tasks/{task}?said={said}"
    page = marta.page(f"/tasks/{task}")
    assert "=1+1 &lt;i&gt;they buy&lt;/i&gt;" in page
    assert 'name="result"' not in page
    other = marta.post(f"/tasks/{task}/done", {"result": "mine"}, on="/contacts")
    assert other.status_code == 422
    with sqlite_database.read() as connection:
        done = connection.execute(select(events).where(events.c.kind == "task_done")).all()
        lines = [row for row in connection.execute(select(timeline)) if row.code == "task.done"]
        acts = [row.user_id for row in connection.execute(select(audit_entries)) if row.action == "task.done"]
        jonas_id = connection.execute(select(users.c.id).where(users.c.email.startswith("jonas"))).scalar()
    assert [row.payload["task"] for row in done] == [str(task)]
    assert len(lines) == 1
    assert acts == [jonas_id]


def test_who_only_looks_sees_it_and_cannot_act(vera: Browser, task: UUID, sqlite_database: Database) -> None:
    page = vera.page(f"/tasks/{task}")
    assert 'name="result"' not in page
    assert "Take it" not in page
    for what in ("take", "hand-over", "due", "done"):
        assert vera.post(f"/tasks/{task}/{what}", {"result": "x"}, on="/password").status_code == 403
    assert row_of(sqlite_database, task).state == "open"


def test_a_task_of_another_workspace_is_not_there(
    marta: Browser, task: UUID, seeded: Seeded, sqlite_database: Database
) -> None:
    other = timed_id(NOW, b"elsewhere-")
    with sqlite_database.write() as connection:
        row = {"id": other, "key": "other", "name": "Other", "is_demo": False, "created_at": NOW}
        connection.execute(insert(workspaces).values(row))
        connection.execute(update(tasks).where(tasks.c.id == task).values(workspace_id=other))
    marta.get(f"/tasks/{task}", 404)
    form = {"was_owner": "", "was_due": "", "result": "x", "to": str(seeded.sales_id), "why": "x",
            "due": "2026-11-30T09:00"}  # fmt: skip
    for what in ("take", "hand-over", "due", "done"):
        assert marta.post(f"/tasks/{task}/{what}", form, on="/tasks").status_code == 404, what
    assert row_of(sqlite_database, task).state == "open"


def test_a_form_that_is_not_ours_is_refused(marta: Browser, task: UUID) -> None:
    for form in ({}, {"was_owner": "x", "was_due": ""}, {"was_owner": "", "was_due": "x"}):
        assert act(marta, task, "take", form).status_code == 400


def test_why_a_task_is_whose_it_is(
    none: None, jonas: Browser, sqlite_database: Database, seeded: Seeded
) -> None:
    by_turn = {"owner_id": seeded.sales_id, "assigned_code": "task.by_turn", "assigned_rule": "<b>Italy</b>"}
    mine = lay_task(sqlite_database, seeded, 1, **by_turn)
    page = jonas.page(f"/tasks/{mine}")
    assert "Why it is yours" in page
    assert "rule “&lt;b&gt;Italy&lt;/b&gt;”, and it was" in page
    free = lay_task(sqlite_database, seeded, 2, assigned_code="task.no_rule")
    assert "no rule says whose it is" in jonas.page(f"/tasks/{free}")
    act(jonas, free, "take", form_of(jonas, free))
    assert "took it, or a colleague handed it over" in jonas.page(f"/tasks/{free}")
    assert "Why it is nobody" not in jonas.page(f"/tasks/{lay_task(sqlite_database, seeded, 3)}")
