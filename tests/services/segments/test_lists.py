"""Static lists: made, filled and emptied as an act on many, named wherever a segment is, deleted when nobody needs them."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.services import bulk_acts
from app.services.broadcasts.deciding import Wish as Broadcast
from app.services.broadcasts.deciding import draft
from app.services.bulk_acts import Chosen, Wish
from app.services.contacts import ContactFault
from app.services.segments import changing, lists, showing
from app.services.segments.changing import SegmentFault, publish
from app.services.segments.reading import fields_of
from app.services.viewing.people import Asked
from app.services.world import World
from app.store.database import Database
from app.store.tables import broadcasts, contact_tags, definitions, fact_changes
from tests.services.test_bulk_acts import user
from tests.support.line import NOW, lay, people


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return lay(database, tmp_path)


def on(world: World, key: str) -> set[UUID]:
    with world.database.read() as connection:
        tagged = select(contact_tags.c.contact_id).where(contact_tags.c.tag == f"list:{key}")
        return set(connection.execute(tagged).scalars())


def fault_of(world: World, act: str, key: str) -> str:
    doing = {"archive": changing.archive, "delete": lists.delete}[act]
    with pytest.raises(SegmentFault) as caught:
        doing(world, key, NOW, None)
    return f"{caught.value.reason.code} {caught.value.reason.params.get('by', '')}".strip()


def test_a_list_is_made_once_and_titles_may_say_anything(world: World) -> None:
    assert [lists.make(world, title, NOW, None) for title in ("Fair  2026", "Fair 2026", "Fair: 2026", "Ярмарка")] == [
        "fair-2026", "fair-2026", "fair-2026-2", "list",
    ]  # fmt: skip
    hostile = "\"'#{a: b}<script>{{7*7}}=1+1"
    key = lists.make(world, hostile, NOW, None)
    known = lists.lists(world, world.library.catalogue(NOW))
    assert known[key][""] == hostile
    assert len(lists.make(world, "x" * 80, NOW, None)) <= lists.LONGEST_KEY
    for title in ("", "  ", "x" * 81):
        with pytest.raises(SegmentFault):
            lists.make(world, title, NOW, None)


def test_people_come_onto_it_and_off_it_as_an_act_with_its_undo(world: World) -> None:
    ids, mara = people(world, 4), user(world, "mara")
    key = lists.make(world, "Fair", NOW, None)
    chosen = Chosen(Asked(), tuple(ids[:2]))
    seen = bulk_acts.preview(world, Wish("list", tag=key), chosen, NOW)
    assert (seen.people, seen.acting) == (2, 2)
    act = bulk_acts.begin(world, "one", Wish("list", tag=key), chosen, NOW, mara)
    bulk_acts.run(world, act, NOW)
    assert on(world, key) == set(ids[:2])
    catalogue = world.library.catalogue(NOW)
    page = showing.look_at(world, catalogue, key, NOW)
    assert page is not None
    assert (page.line.is_list, page.counted.people) == (True, 2)
    [(reason, count)] = bulk_acts.preview(
        world, Wish("unlist", tag=key), Chosen(Asked()), NOW
    ).left_out.values()
    assert (reason.code, reason.params, count) == ("bulk.not_listed", {"list": "fair"}, 2)
    off = bulk_acts.begin(world, "two", Wish("unlist", tag=key), Chosen(Asked()), NOW, mara)
    bulk_acts.run(world, off, NOW)
    assert on(world, key) == set()
    undone = bulk_acts.undo(world, off, NOW, mara)
    bulk_acts.run(world, undone, NOW)
    assert on(world, key) == set(ids[:2])
    with world.database.read() as connection:
        told = connection.execute(select(fact_changes.c.name).where(fact_changes.c.kind == "tag")).scalars()
        assert set(told) == {"list:fair"}
    with pytest.raises(ContactFault):
        bulk_acts.begin(world, "three", Wish("list", tag="nowhere"), chosen, NOW, mara)


def test_pasted_addresses_are_looked_up_and_none_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = people(world, 2)
    text = (
        "Person0@Example.com; Ana <person1@example.com>\nperson1@example.com\nnobody@x.example, =1+1, <b>\n\n"
    )
    found = lists.look_up(world, text)
    assert found.known == {ids[0]: "Person0@Example.com", ids[1]: "person1@example.com"}
    assert found.unknown == ("nobody@x.example",)
    assert found.unreadable == ("=1+1", "<b>")
    monkeypatch.setattr(lists, "MOST_PASTED", 1)
    assert (len(lists.look_up(world, text).known), lists.look_up(world, text).left) == (1, 2)
    assert lists.look_up(world, "") == lists.LookedUp({}, (), (), 0)


def test_what_something_asks_for_is_neither_put_away_nor_deleted(world: World) -> None:
    ids, mara = people(world, 1), user(world, "mara")
    key = lists.make(world, "Fair", NOW, None)
    publish(world, "segment: warm\nif: {tag: warm}\n", fields_of(world), NOW, None, base=0)
    mail = next(iter(world.library.catalogue(NOW).setting.templates))
    for segment in (key, "warm"):
        draft(world, Broadcast(f"To {segment}", mail, segment, "guides"), NOW, None)
    assert fault_of(world, "archive", "warm") == "segment.used ['To warm']"
    assert fault_of(world, "archive", key) == fault_of(world, "delete", key) == "segment.used ['To fair']"
    [line] = [one for one in showing.list_segments(world, world.library.catalogue(NOW)) if one.key == "warm"]
    assert [(use.kind, use.title) for use in line.uses] == [("broadcast", "To warm")]
    with world.database.write() as connection:
        connection.execute(update(broadcasts).values(state="done"))
    changing.archive(world, "warm", NOW, None)
    # A condition may name the list by its tag.
    text = "segment: both\nif: {all: [{tag: 'list:fair'}, {tag: x}]}\n"
    publish(world, text, fields_of(world), NOW, None, base=0)
    assert fault_of(world, "delete", key) == "segment.used ['both']"
    changing.archive(world, "both", NOW, None)
    bulk_acts.run(
        world, bulk_acts.begin(world, "one", Wish("list", tag=key), Chosen(Asked()), NOW, mara), NOW
    )
    assert on(world, key) == set(ids)
    assert fault_of(world, "delete", key) == "list.not_empty"
    bulk_acts.run(
        world, bulk_acts.begin(world, "two", Wish("unlist", tag=key), Chosen(Asked()), NOW, mara), NOW
    )
    lists.delete(world, key, NOW, None)
    with world.database.read() as connection:
        kinds = select(definitions.c.key).where(definitions.c.kind == "segment")
        assert set(connection.execute(kinds).scalars()) == {"warm", "both"}
    assert fault_of(world, "delete", "both") == "list.unknown"
    assert fault_of(world, "delete", key) == "segment.unknown"
