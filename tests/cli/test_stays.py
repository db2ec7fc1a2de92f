"""`trellis contacts enroll | exit | go-on`: by hand, with a reason that stands in the contact's story."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.runtime import clock
from app.services.enrolling import admit_due
from app.services.running import run_due
from app.services.sentences import because
from app.store import tables
from tests.cli.conftest import Line
from tests.support import line

ANNA = line.address(0)


@pytest.fixture
def anna(command: Line) -> UUID:
    return line.people(command.world, 1)[0]


def rows(command: Line, table: str) -> list[Any]:
    chosen = getattr(tables, table)
    with command.world.database.read() as connection:
        return list(connection.execute(select(chosen).order_by(chosen.c.id)))


def story(command: Line, *kinds: str) -> list[tuple[str, str, str]]:
    return [
        (row.kind, because(row.code, row.params), row.actor)
        for row in rows(command, "timeline")
        if row.kind in kinds
    ]


def enrolled(command: Line) -> None:
    assert command.run("contacts", "enroll", ANNA, "line", "--reason", "asked on\n the phone").exit_code == 0
    assert admit_due(command.world, clock.now()) == 1


def test_a_colleague_takes_somebody_in(command: Line, anna: UUID) -> None:
    told = command.run("contacts", "enroll", ANNA, "line", "--reason", "asked on\n the phone").output
    assert told == "Asked to enter line: the running engine lets them in at its next tick.\n"
    assert admit_due(command.world, clock.now()) == 1
    [stay] = rows(command, "enrollments")
    assert (stay.contact_id, stay.entered_by, stay.state) == (anna, "person", "due")
    assert story(command, "enrolled") == [("enrolled", "a colleague said so: asked on the phone", "system")]


def test_what_the_door_would_refuse_is_told_at_once(command: Line, anna: UUID) -> None:
    enrolled(command)
    words = ("contacts", "enroll", ANNA)
    assert command.told(*words, "line", "--reason", "x", code=1)["code"] == "enroll.already_inside"
    assert command.told(*words, "nowhere", "--reason", "x", code=1)["code"] == "enroll.unknown"
    assert command.told(*words, "line", "--reason", " ", code=1)["code"] == "stay.why_missing"
    assert command.run(*words, "line").exit_code == 2
    assert "There is no contact" in command.run("contacts", "enroll", "a@b.c", "line", "--reason", "x").output
    assert len(rows(command, "admissions")) == 1


def test_a_colleague_takes_somebody_out_and_the_waiting_mail_is_cancelled(command: Line, anna: UUID) -> None:
    enrolled(command)
    run_due(command.world, clock.now())
    assert [mail.state for mail in rows(command, "deliveries")] == ["queued"]
    words = ("contacts", "exit", anna, "line", "--reason", "is a supplier")
    assert command.run(*words).output == "Out of line.\n"
    [stay], [mail] = rows(command, "enrollments"), rows(command, "deliveries")
    assert (stay.state, stay.reason_code, stay.due_at) == ("ended", "exit.by_person", None)
    assert (mail.state, mail.reason_params) == ("cancelled", {"why": "exit.by_person"})
    assert story(command, "ended") == [("ended", "a colleague ended it: is a supplier", "system")]
    assert command.told(*words, code=1)["code"] == "enrollment.not_inside"


def test_who_waits_at_the_door_is_called_off(command: Line, anna: UUID) -> None:
    command.run("contacts", "enroll", ANNA, "line", "--reason", "a mistake")
    assert command.run("contacts", "exit", ANNA, "line", "--reason", "mine").exit_code == 0
    assert admit_due(command.world, clock.now()) == 0
    assert rows(command, "enrollments") == []
    assert story(command, "not_enrolled") == [("not_enrolled", "a colleague called it off: mine", "system")]


def test_who_is_parked_goes_on(command: Line, anna: UUID) -> None:
    enrolled(command)
    words = ("contacts", "go-on", ANNA)
    assert command.told(*words, code=1)["code"] == "parked.nowhere"
    parked = {"state": "parked", "due_at": None, "failures": 5, "visits": {"hello": 1000}}
    with command.world.database.write() as connection:
        connection.execute(update(tables.enrollments).values(**parked))
    assert command.told(*words, "other", code=1)["code"] == "parked.not_here"
    assert command.told(*words, "line")["sequences"] == ["line"]
    [stay] = rows(command, "enrollments")
    assert (stay.state, stay.failures, stay.due_at is not None) == ("due", 0, True)
    assert story(command, "step") == [("step", "a colleague lets them go on", "system")]
    assert run_due(command.world, clock.now()).saved == 1
    assert [mail.state for mail in rows(command, "deliveries")] == ["queued"]
    assert command.run(*words).exit_code == 1
