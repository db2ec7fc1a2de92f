"""The audit log on its page: found by person, action and time, page by page, and safe in a spreadsheet."""

import csv
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from sqlalchemy import insert

from app.core.ids import timed_id
from app.services import audit_log, by_hand
from app.services.api import tokens
from app.services.audit_log import Asked
from app.store import tables
from app.store.database import Database
from tests.support.seed import NOW, Seeded, seed
from tests.web.conftest import Browser

HOSTILE = '=HYPERLINK("https://evil.example")<script>alert(1)</script>'


def write(database: Database, seeded: Seeded, count: int = 120) -> None:
    rows: list[dict[str, Any]] = []
    for number in range(count):
        at = NOW - timedelta(hours=number)
        rows.append(
            {
                "id": timed_id(at, number.to_bytes(10, "big")), "workspace_id": seeded.workspace_id, "at": at,
                "user_id": (seeded.admin_id, seeded.sales_id, None)[number % 3],
                "action": ("account.changed", "account.invited", "sender.added", "something.new")[number % 4],
                "subject_kind": "user", "subject": str(seeded.viewer_id), "detail": {"why": HOSTILE, "n": number},
            }
        )  # fmt: skip
    with database.write() as connection:
        connection.execute(insert(tables.audit_entries), rows)


def all_of(database: Database, seeded: Seeded, asked: Asked) -> list[audit_log.Entry]:
    found: list[audit_log.Entry] = []
    while True:
        page, older = audit_log.find(database, seeded.workspace_id, asked, 7)
        found += page
        if older is None:
            return found
        asked = Asked(asked.user_id, asked.shell, asked.action, asked.since, asked.until, older)


def test_a_program_is_named_by_its_token_and_who_made_it(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    made, _ = tokens.make(
        sqlite_database, seeded.workspace_id, "<b>CRM</b>", ["tasks:write"], None, seeded.admin_id, NOW
    )
    by_hand_at = {"workspace_id": seeded.workspace_id, "contact_id": seeded.contacts[0]}
    with sqlite_database.write() as connection:
        for actor in (f"api:{made.id}", f"api:{seeded.admin_id}", "api:=1+1"):
            by_hand.audit(
                connection, action="contact.enrolled", detail={"sequence": "line"}, actor=actor, now=NOW, **by_hand_at
            )  # fmt: skip
    tokens.revoke(sqlite_database, seeded.workspace_id, made.id, seeded.admin_id, NOW)
    found, _ = audit_log.find(sqlite_database, seeded.workspace_id, Asked(action="contact.enrolled"))
    assert sorted((one.who, one.maker, one.program) for one in found) == [
        ("", "", False), ("", "", False), ("<b>CRM</b>", "Marta Lindqvist", True)
    ]  # fmt: skip
    page = marta.page("/audit?action=contact.enrolled")
    assert "&lt;b&gt;CRM&lt;/b&gt;" in page
    assert "token of the API, made by Marta Lindqvist" in page
    lines = list(csv.DictReader(StringIO(marta.page("/audit/log.csv?action=contact.enrolled"))))
    assert sorted((line["who"], line["program_of"]) for line in lines)[-1] == (
        "<b>CRM</b>",
        "Marta Lindqvist",
    )


def test_pages_leave_out_and_repeat_nothing(database: Database) -> None:
    seeded = seed(database, contacts=0)
    write(database, seeded)
    found = all_of(database, seeded, Asked())
    assert [one.detail["n"] for one in found] == list(range(120))
    assert {one.subject_name for one in found} == {"Vera Sand"}
    assert {one.who for one in found} == {"Marta Lindqvist", "Jonas Weber", ""}


ASKED: tuple[tuple[Asked, Any], ...] = (
    (Asked(action="sender.added"), range(2, 120, 4)),
    (Asked(action="account."), [n for n in range(120) if n % 4 < 2]),
    (Asked(action="account_"), []),
    (Asked(shell=True), range(2, 120, 3)),
    (Asked(since=NOW - timedelta(hours=5)), range(6)),
    (Asked(since=NOW - timedelta(hours=5), until=NOW - timedelta(hours=2)), range(3, 6)),
)


def test_what_is_asked_for_is_found(database: Database) -> None:
    seeded = seed(database, contacts=0)
    write(database, seeded)
    for asked, numbers in ASKED:
        assert [one.detail["n"] for one in all_of(database, seeded, asked)] == list(numbers)
    mine = all_of(database, seeded, Asked(user_id=seeded.admin_id))
    assert {one.user_id for one in mine} == {seeded.admin_id}


def test_the_page_tells_who_what_and_whom(marta: Browser, sqlite_database: Database, seeded: Seeded) -> None:
    write(sqlite_database, seeded)
    page = marta.page("/audit")
    for text in (
        "Marta Lindqvist",
        "account changed",
        "something.new",
        "Vera Sand",
        "shell or engine",
        "50 shown",
    ):
        assert text in page
    assert "<script>alert" not in page
    older = marta.page(page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&"))
    assert "Newest" in older
    assert "sender added" in marta.page("/audit?action=sender.&who=shell&since=2026-11-01&until=2026-11-30")
    assert "Nothing is found" in marta.page("/audit?until=2020-01-01")


NONSENSE = {
    "who=x": 404, "older=x": 404, "since=yesterday": 200, "until=9999-12-31": 200, "action=%27%25": 200,
    "since=0001-01-01": 200,
}  # fmt: skip


def test_nonsense_breaks_nothing(marta: Browser) -> None:
    for query, status in NONSENSE.items():
        marta.get(f"/audit?{query}", status)


def test_a_spreadsheet_takes_nothing_for_a_formula(
    marta: Browser, sqlite_database: Database, seeded: Seeded
) -> None:
    write(sqlite_database, seeded, 30)
    row = {
        "id": timed_id(NOW, b"hostile..."), "workspace_id": seeded.workspace_id, "at": NOW, "user_id": None,
        "action": "=1+1", "subject_kind": "@x", "subject": "-2", "detail": {},
    }  # fmt: skip
    with sqlite_database.write() as connection:
        connection.execute(insert(tables.audit_entries), [row])
    answer = marta.get("/audit/log.csv?who=shell")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-log.csv"'
    rows = list(csv.reader(StringIO(answer.get_data(as_text=True))))
    assert rows[0] == list(audit_log.TITLES)
    assert len(rows) == 1 + 10 + 1
    cells = [cell for line in rows for cell in line]
    assert {"'=1+1", "'@x", "'-2"} <= set(cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert datetime.fromisoformat(rows[1][1]) == NOW
