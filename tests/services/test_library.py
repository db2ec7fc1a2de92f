"""What is in force: read once, renewed when something is published, pinned for those inside."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from app.services.authoring.applying import apply
from app.services.authoring.sources import load_folder
from app.services.ids import new_id
from app.services.library import Catalogue, Library
from app.services.reading import Unreadable
from app.services.world import World
from app.store.database import Database
from app.store.tables import definition_versions, definitions, template_variants, workspaces
from tests.services.authoring import content
from tests.support.line import NOW, reopen, settings_for
from tests.support.rules import change, rows


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return _laid(database, tmp_path)


def _laid(database: Database, folder: Path) -> World:
    workspace = {"id": new_id(NOW), "key": "main", "name": "Main", "is_demo": False, "created_at": NOW}
    with database.write() as connection:
        connection.execute(insert(workspaces).values(**workspace))
    settings = settings_for(folder, database)
    apply(database, workspace["id"], load_folder(content.write(folder / "content")), settings, NOW)  # type: ignore[arg-type]
    return reopen(database, folder)


def publish(world: World, folder: Path, files: dict[str, str]) -> None:
    sources = load_folder(content.write(folder / "content", files))
    apply(world.database, world.workspace_id, sources, world.settings, NOW)


def catalogue(world: World) -> Catalogue:
    return world.library.catalogue(NOW)


def test_all_of_it_is_there(world: World) -> None:
    found = catalogue(world)
    assert set(found.sequences) == {"guide", "case"}
    assert set(found.templates) == {"discovery/hello", "discovery/more", "decision/case"}
    assert found.rules.lifecycle.key == "inbound"
    assert set(found.setting.programme.topics) == {"guides", "offers"}
    assert list(found.setting.segments) == ["warm"]
    assert [version.sequence.key for version in found.for_stage("lead")] == ["guide"]
    assert found.by_definition[found.sequences["case"].definition_id] is found.sequences["case"]
    # NOW is in 2026: the holidays of the year before and after are known as well.
    days = found.setting.programme.calendar.holidays["DK"]
    assert {day.year for day in days} >= {2025, 2026, 2027}


def test_it_is_the_same_until_something_changes(world: World, tmp_path: Path) -> None:
    before = catalogue(world)
    assert catalogue(world) is before
    publish(world, tmp_path, {"sequences/discovery/guide.yaml": content.GUIDE.replace("2 days", "5 days")})
    after = catalogue(world)
    assert after is not before
    assert after.sequences["guide"].number == 2
    assert after.sequences["case"].sequence is before.sequences["case"].sequence
    assert after.templates["discovery/hello"] is before.templates["discovery/hello"]


@pytest.mark.parametrize("state", ["paused", "archived"])
def test_pausing_and_archiving_are_seen_at_once(world: World, state: str) -> None:
    assert catalogue(world).sequences["guide"].state == "live"
    change(world, definitions, {"key": "guide"}, state=state)
    assert catalogue(world).sequences["guide"].state == state
    assert catalogue(world).for_stage("lead") == []


def test_a_new_year_renews_the_holidays(world: World) -> None:
    before = catalogue(world)
    assert world.library.catalogue(NOW + timedelta(days=60)) is not before


def test_people_inside_keep_their_version(world: World, tmp_path: Path) -> None:
    first = catalogue(world).sequences["guide"]
    publish(world, tmp_path, {"sequences/discovery/guide.yaml": content.GUIDE.replace("2 days", "5 days")})
    now = catalogue(world).sequences["guide"]
    assert world.library.pinned(first.version_id).sequence == first.sequence
    assert now.sequence != first.sequence
    other = reopen(world.database, tmp_path)
    assert other.library.pinned(first.version_id).sequence == first.sequence
    with pytest.raises(Unreadable):
        world.library.pinned(new_id(NOW))


def test_a_locale_finds_its_variant_or_the_original(world: World) -> None:
    template = catalogue(world).templates["discovery/hello"]
    assert template.for_locale("it")[0] == template.for_locale("it-CH")[0] == "it"
    assert template.for_locale("ru")[0] == template.for_locale("en")[0] == ""
    assert template.for_locale("it")[1] != template.for_locale("en")[1]


def test_a_text_that_cannot_be_read_is_named_with_its_line(world: World) -> None:
    number = content.LIFECYCLE.splitlines().index("  caps: [1 a day, 3 a week]") + 1
    version = next(row for row in rows(world, definition_versions) if row.source == content.LIFECYCLE)
    broken = content.LIFECYCLE.replace("3 a week", "3 a fortnight")
    change(world, definition_versions, {"id": version.id}, source=broken)
    with pytest.raises(Unreadable, match=f"lifecycle, line {number}"):
        catalogue(world)


def test_a_template_that_was_never_compiled_says_what_to_do(world: World) -> None:
    with world.database.write() as connection:
        connection.execute(template_variants.delete())
    with pytest.raises(Unreadable, match="trellis sequences apply"):
        catalogue(world)


def test_an_empty_workspace_says_what_to_do(database: Database, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="trellis sequences apply"):
        Library(database, new_id(NOW)).catalogue(NOW)
