"""Who has been silent for long is told to the rules as an event, once a month."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.services.ids import new_id
from app.services.silence import LONG, MAILS, tell
from app.services.world import World
from app.store.database import Database
from app.store.tables import contact_stages, contacts, deliveries, events, hits
from tests.support.line import NOW, people
from tests.support.rules import DAY, change, happen, one, programme, rows, settle

LATER = NOW + LONG + DAY


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path)


def mailed(world: World, who: UUID, times: int = MAILS, **columns: Any) -> None:
    """Accepted marketing mails, three weeks apart from one another."""
    made = [
        {
            "id": new_id(NOW), "workspace_id": world.workspace_id, "contact_id": who, "dedupe_key": f"{who}:{number}",
            "message_class": "marketing", "content_kind": "discovery", "template": f"discovery/{number}",
            "priority": 50, "once": True, "state": "accepted", "due_at": NOW, "planned_at": NOW, "attempts": 1,
            "accepted_at": NOW + (1 + 20 * number) * DAY, "reason_code": "x", "reason_params": {}, **columns,
        }
        for number in range(times)
    ]  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(deliveries), made)


def hit(world: World, who: UUID, verdict: str | None, at: datetime) -> None:
    with world.database.write() as connection:
        connection.execute(
            insert(hits).values(
                id=new_id(at), workspace_id=world.workspace_id, kind="open", method="GET", contact_id=who, at=at,
                received_at=at, user_agent="", headers={}, tracking="individual", verdict=verdict,
            )
        )  # fmt: skip


def silent(world: World) -> list[UUID]:
    return [row.contact_id for row in rows(world, events, kind="silent")]


def test_who_got_mails_and_gave_no_sign_is_silent(world: World) -> None:
    (who,) = people(world, 1)
    mailed(world, who)
    assert tell(world, LATER) == 1
    event = one(world, events, kind="silent")
    assert (event.contact_id, event.occurred_at, event.payload) == (who, LATER, {"days": 60, "mails": 3})


def test_three_mails_of_last_week_are_no_long_silence(world: World) -> None:
    """Who has been here for long, and was first written to last week, has not been silent towards us."""
    (who,) = people(world, 1)
    mailed(world, who, accepted_at=LATER - 7 * DAY)
    assert tell(world, LATER) == 0


def test_nobody_is_silent_before_the_time(world: World) -> None:
    (who,) = people(world, 1)
    mailed(world, who)
    assert tell(world, NOW + LONG - DAY) == 0


@pytest.mark.parametrize(
    "columns",
    [{"times": MAILS - 1}, {"state": "suppressed", "accepted_at": None}, {"message_class": "service"}],
)
def test_who_was_hardly_mailed_is_not_silent(world: World, columns: dict[str, Any]) -> None:
    (who,) = people(world, 1)
    mailed(world, who, **columns)
    assert tell(world, LATER) == 0


@pytest.mark.parametrize(
    ("kind", "source", "verdict", "is_silent"),
    [
        ("clicked", "hit", "human", False), ("answered", "recipient", "human", False), ("visited", "site", "human", False),
        ("replied", "inbound", "human", False), ("clicked", "hit", "machine", True), ("goal_reached", "engine", "human", True),
        ("stage_entered", "stage", "human", True),
    ],
)  # fmt: skip
def test_a_sign_of_a_person_ends_the_silence(
    world: World, kind: str, source: str, verdict: str, is_silent: bool
) -> None:
    (who,) = people(world, 1)
    mailed(world, who)
    happen(world, who, kind, "x", NOW + 30 * DAY, source=source, verdict=verdict)
    assert tell(world, LATER) == (1 if is_silent else 0)


@pytest.mark.parametrize(("verdict", "is_silent"), [("human", False), ("unknown", False), ("machine", True)])
def test_a_mail_opened_by_no_machine_is_a_sign_too(world: World, verdict: str, is_silent: bool) -> None:
    (who,) = people(world, 1)
    mailed(world, who)
    hit(world, who, verdict, NOW + 30 * DAY)
    assert silent(world) == []
    assert tell(world, LATER) == (1 if is_silent else 0)


def test_an_old_sign_does_not_count_for_ever(world: World) -> None:
    (who,) = people(world, 1)
    mailed(world, who)
    happen(world, who, "clicked", "x", NOW, source="hit")
    assert tell(world, LATER) == 1


def test_it_is_told_once_a_month(world: World) -> None:
    (who,) = people(world, 1)
    mailed(world, who, 8)
    told_at = []
    for hour in range(0, 24 * 70, 6):
        at = LATER + timedelta(hours=hour)
        if tell(world, at):
            told_at.append(at)
    assert silent(world) == [who] * len(told_at)
    assert len(told_at) == 3
    assert all(later - earlier >= 30 * DAY for earlier, later in pairwise(told_at))


def test_an_erased_contact_is_left_in_peace(world: World) -> None:
    (who,) = people(world, 1)
    mailed(world, who)
    change(world, contacts, {"id": who}, erased_at=NOW)
    assert tell(world, LATER) == 0


def test_silence_makes_dormant(world: World) -> None:
    (who,) = people(world, 1)
    mailed(world, who)
    tell(world, LATER)
    settle(world, LATER)
    assert one(world, contact_stages, contact_id=who).stage == "dormant"


def test_many_are_told_in_batches(world: World) -> None:
    for who in people(world, 5):
        mailed(world, who)
    assert [tell(world, LATER, limit=2) for _ in range(4)] == [2, 2, 1, 0]
