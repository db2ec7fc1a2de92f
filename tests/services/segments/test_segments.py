"""Segments read, counted, published as versions and put away."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from app.services.library import Catalogue
from app.services.segments import changing, counting, showing
from app.services.segments.changing import SegmentFault, publish, review
from app.services.segments.reading import fields_of, read
from app.services.world import World
from app.store import bounded
from app.store.database import Database
from app.store.tables import audit_entries, contact_tags, definition_versions
from tests.support.line import NOW, lay, people
from tests.support.rules import rows

WARM = "segment: warm\nlabel: {en: Warm, it: Caldi}\nif: {tag: warm}\n"
BEGINS = (
    "sequence: begins\nfor: lead\ntopic: guides\nenter: {segment: warm}\nsteps:\n  - pause: {wait: 3 days}\n"
)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    folder = tmp_path / "content/sequences/segments"
    folder.mkdir(parents=True)
    (folder / "warm.yaml").write_text(WARM)
    return lay(database, tmp_path, sequences=(BEGINS,))


def catalogue(world: World) -> Catalogue:
    return world.library.catalogue(NOW)


def tag(world: World, *who: object, word: str = "warm") -> None:
    with world.database.write() as connection:
        values = [
            {"contact_id": one, "tag": word, "workspace_id": world.workspace_id, "added_at": NOW}
            for one in who
        ]
        connection.execute(insert(contact_tags), values)


def put(world: World, text: str, base: int = 0) -> str:
    return publish(world, text, fields_of(world), NOW, None, base=base)


def fault_of(world: World, text: str, base: int = 0) -> str:
    with pytest.raises(SegmentFault) as caught:
        put(world, text, base)
    return caught.value.reason.code


def test_the_list_names_users_and_the_kept_count(world: World) -> None:
    tag(world, *people(world, 3)[:2])
    [line] = showing.list_segments(world, catalogue(world))
    assert (line.key, line.version, line.counted, line.is_list) == ("warm", 1, None, False)
    assert line.uses == (showing.Use("sequence", "begins", begins=True),)
    assert counting.count_all(world, NOW) == 1
    [line] = showing.list_segments(world, catalogue(world))
    assert line.counted is not None
    assert (line.counted.people, line.counted.more, line.counted.at) == (2, False, NOW)


def test_one_segment_with_its_people(world: World) -> None:
    who = people(world, 3)
    tag(world, *who[:2])
    page = showing.look_at(world, catalogue(world), "warm", NOW)
    assert page is not None
    assert page.counted.people == 2
    assert page.people is not None
    assert [(one.id, one.address, one.stage) for one in page.people] == [
        (who[0], "person0@example.com", "lead"), (who[1], "person1@example.com", "lead"),
    ]  # fmt: skip
    assert showing.look_at(world, catalogue(world), "cold", NOW) is None


def test_publishing_says_first_who_comes_in_and_who_goes_out(world: World) -> None:
    who = people(world, 5)
    tag(world, *who[:3])
    tag(world, *who[2:], word="hot")
    found = read("segment: warm\nlabel: Warm\nif: {tag: hot}\n", catalogue(world), fields_of(world), "warm")
    seen = review(world, catalogue(world), found, NOW)
    assert seen.coming is not None
    assert seen.going is not None
    assert (seen.base, seen.inside.people, seen.coming.people, seen.going.people) == (1, 3, 2, 2)
    assert [use.key for use in seen.uses] == ["begins"]
    put(world, found.text, base=1)
    assert showing.look_at(world, catalogue(world), "warm", NOW).counted.people == 3  # type: ignore[union-attr]
    assert [row.number for row in rows(world, definition_versions, source=found.text)] == [2]
    acts = [row.detail for row in rows(world, audit_entries, action="definition.published")]
    assert acts == [{"key": "warm", "kind": "segment", "version": 2}]


def test_publishing_twice_is_once_and_an_older_base_is_refused(world: World) -> None:
    text = "segment: warm\nlabel: Warm\nif: {tag: hot}\n"
    assert [put(world, text, 1), put(world, text, 1)] == ["warm", "warm"]
    with world.database.read() as connection:
        numbers = connection.execute(
            select(definition_versions.c.number).where(
                definition_versions.c.source.startswith("segment: warm")
            )
        ).scalars()
        assert sorted(numbers) == [1, 2]
    assert fault_of(world, text.replace("hot", "cold"), 1) == "segment.stale"
    assert fault_of(world, text.replace("hot", "cold"), 0) == "segment.taken"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1), ("if: {tag: a}", 1), ("segment: x", 1), ("segment: x\nif: {tag: ''}", 2), ("segment: X\nif: {tag: a}", 1),
        ("segment: x\nif:\n  any:\n    - {tag: a}\n    - {tga: b}\n", 5), ("segment: x\nif: {stage: nowhere}", 2),
        ("segment: x\nif: {tag: a}\nelse: 1", 3), ("segment: x\nif: {segment: x}", 2), ("segment: x\nif: [", 2),
        ("segment: x\nif: {field: size, at least: soon}", 2), ("segment: x\nif: {tag: \"a\\0b\"}", 2),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_nothing_is_published(
    world: World, text: str, line: int
) -> None:
    found = read(text, catalogue(world), fields_of(world))
    assert found.errors
    assert found.errors[0].line == line
    assert found.errors[0].message
    assert fault_of(world, text) == "segment.faulty"
    assert len(showing.list_segments(world, catalogue(world))) == 1


def test_segments_that_ask_for_one_another_in_a_circle_are_refused(world: World) -> None:
    put(world, "segment: a\nif: {segment: warm}\n")
    found = read("segment: warm\nif: {segment: a}\n", catalogue(world), None, "warm")
    assert [one.message for one in found.errors] == ["“warm” asks for itself, so nobody would be in it."]


def test_only_what_nothing_asks_for_is_put_away(world: World) -> None:
    with pytest.raises(SegmentFault) as caught:
        changing.archive(world, "warm", NOW, None)
    assert caught.value.reason.params == {"by": ["begins"]}
    put(world, "segment: cold\nif: {tag: cold}\n")
    changing.archive(world, "cold", NOW, None)
    assert [line.key for line in showing.list_segments(world, catalogue(world))] == ["warm"]
    assert [line.key for line in showing.list_segments(world, catalogue(world), archived=True)] == ["cold"]
    changing.restore(world, "cold", NOW, None)
    assert len(showing.list_segments(world, catalogue(world))) == 2


def test_a_count_stops_at_a_number_and_after_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tag(world, *people(world, 30))
    condition = catalogue(world).setting.segments["warm"]
    monkeypatch.setattr(counting, "MOST", 10)
    found = counting.count(world, catalogue(world), condition, NOW)
    assert (found.people, found.more) == (10, True)
    monkeypatch.setattr(bounded, "STEPS", 1)
    monkeypatch.setattr(counting, "PATIENCE", 0.001)
    monkeypatch.setattr(counting, "SHORT", 0.001)
    with pytest.raises(bounded.TooLong), bounded.looking_for(world.database, 0.001) as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90000000) SELECT count(*) FROM n"
        )
    with world.database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
