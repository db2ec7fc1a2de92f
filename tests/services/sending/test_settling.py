"""An uncertain mail is settled once: by evidence, or by a person who says what became of it."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.ids import content_id
from app.services.running import run_due
from app.services.sending.gating import claim_and_gate
from app.services.sending.recovering import reap
from app.services.settling import (
    AGAIN,
    ARRIVED,
    LOST,
    SettlingFault,
    settle_by_evidence,
    settle_by_hand,
    settle_known,
)
from app.store import ledger
from app.store.tables import deliveries, enrollments, hits
from tests.services.sending.conftest import House
from tests.support import line

LATER = line.NOW + timedelta(days=1)


@pytest.fixture
def unsure(house: House) -> list[UUID]:
    """Three mails of which nobody knows; their sequences were told and have not read it yet."""
    house.plan(3)
    assert claim_and_gate(house.world, house.world.library.catalogue(house.now), house.now, 10)
    house.change(update(deliveries).values(state="intent", intent_at=house.now, address="a@example.com"))
    reap(line.reopen(house.database, house.folder, worker_name="other"), LATER)
    assert house.states() == {"uncertain": 3}
    return [row.id for row in house.rows("deliveries")]


def by_evidence(house: House, which: UUID, evidence: str = "hit") -> bool:
    with house.database.write() as connection:
        return settle_by_evidence(connection, house.world, which, evidence, LATER)


def one(house: House, which: UUID) -> Any:
    return house.rows("deliveries", id=which)[0]


def test_evidence_settles_once_and_dates_it_back(house: House, unsure: list[UUID]) -> None:
    assert [by_evidence(house, unsure[0]) for _ in range(2)] == [True, False]
    row = one(house, unsure[0])
    assert (row.state, row.accepted_at, row.ended_at, row.claim_token) == ("accepted", house.now, LATER, None)
    assert row.reason_code == "mail.settled_by_evidence"
    assert row.reason_params == {"evidence": "hit"}
    tries = [each.outcome for each in house.rows("attempts", delivery_id=unsure[0])]
    assert sorted(tries) == ["accepted", "uncertain"]
    assert house.rows("enrollments", id=row.enrollment_id)[0].outcome == "accepted"
    assert "mail_accepted" in {each.kind for each in house.rows("timeline", delivery_id=unsure[0])}


def test_nothing_else_is_settled(house: House, unsure: list[UUID]) -> None:
    assert not by_evidence(house, UUID(int=7))
    house.change(update(deliveries).where(deliveries.c.id == unsure[0]).values(state="failed"))
    assert not by_evidence(house, unsure[0])
    assert one(house, unsure[0]).state == "failed"


def test_a_person_says_that_it_arrived_or_not(house: House, unsure: list[UUID]) -> None:
    first, second, third = unsure
    said = settle_by_hand(house.world, [first, UUID(int=7)], ARRIVED, " the log \n says so ", None, LATER)
    assert (said.settled, said.already, said.unknown) == ([first], [], [UUID(int=7)])
    assert one(house, first).reason_params == {"why": "the log says so"}
    said = settle_by_hand(house.world, [first, second], LOST, "no trace", None, LATER)
    assert (said.settled, said.already) == ([second], [first])
    assert (one(house, first).state, one(house, second).state) == ("accepted", "failed")
    assert one(house, third).state == "uncertain"
    assert house.rows("enrollments", id=one(house, second).enrollment_id)[0].outcome == "failed"
    acts = {
        (row.action, row.subject) for row in house.rows("audit_entries") if row.subject_kind == "delivery"
    }
    assert acts == {("delivery.settled_arrived", str(first)), ("delivery.settled_lost", str(second))}


def test_sent_again_is_a_new_delivery_and_only_one(house: House, unsure: list[UUID]) -> None:
    said = [settle_by_hand(house.world, unsure[:1], AGAIN, "asked for", None, LATER) for _ in range(2)]
    assert [len(each.again) for each in said] == [1, 0]
    old, new = one(house, unsure[0]), one(house, said[0].again[0])
    assert (old.state, old.reason_code) == ("failed", "mail.settled_again")
    assert (new.state, new.dedupe_key, new.intent_at, new.attempts) == ("queued", f"again:{old.id}", None, 0)
    assert (new.template, new.enrollment_id, new.visit) == (old.template, old.enrollment_id, old.visit)
    assert new.expires_at - new.planned_at == old.expires_at - old.planned_at
    waiting = house.rows("enrollments", id=old.enrollment_id)[0]
    assert (waiting.state, waiting.due_at, waiting.outcome) == ("sending", None, None)
    taken = claim_and_gate(house.world, house.world.library.catalogue(LATER), LATER, 10)
    assert taken is not None
    assert [row.id for row in taken.passed] == [new.id]  # once-rules and caps do not stop it


def test_sent_again_asks_the_gate(house: House, unsure: list[UUID]) -> None:
    new = settle_by_hand(house.world, unsure[:1], AGAIN, "asked for", None, LATER).again[0]
    house.change(update(enrollments).values(state="ended", due_at=None, reason_code="exit.event"))
    claim_and_gate(house.world, house.world.library.catalogue(LATER), LATER, 10)
    assert one(house, new).state == "cancelled"


def test_a_sequence_that_has_gone_on_stays_where_it_is(house: House, unsure: list[UUID]) -> None:
    while run_due(house.world, LATER).taken:
        pass
    before = {row.id: (row.state, row.step, row.due_at, row.revision) for row in house.rows("enrollments")}
    settle_by_hand(house.world, unsure, LOST, "no trace", None, LATER)
    assert before == {
        row.id: (row.state, row.step, row.due_at, row.revision) for row in house.rows("enrollments")
    }


@pytest.mark.parametrize(
    ("count", "verdict", "why", "code"),
    [
        (1, "perhaps", "x", "settle.verdict"),
        (1, LOST, " \n ", "settle.why_missing"),
        (0, LOST, "x", "settle.how_many"),
        (501, LOST, "x", "settle.how_many"),
    ],
)
def test_what_says_nothing_is_refused(
    house: House,
    unsure: list[UUID],
    count: int,
    verdict: str,
    why: str,
    code: str,
) -> None:
    ids = [*unsure[:1], *(UUID(int=number) for number in range(1, 600))][:count]
    with pytest.raises(SettlingFault) as told:
        settle_by_hand(house.world, ids, verdict, why, None, LATER)
    assert told.value.reason.code == code
    assert house.states() == {"uncertain": 3}


def test_two_people_at_once_settle_each_mail_once(house: House, unsure: list[UUID]) -> None:
    start, said = Barrier(2), []

    def speak(verdict: str, ids: list[UUID]) -> None:
        start.wait()
        said.append(settle_by_hand(house.world, ids, verdict, "sure", None, LATER))

    people = [Thread(target=speak, args=(ARRIVED, unsure)), Thread(target=speak, args=(AGAIN, unsure[::-1]))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(which for each in said for which in each.settled) == sorted(unsure)
    assert sum(house.states().values()) == 3 + sum(len(each.again) for each in said)


def test_evidence_that_came_first_is_found(house: House, unsure: list[UUID]) -> None:
    first, second, third = (one(house, which) for which in unsure)
    hit = {
        "id": UUID(int=9), "workspace_id": house.world.workspace_id, "kind": "click", "method": "GET",
        "contact_id": first.contact_id, "delivery_id": first.id, "at": house.now, "received_at": house.now,
        "user_agent": "", "headers": {}, "tracking": "individual",
    }  # fmt: skip
    reply = {
        "id": content_id(house.now, "inbound", "x"), "workspace_id": house.world.workspace_id,
        "contact_id": second.contact_id, "kind": "replied", "subject": "", "topics": "", "verdict": "human",
        "source": "inbound", "occurred_at": house.now, "received_at": house.now, "failures": 0, "payload": {},
        "delivery_id": second.id,
    }  # fmt: skip
    with house.database.write() as connection:
        ledger.insert_new(connection, hits, [hit])
        ledger.add_events(connection, [reply])
    assert [settle_known(house.world, LATER) for _ in range(2)] == [2, 0]
    assert [one(house, row.id).state for row in (first, second, third)] == [
        "accepted",
        "accepted",
        "uncertain",
    ]
