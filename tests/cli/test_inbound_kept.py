"""`trellis inbound` as a mail server and as a person types it: kept, listed, settled, read again."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.inbound_kept import TRY_AGAIN
from app.services.returned import read_due
from app.store import tables
from config import Settings
from tests.cli.conftest import Line
from tests.support import line, returned
from tests.support.line import NOW
from tests.support.rules import one

NOBODY = "00000000-0000-0000-0000-000000000007"


def kept(command: Line, raw: bytes) -> str:
    """The id of a message that was piped in and read."""
    found = command.told("inbound", "--recipient", "x@halden.example", stdin=raw)
    read_due(command.world, command.shell.now())
    return str(found["id"])


@pytest.fixture
def bounce(command: Line) -> str:
    line.people(command.world, 1)
    return kept(command, returned.report("hello@halden.example", line.address(0)))


def test_what_waits_for_a_person_is_told_with_exit_code_one(command: Line, bounce: str) -> None:
    (told,) = command.told("inbound", "review", code=1)
    assert (told["id"], told["state"], told["what"], told["kind"]) == (bounce, "review", "bounce", "hard")
    assert told["because"].startswith("It names a contact")
    assert command.told("inbound", "list", "--state", "read") == []
    assert [each["id"] for each in command.told("inbound", "list", "--search", "PERSON0@")] == [bounce]
    assert "for a person" not in command.run("inbound", "list").output
    assert command.told("inbound", "show", bounce)["enhanced"] == "5.1.1"
    assert b"User unknown" in command.run("inbound", "show", bounce, "--raw").stdout_bytes
    assert command.told("inbound", "show", NOBODY, code=1)["code"] == "returned.unknown"


def test_it_is_given_to_a_contact_once(command: Line, bounce: str) -> None:
    assert command.told("inbound", "assign", bounce, "nobody@x.example", code=1)["code"] == "contact.unknown"
    assert command.told("inbound", "assign", bounce, line.address(0))["code"] == "returned.bounce_hard"
    assert one(command.world, tables.suppressions).scope == "address"
    assert command.told("inbound", "assign", bounce, line.address(0), code=1)["code"] == "returned.not_open"
    assert command.run("inbound", "review").output == "None.\n"


def test_it_is_put_aside_and_read_again(command: Line, bounce: str) -> None:
    assert command.run("inbound", "replay").output == "1 are read again.\n"
    read_due(command.world, command.shell.now())
    assert command.run("inbound", "dismiss", bounce, "--reason", "old").output == "Put aside.\n"
    assert command.told("inbound", "replay") == {"replayed": 0}
    assert command.told("inbound", "dismiss", bounce, code=1)["code"] == "returned.not_open"
    assert command.run("inbound", "assign", "nonsense", "x").exit_code == 2


def test_an_empty_pipe_is_used_wrongly(command: Line) -> None:
    assert command.run("inbound", stdin=b" \n").exit_code == 2


@pytest.mark.parametrize("url", ["", "postgresql+psycopg://nobody@127.0.0.1:1/none"])
def test_where_it_cannot_be_kept_the_mail_server_is_to_try_again(tmp_path: Path, url: str) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path / "none", database_url=url)  # type: ignore[call-arg]
    found = CliRunner().invoke(main, ["inbound"], obj=settings, input=b"From: a@b.example\n\nx")
    assert found.exit_code == TRY_AGAIN
    assert "may come again" in found.stderr
    assert found.stdout == ""


def test_a_wrong_setting_sends_nothing_back_to_whoever_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRELLIS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TRELLIS_PORT", "cheese")
    found = CliRunner().invoke(main, ["inbound"], input=b"From: a@b.example\n\nx")
    assert found.exit_code == TRY_AGAIN
    assert "TRELLIS_PORT" in found.stderr


def test_the_list_is_json_for_programs(command: Line, bounce: str) -> None:
    assert json.loads(command.run("inbound", "list", "--json").stdout)[0]["received_at"] > NOW.isoformat()[:4]
