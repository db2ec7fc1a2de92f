"""Acts on many: counted before, done once and in batches, and taken back where nobody changed anything since."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update

from app.core.ids import timed_id
from app.services import bulk_acts, contact_export, contacts
from app.services.bulk_acts import Chosen, Wish
from app.services.contacts import ContactFault
from app.services.enrolling import admit_due
from app.services.importing.around import surroundings
from app.services.viewing.people import Asked
from app.services.world import World
from app.store import tables as t
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW
from tests.support.seed import PASSWORD_HASH

SEQUENCE = """\
sequence: line
for: lead
topic: guides
enter: {on: person, never: {tag: competitor}}
steps:
  - pause: {wait: 2 days}
"""
ALL = Chosen(Asked())


def user(world: World, name: str) -> UUID:
    user_id = timed_id(NOW, name.encode().ljust(10))
    with world.database.write() as connection:
        connection.execute(
            insert(t.users).values(
                id=user_id, workspace_id=world.workspace_id, email=f"{name}@halden.example", name=name, title="",
                signature="", password_hash=PASSWORD_HASH, role="marketer", may_publish=False, may_send=False,
                must_change_password=False, failed_sign_ins=0, created_at=NOW,
            )
        )  # fmt: skip
    return user_id


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path, sequences=[SEQUENCE])


@pytest.fixture
def people(world: World) -> list[UUID]:
    return sorted(line.people(world, 5))


@pytest.fixture
def mara(world: World) -> UUID:
    return user(world, "mara")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_acts, "BATCH", 2)


def act(world: World, by: UUID, wish: Wish, chosen: Chosen = ALL, key: str = "form") -> UUID:
    act_id = bulk_acts.begin(world, key, wish, chosen, NOW, by)
    while bulk_acts.run_due(world, NOW):
        pass
    return act_id


def counts(world: World, act_id: UUID) -> dict[str, int]:
    with world.database.read() as connection:
        found = connection.execute(select(t.bulk_acts).where(t.bulk_acts.c.id == act_id)).one()
    assert found.state in ("done", "stopped")
    return {name: count for name, count in found.counts.items() if count}


def tagged(world: World, tag: str = "fair") -> set[UUID]:
    with world.database.read() as connection:
        query = select(t.contact_tags.c.contact_id).where(t.contact_tags.c.tag == tag)
        return set(connection.execute(query).scalars())


def number_of(world: World, table: str) -> int:
    with world.database.read() as connection:
        return connection.execute(select(func.count()).select_from(t.metadata.tables[table])).scalar_one()


def test_a_tag_goes_to_everybody_in_batches_and_is_written_down(
    world: World, people: list[UUID], mara: UUID, small: None
) -> None:
    act_id = act(world, mara, Wish("tag", tag=" fair "))
    assert tagged(world) == set(people)
    assert counts(world, act_id) == {"done": 5}
    with world.database.read() as connection:
        changes = connection.execute(select(t.fact_changes.c.source).where(t.fact_changes.c.name == "fair"))
        assert [row.source for row in changes] == [f"user:{mara}"] * 5
        told = connection.execute(select(t.audit_entries).where(t.audit_entries.c.action == "contacts.tag"))
        assert told.one().detail["people"] == 5


def test_the_same_form_twice_is_one_act(world: World, people: list[UUID], mara: UUID) -> None:
    first = act(world, mara, Wish("tag", tag="fair"))
    assert act(world, mara, Wish("tag", tag="other")) == first
    assert not tagged(world, "other")
    assert number_of(world, "bulk_acts") == 1


def test_who_comes_later_is_not_meant(world: World, people: list[UUID], mara: UUID, small: None) -> None:
    act_id = bulk_acts.begin(world, "form", Wish("tag", tag="fair"), ALL, NOW, mara)
    later = line.people(world, 1, first=90)
    assert all(each > max(people) for each in later)
    while bulk_acts.run_due(world, NOW):
        pass
    assert tagged(world) == set(people)
    assert counts(world, act_id) == {"done": 5}


def test_an_act_that_takes_its_own_people_out_of_the_search_meets_all(
    world: World, people: list[UUID], mara: UUID, small: None
) -> None:
    act(world, mara, Wish("tag", tag="fair"))
    act(world, mara, Wish("untag", tag="fair"), Chosen(Asked(tag="fair")), "second")
    assert not tagged(world)


def test_a_stopped_act_goes_no_further(world: World, people: list[UUID], mara: UUID, small: None) -> None:
    act_id = bulk_acts.begin(world, "form", Wish("tag", tag="fair"), ALL, NOW, mara)
    assert bulk_acts.run(world, act_id, NOW) == 2
    assert bulk_acts.stop(world, act_id, NOW, mara)
    assert bulk_acts.run_due(world, NOW) == 0
    assert counts(world, act_id) == {"done": 2}
    assert not bulk_acts.stop(world, act_id, NOW, mara)


def test_an_undo_leaves_alone_whom_somebody_changed_since(
    world: World, people: list[UUID], mara: UUID, small: None
) -> None:
    around = surroundings(world, NOW)
    contacts.tag_contact(world.database, world.workspace_id, around, people[0], "system", NOW, add=["fair"])
    act_id = act(world, mara, Wish("tag", tag="fair"))
    assert counts(world, act_id) == {"done": 4, "same": 1}
    contacts.tag_contact(
        world.database, world.workspace_id, around, people[1], "system", NOW, remove=["fair"]
    )
    undone = bulk_acts.undo(world, act_id, NOW, mara)
    while bulk_acts.run_due(world, NOW):
        pass
    assert tagged(world) == {people[0]}, "who had it before keeps it"
    assert counts(world, undone) == {"done": 3, "since": 1}
    assert bulk_acts.undo(world, act_id, NOW, mara) == undone
    with pytest.raises(ContactFault):
        bulk_acts.undo(world, undone, NOW, mara)


def test_owners_come_back_one_by_one(world: World, people: list[UUID], mara: UUID) -> None:
    jonas, ida = user(world, "jonas"), user(world, "ida")
    with world.database.write() as connection:
        connection.execute(update(t.contacts).where(t.contacts.c.id == people[0]).values(owner_id=ida))
    act_id = act(world, mara, Wish("owner", owner_id=jonas))
    with world.database.write() as connection:
        connection.execute(update(t.contacts).where(t.contacts.c.id == people[1]).values(owner_id=ida))
    undone = bulk_acts.undo(world, act_id, NOW, mara)
    bulk_acts.run_due(world, NOW)
    with world.database.read() as connection:
        owners = dict(
            tuple(row) for row in connection.execute(select(t.contacts.c.id, t.contacts.c.owner_id))
        )
    assert [owners[who] for who in people] == [ida, ida, None, None, None]
    assert counts(world, undone) == {"done": 4, "since": 1}


def test_heads_are_counted_before_anybody_is_asked_in(world: World, people: list[UUID], mara: UUID) -> None:
    around = surroundings(world, NOW)
    contacts.tag_contact(
        world.database, world.workspace_id, around, people[0], "system", NOW, add=["competitor"]
    )
    line.enroll(world, [people[1]])
    wish = Wish("enroll", sequence="line", why="the fair")
    before = bulk_acts.preview(world, wish, ALL, NOW)
    assert (before.people, before.acting) == (5, 3)
    assert {code: count for code, (_, count) in before.left_out.items()} == {
        "enroll.never": 1, "enroll.already_inside": 1,
    }  # fmt: skip
    assert number_of(world, "admissions") == 0
    act_id = act(world, mara, wish)
    assert counts(world, act_id) == {"done": 3, "enroll.never": 1, "enroll.already_inside": 1}
    admit_due(world, NOW)
    assert number_of(world, "enrollments") == 4
    out = act(
        world, mara, Wish("exit", sequence="line", why="too early"), Chosen(Asked(sequence="line")), "out"
    )
    assert counts(world, out) == {"done": 4}


@pytest.mark.parametrize(("wish", "code"), [
    (Wish("tag", tag=""), "bulk.one_tag"), (Wish("tag", tag="a, b"), "bulk.one_tag"), (Wish("tag", tag="x" * 90), "bulk.one_tag"),
    (Wish("owner", owner_id=UUID(int=1)), "bulk.no_owner"), (Wish("enroll", sequence="nope", why="x"), "enroll.unknown"),
    (Wish("exit", sequence="line", why="  "), "bulk.why_missing"),
])  # fmt: skip
def test_what_cannot_be_done_is_refused_whole(
    world: World, people: list[UUID], mara: UUID, wish: Wish, code: str
) -> None:
    with pytest.raises(ContactFault) as refused:
        bulk_acts.begin(world, "form", wish, ALL, NOW, mara)
    assert refused.value.reason.code == code
    assert number_of(world, "bulk_acts") == 0


def test_a_search_an_erasure_emptied_meets_nobody(world: World, people: list[UUID], mara: UUID) -> None:
    act_id = bulk_acts.begin(world, "form", Wish("tag", tag="fair"), ALL, NOW, mara)
    with world.database.write() as connection:
        connection.execute(update(t.bulk_acts).values(query=None))
    bulk_acts.run(world, act_id, NOW)
    assert not tagged(world)
    assert counts(world, act_id) == {}


@pytest.mark.parametrize("spoil", ["erased_at", "merged_into"])
def test_who_is_gone_is_not_touched(
    world: World, people: list[UUID], mara: UUID, spoil: str, small: None
) -> None:
    values = {"erased_at": NOW} if spoil == "erased_at" else {"merged_into": people[1]}
    with world.database.write() as connection:
        connection.execute(update(t.contacts).where(t.contacts.c.id == people[0]).values(**values))
    act_id = act(world, mara, Wish("tag", tag="fair"), Chosen(Asked(), tuple(people)))
    assert tagged(world) == set(people[1:])
    assert counts(world, act_id) == {"done": 4}


def test_the_file_is_safe_and_holds_the_chosen_columns(
    world: World, people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_export, "BATCH", 2)
    with world.database.write() as connection:
        connection.execute(
            update(t.contacts).where(t.contacts.c.id == people[0]).values(first_name="=1+1", source="@evil")
        )
    text = "".join(contact_export.as_csv(world, Asked(columns=("source", "stage")), None, NOW))
    rows = text.removeprefix("\ufeff").splitlines()
    assert rows[0] == "id,name,address,source,stage"
    assert len(rows) == 6
    assert "'=1+1" in rows[1]
    assert ",'@evil,lead" in rows[1]
    some = "".join(contact_export.as_csv(world, Asked(), tuple(people[:2]), NOW))
    assert len(some.splitlines()) == 3
