"""A reply stops what it is to stop, makes one task, and goes on to the owner; a machine's answer does nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.services.library import Catalogue
from app.services.returned import read_due, replay
from app.services.sending.gating import claim_and_gate
from app.store import tables
from tests.services.returned.conftest import Desk
from tests.support import line, returned
from tests.support.line import NOW
from tests.support.rules import one, told


def reply_address(desk: Desk) -> str:
    return desk.verp(prefix="r").replace("@halden.example", "@re.halden.example")


def test_a_reply_ends_the_sequence_and_calls_back_the_mail_that_waits(desk: Desk) -> None:
    waiting = desk.queue()
    row = desk.take(returned.letter(reply_address(desk)))
    assert (row.what, row.state, row.reason_code, row.confidence) == (
        "reply",
        "read",
        "returned.reply",
        "sealed",
    )
    assert "call on Thursday" in row.said
    assert "unsubscribe" not in row.said
    (event,) = desk.events("replied")
    assert (event.verdict, event.delivery_id, event.subject) == ("human", desk.mail, "discovery/hello")
    desk.settle()
    stay = one(desk.world, tables.enrollments, contact_id=desk.who)
    assert (stay.state, stay.reason_code) == ("ended", "exit.event")
    assert desk.state_of(waiting) == "cancelled"


def test_the_owner_has_a_task_for_a_working_day_with_the_letter_in_its_mail(desk: Desk) -> None:
    row = desk.take(returned.letter(reply_address(desk)))
    (task,) = desk.rows("tasks", kind="reply")
    assert task.title == "Answer Person 0"
    assert task.due_at == NOW + timedelta(days=1)
    assert "call on Thursday" in task.body
    (mail,) = desk.rows("deliveries", message_class="internal")
    assert mail.recipient_user_id == task.owner_id
    assert mail.context == {"task_id": str(task.id), "returned": str(row.id)}


@pytest.mark.parametrize(
    ("to", "head", "confidence"),
    [
        ("hello@halden.example", "In-Reply-To: {id}\n", "thread"),
        ("hello@halden.example", "References: <other@x.example>\n {id}\n", "thread"),
        ("{verp}", "", "sealed"),
    ],
)
def test_a_reply_is_known_by_what_it_answers(desk: Desk, to: str, head: str, confidence: str) -> None:
    found = {"id": returned.id_of(desk.world, desk.mail), "verp": desk.verp()}
    row = desk.take(returned.letter(to.format(**found), head=head.format(**found)))
    assert (row.reason_code, row.confidence) == ("returned.reply", confidence)
    assert len(desk.events("replied")) == 1


def test_sender_and_subject_alone_make_a_task_and_move_nothing(desk: Desk) -> None:
    row = desk.take(returned.letter("hello@halden.example"))
    assert (row.state, row.reason_code, row.confidence) == ("read", "returned.by_subject", "subject")
    assert desk.events("replied") == []
    assert len(desk.rows("tasks", kind="reply")) == 1
    # However many such letters somebody writes, they are one task a day.
    desk.take(returned.letter("hello@halden.example", "And another one", number=2))
    assert len(desk.rows("tasks", kind="reply")) == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"subject": "Re: Something else"}, "returned.unproven"),
        ({"subject": "A subject"}, "returned.unproven"),
        ({"sender": "stranger@else.example"}, "returned.nobody"),
    ],
)
def test_what_fits_less_waits_for_a_person(desk: Desk, changed: dict[str, str], code: str) -> None:
    row = desk.take(returned.letter("hello@halden.example", **changed))
    assert (row.state, row.reason_code) == ("review", code)
    assert desk.events("replied") == desk.rows("tasks") == []


def test_the_same_letter_by_two_ways_is_one_reply(desk: Desk) -> None:
    raw = returned.letter(reply_address(desk))
    desk.take(raw)
    other = desk.take(b"Received: from mailbox.example\r\n" + raw, source="imap")
    assert other.reason_code == "returned.known"
    assert len(desk.events("replied")) == len(desk.rows("tasks", kind="reply")) == 1


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied\n",
        "X-Autoreply: yes\n",
        "Precedence: auto_reply\n",
        "X-Auto-Response-Suppress: All\n",
    ],
)
def test_an_automatic_answer_is_no_reply(desk: Desk, head: str) -> None:
    row = desk.take(returned.vacation(reply_address(desk), head))
    assert (row.what, row.reason_code) == ("auto-reply", "returned.away")
    assert desk.events("replied") == desk.rows("tasks") == []
    assert told(desk.world, desk.who, "auto_reply") == [("auto_reply", "returned.away")]
    desk.settle()
    assert one(desk.world, tables.enrollments, contact_id=desk.who).state != "ended"


def away_until(desk: Desk) -> datetime | None:
    found: datetime | None = one(desk.world, tables.contacts, id=desk.who).away_until
    return found


def passed(desk: Desk, catalogue: Catalogue, at: datetime) -> int:
    taken = claim_and_gate(desk.world, catalogue, at, 10)
    return len(taken.passed) if taken else 0


def test_who_is_away_gets_marketing_after_the_day_they_name(desk: Desk) -> None:
    """Back on 3 December, so what waits goes from the morning of the 4th, where they live."""
    row = desk.take(returned.vacation(reply_address(desk)))
    assert (row.reason_code, row.reason_params) == ("returned.away", {"back": "2026-12-03"})
    midnight = datetime(2026, 12, 3, 23, tzinfo=UTC)  # in Copenhagen
    assert away_until(desk) == midnight
    catalogue = desk.world.library.catalogue(NOW)
    with desk.world.database.write() as connection:
        connection.execute(update(tables.deliveries).values(once=False))
    assert passed(desk, catalogue, NOW + timedelta(days=1)) == 0
    (held,) = desk.rows("deliveries", state="deferred")
    assert (held.reason_code, held.due_at) == ("gate.away", midnight)
    assert held.expires_at < midnight, "by its sequence it would be too late; the days away do not count"
    assert passed(desk, catalogue, midnight + timedelta(hours=10)) == 1
    (told_of,) = desk.rows("timeline", kind="auto_reply")
    assert told_of.params["back"] == "2026-12-03"
    desk.take(returned.letter(reply_address(desk), "I am at my desk after all.", number=2))
    assert away_until(desk) is None


def test_somebody_else_who_is_away_holds_nobody(desk: Desk) -> None:
    raw = returned.vacation(reply_address(desk)).replace(line.address(0).encode(), b"other@elsewhere.example")
    assert desk.take(raw).reason_code == "returned.auto_reply"
    assert away_until(desk) is None


@pytest.mark.parametrize(
    "text", ["Please unsubscribe me.", "Disiscrivetemi, grazie", "Por favor, remova-me da lista",
             "Graag uitschrijven", "Отпишите меня от рассылки"],
)  # fmt: skip
def test_a_reply_that_only_asks_for_no_more_is_obeyed(desk: Desk, text: str) -> None:
    waiting = desk.queue()
    row = desk.take(returned.letter(reply_address(desk), text))
    assert row.reason_code == "returned.leaves"
    assert desk.suppressed() == {"marketing"}
    assert {each.state for each in desk.rows("consents")} == {"withdrawn"}
    assert desk.state_of(waiting) == "cancelled"
    assert desk.events("replied") == []
    assert len(desk.events("unsubscribed")) == 1
    (task,) = desk.rows("tasks", kind="reply")
    assert task.reason_code == "returned.leaves"


def test_whoever_the_mail_was_forwarded_to_takes_nobody_else_off(desk: Desk) -> None:
    row = desk.take(
        returned.letter(reply_address(desk), "Please unsubscribe me.", sender="peter@else.example")
    )
    assert row.reason_code == "returned.reply"
    assert desk.suppressed() == set()
    assert "Please unsubscribe me." in one(desk.world, tables.tasks, kind="reply").body


def test_whoever_forges_such_a_reply_takes_nobody_off(desk: Desk) -> None:
    row = desk.take(returned.letter("hello@halden.example", "Please unsubscribe me."))
    assert row.reason_code == "returned.by_subject"
    assert desk.suppressed() == set()


def test_a_letter_to_nobodys_contact_goes_to_an_admin(desk: Desk) -> None:
    with desk.world.database.write() as connection:
        connection.execute(tables.contacts.update().values(owner_id=None))
        connection.execute(tables.users.update().values(role="admin"))
    desk.take(returned.letter(reply_address(desk)))
    (task,) = desk.rows("tasks", kind="reply")
    (mail,) = desk.rows("deliveries", message_class="internal")
    assert task.owner_id is None
    assert mail.recipient_user_id is not None


def test_without_anybody_to_read_it_no_mail_goes_to_the_contact(desk: Desk) -> None:
    with desk.world.database.write() as connection:
        connection.execute(tables.contacts.update().values(owner_id=None))
    desk.take(returned.letter(reply_address(desk)))
    assert len(desk.rows("tasks", kind="reply")) == 1
    assert desk.rows("deliveries", message_class="internal") == []


def test_a_reply_to_an_uncertain_mail_shows_that_it_arrived(desk: Desk) -> None:
    mail = desk.sent(state="uncertain", accepted_at=None)
    desk.take(returned.letter(desk.verp(mail, "r")))
    assert desk.state_of(mail) == "accepted"


def test_read_again_it_is_the_same_reply(desk: Desk) -> None:
    row = desk.take(returned.letter(reply_address(desk)))
    assert replay(desk.world, [row.id], None, NOW) == 1
    while read_due(desk.world, NOW):
        pass
    assert len(desk.events("replied")) == len(desk.rows("tasks", kind="reply")) == 1
    assert len(desk.rows("deliveries", message_class="internal")) == 1
