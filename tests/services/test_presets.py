"""A sequence of one preset of the lifecycle: published under each, running in its own, and no fault elsewhere."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.reasons import Reason
from app.services import gathering
from app.services.attending import enroll
from app.services.authoring.linting import lint
from app.services.authoring.sources import load_folder
from app.services.contacts import ContactFault
from app.services.rehearsing import Wish, rehearse
from app.services.sentences import say
from app.services.viewing import Place
from app.services.viewing.sequences import list_sequences
from app.services.world import World
from app.store import tables
from app.store.database import Database
from config import Settings
from tests.services.authoring import content
from tests.support import line
from tests.support.rules import happen, rows, settle

LIFECYCLE = content.LIFECYCLE.replace(
    "criteria:",
    """\
  other:
    stages:
      target: {gets: [discovery]}
      lead: {gets: [discovery]}
      buyer: {gets: [decision]}
      gone: {kind: side, gets: [adoption, expansion, advocacy, re-engagement]}
    transitions: [{from: target, to: lead}, {from: lead, to: [buyer, gone]}]
criteria:""",
)
OURS = line.LINE.replace("{on: person}", "{on: stage_entered}").replace("topic:", "preset: inbound\ntopic:")
THEIRS = (
    OURS.replace("sequence: line", "sequence: theirs").replace("inbound", "other") + "goal: {stage: buyer}\n"
)
BOTH = OURS.replace("sequence: line", "sequence: both").replace("preset: inbound\n", "")
MAILS = {"discovery/hello": line.MAIL.replace("---\n<", "repeat: true\n---\n<")}


def lay(database: Database, folder: Path, *texts: str, preset: str = "") -> World:
    sequences = texts or (OURS, THEIRS, BOTH)
    return line.lay(
        database, folder, sequences=sequences, mails=MAILS, lifecycle=LIFECYCLE, lifecycle_preset=preset
    )


def lead(world: World) -> UUID:
    (who,) = line.people(world, 1)
    with world.database.write() as connection:
        key = world.library.catalogue(line.NOW).rules.lifecycle.key
        connection.execute(update(tables.contact_stages).values(lifecycle=key))
    return who


def states(world: World) -> dict[str, str]:
    return {key: found.state for key, found in world.library.catalogue(line.NOW).sequences.items()}


def inside(world: World) -> list[str]:
    named = {found.definition_id: key for key, found in world.library.catalogue(line.NOW).sequences.items()}
    return sorted(named[row.definition_id] for row in rows(world, tables.enrollments))


@pytest.mark.parametrize(("preset", "silent"), [("", "theirs"), ("inbound", "theirs"), ("other", "line")])
def test_whoever_enters_a_stage_enters_the_sequences_of_this_preset(
    database: Database, tmp_path: Path, preset: str, silent: str
) -> None:
    world = lay(database, tmp_path, preset=preset)
    assert [key for key, state in states(world).items() if state == "silent"] == [silent]
    who = lead(world)
    happen(world, who, "stage_entered", "lead")
    settle(world)
    assert inside(world) == sorted({"line", "theirs", "both"} - {silent})
    # Nobody's story is filled with the refusals of a sequence that is not in use.
    assert [row.code for row in rows(world, tables.timeline) if row.kind == "not_enrolled"] == []


def test_a_person_is_told_why_not(sqlite_database: Database, tmp_path: Path) -> None:
    world = lay(sqlite_database, tmp_path)
    who = lead(world)
    with pytest.raises(ContactFault) as refused:
        enroll(world, who, "theirs", "she asked", "system", line.NOW)
    reason: Reason = refused.value.reason
    assert (reason.code, reason.params["preset"]) == ("enroll.other_preset", "other")
    told = say(reason.code, reason.params)
    assert told == "the sequence belongs to the preset “other”, which is not in use"


def test_who_is_in_its_segment_stays_outside(sqlite_database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "content" / "sequences" / "segments"
    folder.mkdir(parents=True)
    (folder / "all.yaml").write_text("segment: all\nif: {tag: warm}\n")
    theirs, ours = (text.replace("{on: stage_entered}", "{segment: all}") for text in (THEIRS, BOTH))
    world = lay(sqlite_database, tmp_path, theirs, ours)
    who = lead(world)
    with world.database.write() as connection:
        connection.execute(
            tables.contact_tags.insert().values(
                workspace_id=world.workspace_id, contact_id=who, tag="warm", added_at=line.NOW
            )
        )
    assert gathering.gather(world, line.NOW) == 1
    settle(world)
    assert inside(world) == ["both"]


def test_who_is_inside_goes_on_when_the_preset_changes(sqlite_database: Database, tmp_path: Path) -> None:
    world = lay(sqlite_database, tmp_path)
    who = lead(world)
    happen(world, who, "stage_entered", "lead")
    settle(world)
    before = inside(world)
    with world.database.write() as connection:
        connection.execute(update(tables.contact_stages).values(lifecycle="other"))
    changed = line.reopen(world.database, tmp_path, lifecycle_preset="other")
    assert states(changed)["line"] == "silent"
    assert {row.state for row in rows(changed, tables.enrollments)} == {"sending"}
    assert inside(changed) == before
    told = rehearse(changed, Wish(days=40), line.NOW)
    assert sum(count for (_, key, _), count in told.mails.items() if key == "line") == 1


def test_the_list_of_sequences_says_so(sqlite_database: Database, tmp_path: Path) -> None:
    world = lay(sqlite_database, tmp_path)
    shown = list_sequences(Place(world.database, world.workspace_id, None))
    assert {one.key: one.state for one in shown} == {"line": "live", "both": "live", "theirs": "silent"}


@pytest.mark.parametrize(
    ("text", "preset", "wanted"),
    [
        (THEIRS, "", None),
        (THEIRS, "other", None),
        # A fault is a fault whichever preset is in use: it is held against its own.
        (THEIRS.replace("buyer", "prospect"), "", "There is no stage “prospect”."),
        (THEIRS.replace("buyer", "prospect"), "other", "There is no stage “prospect”."),
        (THEIRS.replace("preset: other", "preset: others"), "", "There is no preset “others”."),
        (THEIRS.replace("preset: other\n", ""), "", "There is no stage “buyer”."),
        (OURS.replace("for: lead", "for: target"), "", "There is no stage “target”."),
    ],
)
def test_lint_holds_it_against_its_own_preset(
    tmp_path: Path, text: str, preset: str, wanted: str | None
) -> None:
    case = content.CASE.replace("topic:", "preset: inbound\ntopic:")
    name = text.splitlines()[0].removeprefix("sequence: ")
    content.write(tmp_path, {
        "sequences/lifecycle.yaml": LIFECYCLE, "sequences/decision/case.yaml": case,
        f"sequences/discovery/{name}.yaml": text,
    })  # fmt: skip
    (tmp_path / "sequences" / "discovery" / "guide.yaml").unlink()
    chosen = Settings(_env_file=None, data_dir=tmp_path, lifecycle_preset=preset)
    found = [one for one in lint(load_folder(tmp_path), chosen, line.NOW) if one.level == "error"]
    assert [one.message for one in found] == ([wanted] if wanted else [])
