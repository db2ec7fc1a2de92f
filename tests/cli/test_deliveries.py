"""`trellis deliveries`, `trellis ledger` and `trellis suppressions`: what is told, and the exit codes."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from app.services.running import run_due
from app.store.tables import consents, contacts, deliveries
from tests.cli.conftest import Line
from tests.support import line


@pytest.fixture
def unsure(lay: Callable[..., Line]) -> tuple[Line, list[str]]:
    command = lay()
    line.enroll(command.world, line.people(command.world, 2))
    while run_due(command.world, line.NOW).taken:
        pass
    with command.world.database.write() as connection:
        connection.execute(update(deliveries).values(state="uncertain", intent_at=line.NOW))
    return command, [mail["id"] for mail in command.told("deliveries", "list", "--state", "uncertain")]


def test_uncertain_mails_are_listed_shown_and_resolved(unsure: tuple[Line, list[str]]) -> None:
    command, (first, second) = unsure
    assert "uncertain" in command.run("deliveries", "list").output
    told = command.told("deliveries", "show", first)
    assert (told["state"], told["template"]) == ("uncertain", "discovery/hello")
    assert command.run("deliveries", "resolve", first, "--why", "x").exit_code == 2
    done = command.told("deliveries", "resolve", first, "--arrived", "--why", "in the log")
    assert done["settled"] == [first]
    assert command.told("deliveries", "resolve", first, "--lost", "--why", "no")["already"] == [first]
    assert command.run("deliveries", "resolve", second, "--again", "--why", "x", stdin=b"n\n").exit_code == 1
    done = command.told("deliveries", "resolve", second, "--again", "--yes", "--why", "never seen")
    assert command.told("deliveries", "show", done["again"][0])["state"] == "queued"
    assert command.told("deliveries", "resolve", UUID(int=4), "--lost", "--why", "x", code=1)["unknown"]
    assert command.told("deliveries", "show", UUID(int=4), code=1)["code"] == "delivery.unknown"
    assert "accepted" in command.run("deliveries", "show", first).output


def test_the_ledger_is_checked(command: Line) -> None:
    assert all(rule["holds"] for rule in command.told("ledger", "check"))
    line.people(command.world, 1)
    told = command.told("ledger", "check", code=1)
    broken = [rule for rule in told if not rule["holds"]]
    assert [rule["rule"] for rule in broken] == ["consents_fold"]
    assert broken[0]["rows"][0]["fault"] == "consent_without_entry"
    assert "STOP  Every consent" in command.run("ledger", "check").output
    with command.world.database.write() as connection:
        connection.execute(consents.delete())
    assert command.run("ledger", "check").exit_code == 0


def test_checking_an_address_says_consent_and_caps_too(command: Line) -> None:
    first, second = line.people(command.world, 2)
    told = command.told("suppressions", "check", line.address(0))
    assert told["contact"] == str(first)
    topics = {each["topic"]: each for each in told["marketing"]["topics"]}
    assert (topics["guides"]["goes"], topics["guides"]["state"]) == (True, "given")
    assert [each["rule"] for each in topics["offers"]["verdicts"]] == ["consent"]
    assert [each["kind"] for each in topics["offers"]["changes"]] == ["give_consent"]
    assert [each["cap"] for each in told["marketing"]["caps"]] == ["1 a day", "3 a week"]
    with command.world.database.write() as connection:
        connection.execute(contacts.update().where(contacts.c.id == second).values(mails_a_week=0))
    output = command.run("suppressions", "check", line.address(1)).output
    assert "guides: no mail goes (consent: given)." in output
    assert "  cap (suppress): " in output
    assert "Cap 1 a day: 0 of 1 used." in output


def test_suppressions_are_kept_from_the_shell(command: Line, tmp_path: Path) -> None:
    assert command.run("suppressions", "add", "x@example.com", "--why", "asked").exit_code == 0
    assert command.told("suppressions", "check", "x@example.com", code=1)["stopped"]
    listed = command.told("suppressions", "list", "--search", "example.com")
    assert [each["value"] for each in listed] == ["x@example.com"]
    assert command.told("suppressions", "lift", listed[0]["id"], "--why", "a mistake")["lifted"]
    assert not command.told("suppressions", "check", "x@example.com")["stopped"]
    assert "no consent is on record" in command.run("suppressions", "check", "x@example.com").output
    file = tmp_path / "left.csv"
    file.write_text("Email Address\ny@example.com\nnonsense\n")
    told = command.told("suppressions", "import", file, "--dry-run")
    assert (told["new"], told["rejected"]) == (1, {"address.invalid": 1})
    assert command.run("suppressions", "import", file).exit_code == 0
    assert "y@example.com" in command.run("suppressions", "export").output
    assert command.run("suppressions", "add", "nonsense", "--why", "x").exit_code == 1
    assert command.run("suppressions", "add", "a@b.example", "--scope", "topic", "--why", "x").exit_code == 1
