"""Two contacts made one and two again: nothing is allowed by it, nothing sent twice, and all of it goes back."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, insert, select, update

from app.core.contacts import uniting
from app.core.contacts.uniting import Said
from app.core.lifecycle import Lifecycle, Stage, Transition
from app.core.reasons import Reason
from app.services import events, merging, privacy
from app.services.contacts import ContactFault, find_contact
from app.services.enrolling import ask_admission
from app.services.ids import new_id
from app.services.invariants import check_all
from app.services.sending.facts import load_people, suppressions_of
from app.services.suppressing import ValueHash, parts_of, suppress
from app.services.world import World
from app.store import contacts as contact_rows
from app.store import merging as store
from app.store import tables
from app.store.database import Database
from app.store.facts import load_facts
from app.store.sending import sent_before
from tests.support import line
from tests.support.line import NOW

LATER = NOW + timedelta(hours=1)
BY = "system"
OTHER = """\
sequence: other
title: The other way
for: lead
topic: guides
enter: {on: person}
steps:
  - rest: {wait: 30 days}
"""
WHY: dict[str, Any] = {"reason_code": "test", "reason_params": {}}


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path, sequences=(line.LINE, OTHER), secret_key="k" * 32)


@pytest.fixture
def two(world: World) -> tuple[UUID, UUID]:
    kept, other = line.people(world, 2)
    for who in (kept, other):
        said(world, who, "guides", "given")
    change(world, tables.contacts, kept, last_name="Doe", city="Oslo", fields={"a": 1})
    change(
        world, tables.contacts, other, last_name="Doe", city="Bergen", phone="+47 1", fields={"a": 2, "b": 3}
    )
    return kept, other


def put(world: World, table: Table, *rows: dict[str, Any]) -> None:
    with world.database.write() as connection:
        connection.execute(insert(table), [{"workspace_id": world.workspace_id, **row} for row in rows])


def change(world: World, table: Table, who: UUID, **values: Any) -> None:
    key = table.c.id if table is tables.contacts else table.c.contact_id
    with world.database.write() as connection:
        connection.execute(update(table).where(key == who).values(**values))


def rows(world: World, table: Table, **where: Any) -> list[Any]:
    with world.database.read() as connection:
        wanted = [table.c[name] == value for name, value in where.items()]
        return list(connection.execute(select(table).where(*wanted)))


def said(world: World, who: UUID, topic: str, state: str, at: datetime = NOW) -> None:
    """A line of the ledger and what it leads to."""
    entry = (new_id(at), world.workspace_id, who, topic, state, "form", "form", at, {}, None)
    with world.database.write() as connection:
        contact_rows.add_consent_entry(connection, entry)
        values = {"purpose": topic, "state": state, "basis": "form", "at": at}
        contact_rows.set_consent(connection, world.workspace_id, who, values)


def mail(world: World, who: UUID, number: int, state: str, **also: Any) -> UUID:
    row = {
        "id": new_id(NOW), "contact_id": who, "dedupe_key": f"mail {number}", "message_class": "marketing",
        "content_kind": "discovery", "topic": "guides", "template": f"discovery/m{number}", "priority": 1,
        "once": True, "state": state, "due_at": NOW, "planned_at": NOW, "attempts": 0, **WHY, **also,
    }  # fmt: skip
    put(world, tables.deliveries, row)
    return UUID(str(row["id"]))


def clicked(world: World, who: UUID, key: str) -> None:
    assert events.record(world, who, "visited", subject=key, occurred_at=NOW, source="api", key=key, now=NOW)


def scored(world: World, who: UUID, occasion: str, points: float) -> None:
    put(
        world, tables.score_entries,
        {"id": new_id(NOW), "contact_id": who, "measure": "engagement", "rule": "click", "model_version": 1,
         "occasion": occasion, "points": points, "at": NOW, **WHY},
    )  # fmt: skip
    put(
        world,
        tables.scores,
        {"contact_id": who, "measure": "engagement", "value": points, "as_of": NOW, "half_life": 86400.0},
    )


def whole(world: World, who: UUID) -> dict[str, Any]:
    """What a merge and its undo must leave as it was."""
    [row] = rows(world, tables.contacts, id=who)
    changing = {"revision", "updated_at", "judge_due_at"}
    return {
        "row": {name: value for name, value in row._mapping.items() if name not in changing},
        "addresses": sorted((r.kind, r.value, r.is_primary) for r in rows(world, tables.identities, contact_id=who)),
        "tags": sorted(r.tag for r in rows(world, tables.contact_tags, contact_id=who)),
        "consents": sorted((r.purpose, r.state, r.basis) for r in rows(world, tables.consents, contact_id=who)),
        "stages": [(r.lifecycle, r.stage) for r in rows(world, tables.contact_stages, contact_id=who)],
        "criteria": [(r.criterion, r.state, r.value) for r in rows(world, tables.contact_criteria, contact_id=who)],
        "events": sorted(str(r.id) for r in rows(world, tables.events, contact_id=who)),
        "tasks": sorted(r.title for r in rows(world, tables.tasks, contact_id=who)),
        "scores": [(r.measure, r.value) for r in rows(world, tables.scores, contact_id=who)],
        "interests": sorted((r.topic, round(r.value, 6)) for r in rows(world, tables.interests, contact_id=who) if round(r.value, 6)),
    }  # fmt: skip


def sound(world: World) -> None:
    assert [found.code for found in check_all(world, LATER) if not found.ok] == []


def codes(world: World, who: UUID) -> list[str]:
    return [row.code for row in rows(world, tables.timeline, contact_id=who)]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ContactFault) as caught:
        act()
    return caught.value.reason.code


def test_everything_of_the_other_becomes_the_survivors_and_goes_back(
    world: World, two: tuple[UUID, UUID]
) -> None:
    kept, other = two
    change(world, tables.contacts, other, mails_a_week=1, tracking="none", paused_until=LATER)
    change(world, tables.contacts, kept, mails_a_week=3)
    change(world, tables.contact_stages, other, stage="prospect")
    put(
        world,
        tables.contact_tags,
        *(
            {"contact_id": who, "tag": tag, "added_at": NOW}
            for who, tag in ((kept, "x"), (other, "x"), (other, "y"))
        ),
    )
    put(
        world,
        tables.contact_criteria,
        {
            "contact_id": other,
            "criterion": "means",
            "state": "yes",
            "value": 100,
            "evidence": {},
            "changed_at": NOW,
        },
    )
    put(
        world,
        tables.interests,
        {"contact_id": other, "topic": "pricing", "value": 2.0, "as_of": NOW, "half_life": None},
    )
    put(
        world,
        tables.tasks,
        {
            "id": new_id(NOW),
            "contact_id": other,
            "kind": "call",
            "title": "Call",
            "body": "",
            "state": "open",
            "dedupe_key": "t",
            "created_at": NOW,
            **WHY,
        },
    )
    said(world, kept, "offers", "given")
    said(world, other, "offers", "withdrawn")
    clicked(world, other, "theirs")
    scored(world, kept, "one", 5)
    scored(world, other, "two", 7)
    line.enroll(world, [kept, other])
    line.enroll(world, [other], "other", NOW + timedelta(seconds=1))
    with world.database.write() as connection:
        suppress(
            connection,
            world,
            scope="marketing",
            value=line.address(1),
            reason=Reason("suppressed.marketing"),
            source="recipient",
            now=NOW,
            contact_id=other,
        )
    [theirs] = [row.id for row in rows(world, tables.enrollments, contact_id=other) if row.step == "hello"]
    waiting = mail(world, other, 1, "queued", enrollment_id=theirs)
    broadcast = mail(world, other, 2, "deferred")
    had = mail(
        world, other, 3, "accepted", intent_at=NOW, accepted_at=NOW, ended_at=NOW, address=line.address(1)
    )
    # The survivor was mailed while the other had stopped: two people as far as anybody knew.
    since = NOW + timedelta(minutes=9)
    own = mail(
        world,
        kept,
        4,
        "accepted",
        intent_at=since,
        accepted_at=since,
        ended_at=since,
        address=line.address(0),
    )
    put(
        world,
        tables.attempts,
        *(
            {
                "id": new_id(NOW),
                "delivery_id": each,
                "number": 1,
                "at": NOW,
                "outcome": "accepted",
                "phase": "dot",
                "worker": "w",
                "code": 250,
                "response": "",
            }
            for each in (had, own)
        ),
    )
    before = whole(world, kept), whole(world, other)

    plan = merging.plan(world, kept, other, LATER)
    assert [(pair.name, pair.take) for pair in plan.facts if pair.name != "first_name"] == [
        ("phone", "theirs"), ("city", "mine"), ("a", "mine"), ("b", "theirs"), ("criterion.means", "theirs"),
    ]  # fmt: skip
    assert (plan.stage, plan.tags, plan.waiting, plan.sent, plan.tasks) == ("prospect", ("y",), 2, 1, 1)
    assert (plan.ends, plan.offers) == ((("line", True), ("other", False)), ("other",))
    assert [(topic, after.state) for topic, _, _, after in plan.consents if after] == [
        ("guides", "given"), ("offers", "withdrawn"),
    ]  # fmt: skip
    assert plan.stops == (("marketing", ""),)
    merge = merging.merge(
        world, kept, other, BY, LATER, takes={"city": "theirs"}, mark=plan.mark, form_key="f"
    )
    assert merging.merge(world, kept, other, BY, LATER, mark="old", form_key="f") == merge

    [row] = rows(world, tables.contacts, id=kept)
    assert (row.city, row.phone, row.fields) == ("Bergen", "+47 1", {"a": 1, "b": 3})
    assert (row.mails_a_week, row.tracking, row.paused_until) == (1, "none", LATER)
    after = whole(world, kept)
    assert after["addresses"] == [("email", line.address(0), True), ("email", line.address(1), False)]
    assert (after["tags"], after["stages"]) == (["x", "y"], [("inbound", "prospect")])
    assert [state for topic, state, _ in after["consents"] if topic == "offers"] == ["withdrawn"]
    assert after["scores"] == [("engagement", 12.0)]
    assert after["interests"] == [("pricing", 2.0)]
    assert len(after["tasks"]) == 1
    assert {row.state for row in rows(world, tables.deliveries) if row.id in (waiting, broadcast)} == {
        "cancelled"
    }
    assert {r.state for r in rows(world, tables.enrollments, contact_id=other)} == {"ended"}
    assert [r.state for r in rows(world, tables.enrollments, contact_id=kept)] == ["due"]
    assert {"contact.merged", "exit.merged", "stage.by_merge"} <= set(codes(world, kept))
    assert codes(world, other) == ["contact.merged_away"]
    with world.database.read() as connection:
        assert sorted(one[0] for one in sent_before(connection, [kept])[kept]) == [
            "discovery/m3",
            "discovery/m4",
        ]
        facts = load_facts(connection, world.workspace_id, "inbound", [kept], None, LATER)[kept]
        assert "discovery/m3" in facts.had
        address = load_people(connection, [kept])[kept].address
        hashed = ValueHash(world.settings)
        live = {
            part: contact_rows.live_suppressions(connection, world.workspace_id, [hashed(part)])[hashed(part)]
            for part in parts_of(address, None)
        }
        assert suppressions_of(live, address, "guides")
    clicked(world, other, "late")
    assert "late" in {row.subject for row in rows(world, tables.events, contact_id=kept)}
    assert find_contact(world.database, world.workspace_id, str(other)) == kept
    export = privacy.export(world, kept, LATER)
    assert export is not None
    assert len(export.tables["contacts"]) == 2
    assert export.tables["merges"]
    sound(world)

    done = merging.undo(world, kept, merge, BY, LATER + timedelta(hours=1))
    assert (done.stayed, done.left) == ((), ("other",))
    now = whole(world, kept), whole(world, other)
    [late] = [row for row in rows(world, tables.events, contact_id=kept) if row.subject == "late"]
    made = [e for e in now[0]["events"] if e != str(late.id)]
    entered = [str(r.id) for r in rows(world, tables.events, kind="stage_entered")]
    assert {**now[0], "events": [e for e in made if e not in entered]} == before[0]
    assert now[1] == before[1]
    assert {r.state for r in rows(world, tables.enrollments, contact_id=other)} == {"ended"}
    assert [r.lifted_at is None for r in sorted(rows(world, tables.suppressions), key=lambda r: r.at)] == [
        True,
        False,
    ]
    assert merging.undo(world, kept, merge, BY, LATER).stayed == ()
    assert merging.merge(world, kept, other, BY, LATER, form_key="f") == merge
    assert rows(world, tables.contacts, id=other)[0].merged_into is None
    acts = [r.action for r in rows(world, tables.audit_entries) if r.subject_kind == "contact"]
    assert sorted(acts) == ["contact.merged"] * 2 + ["contact.unmerged"] * 2
    sound(world)


def test_what_was_changed_since_stays_and_is_told(world: World, two: tuple[UUID, UUID]) -> None:
    kept, other = two
    change(world, tables.contact_stages, other, stage="prospect")
    said(world, kept, "offers", "given")
    said(world, other, "offers", "withdrawn")
    put(world, tables.contact_tags, {"contact_id": other, "tag": "y", "added_at": NOW})
    put(
        world,
        tables.contact_criteria,
        {
            "contact_id": other,
            "criterion": "means",
            "state": "no",
            "value": 0,
            "evidence": {},
            "changed_at": NOW,
        },
    )
    merge = merging.merge(world, kept, other, BY, LATER)
    since = LATER + timedelta(minutes=1)
    change(world, tables.contacts, kept, phone="+47 2", fields={"a": 1, "b": 4})
    change(world, tables.contact_stages, kept, since=since)
    change(world, tables.contact_criteria, kept, changed_at=since)
    change(world, tables.contact_tags, kept, added_at=since)
    said(world, kept, "offers", "given", since)
    with world.database.write() as connection:
        connection.execute(tables.identities.delete().where(tables.identities.c.value == line.address(1)))
    done = merging.undo(world, kept, merge, BY, since)
    assert set(done.stayed) == {"address", "phone", "b", "y", "means", "offers", "stage"}
    [row] = rows(world, tables.contacts, id=kept)
    assert (row.phone, row.fields) == ("+47 2", {"a": 1, "b": 4})
    assert {r.purpose: r.state for r in rows(world, tables.consents, contact_id=kept)}["offers"] == "given"
    assert "contact.unmerged_but" in codes(world, kept)
    sound(world)


def test_what_cannot_be_merged_or_undone_is_refused_with_nothing_written(
    world: World, two: tuple[UUID, UUID]
) -> None:
    kept, other = two
    [third] = line.people(world, 1, first=7)
    said(world, third, "guides", "given")

    def merge(a: UUID, b: UUID, **also: Any) -> Callable[[], object]:
        return lambda: merging.merge(world, a, b, BY, LATER, **also)

    mark = merging.plan(world, kept, other, NOW).mark
    assert refused(merge(kept, kept)) == "merge.same"
    assert refused(merge(kept, UUID(int=9))) == "merge.unknown"
    line.enroll(world, [other])
    assert refused(merge(kept, other, mark=mark)) == "merge.stale"
    going = mail(world, other, 1, "intent", intent_at=NOW, claim_token=UUID(int=4), claimed_until=LATER)
    assert refused(merge(kept, other)) == "merge.leaving"
    with world.database.write() as connection:
        connection.execute(
            update(tables.deliveries).where(tables.deliveries.c.id == going).values(state="uncertain")
        )
    assert not rows(world, tables.merges)
    assert {row.state for row in rows(world, tables.enrollments)} == {"due"}
    first = merging.merge(world, kept, other, BY, LATER)
    assert refused(merge(third, other)) == "merge.gone"
    # Who was merged into the one who is merged now follows them, and comes back with them.
    second = merging.merge(world, third, kept, BY, LATER)
    assert {row.merged_into for row in rows(world, tables.contacts) if row.id != third} == {third}
    assert refused(lambda: merging.undo(world, kept, first, BY, LATER)) == "merge.merged_on"
    assert merging.what_goes_back(world, kept, first).refused == Reason(
        "merge.merged_on", {"name": "Person 0 Doe"}
    )  # type: ignore[union-attr]
    assert refused(lambda: merging.undo(world, kept, second, BY, LATER)) == "merge.unknown"
    merging.undo(world, third, second, BY, LATER)
    assert rows(world, tables.contacts, id=other)[0].merged_into == kept
    assert merging.what_goes_back(world, third, second) is None
    assert privacy.erase(world, kept, by=BY, why="asked", now=LATER, files=False) is not None
    assert not any((row.before or {}).get("addresses") for row in rows(world, tables.merges, id=first))
    assert refused(lambda: merging.undo(world, kept, first, BY, LATER)) == "merge.erased"
    [undone] = [row.undone_at for row in rows(world, tables.merges, id=first)]
    assert undone is None
    sound(world)


def test_who_waits_at_a_door_is_called_off_and_offered(world: World, two: tuple[UUID, UUID]) -> None:
    kept, other = two
    definition = line.version_of(world, "other").definition_id
    with world.database.write() as connection:
        ask_admission(
            connection,
            world.workspace_id,
            definition,
            other,
            trigger="person",
            occasion="o",
            reason=Reason("test"),
            now=NOW,
        )
    assert merging.plan(world, kept, other, NOW).offers == ("other",)
    merging.merge(world, kept, other, BY, LATER)
    assert [(row.state, row.reason_code) for row in rows(world, tables.admissions)] == [
        ("refused", "enroll.merged")
    ]
    assert not rows(world, tables.enrollments)


def test_twins_are_found_by_name_and_mailbox_and_by_what_is_typed(world: World) -> None:
    anna, named, boxed, nobody = line.people(world, 4)
    for who in (anna, named):
        change(world, tables.contacts, who, first_name="Anna", last_name="Øst")
    change(world, tables.contacts, boxed, first_name="A.")
    for who, address in ((anna, "anna.ost@x.example"), (boxed, "anna.ost@y.example")):
        change(world, tables.identities, who, value=address, shown_as=address)
    found = {twin.id: twin.because for twin in merging.twins(world, anna, "", NOW)}
    assert found == {named: ("name",), boxed: ("address",)}
    assert [twin.id for twin in merging.twins(world, anna, line.address(3), NOW)] == [nobody]
    assert merging.twins(world, UUID(int=9), "", NOW) == []
    merging.merge(world, anna, boxed, BY, LATER)
    assert [twin.id for twin in merging.twins(world, anna, "", NOW)] == [named]


WORDS = st.sampled_from([None, "Oslo", "Bergen", "=1+1", "<b>"])
STATES = st.sampled_from([None, "given", "asked", "withdrawn"])
PERSON = st.fixed_dictionaries(
    {
        "city": WORDS, "phone": WORDS, "fields": st.dictionaries(st.sampled_from("ab"), st.integers(0, 3)),
        "mails_a_week": st.sampled_from([None, 1, 2]), "tracking": st.sampled_from([None, "none", "aggregate", "individual"]),
        "guides": STATES, "offers": STATES, "tags": st.sets(st.sampled_from(["x", "y", "<b>"])), "further": st.integers(0, 2),
        "stage": st.sampled_from(["lead", "prospect", "gone"]),
    }
)  # fmt: skip
NUMBERS = itertools.count(100, 3)


def _person(world: World, number: int, drawn: dict[str, Any]) -> UUID:
    [who] = line.people(world, 1, first=number)
    with world.database.write() as connection:
        connection.execute(tables.consents.delete().where(tables.consents.c.contact_id == who))
    columns = {name: drawn[name] for name in ("city", "phone", "fields", "mails_a_week", "tracking")}
    change(world, tables.contacts, who, **columns)
    change(world, tables.contact_stages, who, stage=drawn["stage"])
    for topic in ("guides", "offers"):
        if drawn[topic]:
            said(world, who, topic, drawn[topic])
    if drawn["tags"]:
        put(
            world,
            tables.contact_tags,
            *({"contact_id": who, "tag": tag, "added_at": NOW} for tag in drawn["tags"]),
        )
    more = [
        {"id": new_id(NOW), "contact_id": who, "kind": "email", "value": f"{number}.{n}@x.example", "shown_as": "x",
         "is_primary": False, "created_at": NOW}
        for n in range(drawn["further"])
    ]  # fmt: skip
    if more:
        put(world, tables.identities, *more)
    return who


@given(PERSON, PERSON)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_merge_and_its_undo_give_back_whoever_they_were(
    world: World, mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    number = next(NUMBERS)
    kept, other = _person(world, number, mine), _person(world, number + 1, theirs)
    before = whole(world, kept), whole(world, other)
    merge = merging.merge(world, kept, other, BY, LATER)
    stands = {
        r.purpose: r.state for r in rows(world, tables.consents, contact_id=kept) if r.purpose != "tracking"
    }
    for topic, state in stands.items():
        assert state != "given" or (mine[topic] == "given" and theirs[topic] in (None, "given"))
    assert merging.undo(world, kept, merge, BY, LATER).stayed == ()
    after = whole(world, kept), whole(world, other)
    # A stage that is left and entered again is told to the rules; the events are the only trace.
    assert [{**one, "events": []} for one in after] == [{**one, "events": []} for one in before]


@pytest.mark.parametrize(
    ("mine", "theirs", "after"),
    [("given", "given", "given"), ("given", None, "given"), (None, "given", None), ("given", "asked", "asked"),
     ("asked", "given", "asked"), (None, "asked", None), (None, "withdrawn", "withdrawn"), ("given", "withdrawn", "withdrawn"),
     ("withdrawn", "given", "withdrawn"), (None, None, None)],
)  # fmt: skip
def test_nobody_consents_by_a_merge(mine: str | None, theirs: str | None, after: str | None) -> None:
    found = uniting.agreed(*(Said(state, "", NOW) if state else None for state in (mine, theirs)))
    assert (found.state if found else None) == after


def test_limits_are_the_narrower_ones_and_a_stage_is_no_leap() -> None:
    assert uniting.agreed(Said("withdrawn", "a", NOW), Said("withdrawn", "b", LATER)) == Said(
        "withdrawn", "b", LATER
    )
    assert [uniting.tracked(*each, "aggregate") for each in ((None, "individual"), (None, "none"), ("individual", None), ("none", "individual"))] == [None, "none", "individual", "none"]  # fmt: skip
    assert (uniting.fewest(3, None), uniting.fewest(3, 1), uniting.fewest(None, None)) == (3, 1, None)
    assert uniting.longest(NOW, LATER) == LATER
    stages = [
        Stage(key, {}, kind, frozenset(), True, n)
        for n, (key, kind) in enumerate((("a", "main"), ("b", "main"), ("c", "main"), ("z", "side")))
    ]  # type: ignore[arg-type]
    lifecycle = Lifecycle(
        "x", {each.key: each for each in stages}, (Transition("a", "b"), Transition("a", "z"))
    )
    found = [
        uniting.stage(lifecycle, *each)
        for each in (("a", "b"), ("b", "a"), ("a", "c"), ("a", "z"), (None, "c"), ("a", "?"))
    ]
    assert found == ["b", "b", "a", "a", "c", "a"]


def test_a_contact_with_more_lines_than_one_transaction_holds_is_refused(
    world: World, two: tuple[UUID, UUID]
) -> None:
    kept, other = two
    for number in range(3):
        clicked(world, other, f"{number}")
    with world.database.write() as connection:
        assert store.move(connection, other, kept, LATER, 2) is None
    assert len(rows(world, tables.events, contact_id=other)) == 3
