"""Uncertain mails, what is always true, and suppressions as pages: what they say, who may act, and hostile words."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.ids import timed_id
from app.store.database import Database
from app.store.tables import deliveries, suppressions, truth_findings, users
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser


@pytest.fixture
def unsure(seeded: Seeded, sqlite_database: Database) -> list[str]:
    with sqlite_database.write() as connection:
        ids = list(connection.execute(select(deliveries.c.id).order_by(deliveries.c.id).limit(3)).scalars())
        values: dict[str, Any] = {
            "state": "uncertain",
            "intent_at": NOW - timedelta(hours=3),
            "response": "<script>x",
        }
        connection.execute(update(deliveries).where(deliveries.c.state == "uncertain").values(state="failed"))
        connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(**values))
    return [str(one) for one in ids]


def state_of(database: Database, which: str) -> str:
    with database.read() as connection:
        rows = {
            str(row.id): row.state for row in connection.execute(select(deliveries.c.id, deliveries.c.state))
        }
    return rows[which]


def test_uncertain_mails_are_settled_in_bulk(
    marta: Browser, unsure: list[str], sqlite_database: Database
) -> None:
    page = marta.page("/deliveries")
    assert all(f'value="{which}"' in page for which in unsure)
    assert "3 h ago" in page
    form: dict[str, Any] = {"mail": unsure[:2], "verdict": "arrived", "why": "in the log"}
    answer = marta.post("/deliveries/settle", form, on="/deliveries")
    assert answer.location == "/deliveries?state=uncertain&settled=2&already=0"
    assert "2 mails are settled." in marta.page(answer.location)
    assert [state_of(sqlite_database, which) for which in unsure] == ["accepted", "accepted", "uncertain"]
    assert "in the log" in marta.page(f"/deliveries/{unsure[0]}")


def test_nothing_is_sent_again_without_being_sure(
    marta: Browser, unsure: list[str], sqlite_database: Database
) -> None:
    form: dict[str, Any] = {"mail": unsure[:1], "verdict": "again", "why": "never seen"}
    assert marta.post("/deliveries/settle", form, on="/deliveries").status_code == 422
    assert state_of(sqlite_database, unsure[0]) == "uncertain"
    assert marta.post("/deliveries/settle", {**form, "sure": "yes"}, on="/deliveries").status_code == 302
    assert state_of(sqlite_database, unsure[0]) == "failed"


@pytest.mark.parametrize("form", [{"why": ""}, {"verdict": "perhaps"}, {"mail": []}])
def test_what_says_nothing_is_refused(marta: Browser, unsure: list[str], form: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"mail": unsure[:1], "verdict": "lost", "why": "x", **form}
    assert marta.post("/deliveries/settle", whole, on="/deliveries").status_code == 422


def test_who_only_looks_cannot_settle_add_or_lift(
    vera: Browser, unsure: list[str], sqlite_database: Database, seeded: Seeded
) -> None:
    assert 'name="verdict"' not in vera.page("/deliveries")
    for path, form in (
        ("/deliveries/settle", {"mail": unsure[0], "verdict": "lost", "why": "x"}),
        ("/suppressions", {"value": "a@b.example", "scope": "address", "why": "x"}),
        ("/always-true", {}),
    ):
        assert vera.post(path, form, on="/password").status_code == 403, path
    vera.get("/suppressions/list.csv", 403)
    assert state_of(sqlite_database, unsure[0]) == "uncertain"


def test_pages_that_are_not_there(marta: Browser, seeded: Seeded) -> None:
    for path in ("/deliveries?state=lost", "/deliveries?before=x", "/suppressions?scope=planet",
                 f"/deliveries/{timed_id(NOW, b'nothing---')}", f"/suppressions/{timed_id(NOW, b'nothing---')}"):  # fmt: skip
        marta.get(path, 404)
    assert (
        marta.post("/deliveries/settle", {"mail": "x", "verdict": "lost"}, on="/deliveries").status_code
        == 400
    )


def test_every_state_has_its_list(marta: Browser, seeded: Seeded) -> None:
    for state in ("queued", "accepted", "expired"):
        assert "<h1>Mails</h1>" in marta.page(f"/deliveries?state={state}")


def test_what_is_wrong_is_told_with_what_to_do(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    assert "not looked at yet" in marta.page("/always-true")
    row = {
        "id": timed_id(NOW, b"finding-00"), "workspace_id": seeded.workspace_id, "rule": "addresses",
        "fault": "first_address", "subject": seeded.contacts[0], "contact_id": seeded.contacts[0],
        "first_seen_at": NOW, "last_seen_at": NOW,
    }  # fmt: skip
    with sqlite_database.write() as connection:
        connection.execute(truth_findings.insert().values(row))
    page = marta.page("/always-true")
    assert "1 rule does not hold." in page
    assert "Open the contact and give the address" in page
    assert f"/contacts/{seeded.contacts[0]}" in page
    assert marta.post("/always-true", on="/always-true").status_code == 302
    assert "Open the contact and give the address" not in marta.page("/always-true")


def test_a_suppression_is_added_found_and_lifted(
    marta: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    form = {"value": "gone@elsewhere.example", "scope": "address", "why": "<b>asked</b>"}
    assert marta.post("/suppressions", form, on="/suppressions").location == "/suppressions?done=added"
    assert marta.post("/suppressions", form, on="/suppressions").location == "/suppressions?done=standing"
    page = marta.page("/suppressions?q=elsewhere.example")
    assert "gone@elsewhere.example" in page
    assert "&lt;b&gt;asked" in page
    assert "Nothing is found" in marta.page("/suppressions?q=nobody@elsewhere.example")
    assert "gone@elsewhere.example" in marta.page("/suppressions/list.csv")
    found = re.search(r'href="(/suppressions/[0-9a-f-]{36})"', page)
    assert found is not None
    assert marta.post(f"{found[1]}/lift", {"why": ""}, on=found[1]).status_code == 422
    assert (
        marta.post(f"{found[1]}/lift", {"why": "a mistake"}, on=found[1]).location
        == "/suppressions?done=lifted"
    )
    with sqlite_database.read() as connection:
        row = connection.execute(select(suppressions)).one()
        marta_id = connection.execute(
            select(users.c.id).where(users.c.email == "marta@halden.example")
        ).scalar_one()
    assert (row.lifted_why, row.lifted_by) == ("a mistake", marta_id)
    assert marta.post("/suppressions", {**form, "value": "nonsense"}, on="/suppressions").status_code == 422
