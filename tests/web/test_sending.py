"""The red button over HTTP, and the page of health."""

from datetime import timedelta

from sqlalchemy import update

from app.store.database import Database
from app.store.tables import deliveries, job_runs, users
from tests.support.seed import NOW, Seeded
from tests.web.conftest import Browser, Clock


def test_it_says_what_it_will_hold_back_before_it_is_pressed(marta: Browser) -> None:
    page = marta.page("/sending")
    assert "Stop all sending?" in page
    assert "<b>10</b><span>planned mails wait until you resume</span>" in page


def test_it_asks_for_a_reason(marta: Browser) -> None:
    answer = marta.post("/sending/stop", {"why": "  "}, on="/sending")
    assert answer.status_code == 422
    assert "Say why, in a few words" in answer.get_data(as_text=True)
    assert "All sending is stopped" not in marta.page("/")


def test_pressed_it_stands_on_every_page_until_somebody_resumes(marta: Browser, vera: Browser) -> None:
    assert marta.post("/sending/stop", {"why": "wrong <price>"}, on="/sending").location == "/sending"
    for path in ("/", "/contacts", "/health"):
        page = vera.page(path)
        assert "All sending is stopped" in page
        assert "wrong &lt;price&gt;" in page
    assert "by Marta Lindqvist" in vera.page("/sending")
    marta.post("/sending/resume", {"why": "corrected"}, on="/sending")
    assert "All sending is stopped" not in vera.page("/")


def test_whoever_was_given_the_right_may_press(
    vera: Browser, seeded: Seeded, sqlite_database: Database
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(update(users).where(users.c.id == seeded.viewer_id).values(may_send=True))
    assert "Stop all sending" in vera.page("/health")
    assert vera.post("/sending/stop", {"why": "x"}, on="/sending").status_code == 302


def test_health_tells_jobs_queues_uncertain_and_parked(marta: Browser) -> None:
    page = marta.page("/health")
    for text in ("<b>react</b>", "last error", "Mails to send", "discovery/nudge", "Parked people",
        "Every active person has one next step", "this person could not be taken further"):  # fmt: skip
        assert text in page
    assert "Everything is as it should be." in page


def test_health_is_loud_when_the_engine_stands_still(
    marta: Browser, clock: Clock, sqlite_database: Database, seeded: Seeded
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.state == "queued")
            .values(due_at=NOW - timedelta(minutes=30))
        )
        connection.execute(
            update(job_runs).values(last_finished_at=NOW - timedelta(hours=2), last_started_at=None)
        )
    page = marta.page("/health")
    assert "should have ticked since then" in page
    assert "The oldest work that is due has waited for 30 min." in page
    assert "is the engine running" in page
    assert "are not as they should be" in page
