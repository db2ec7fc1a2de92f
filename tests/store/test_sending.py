"""Claims of mails: by the index of due work, and nothing is handed out twice."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from app.core.ids import timed_id
from app.services.sending.facts import load_batch
from app.store import in_hand, running, sending
from app.store.claims import Claim
from app.store.database import Database
from tests.services.sending.conftest import House
from tests.support import line

LATER = line.NOW + timedelta(minutes=5)


def claim(number: int) -> Claim:
    return Claim(f"worker-{number}", timed_id(line.NOW, number.to_bytes(10, "big")), LATER)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


def test_every_mail_is_handed_out_once(house: House) -> None:
    house.plan(30)
    taken: list[Any] = []
    for number in range(4):
        with house.database.write() as connection:
            taken += claim_due(connection, house, claim(number))
    assert len(taken) == len({row.id for row in taken}) == 30
    assert {row.state for row in taken} == {"claimed"}


def test_what_is_not_due_or_not_of_this_workspace_stays(house: House) -> None:
    house.plan(1)
    early = line.NOW - timedelta(seconds=1)
    with house.database.write() as connection:
        assert in_hand.claim_due(connection, house.world.workspace_id, claim(1), early, 10) == []
        assert in_hand.claim_due(connection, timed_id(line.NOW, b"elsewhere!"), claim(1), line.NOW, 10) == []


def test_intent_says_what_is_still_ours(house: House) -> None:
    who = house.plan(3)
    mine = claim(1)
    with house.database.write() as connection:
        rows = claim_due(connection, house, mine)
        assert sending.cancel_waiting(connection, who[0], "gate.suppressed", {}, line.NOW) == 1
        assert intend(connection, rows, mine) == {row.id for row in rows if row.contact_id != who[0]}
        assert sending.cancel_waiting(connection, who[1], "gate.suppressed", {}, line.NOW) == 0
        assert intend(connection, rows, claim(2)) == set()


def claim_due(connection: Connection, house: House, by: Claim) -> list[Any]:
    ids = in_hand.claim_due(connection, house.world.workspace_id, by, line.NOW, 10)
    return in_hand.claimed(connection, ids, by.token)


def test_who_lost_a_claimed_mail_is_told(house: House) -> None:
    who = house.plan(3)
    mine = claim(1)
    with house.database.write() as connection:
        rows = claim_due(connection, house, mine)
        assert in_hand.lost(connection, rows, mine.token, rows) == set()
        sending.cancel_waiting(connection, who[0], "gate.suppressed", {}, line.NOW)
        gone = {row.id for row in rows if row.contact_id == who[0]}
        assert in_hand.lost(connection, rows, mine.token, rows) == gone
        assert in_hand.claimed(connection, [row.id for row in rows], mine.token) == [
            row for row in rows if row.id not in gone
        ]
        assert in_hand.lost(connection, rows, claim(2).token, []) == {row.id for row in rows}


def intend(connection: Connection, rows: list[Any], by: Claim) -> set[Any]:
    values = {"new_intent_at": line.NOW, "new_claimed_until": LATER, "new_address": "a@example.com"}
    values |= {
        "new_sender": "s@example.com",
        "new_template_version_id": None,
        "new_variant_id": None,
        "new_provider": None,
    }
    return sending.intend(connection, [{"row_id": row.id, "row_token": by.token, **values} for row in rows])


def test_due_work_is_found_by_its_own_index(sqlite_database: Database, tmp_path: Path) -> None:
    """Without statistics SQLite likes the workspace best, which every row meets: that would read all of them."""
    house = House(sqlite_database, tmp_path)
    house.plan(3)
    seen: list[tuple[str, Any]] = []

    def listen(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, values))

    event.listen(house.database.engine, "before_cursor_execute", listen)
    workspace_id, world = house.world.workspace_id, house.world
    with house.database.write() as connection:
        rows = claim_due(connection, house, claim(1))
        load_batch(connection, world, world.library.catalogue(line.NOW), rows, line.NOW)
        in_hand.leases_run_out(connection, workspace_id, LATER)
        in_hand.in_hand_of(connection, workspace_id, "main")
        running.claim_due(connection, workspace_id, claim(2), line.NOW, 10)
    event.remove(house.database.engine, "before_cursor_execute", listen)
    with house.database.read() as connection:
        plans = [
            row[3]
            for statement, values in seen
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    for table in ("deliveries", "enrollments", "contacts"):
        mine = [plan for plan in plans if f" {table}" in plan]
        assert mine
        # Going through a partial index is fine: it holds nothing but work.
        whole = [plan for plan in mine if plan.startswith("SCAN") and "INDEX" not in plan]
        assert not whole
        assert not [plan for plan in mine if "(workspace_id=?)" in plan]
    assert any("deliveries USING INDEX ix_deliveries_due" in plan for plan in plans)
    assert any("enrollments USING INDEX ix_enrollments_due" in plan for plan in plans)
