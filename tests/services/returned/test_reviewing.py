"""What waits for a person: given to a contact, put aside, read again; failures, kills and the end of keeping."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from app.services.returned import accept, assign, dismiss, forget_old, keeping, read_due, replay, working
from app.services.returned.reviewing import ReviewFault
from app.store import tables
from tests.services.returned.conftest import Desk
from tests.support import line, returned
from tests.support.line import NOW
from tests.support.rules import one

DAY = timedelta(days=1)
NOBODY = UUID(int=7)


def test_a_person_may_say_whose_bounce_it_is_and_then_it_counts(desk: Desk) -> None:
    row = desk.take(returned.report("hello@halden.example", line.address(0)))
    assert row.state == "review"
    came = assign(desk.world, row.id, desk.who, None, NOW)
    assert (came.state, came.code) == ("read", "returned.bounce_hard")
    assert desk.suppressed() == {"address"}
    assert one(desk.world, tables.inbound_messages, id=row.id).confidence == "person"
    (audit,) = desk.rows("audit_entries", action="inbound.assigned")
    assert audit.detail == {"contact": str(desk.who)}
    with pytest.raises(ReviewFault) as caught:
        assign(desk.world, row.id, desk.who, None, NOW)
    assert caught.value.reason.code == "returned.not_open"


def test_a_letter_given_to_a_contact_is_their_reply(desk: Desk) -> None:
    row = desk.take(returned.letter("hello@halden.example", sender="anna@private.example"))
    assign(desk.world, row.id, desk.who, None, NOW)
    (event,) = desk.events("replied")
    assert event.delivery_id is None
    assert len(desk.rows("tasks", kind="reply")) == 1
    desk.settle()
    assert one(desk.world, tables.enrollments, contact_id=desk.who).state == "ended"


def test_what_is_put_aside_moves_nothing_and_stays_so(desk: Desk) -> None:
    row = desk.take(returned.report("hello@halden.example", line.address(0)))
    dismiss(desk.world, row.id, "  an old\nlist ", None, NOW)
    kept = one(desk.world, tables.inbound_messages, id=row.id)
    assert (kept.state, kept.reason_params) == ("dismissed", {"why": "an old list"})
    assert replay(desk.world, [], None, NOW) == 0
    with pytest.raises(ReviewFault):
        dismiss(desk.world, row.id, "", None, NOW)


@pytest.mark.parametrize("who", [NOBODY, None])
def test_nobody_and_nothing_are_refused(desk: Desk, who: UUID | None) -> None:
    row = desk.take(returned.report("hello@halden.example", line.address(0)))
    with pytest.raises(ReviewFault):
        assign(desk.world, NOBODY if who is None else row.id, who or desk.who, None, NOW)
    assert one(desk.world, tables.inbound_messages, id=row.id).state == "review"


def test_one_bad_message_stops_no_other_and_is_put_aside_after_some_tries(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = working.act

    def broken(*given: object) -> object:
        if given[5].what == "complaint":  # type: ignore[attr-defined]
            raise ValueError("no such luck")
        return act(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(working, "act", broken)
    bad = accept(desk.world, returned.complaint("fbl@halden.example", desk.original()), "pipe", NOW)
    good = accept(desk.world, returned.report(desk.verp(), line.address(0)), "pipe", NOW)
    assert read_due(desk.world, NOW) == 2
    assert one(desk.world, tables.inbound_messages, id=good.id).state == "read"
    for day in range(1, 8):
        read_due(desk.world, NOW + day * DAY)
    row = one(desk.world, tables.inbound_messages, id=bad.id)
    assert (row.state, row.reason_code, row.reason_params) == (
        "failed",
        "returned.failed",
        {"error": "ValueError"},
    )
    assert desk.events("complained") == []
    monkeypatch.undo()
    assert replay(desk.world, [], None, NOW + 9 * DAY) == 1
    read_due(desk.world, NOW + 9 * DAY)
    assert len(desk.events("complained")) == 1


@pytest.mark.parametrize("where", ["act", "find", "read_message"])
def test_whoever_is_killed_between_keeping_and_acting_acts_once_afterwards(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    kept = accept(desk.world, returned.letter(desk.verp(prefix="r")), "pipe", NOW)

    def killed(*_given: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(working, where, killed)
        with pytest.raises(SystemExit):
            read_due(desk.world, NOW)
    assert one(desk.world, tables.inbound_messages, id=kept.id).state == "new"
    assert read_due(desk.world, NOW) == 0
    assert read_due(desk.world, NOW + timedelta(minutes=3)) == 1
    assert one(desk.world, tables.inbound_messages, id=kept.id).state == "read"
    assert len(desk.events("replied")) == len(desk.rows("tasks", kind="reply")) == 1


def test_a_message_that_kills_its_reader_every_time_is_put_aside(desk: Desk) -> None:
    kept = accept(desk.world, returned.letter("x@halden.example"), "pipe", NOW)
    with desk.world.database.write() as connection:
        connection.execute(update(tables.inbound_messages).values(failures=working.MOST_FAILURES))
    read_due(desk.world, NOW)
    assert one(desk.world, tables.inbound_messages, id=kept.id).state == "failed"


@pytest.mark.parametrize(
    "raw",
    [b"\0", b"\xff" * 2000, b"From: \0a@b\r\nSubject: =?utf-8?b?////?=\r\n\r\n\0", b"Subject: \xed\xa0\x80\r\n\r\nx",
     b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n" * 5000, b"To: " + b"b-" * 40_000,
     b"In-Reply-To: " + b"<" + b"a" * 46 + b"@x>" * 3000 + b"\r\n\r\n", "Subject: 🙂\r\n\r\n".encode() * 300],
    ids=["NUL", "no text", "NULs", "half a pair", "many parts", "long To", "many references", "emoji"],
)  # fmt: skip
def test_nonsense_is_kept_for_review_or_read_and_moves_nobody(desk: Desk, raw: bytes) -> None:
    row = desk.take(raw)
    assert row.state in ("review", "read")
    assert desk.suppressed() == set()
    assert desk.rows("tasks") == []


def test_what_is_far_too_long_is_cut(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "LARGEST", 4000)
    raw = returned.report(desk.verp(), line.address(0)) + b"x" * 9000
    row = desk.take(raw)
    assert (row.size, len(row.raw)) == (len(raw), 4000)
    assert row.what == "bounce"


def test_after_its_time_nothing_personal_is_left_and_what_came_of_it_is(desk: Desk) -> None:
    row = desk.take(returned.letter(desk.verp(prefix="r")), recipient=desk.verp(prefix="r"))
    assert forget_old(desk.world, NOW + 89 * DAY) == 0
    assert forget_old(desk.world, NOW + 91 * DAY) == 1
    kept = one(desk.world, tables.inbound_messages, id=row.id)
    personal = [
        c.name
        for c in tables.inbound_messages.c
        if c.info["data"] == "personal" and c.name != "reason_params"
    ]
    assert {name: getattr(kept, name) for name in personal if getattr(kept, name) not in (None, "")} == {}
    assert (kept.state, kept.what, kept.contact_id) == ("read", "reply", desk.who)
    assert not accept(desk.world, bytes(row.raw), "imap", NOW, recipient=desk.verp(prefix="r")).is_new
