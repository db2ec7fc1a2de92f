"""Tasks and what their mail tells: to do what, why now, until when, and the story so far."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.core.effects import CreateTask
from app.core.reasons import Reason
from app.services import tasks, tasks_mail
from app.services.ids import new_id
from app.services.world import World
from app.store import ledger
from app.store.database import Database
from app.store.tables import deliveries, timeline
from app.store.tables import tasks as task_rows
from tests.support.line import NOW, people
from tests.support.rules import DAY, answered, happen, one, owned_lead, programme, rows, settle

TASK = CreateTask("stage:prospect:1", "call", "Call them", NOW + DAY, Reason("enroll.person", {}))


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path)


def create(world: World, who: UUID, task: CreateTask = TASK) -> bool:
    with world.database.write() as connection:
        return tasks.create(connection, world, world.library.catalogue(NOW), who, task, None, NOW)


def mail_of(world: World, who: UUID) -> dict[str, object]:
    row = one(world, deliveries, contact_id=who)
    lifecycle = world.library.catalogue(NOW).rules.lifecycle
    with world.database.read() as connection:
        found = tasks_mail.contexts(connection, [row], lifecycle, "Europe/Copenhagen", "https://t.example")
    return found[row.id]


def test_whoever_has_no_owner_has_a_task_of_nobody_and_no_mail(world: World) -> None:
    (who,) = people(world, 1)
    assert create(world, who)
    assert one(world, task_rows).owner_id is None
    assert rows(world, deliveries) == []


def test_a_task_that_is_not_to_be_mailed_is_not(world: World) -> None:
    who = owned_lead(world)
    assert create(world, who, CreateTask("k", "call", "Call", None, TASK.reason, by_mail=False))
    assert rows(world, deliveries) == []


def test_the_same_key_is_one_task_for_each_contact(world: World) -> None:
    first, second = owned_lead(world, 1), owned_lead(world, 2)
    assert create(world, first)
    assert not create(world, first)
    assert create(world, second)
    assert len(rows(world, task_rows)) == len(rows(world, deliveries)) == 2


def test_the_mail_tells_what_why_and_until_when(world: World) -> None:
    who = owned_lead(world)
    create(world, who)
    told = mail_of(world, who)
    assert told["title"] == "Call them"
    assert told["due"] == "Wed 25 Nov, 11:00"
    assert told["url"] == f"https://t.example/tasks/{one(world, task_rows).id}"
    assert told["body"] == "a colleague said so"


def test_the_mail_tells_scores_criteria_and_the_story_newest_first(world: World) -> None:
    who = owned_lead(world)
    happen(world, who, "clicked", "discovery/hello", NOW - DAY)
    answered(world, who, "means", "100", NOW - timedelta(hours=1))
    settle(world)
    create(world, who)
    lines = mail_of(world, who)["lines"]
    assert isinstance(lines, list)
    assert "Fit: 10" in lines
    assert "Engagement: 5" in lines
    assert "means: yes (100)" in [line[0].lower() + line[1:] for line in lines]
    story = [line for line in lines if "Nov" in line]
    assert story == [
        "Tue 24 Nov, 10:00: Answered about “means”",
        "Mon 23 Nov, 11:00: Clicked in “discovery/hello”",
    ]


def test_what_a_machine_did_is_no_part_of_the_story(world: World) -> None:
    who = owned_lead(world)
    for number in range(30):
        at = NOW - timedelta(minutes=number)
        happen(world, who, "clicked", f"discovery/{number}", at, verdict="machine")
    happen(world, who, "visited", "pricing", NOW - 2 * DAY)
    settle(world)
    create(world, who)
    lines = mail_of(world, who)["lines"]
    assert isinstance(lines, list)
    assert [line for line in lines if "Nov" in line] == ["Sun 22 Nov, 11:00: Visited “pricing”"]


def test_a_long_story_is_cut_to_its_end(world: World) -> None:
    who = owned_lead(world)
    lines = [
        {
            "id": new_id(NOW), "workspace_id": world.workspace_id, "contact_id": who,
            "at": NOW - timedelta(minutes=number), "kind": "mail_accepted", "code": "mail.accepted",
            "params": {"template": f"discovery/{number}"}, "actor": "engine",
        }
        for number in range(40)
    ]  # fmt: skip
    with world.database.write() as connection:
        ledger.add_timeline(connection, lines)
    create(world, who)
    told = mail_of(world, who)["lines"]
    assert isinstance(told, list)
    story = [line for line in told if "Nov" in line]
    assert len(story) == tasks_mail.STORY
    assert "discovery/0" in story[0]
    assert len(rows(world, timeline, contact_id=who)) == 41
