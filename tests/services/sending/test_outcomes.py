"""How each answer of a server ends a mail, and what follows for its people and its sender."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.core.retrying import DELAYS, SENDER_DELAYS
from app.services.running import run_due
from app.store.tables import deliveries
from tests.services.sending.conftest import House
from tests.support import line
from tests.support.smtp_server import Action, Drop, ScriptedServer


def send(house: House, **script: Sequence[Action]) -> ScriptedServer:
    with ScriptedServer(script) as server:
        house.sender(server.port, worker=f"w{next(house.numbers)}").send_due()
    return server


def only(house: House, table: str) -> Any:
    (row,) = house.rows(table)
    return row


def test_a_dead_mailbox_is_suppressed_and_its_sequence_goes_on(house: House) -> None:
    (who,) = house.plan(1)
    send(house, RCPT=["550 5.1.1 no such user"])
    mail = only(house, "deliveries")
    assert (mail.state, mail.reason_code, mail.reason_params["enhanced"]) == (
        "failed",
        "mail.failed",
        "5.1.1",
    )
    assert (mail.claimed_by, mail.claim_token, mail.claimed_until) == (None, None, None)
    assert mail.ended_at == house.now
    assert only(house, "suppressions").scope == "address"
    event = only(house, "events")
    assert (event.kind, event.contact_id, event.delivery_id) == ("bounced", who, mail.id)
    run_due(house.world, house.now)
    assert only(house, "enrollments").outcome is None


def test_another_refusal_fails_the_mail_and_blames_nobody(house: House) -> None:
    house.plan(1)
    send(house, dot=["554 5.6.0 content refused"])
    assert only(house, "deliveries").state == "failed"
    assert house.rows("suppressions") == house.rows("events") == []


def test_a_refusal_for_now_waits_longer_each_time_and_ends(house: House) -> None:
    house.plan(1)
    house.change(update(deliveries).values(expires_at=None))
    for number, delay in enumerate([*DELAYS, None]):
        send(house, RCPT=["451 4.3.0 later"])
        mail = only(house, "deliveries")
        while mail.attempts == number:  # quiet hours: the gate held it back
            house.now = mail.due_at
            send(house, RCPT=["451 4.3.0 later"])
            mail = only(house, "deliveries")
        assert mail.attempts == number + 1
        if delay is None:
            assert (mail.state, mail.reason_code) == ("failed", "mail.gave_up")
            break
        assert mail.state == "deferred"
        assert delay * 0.8 <= mail.due_at - house.now <= delay * 1.2
        assert only(house, "enrollments").state == "sending"
        house.now = mail.due_at
    assert only(house, "enrollments").state == "due"


def test_an_answer_that_never_came_is_uncertain_and_never_sent_again(house: House) -> None:
    house.plan(1)
    server = send(house, dot=[Drop()])
    assert server.received == []
    mail = only(house, "deliveries")
    assert (mail.state, mail.ended_at, mail.claim_token is None) == ("uncertain", None, False)
    house.now += timedelta(days=1)
    assert send(house).received == []
    run_due(house.world, house.now)
    enrollment = only(house, "enrollments")
    assert (enrollment.step, enrollment.inside) == ("pause", True)


def test_trouble_of_the_sender_pauses_it_and_is_not_the_recipients_fault(house: House) -> None:
    house.plan(3)
    send(house, MAIL=["530 5.7.0 sign in first"])
    state = only(house, "sender_states")
    assert state.problem_until == house.now + SENDER_DELAYS[0]
    assert {one.state for one in house.rows("deliveries")} <= {"deferred", "accepted"}
    (refused,) = [one for one in house.rows("deliveries") if one.reason_code == "mail.sender_problem"]
    assert refused.attempts == 0
    house.plan(1, first=10)
    assert send(house).received == []
    assert [one.reason_code for one in house.rows("deliveries", state="deferred")].count(
        "sender.sign_in_first"
    ) == 1
    house.now = state.problem_until + timedelta(days=1)
    assert send(house).received


@pytest.mark.parametrize("outcome", ["continue", "exit"])
def test_a_mail_that_failed_goes_on_as_its_sequence_declares(
    outcome: str, database: Any, tmp_path: Any
) -> None:
    sequence = line.LINE.replace("steps:", f"if not sent: {outcome}\nsteps:")
    house = House(database, tmp_path, sequences=[sequence])
    house.plan(1)
    send(house, dot=["554 5.6.0 no"])
    run_due(house.world, house.now)
    house.close()
    assert only(house, "enrollments").state == ("ended" if outcome == "exit" else "due")
