"""`trellis contacts export` and `erase`: what a person may ask of us, done by the team."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from app.store.tables import audit_entries, contacts, identities
from tests.cli.conftest import Line
from tests.support import line

WHO = "person0@example.com"


@pytest.fixture
def command(lay: Callable[..., Line]) -> Line:
    made = lay()
    line.people(made.world, 2)
    return made


def test_the_copy_is_a_file_for_its_reader_alone(command: Line, tmp_path: Path) -> None:
    target = tmp_path / "anna.zip"
    result = command.run("contacts", "export", WHO, "--to", target)
    assert result.exit_code == 0, result.output
    assert "Give it to nobody but the person" in result.output
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    told = json.loads(ZipFile(target).read("my-data.json"))["tables"]
    assert [row["shown_as"] for row in told["identities"]] == [WHO]
    assert command.told("contacts", "export", WHO)["tables"] == told
    assert "person1@" not in json.dumps(told)


def test_erasing_needs_a_reason_and_a_yes(command: Line) -> None:
    assert "--reason" in command.run("contacts", "erase", WHO).output
    refused = command.run("contacts", "erase", WHO, "--reason", "asked by phone", stdin=b"n\n")
    assert refused.exit_code == 1
    assert command.told("contacts", "show", WHO)["addresses"] == [WHO]


def test_the_erased_is_nobody_and_the_reason_stands_in_the_audit_log(command: Line) -> None:
    told = command.told("contacts", "erase", WHO, "--reason", f"asked by phone as {WHO}")
    assert told["rows"] > 0
    assert told["files_left"] == []
    assert command.run("contacts", "show", WHO).exit_code == 1
    assert command.run("contacts", "erase", told["contact"], "--reason", "again", "--yes").exit_code == 1
    with command.world.database.read() as connection:
        entry = connection.execute(
            select(audit_entries).where(audit_entries.c.action == "contact.erased")
        ).one()
        assert (entry.subject, entry.detail) == (
            told["contact"],
            {"by": "system", "why": "asked by phone as"},
        )
        assert connection.execute(select(identities.c.value)).scalars().all() == ["person1@example.com"]
        assert len(connection.execute(select(contacts)).all()) == 2, "statistics stay"


def test_a_file_that_still_names_them_is_told(command: Line) -> None:
    note = command.world.settings.data_dir / "notes.txt"
    note.write_text(f"call {WHO.upper()} back")
    told = command.told("contacts", "erase", WHO, "--reason", "asked")
    assert told["files_left"] == ["notes.txt"]
