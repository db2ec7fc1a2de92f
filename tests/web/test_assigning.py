"""Who gets a task, on the pages: who is away, the rules as a form, and who would get it."""

from datetime import timedelta

from sqlalchemy import select

from app.store.database import Database
from app.store.tables import audit_entries
from tests.support.seed import Seeded
from tests.web.conftest import Browser, Clock
from tests.web.test_tasks import lay_task


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
    assert actions(sqlite_database) == ["account.away", "account.back"]
    assert (
        marta.post(f"/colleagues/{seeded.workspace_id}/away", {"back": day}, on="/colleagues").status_code
        == 404
    )
