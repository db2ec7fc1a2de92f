"""`trellis events` as it is typed."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.store import tables
from tests.cli.conftest import Line
from tests.support import line


@pytest.fixture
def anna(command: Line) -> UUID:
    return line.people(command.world, 1)[0]


def events_of(command: Line) -> list[tuple[str, str, str]]:
    query = select(tables.events).order_by(tables.events.c.occurred_at)
    with command.world.database.read() as connection:
        return [(row.kind, row.subject, row.topics) for row in connection.execute(query)]


def test_one_event_by_address_and_by_id(command: Line, anna: UUID) -> None:
    words = ("events", "add", line.address(0), "visited", "--subject", "pricing", "--topics", "pricing, demo")
    told = ("--at", "2026-11-20T10:00:00+01:00", "--key", "v-1", "--data", '{"page": "/p"}')
    assert command.run(*words, *told).output == "Written down; the engine reacts to it.\n"
    assert command.run(*words, *told).output == "It was known already.\n"
    assert command.told("events", "add", anna, "custom:fair-2026")["new"] is True
    assert events_of(command) == [("visited", "pricing", ",pricing,demo,"), ("custom:fair-2026", "", "")]


@pytest.mark.parametrize(
    ("words", "exit_code", "text"),
    [(("who@x.it", "visited"), 1, "There is no contact who@x.it"), ((line.address(0), "danced"), 1, "custom:<name>"),
     ((line.address(0), "visited", "--at", "2031-01-01T00:00:00Z"), 1, "still to come"),
     ((line.address(0), "visited", "--at", "2026-01-01"), 1, "names no zone"),
     ((line.address(0), "visited", "--data", "{"), 2, "--data is no JSON"),
     ((line.address(0), "visited", "--data", "[1]"), 2, "no JSON object")],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_remedy(
    command: Line, anna: UUID, words: tuple[str, ...], exit_code: int, text: str
) -> None:
    result = command.run("events", "add", *words)
    assert (result.exit_code, events_of(command)) == (exit_code, [])
    assert text in result.output


def test_a_file_with_a_bad_line(command: Line, anna: UUID, tmp_path: Path) -> None:
    good = {"contact": line.address(0), "kind": "downloaded", "at": "2026-11-20T10:00:00Z", "key": "d-1"}
    path = tmp_path / "events.jsonl"
    path.write_text(f"{json.dumps(good)}\n{{\n{json.dumps({**good, 'key': 'd-2'})}\n")
    result = command.run("events", "import", path)
    assert result.exit_code == 1
    assert "2 new, 0 known already, 1 refused." in result.output
    assert "  line 2: The line is no JSON object" in result.output
    told = command.told("events", "import", "-", code=1, stdin=path.read_bytes())
    assert (told["new"], told["known"], told["refused"]) == (0, 2, 1)
    assert [(each["line"], each["code"]) for each in told["problems"]] == [(2, "event.not_json")]
    path.write_text(json.dumps(good))
    assert command.told("events", "import", path)["known"] == 1
