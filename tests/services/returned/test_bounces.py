"""Bounces, delays and complaints as real messages, and what follows from them: once, and only where proven."""

from datetime import timedelta
from typing import Any

import pytest

from app.services.returned import accept, read_due, replay
from app.services.viewing import Place
from app.services.viewing.returned import list_messages
from app.store import tables
from tests.services.returned.conftest import Desk
from tests.support import line, returned
from tests.support.line import NOW
from tests.support.rules import one, told

DAY = timedelta(days=1)


def test_no_such_mailbox_at_the_bounce_address_stops_the_address_at_once(desk: Desk) -> None:
    waiting = desk.queue()
    row = desk.bounce()
    assert (row.state, row.what, row.kind, row.enhanced) == ("read", "bounce", "hard", "5.1.1")
    assert (row.confidence, row.contact_id, row.delivery_id) == ("sealed", desk.who, desk.mail)
    assert row.reason_code == "returned.bounce_hard"
    assert desk.suppressed() == {"address"}
    assert [event.delivery_id for event in desk.events("bounced")] == [desk.mail]
    assert desk.state_of(waiting) == "cancelled"
    desk.settle()
    assert one(desk.world, tables.enrollments, contact_id=desk.who).state == "ended"


def test_the_same_report_twice_is_one_message_and_one_that_tells_it_again_changes_nothing(desk: Desk) -> None:
    raw = returned.report(desk.verp(), line.address(0))
    assert accept(desk.world, raw, "pipe", NOW).is_new
    assert not accept(desk.world, raw, "imap", NOW).is_new
    while read_due(desk.world, NOW):
        pass
    again = desk.bounce(number=2)
    assert again.reason_code == "returned.known"
    assert len(desk.rows("inbound_messages")) == 2
    assert len(desk.events("bounced")) == 1
    assert len(desk.rows("suppressions")) == 1


def test_what_the_server_said_at_once_is_not_told_a_second_time(desk: Desk) -> None:
    event = {
        "id": desk.mail, "workspace_id": desk.world.workspace_id, "contact_id": desk.who, "kind": "bounced",
        "subject": "discovery/hello", "topics": "", "verdict": "human", "source": "smtp", "occurred_at": NOW - DAY,
        "received_at": NOW - DAY, "failures": 0, "payload": {}, "delivery_id": desk.mail,
    }  # fmt: skip
    with desk.world.database.write() as connection:
        connection.execute(tables.events.insert().values(**event))
    desk.bounce()
    assert len(desk.events("bounced")) == 1


@pytest.mark.parametrize(
    "to", ["hello@halden.example", "b-" + "a" * 46 + "@halden.example", "b-@halden.example"]
)
def test_a_forged_report_stops_nobody(desk: Desk, to: str) -> None:
    row = desk.take(returned.report(to, line.address(0)))
    assert (row.state, row.reason_code, row.contact_id) == ("review", "returned.unproven", desk.who)
    assert desk.suppressed() == set()
    assert desk.events("bounced") == []
    assert desk.rows("mail_outcomes") == []


def test_a_report_of_a_stranger_waits_for_a_person(desk: Desk) -> None:
    row = desk.take(returned.report("hello@halden.example", "nobody@else.example"))
    assert (row.state, row.reason_code, row.contact_id) == ("review", "returned.nobody", None)


def test_a_report_that_only_quotes_our_mail_adds_up_and_stops_nothing_by_itself(desk: Desk) -> None:
    """Whoever was forwarded the mail has its Message-ID too."""
    row = desk.take(returned.report("postmaster@halden.example", line.address(0), original=desk.original()))
    assert (row.state, row.confidence) == ("read", "original")
    assert desk.suppressed() == set()
    assert len(desk.rows("mail_outcomes")) == 1


def test_a_token_of_another_house_or_changed_by_a_letter_leads_nowhere(desk: Desk) -> None:
    other = desk.verp().replace("b-", "b-", 1)
    changed = other[:5] + ("a" if other[5] != "a" else "b") + other[6:]
    row = desk.take(returned.report(changed, line.address(0)))
    assert row.reason_code == "returned.unproven"


def test_a_report_in_capitals_is_still_ours(desk: Desk) -> None:
    row = desk.take(returned.report(desk.verp().upper(), line.address(0)))
    assert row.confidence == "sealed"
    assert desk.suppressed() == {"address"}


def test_the_envelope_tells_it_where_the_head_does_not(desk: Desk) -> None:
    row = desk.take(returned.report("undisclosed", line.address(0)), recipient=desk.verp())
    assert row.confidence == "sealed"
    assert desk.suppressed() == {"address"}


