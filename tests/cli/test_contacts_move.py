"""`trellis contacts move`: a person may go anywhere the lifecycle knows, and a leap is told as one."""

from uuid import UUID

import pytest
from sqlalchemy import select

from app.services.sentences import because
from app.services.world import World
from app.store import tables
from tests.cli.conftest import Line
from tests.support import line


@pytest.fixture
def anna(command: Line) -> UUID:
    return line.people(command.world, 1)[0]


def story(world: World) -> list[tuple[str, str, dict[str, object]]]:
    query = select(tables.timeline).where(tables.timeline.c.kind.in_(("stage", "stage_refused")))
    with world.database.read() as connection:
        return [
            (row.kind, row.code, row.params)
            for row in connection.execute(query.order_by(tables.timeline.c.at))
        ]


def test_a_move_has_its_reason_and_its_consequences(command: Line, anna: UUID) -> None:
    words = ("contacts", "move", line.address(0))
    assert (
        command.run(*words, "prospect", "--reason", "asked on\n the phone").output
        == "stage: lead → prospect\n"
    )
    assert command.run(*words, "Prospect", "--reason", "again").output == "It was so already.\n"
    [(kind, code, params)] = story(command.world)
    assert (kind, code) == ("stage", "stage.by_person")
    assert (params["from"], params["to"], params["why"]) == ("lead", "prospect", "asked on the phone")
    with command.world.database.read() as connection:
        [event] = connection.execute(select(tables.events)).all()
    assert (event.kind, event.subject, event.payload["by"]) == ("stage_entered", "prospect", "person")


def test_a_leap_is_made_and_told_as_one(command: Line, anna: UUID) -> None:
    command.run("contacts", "move", anna, "gone", "--reason", "no answer")
    told = command.told("contacts", "move", anna, "lead", "--reason", "wrote again")
    assert told == {"contact": str(anna), "from": "gone", "to": "lead", "changed": True}
    [(_, declared, _), (_, code, params)] = story(command.world)
    assert (declared, code) == ("stage.by_person", "stage.leap_by_person")
    assert "past the ways" in because(code, params)


def test_an_unknown_stage_names_the_known_ones(command: Line, anna: UUID) -> None:
    result = command.run("contacts", "move", anna, "king", "--reason", "why not")
    assert result.exit_code == 1
    assert "There is no stage “king”; known: " in result.output
    assert "prospect" in result.output
    assert (
        command.told("contacts", "move", anna, "prospect", "--reason", " ", code=1)["code"]
        == "stage.why_missing"
    )
    assert (
        command.told("contacts", "move", "who@x.it", "prospect", "--reason", "y", code=1)["code"]
        == "contact.unknown"
    )
    assert command.run("contacts", "move", anna, "prospect").exit_code == 2
    assert story(command.world) == []
