"""After a crash: what was not begun goes back, what was answered counts, the rest is listed as uncertain."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.mail.journal import Journal
from app.mail.replies import Outcome
from app.services.sending.gating import claim_and_gate
from app.services.sending.outcomes import Tried, record
from app.services.sending.recovering import Recovered, reap, take_over
from app.services.world import World
from app.store import sending
from app.store.tables import deliveries
from tests.services.sending.conftest import House
from tests.support import line

ACCEPTED = Outcome("accepted", "dot", 250, "2.0.0")


@pytest.fixture
def left(house: House) -> list[Any]:
    """Four mails in the hands of the worker `main`, the first three of them in intent."""
    house.plan(4)
    taken = claim_and_gate(house.world, house.world.library.catalogue(house.now), house.now, 10)
    assert taken is not None
    house.change(
        update(deliveries)
        .where(deliveries.c.id.in_([row.id for row in taken.passed[:3]]))
        .values(state="intent", intent_at=house.now, address="a@example.com", sender="s@example.com")
    )
    return taken.passed


def journal_of(house: House) -> Journal:
    return Journal(house.folder / "journal", "main")


def other(house: House) -> World:
    return line.reopen(house.database, house.folder, worker_name="other")


def by_id(house: House) -> dict[UUID, str]:
    return {one.id: one.state for one in house.rows("deliveries")}


def test_the_journal_tells_what_became_of_each(house: House, left: list[Any]) -> None:
    answered, begun, planned, claimed = left
    journal = journal_of(house)
    journal.started(answered.id, answered.claim_token)
    journal.answered(answered.id, ACCEPTED)
    journal.started(begun.id, begun.claim_token)
    journal.close()
    journal = journal_of(house)
    assert take_over(house.world, journal, house.now) == Recovered(given_back=2, answered=1, uncertain=1)
    assert by_id(house) == {
        answered.id: "accepted", begun.id: "uncertain", planned.id: "queued", claimed.id: "queued",
    }  # fmt: skip
    assert take_over(house.world, journal, house.now) == Recovered()
    journal.close()


def test_another_claims_journal_says_nothing_of_this_one(house: House, left: list[Any]) -> None:
    journal = journal_of(house)
    journal.started(left[0].id, UUID(int=7))
    journal.answered(left[0].id, ACCEPTED)
    journal.close()
    journal = journal_of(house)
    assert take_over(house.world, journal, house.now) == Recovered(given_back=4)
    journal.close()


def test_of_a_damaged_journal_nothing_is_believed(house: House, left: list[Any]) -> None:
    folder = house.folder / "journal"
    folder.mkdir(exist_ok=True)
    (folder / "main.journal").write_bytes(b"S nonsense\nA\n")
    journal = journal_of(house)
    assert take_over(house.world, journal, house.now) == Recovered(given_back=1, uncertain=3)
    journal.close()


def test_a_worker_that_never_comes_back_is_reaped_after_its_lease(house: House, left: list[Any]) -> None:
    lease = timedelta(seconds=house.world.settings.lease_seconds)
    assert reap(other(house), house.now + lease) == Recovered()
    later = house.now + lease + timedelta(seconds=1)
    assert reap(other(house), later) == Recovered(given_back=1, uncertain=3)
    assert house.states() == {"uncertain": 3, "queued": 1}
    assert {one.outcome for one in house.rows("enrollments", state="due")} == {"uncertain"}
    assert reap(other(house), later) == Recovered()


def test_ones_own_mails_have_a_lease_more(house: House, left: list[Any]) -> None:
    lease = timedelta(seconds=house.world.settings.lease_seconds)
    assert reap(house.world, house.now + lease + timedelta(seconds=1)) == Recovered(given_back=1)
    assert reap(house.world, house.now + lease * 2 + timedelta(seconds=1)) == Recovered(uncertain=3)


def test_the_answer_of_a_slow_worker_resolves_the_uncertainty(house: House, left: list[Any]) -> None:
    reap(other(house), house.now + timedelta(days=1))
    row = left[0]
    with house.database.write() as connection:
        record(
            connection, house.world, [Tried(row, row.claim_token, "a@example.com", "s", ACCEPTED, house.now)]
        )
    assert by_id(house)[row.id] == "accepted"


def test_what_was_given_back_is_no_longer_the_slow_workers(house: House, left: list[Any]) -> None:
    reap(other(house), house.now + timedelta(days=1))
    row = left[3]
    with house.database.write() as connection:
        values = {
            "new_intent_at": house.now,
            "new_claimed_until": house.now,
            "new_address": "",
            "new_sender": "",
        }
        values |= {"new_template_version_id": None, "new_variant_id": None, "new_provider": None}
        mine = [{"row_id": row.id, "row_token": row.claim_token, **values}]
        assert sending.intend(connection, mine) == set()
    assert by_id(house)[row.id] == "queued"
