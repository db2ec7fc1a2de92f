"""What needs a person on the first page: open tasks, the reader's own and the overdue ones first."""

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, update

from app.core.ids import timed_id
from app.core.reasons import Reason
from app.services.timeline import line
from app.store.database import Database
from app.store.ledger import add_timeline
from app.store.tables import fact_changes, hits, sign_ins, tasks
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
    assert len(re.findall(r"/tasks/[0-9a-f-]{36}", page)) == 5


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


def moved(seeded: Seeded, number: int, old: str | None, new: str, hours: int, code: str) -> dict[str, Any]:
    at = NOW - timedelta(hours=hours)
    return {
        "id": timed_id(at, b"move" + number.to_bytes(6, "big")), "workspace_id": seeded.workspace_id,
        "contact_id": seeded.contacts[number], "kind": "stage", "name": "main", "old": old, "new": new,
        "source": "engine", "reason_code": code, "reason_params": {}, "at": at,
    }  # fmt: skip


def test_the_wire_says_who_went_on_and_who_fell_back_within_a_week(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    rows = [moved(seeded, number, "lead", "prospect", 1, "stage.qualified") for number in range(3)]
    rows += [moved(seeded, 3, "prospect", "lead", 30, "stage.by_person")]
    rows += [moved(seeded, 4, "lead", "prospect", 24 * 8, "stage.qualified")]  # longer ago
    rows += [moved(seeded, 5, None, "lead", 2, "stage.imported")]  # came in, and from no stage
    with sqlite_database.write() as connection:
        connection.execute(insert(fact_changes), rows)
    page = marta.page("/")
    assert '<b class="num">3</b> qualified' in page
    assert "3 came this week, 1 went back" in page
    assert "3 people from lead to prospect" in page
    assert "everything that prospect asks for holds" in page
    # The one who fell back did so before the last day, and nobody was here before.
    assert "from prospect to lead" not in page
    assert "The last 24 hours" in page


def test_who_was_here_before_reads_what_happened_since(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    rows = [moved(seeded, 3, "prospect", "lead", 30, "stage.by_person")]
    before = NOW - timedelta(hours=40)
    with sqlite_database.write() as connection:
        connection.execute(insert(fact_changes), rows)
        connection.execute(
            insert(sign_ins).values(
                token_hash="x", user_id=seeded.admin_id, created_at=before, last_seen_at=before,
                expires_at=NOW, user_agent="", address="",
            )
        )  # fmt: skip
    page = marta.page("/")
    assert "Since you left" in page
    assert "1 person from prospect to lead" in page


def test_clicks_stand_by_whom_and_by_the_readers_day(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    whose = [("human", 1), ("human", 1), ("machine", 25), ("unknown", 25), (None, 1), ("human", 24 * 15)]
    rows = []
    for number, (verdict, hours) in enumerate(whose):
        at = NOW - timedelta(hours=hours)
        rows.append(
            {
                "id": timed_id(at, b"hit   " + number.to_bytes(4, "big")), "workspace_id": seeded.workspace_id,
                "kind": "click", "method": "GET", "at": at, "received_at": at, "user_agent": "", "headers": {},
                "tracking": "individual", "verdict": verdict,
            }
        )  # fmt: skip
    with sqlite_database.write() as connection:
        connection.execute(insert(hits), rows)
    page = marta.page("/")
    assert "2 by people, 1 by machines, 2 not known" in page
    assert page.count('<rect class="h"') == 1
    assert page.count('<rect class="m"') == 1
    assert page.count('<rect class="u"') == 2


def test_why_mails_did_not_leave_is_counted(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    lines = [
        line(seeded.workspace_id, seeded.contacts[number], kind, Reason(code), NOW - timedelta(hours=1))
        for number, (kind, code) in enumerate(
            [("mail_suppressed", "gate.stage")] * 3
            + [("mail_expired", "gate.late"), ("mail_accepted", "mail.accepted"), ("mail_failed", "mail.odd")]
        )
    ]
    with sqlite_database.write() as connection:
        add_timeline(connection, lines)
    page = marta.page("/")
    assert "Mails not sent: 5" in page
    assert "3 stand at a stage that does not get it, 1 would have come too late" in page
    assert "1 could not be written or sent" in page
    assert "Mails sent: 1" in page