def test_soft_ones_add_up_once_a_day_until_the_address_is_given_up(desk: Desk) -> None:
    for day in range(6):
        assert desk.suppressed() == set(), day
        for number in (1, 2):
            mail = desk.sent(desk.now - timedelta(hours=2))
            desk.bounce("5.2.2", mail, number=number, text="552 5.2.2 Mailbox full")
        desk.now += DAY
    assert desk.suppressed() == {"address"}
    # Those before it was given up ended no sequence.
    assert {event.occurred_at for event in desk.events("bounced")} == {NOW + 5 * DAY}


def test_policy_blames_nobody(desk: Desk) -> None:
    for day in range(8):
        mail = desk.sent(desk.now - timedelta(hours=2))
        row = desk.bounce("5.7.1", mail, number=1 + day, text="550 5.7.1 Message rejected due to content")
        assert row.kind == "policy"
        desk.now += DAY
    assert desk.suppressed() == set()
    assert desk.events("bounced") == []


def test_a_delay_is_noted_and_nothing_else(desk: Desk) -> None:
    row = desk.bounce("4.4.1", action="delayed", text="451 4.4.1 timed out")
    assert (row.what, row.reason_code) == ("delay", "returned.delay")
    assert told(desk.world, desk.who, "mail_delayed") == [("mail_delayed", "returned.delay")]
    assert desk.events("bounced") == desk.rows("mail_outcomes") == []


def test_read_again_it_changes_nothing(desk: Desk) -> None:
    rows = [desk.bounce("4.4.1", action="delayed", text="451 4.4.1 timed out"), desk.bounce(number=2)]
    before = [desk.rows(name) for name in ("timeline", "events", "suppressions", "mail_outcomes")]
    assert replay(desk.world, [row.id for row in rows], None, NOW) == 2
    while read_due(desk.world, NOW + DAY):
        pass
    assert [desk.rows(name) for name in ("timeline", "events", "suppressions", "mail_outcomes")] == before
    assert {row.state for row in desk.rows("inbound_messages")} == {"read"}


@pytest.mark.parametrize("recipient", ["", "person0@example.com"])
def test_a_complaint_stops_all_marketing_though_the_recipient_is_redacted(desk: Desk, recipient: str) -> None:
    waiting = desk.queue()
    row = desk.take(returned.complaint("fbl@halden.example", desk.original(), recipient))
    assert (row.what, row.reason_code, row.confidence) == ("complaint", "returned.complaint", "original")
    assert desk.suppressed() == {"marketing"}
    assert desk.state_of(waiting) == "cancelled"
    assert len(desk.events("complained")) == 1


def test_a_complaint_without_a_token_stops_nobody(desk: Desk) -> None:
    raw = returned.complaint("fbl@halden.example", "From: hello@halden.example\nSubject: x", line.address(0))
    row = desk.take(raw)
    assert (row.state, row.reason_code) == ("review", "returned.unproven")
    assert desk.suppressed() == set()


@pytest.mark.parametrize("action", ["failed", "delayed"])
def test_an_uncertain_mail_that_something_came_back_from_did_leave(desk: Desk, action: str) -> None:
    mail = desk.sent(state="uncertain", accepted_at=None)
    desk.bounce("4.4.1" if action == "delayed" else "5.1.1", mail, action=action)
    assert desk.state_of(mail) == "accepted"


def test_a_mail_to_a_colleague_that_comes_back_is_shown_to_somebody(desk: Desk) -> None:
    owner = one(desk.world, tables.users).id
    mail = desk.sent(recipient_user_id=owner, message_class="internal", address="owner0@halden.example")
    row = desk.bounce(mail=mail)
    assert (row.state, row.reason_code) == ("review", "returned.internal")
    assert desk.suppressed() == set()


def test_of_whoever_is_gone_nothing_is_kept(desk: Desk) -> None:
    with desk.world.database.write() as connection:
        connection.execute(tables.contacts.update().values(erased_at=NOW))
    row = desk.bounce()
    assert (row.state, row.reason_code, row.raw, row.address, row.recipient) == (
        "read",
        "returned.gone",
        None,
        "",
        "",
    )


def test_policy_counts_for_the_sender(desk: Desk) -> None:
    desk.bounce("5.7.1", text="550 5.7.1 Message rejected due to content")
    place = Place(desk.world.database, desk.world.workspace_id, None)
    found = list_messages(place, None, None, "", None, NOW)
    assert found.refused == (("owner0@halden.example", 1),)
    assert list_messages(place, None, None, "", None, NOW + 8 * DAY).refused == ()


@pytest.mark.parametrize(
    ("raw", "code"),
    [(returned.vacation, "returned.colleague_away"), (returned.letter, "returned.from_colleague")],
)
def test_what_a_colleague_sends_back_is_no_word_of_a_contact(desk: Desk, raw: Any, code: str) -> None:
    owner = one(desk.world, tables.users).id
    mail = desk.sent(recipient_user_id=owner, message_class="internal", address="owner0@halden.example")
    assert desk.take(raw(desk.verp(mail))).reason_code == code
    assert desk.events("replied") == desk.rows("tasks") == []
