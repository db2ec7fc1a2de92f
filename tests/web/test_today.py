"""What needs a person on the first page: open tasks, the reader's own and the overdue ones first."""

import re
from datetime import timedelta

from sqlalchemy import insert, update

from app.core.ids import timed_id
from app.store.database import Database
from app.store.tables import tasks
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser

TITLE = re.compile(r"<h3>(Task \d+): ")
COUNT = re.compile(r"(\d+) things? waits? for a person")


def add(database: Database, seeded: Seeded, number: int, days: int | None, *, mine: bool) -> None:
    with database.write() as connection:
        connection.execute(
            insert(tasks).values(
                id=timed_id(NOW, b"task" + number.to_bytes(6, "big")), workspace_id=seeded.workspace_id,
                contact_id=seeded.contacts[number], owner_id=seeded.admin_id if mine else None, kind="call",
                title=f"Task {number}", body="", due_at=None if days is None else NOW + timedelta(days=days), state="open",
                dedupe_key=f"k{number}", reason_code="task.by_step", reason_params={}, created_at=NOW,
            )
        )  # fmt: skip


def counted(page: str) -> int:
    found = COUNT.search(page)
    return int(found[1]) if found else 0


def test_my_tasks_come_first_then_the_overdue_ones(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    before = counted(marta.page("/"))
    for number, (days, mine) in enumerate([(None, False), (5, False), (-2, False), (9, True), (-1, True)]):
        add(sqlite_database, seeded, number, days, mine=mine)
    page = marta.page("/")
    assert TITLE.findall(page) == ["Task 4", "Task 3", "Task 2", "Task 1", "Task 0"]
    assert counted(page) == before + 5
    assert page.count("Was due") == 2
    assert page.count("It is nobody’s yet.") == 3
    assert f"/contacts/{seeded.contacts[4]}" in page


def test_ten_are_shown_and_the_others_counted(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    before = counted(marta.page("/"))
    for number in range(10):
        add(sqlite_database, seeded, number, number, mine=False)
    assert "more" not in marta.page("/").partition("Needs you")[2].partition("Health")[0]
    with sqlite_database.write() as connection:
        connection.execute(
            insert(tasks).values(
                id=timed_id(NOW, b"task more "), workspace_id=seeded.workspace_id, contact_id=seeded.contacts[0],
                kind="call", title="Task 99", body="", state="open", dedupe_key="more", reason_code="task.by_step",
                reason_params={}, created_at=NOW,
            )
        )  # fmt: skip
    page = marta.page("/")
    assert len(TITLE.findall(page)) == 10
    assert "1 task more is open" in page
    assert counted(page) == before + 11


def test_a_task_that_is_done_needs_nobody(marta: Browser, seeded: Seeded, sqlite_database: Database) -> None:
    before = counted(marta.page("/"))
    add(sqlite_database, seeded, 0, 1, mine=True)
    with sqlite_database.write() as connection:
        connection.execute(update(tasks).values(state="done"))
    page = marta.page("/")
    assert TITLE.findall(page) == []
    assert counted(page) == before
