"""The rehearsal as a service and as a command: counted right, and nothing written."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from app.cli.rehearse import rehearse as command
from app.cli.shell import Shell
from app.services.rehearsing import RehearsalFault, Wish, rehearse, running
from app.services.world import World
from app.store import rehearsal
from app.store.database import Database
from app.store.tables import metadata, timeline
from tests.scenarios.living import install
from tests.scenarios.small_programme import DECIDE, NURTURE, write
from tests.scenarios.test_rehearsal_equals_live import CONTACTS, SEEDED, populate

FREE = {"sequences/decision/decide.yaml": DECIDE.replace(", at most: 3 a day", "")}


def _world(database: Database, folder: Path, files: dict[str, str] | None = None) -> World:
    world = install(database, folder, SEEDED, lambda content: write(content, files))
    populate(world)
    return world


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    return _world(sqlite_database, tmp_path)


def _rows(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_nothing_is_written_and_the_database_would_not_let_it(database: Database, tmp_path: Path) -> None:
    world = _world(database, tmp_path)
    before = _rows(database)
    tally = rehearse(world, Wish(days=20), SEEDED)
    assert tally.people == CONTACTS
    assert sum(tally.mails.values()) > CONTACTS
    assert _rows(database) == before
    with rehearsal.only_looking(database) as connection, pytest.raises(DBAPIError):
        connection.execute(insert(timeline).values(id=world.workspace_id))
    # The connection that goes back to the pool writes again.
    with database.write() as connection:
        connection.execute(timeline.delete())


def test_what_is_counted_adds_up(world: World) -> None:
    told = rehearse(world, Wish(days=40, respond="typical"), SEEDED).as_json()
    assert told["mails"] == sum(row["count"] for row in told["mails_a_day"])
    entered = sum(row["contacts"] for row in told["entered"])
    dead_ends = sum(row["count"] for row in told["dead_ends"])
    assert 0 < dead_ends <= CONTACTS
    assert told["at_the_end"] == []
    after_a_week = rehearse(world, Wish(days=6), SEEDED).as_json()
    assert 0 < sum(row["count"] for row in after_a_week["at_the_end"]) <= entered
    assert {row["mail"] for row in told["cap_conflicts"]} == {"deferred", "dropped", "replaced"}
    assert {"sequence": "nurture", "step": "last"}.items() <= told["exhausted"][0].items()
    lost = {(row["state"], row["reason"]) for row in told["mails_not_sent"]}
    assert {
        ("suppressed", "gate.consent_withdrawn"),
        ("suppressed", "gate.no_address"),
        ("expired", "gate.late"),
    } <= lost


def test_one_sequence_is_told_of_while_all_run(world: World) -> None:
    everything = rehearse(world, Wish(days=20), SEEDED)
    one = rehearse(world, Wish(("nurture",), days=20), SEEDED)
    assert {sequence for _, sequence, _ in one.mails} == {"nurture"}
    assert one.mails == {key: n for key, n in everything.mails.items() if key[1] == "nurture"}


def test_several_processes_come_to_the_same(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = _world(sqlite_database, tmp_path, FREE)
    alone = rehearse(world, Wish(days=20, respond="typical"), SEEDED, processes=1)
    monkeypatch.setattr(running, "WORTH_SHARING", 10)
    assert rehearse(world, Wish(days=20, respond="typical"), SEEDED, processes=3).as_json() == alone.as_json()


def test_people_answer_the_same_until_the_seed_is_another(world: World) -> None:
    def told(seed: int) -> Any:
        return rehearse(world, Wish(days=30, respond="typical", seed=seed), SEEDED).as_json()

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_a_draft_stands_in_for_the_published_version(world: World) -> None:
    draft = NURTURE.replace("- hello: {send: discovery/hello}", "- hello: {send: discovery/news-1}")
    mails = rehearse(world, Wish(("nurture",), days=20, drafts=(draft,)), SEEDED).mails
    assert "discovery/news-1" in {template for _, _, template in mails}
    assert "discovery/hello" not in {template for _, _, template in rehearse(
        world, Wish(("nurture",), days=3, drafts=(draft,)), SEEDED
    ).mails}  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(("nurtre",)), "There is no sequence nurtre. There are: decide, digest, nurture."),
        (Wish(days=0), "0 days cannot be rehearsed"),
        (Wish(drafts=(NURTURE.replace("discovery/nudge", "discovery/nuge"),)), "sends discovery/nuge"),
        (Wish(drafts=(NURTURE.replace("for: lead", "for: leads"),)), "is no stage"),
    ],
)
def test_a_wish_that_does_not_fit_is_refused_with_the_remedy(world: World, wish: Wish, said: str) -> None:
    with pytest.raises(RehearsalFault, match=said):
        rehearse(world, wish, SEEDED)


def test_the_command_prints_it_for_people_and_for_programs(world: World) -> None:
    shell = Shell(world.settings, world.database, world.workspace_id)
    read = CliRunner().invoke(command, ["--days", "9"], obj=shell)
    assert read.exit_code == 0, read.output
    assert f"{CONTACTS} contacts, 9 days ahead" in read.output
    printed = CliRunner().invoke(command, ["nurture", "--days", "9", "--json"], obj=shell)
    assert json.loads(printed.output)["contacts"] == CONTACTS
    wrong = CliRunner().invoke(command, ["nobody"], obj=shell)
    assert wrong.exit_code == 1
    assert "There is no sequence nobody" in wrong.output


def test_a_draft_with_a_fault_names_the_line(world: World, tmp_path: Path) -> None:
    path = tmp_path / "nurture.yaml"
    path.write_text(NURTURE.replace("wait: 2 working days", "wait: 2 working dayz"))
    shell = Shell(world.settings, world.database, world.workspace_id)
    wrong = CliRunner().invoke(command, ["--with", str(path)], obj=shell)
    assert wrong.exit_code == 1
    assert "line 12" in wrong.output
