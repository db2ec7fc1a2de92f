"""The gate at the moment of sending: who is taken, who is not and why, and how their sequence goes on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, update

from app.services.ids import new_id
from app.services.running import run_due
from app.services.sending import gating
from app.services.sending.gating import Taken, claim_and_gate
from app.services.suppressing import ValueHash
from app.store import sending
from app.store.tables import (
    consents,
    contact_stages,
    contacts,
    definitions,
    deliveries,
    enrollments,
    identities,
    suppressions,
    workspaces,
)
from tests.services.sending.conftest import House
from tests.support import line


def gate(house: House, limit: int = 100) -> Taken | None:
    return claim_and_gate(house.world, house.world.library.catalogue(house.now), house.now, limit)


def mail_of(house: House, who: UUID) -> Any:
    (row,) = house.rows("deliveries", contact_id=who)
    return row


def suppress(house: House, who: UUID, scope: str, topic: str = "") -> None:
    digest = ValueHash(house.world.settings)(line.address(0))
    house.change(
        insert(suppressions).values(
            id=new_id(house.now), workspace_id=house.world.workspace_id, scope=scope, value_hash=digest, topic=topic,
            contact_id=who, source="test", reason_code="test", reason_params={}, at=house.now,
        )
    )  # fmt: skip


CHANGES = {
    "gate.suppressed": lambda house, who: suppress(house, who, "address"),
    "gate.consent_withdrawn": lambda house, who: house.change(update(consents).values(state="withdrawn")),
    "gate.stage": lambda house, who: house.change(update(contact_stages).values(stage="prospect")),
    "gate.no_address": lambda house, who: house.change(delete(identities)),
    "gate.no_mails_wanted": lambda house, who: house.change(update(contacts).values(mails_a_week=0)),
}


@pytest.mark.parametrize("code", CHANGES)
def test_who_must_not_get_it_does_not_and_the_sequence_goes_on(house: House, code: str) -> None:
    (who,) = house.plan(1)
    CHANGES[code](house, who)
    taken = gate(house)
    assert taken is not None
    assert (taken.passed, taken.looked_at) == ([], 1)
    mail = mail_of(house, who)
    assert mail.state == "suppressed"
    assert mail.reason_code == code
    assert (mail.claimed_by, mail.claim_token, mail.ended_at) == (None, None, house.now)
    (note,) = house.rows("timeline", kind="mail_suppressed")
    assert (note.code, note.delivery_id, note.params["template"]) == (
        mail.reason_code,
        mail.id,
        "discovery/hello",
    )
    run_due(house.world, house.now)
    assert [one.step for one in house.rows("enrollments")] == ["pause"]


def test_a_suppression_of_another_topic_stops_nothing(house: House) -> None:
    (who,) = house.plan(1)
    suppress(house, who, "topic", "offers")
    taken = gate(house)
    assert taken is not None
    assert len(taken.passed) == 1


def test_a_mail_does_not_outlive_its_enrollment(house: House) -> None:
    (who,) = house.plan(1)
    house.change(update(enrollments).values(state="ended", reason_code="exit.event", ended_at=house.now))
    gate(house)
    assert (mail_of(house, who).state, mail_of(house, who).reason_code) == (
        "cancelled",
        "gate.enrollment_ended",
    )
    assert [one.state for one in house.rows("enrollments")] == ["ended"]


def test_a_late_mail_expires(house: House) -> None:
    (who,) = house.plan(1)
    house.change(update(deliveries).values(expires_at=house.now))
    gate(house)
    assert mail_of(house, who).state == "expired"


def test_what_waits_keeps_its_place_and_says_once_why(house: House) -> None:
    (who,) = house.plan(1)
    house.change(update(definitions).where(definitions.c.kind == "sequence").values(state="paused"))
    for _ in range(3):
        assert gate(house) is not None
        mail = mail_of(house, who)
        assert (mail.state, mail.reason_code) == ("deferred", "gate.paused")
        assert gate(house) is None
        house.now = mail.due_at
    assert len(house.rows("timeline", kind="mail_deferred")) == 1
    assert [one.state for one in house.rows("enrollments")] == ["sending"]


def test_nothing_is_taken_while_all_is_stopped(house: House) -> None:
    house.plan(1)
    house.change(update(workspaces).values(stopped_at=house.now))
    assert gate(house) is None
    assert house.states() == {"queued": 1}


def test_of_a_contact_only_the_weightiest_is_taken_and_counts_before_the_next(house: House) -> None:
    (who,) = house.plan(1)
    first = mail_of(house, who)
    second = dict(first._mapping)
    second |= {"id": new_id(house.now), "dedupe_key": "second", "template": "discovery/other", "priority": 90}
    house.change(insert(deliveries).values(second))
    taken = gate(house)
    assert taken is not None
    assert [row.id for row in taken.passed] == [second["id"]]
    assert gate(house) is None


def test_a_batch_takes_the_longest_due_first(house: House) -> None:
    who = house.plan(6)
    for number, one in enumerate(who):
        earlier = house.now - timedelta(minutes=number)
        house.change(update(deliveries).where(deliveries.c.contact_id == one).values(due_at=earlier))
    taken = gate(house, limit=2)
    assert taken is not None
    assert [row.contact_id for row in taken.passed] == [who[5], who[4]]


def test_one_bad_row_waits_and_stops_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    who = house.plan(3)
    decide = gating.decide

    def fails_once(mail: Any, now: Any) -> Any:
        if mail.address == line.address(1):
            raise ValueError("broken")
        return decide(mail, now)

    monkeypatch.setattr(gating, "decide", fails_once)
    taken = gate(house)
    assert taken is not None
    assert {row.contact_id for row in taken.passed} == {who[0], who[2]}
    bad = mail_of(house, who[1])
    assert (bad.state, bad.reason_code) == ("deferred", "gate.error")


def meanwhile(house: House, monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> None:
    """While the gate is asked, which holds no lock, somebody else writes."""
    load = gating.load_batch

    def late(*args: Any) -> Any:
        batch = load(*args)
        change()
        return batch

    monkeypatch.setattr(gating, "load_batch", late)


@pytest.mark.parametrize("withdrawn", [False, True], ids=["passes", "held back"])
def test_what_is_called_back_while_the_gate_is_asked_is_left_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, withdrawn: bool
) -> None:
    who, other = house.plan(2)
    if withdrawn:
        house.change(update(consents).values(state="withdrawn"))

    def call_back() -> None:
        with house.database.write() as connection:
            assert sending.cancel_waiting(connection, who, "gate.unsubscribed", {}, house.now) == 1

    meanwhile(house, monkeypatch, call_back)
    taken = gate(house)
    assert taken is not None
    assert [row.contact_id for row in taken.passed] == ([] if withdrawn else [other])
    assert (mail_of(house, who).state, mail_of(house, who).reason_code) == ("cancelled", "gate.unsubscribed")
    # Nothing is told of it twice, and of the other one once.
    told = [row.contact_id for row in house.rows("timeline") if row.kind.startswith("mail_")]
    assert told == ([other] if withdrawn else [])


def test_what_another_worker_took_meanwhile_is_theirs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (who,) = house.plan(1)
    house.change(update(consents).values(state="withdrawn"))
    theirs = new_id(house.now)

    def taken_over() -> None:
        house.change(update(deliveries).values(claim_token=theirs, claimed_by="another"))

    meanwhile(house, monkeypatch, taken_over)
    gate(house)
    assert (mail_of(house, who).state, mail_of(house, who).claim_token) == ("claimed", theirs)
