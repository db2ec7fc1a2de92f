"""Whose a task is, by the rules in force: turns on both databases, at once, and when somebody is shut out."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.core.effects import CreateTask, SetTag
from app.core.reasons import Reason
from app.services import assigning, reassigning, task_acts, tasks, users
from app.services.effects import Act, obey
from app.services.ids import new_id
from app.services.sentences import because
from app.services.task_acts import Seen
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.support.line import NOW, people, reopen
from tests.support.rules import LIFECYCLE, change, one, programme, rows, told

TEAM = """\
  tasks:
    - vip: {if: {tag: vip}, to: nobody}
    - italy: {if: {field: country, is: IT}, to: chiara@halden.example, own: true}
    - south: {if: {field: country, one of: [ES, PT]}, to: [dan@halden.example, chiara@halden.example]}
    - rest: {to: everybody}
"""
NAMES = ("ada", "bo", "chiara", "dan")


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    world = programme(database, tmp_path)
    rows = [
        {
            "id": new_id(NOW), "workspace_id": world.workspace_id, "email": f"{name}@halden.example",
            "name": name.title(), "title": "", "signature": "", "role": "admin" if name == "ada" else "sales",
            "may_publish": False, "may_send": False, "must_change_password": False, "failed_sign_ins": 0,
            "created_at": NOW, "password_hash": "x",
        }
        for name in NAMES
    ]  # fmt: skip
    with database.write() as connection:
        connection.execute(insert(tables.users), rows)
    return by_rules(world, TEAM)


def by_rules(world: World, text: str) -> World:
    """The world with other rules for tasks in force."""
    [live] = rows(world, tables.definitions, kind="lifecycle")
    change(world, tables.definition_versions, {"id": live.live_version_id}, source=LIFECYCLE + text)
    return reopen(world.database, world.settings.data_dir, secret_key="a key for tests")


def colleague(world: World, name: str) -> UUID:
    return UUID(str(one(world, tables.users, email=f"{name}@halden.example").id))


def make(world: World, who: UUID, key: str = "k", owner: UUID | None = None) -> bool:
    task = CreateTask(key, "call", "Call them", NOW + timedelta(days=1), Reason("enroll.person", {}))
    catalogue = world.library.catalogue(NOW)
    with world.database.write() as connection:
        return tasks.create(connection, world, catalogue, who, task, None, NOW, owner=owner)


def names(world: World) -> dict[UUID, str]:
    return {row.id: row.name for row in rows(world, tables.users)}


def whose(world: World, **wanted: Any) -> list[str]:
    by_id = names(world)
    found = sorted(rows(world, tables.tasks, **wanted), key=lambda row: row.id)
    return [by_id[row.owner_id] if row.owner_id else "–" for row in found]


def mails(world: World) -> list[tuple[str, str]]:
    by_id = names(world)
    found = sorted(rows(world, tables.deliveries), key=lambda row: row.id)
    return [(by_id[row.recipient_user_id], row.state) for row in found]


def test_the_rules_say_whose_it_is_and_why_and_they_are_told_by_mail(world: World) -> None:
    (italian,) = people(world, 1, country="IT")
    first, second, third = people(world, 3, first=1, country="DE")
    (vip,) = people(world, 1, first=4)
    with world.database.write() as connection:
        row = {"contact_id": vip, "tag": "vip", "workspace_id": world.workspace_id, "added_at": NOW}
        connection.execute(insert(tables.contact_tags).values(**row))
    for who in (italian, first, second, third, vip):
        assert make(world, who)
    assert whose(world) == ["Chiara", "Bo", "Chiara", "Dan", "–"]
    assert mails(world) == [("Chiara", "queued"), ("Bo", "queued"), ("Chiara", "queued"), ("Dan", "queued")]
    found = one(world, tables.tasks, contact_id=second)
    assert (found.assigned_code, found.assigned_rule) == ("task.by_turn", "rest")
    assert told(world, second) == [("task", "enroll.person"), ("task", "task.by_turn")]
    line = next(row for row in rows(world, tables.timeline, contact_id=second) if row.code == "task.by_turn")
    assert because(line.code, line.params) == "rule “rest”, and it was Chiara’s turn"
    assert one(world, tables.tasks, contact_id=vip).assigned_code == "task.to_nobody"
    assert told(world, vip) == [("task", "enroll.person")]


def test_a_rule_may_give_the_contact_too_and_its_owner_goes_first_from_then_on(world: World) -> None:
    (who,) = people(world, 1, country="IT")
    make(world, who, "one")
    assert one(world, tables.contacts, id=who).owner_id == colleague(world, "chiara")
    fact = one(world, tables.fact_changes, contact_id=who, kind="owner")
    assert (fact.old, fact.new, fact.reason_code) == (None, str(colleague(world, "chiara")), "task.owned")
    change(world, tables.contacts, {"id": who}, country="PT")
    make(world, who, "two")
    assert [row.assigned_code for row in rows(world, tables.tasks)] == ["task.by_rule", "task.by_owner"]
    assert whose(world) == ["Chiara", "Chiara"]
    assert rows(world, tables.task_turns) == []


def test_the_same_key_takes_one_turn(world: World) -> None:
    who, other = people(world, 2, country="DE")
    assert make(world, who)
    assert not make(world, who)
    assert make(world, other)
    assert whose(world) == ["Bo", "Chiara"]
    [turns] = rows(world, tables.task_turns)
    assert turns.turns["rest"]["number"] == 2


def test_a_look_takes_no_turn_and_says_what_comes(world: World) -> None:
    who, other = people(world, 2, country="DE")
    for _ in range(2):
        found = assigning.would(world, who, NOW)
        assert found.owner is not None
        assert (found.owner.name, found.reason.code, found.by_rule) == ("Bo", "task.by_turn", "rest")
    assert rows(world, tables.task_turns) == []
    make(world, who)
    found = assigning.would(world, other, NOW)
    assert found.owner is not None
    assert found.owner.name == "Chiara"


def test_whoever_is_chosen_gets_it_while_they_are_here(world: World) -> None:
    who, other = people(world, 2, country="IT")
    make(world, who, owner=colleague(world, "bo"))
    change(world, tables.users, {"name": "Bo"}, disabled_at=NOW)
    make(world, other, owner=colleague(world, "bo"))
    assert whose(world) == ["Bo", "Chiara"]
    assert one(world, tables.tasks, contact_id=who).assigned_code == "task.given"


def test_who_is_away_gets_no_turn_and_is_back_when_the_time_is_over(world: World) -> None:
    ids = people(world, 4, country="ES")
    change(world, tables.users, {"name": "Dan"}, away_until=NOW + timedelta(hours=1))
    make(world, ids[0])
    make(world, ids[1])
    change(world, tables.users, {"name": "Dan"}, away_until=NOW)
    make(world, ids[2])
    make(world, ids[3])
    assert whose(world) == ["Chiara", "Chiara", "Dan", "Chiara"]


def test_tasks_made_at_once_take_one_turn_each(world: World) -> None:
    ids = people(world, 24, country="DE")
    worlds = [reopen(world.database, world.settings.data_dir, secret_key="a key for tests") for _ in range(4)]

    def work(number: int) -> int:
        mine = ids[number::4]
        # Each is made by two at once: only one of them makes it, and takes the turn.
        others = ids[(number + 1) % 4 :: 4]
        return sum(make(worlds[number], who) for pair in zip(mine, others, strict=True) for who in pair)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == len(ids)
    assert Counter(whose(world)) == {"Bo": 8, "Chiara": 8, "Dan": 8}
    [turns] = rows(world, tables.task_turns)
    assert turns.turns["rest"]["number"] == len(ids)


def test_tasks_at_once_for_one_contact_are_one_colleague_s_where_the_rule_owns(world: World) -> None:
    world = by_rules(world, "  tasks:\n    - all: {to: everybody, own: true}\n")
    who, _ = people(world, 2)
    worlds = [reopen(world.database, world.settings.data_dir, secret_key="a key for tests") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda number: make(worlds[number], who, f"k{number}"), range(4)))
    assert set(whose(world)) == {"Bo"}
    codes = Counter(row.assigned_code for row in rows(world, tables.tasks))
    assert codes == {"task.by_turn": 1, "task.by_owner": 3}


def test_who_is_shut_out_has_no_open_task_any_more(world: World) -> None:
    world = by_rules(world, "  tasks:\n    - rest: {to: everybody, own: true}\n")
    ada = colleague(world, "ada")
    first, second, third = people(world, 3)
    change(world, tables.contacts, {"id": first}, owner_id=colleague(world, "bo"))
    for who in (first, second, third):
        make(world, who)
    done = one(world, tables.tasks, contact_id=third)
    assert whose(world) == ["Bo", "Bo", "Chiara"]
    tasks.done(world.database, world.workspace_id, done.id, "Reached them", f"user:{ada}", NOW)
    assert reassigning.reassign_all(world, NOW, ada) == 0
    users.disable(world.database, world.workspace_id, "bo@halden.example", NOW, ada)
    assert reassigning.reassign_all(world, NOW, ada) == 2
    assert reassigning.reassign_all(world, NOW, ada) == 0
    assert whose(world) == ["Dan", "Chiara", "Chiara"]
    assert one(world, tables.contacts, id=first).owner_id == colleague(world, "dan")
    lines = [
        because(row.code, row.params)
        for row in sorted(rows(world, tables.timeline, contact_id=first), key=lambda row: row.id)
    ]
    assert lines[-2:] == [
        "Bo cannot sign in any more; it is assigned again",
        "rule “rest”, and it was Dan’s turn",
    ]
    entries = [row for row in rows(world, tables.audit_entries) if row.action == "task.reassigned"]
    assert [(row.user_id, row.detail["rule"], row.detail["through"]) for row in entries] == [
        (ada, "rest", "page")
    ] * 2
    assert not {"Bo", "Dan"} & set(map(str, entries[0].detail.values()))
    # The mails to whoever is out stay here, and those who have the tasks now get their own.
    assert sorted(mails(world)) == [
        ("Bo", "cancelled"), ("Bo", "cancelled"), ("Chiara", "cancelled"), ("Chiara", "queued"), ("Dan", "queued"),
    ]  # fmt: skip


def test_where_nobody_is_left_it_waits_for_whoever_takes_it(world: World) -> None:
    world = by_rules(world, "  tasks:\n    - italy: {to: chiara@halden.example}\n")
    (who,) = people(world, 1)
    make(world, who)
    change(world, tables.users, {"name": "Chiara"}, disabled_at=NOW)
    assert reassigning.reassign(world, NOW) == 1
    found = one(world, tables.tasks)
    assert (found.owner_id, found.assigned_code, found.assigned_rule) == (None, "task.nobody_here", "italy")
    assert reassigning.reassign(world, NOW) == 0
    [entry] = [row for row in rows(world, tables.audit_entries) if row.action == "task.reassigned"]
    assert (entry.user_id, entry.detail["through"], entry.detail["to"]) == (None, "engine", None)
    task_acts.take(
        world.database, world.workspace_id, found.id, Seen(None, found.due_at), NOW, colleague(world, "bo")
    )
    assert one(world, tables.tasks).assigned_code == "task.by_hand"


def test_a_rule_that_is_gone_leaves_its_tasks_and_its_turns_are_forgotten(world: World) -> None:
    first, second = people(world, 2, country="DE")
    make(world, first)
    world = by_rules(world, "  tasks:\n    - pair: {to: [dan@halden.example, bo@halden.example]}\n")
    make(world, second)
    assert whose(world) == ["Bo", "Dan"]
    assert one(world, tables.tasks, contact_id=first).assigned_rule == "rest"
    [turns] = rows(world, tables.task_turns)
    assert set(turns.turns) == {"pair"}
    world = by_rules(world, "")
    (third,) = people(world, 1, first=2)
    make(world, third)
    assert one(world, tables.tasks, contact_id=third).assigned_code == "task.no_rule"


def test_the_rules_see_what_is_written_along_with_the_task(world: World) -> None:
    (who,) = people(world, 1, country="DE")
    reason = Reason("enroll.person", {})
    effects = (CreateTask("k", "call", "Call them", None, reason), SetTag("vip", True, reason))
    with world.database.write() as connection:
        obey(connection, world, world.library.catalogue(NOW), [Act(who, effect) for effect in effects], NOW)
    assert one(world, tables.tasks).assigned_rule == "vip"
