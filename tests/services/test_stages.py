"""The one door between stages: who goes through, who does not, and what is written down."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert

from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.stages import StageMove, move_stage
from app.services.world import World
from app.store import running
from app.store.database import Database
from app.store.tables import contact_stages, deliveries, events, fact_changes
from tests.support.line import NOW, people
from tests.support.rules import change, one, programme, rows, told

WHY = Reason("stage.qualified", {"fit": 70.0})


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path)


def move(world: World, who: UUID, to: str, by: str = "automation") -> Reason | None:
    with world.database.write() as connection:
        return go(connection, world, who, to, by)


def go(connection: Connection, world: World, who: UUID, to: str, by: str = "automation") -> Reason | None:
    lifecycle = world.library.catalogue(NOW).rules.lifecycle
    return move_stage(connection, world.workspace_id, lifecycle, StageMove(who, to, WHY, by=by), NOW)


def test_a_move_is_written_everywhere_with_its_reason(world: World) -> None:
    (who,) = people(world, 1)
    assert move(world, who, "prospect") is None
    stage = one(world, contact_stages, contact_id=who)
    assert (stage.stage, stage.since, stage.reason_code, stage.revision) == (
        "prospect",
        NOW,
        "stage.qualified",
        1,
    )
    changed = one(world, fact_changes, contact_id=who)
    assert (changed.kind, changed.old, changed.new) == ("stage", "lead", "prospect")
    assert (changed.reason_code, changed.reason_params) == ("stage.qualified", {"fit": 70.0})
    assert told(world, who) == [("stage", "stage.qualified")]
    entered = one(world, events, contact_id=who)
    assert (entered.kind, entered.subject, entered.payload["from"]) == ("stage_entered", "prospect", "lead")


def test_automation_never_leaps_and_the_refusal_is_told(world: World) -> None:
    (who,) = people(world, 1)
    refusal = move(world, who, "customer")
    assert refusal == Reason("stage.leap", {"from": "lead", "to": "customer"})
    assert one(world, contact_stages, contact_id=who).stage == "lead"
    assert told(world, who) == [("stage_refused", "stage.leap")]
    assert rows(world, events) == []
    assert rows(world, fact_changes) == []


def test_a_person_may_leap_and_it_is_recorded_as_theirs(world: World) -> None:
    (who,) = people(world, 1)
    assert move(world, who, "customer", by="person") is None
    assert one(world, contact_stages, contact_id=who).stage == "customer"
    assert one(world, events, contact_id=who).payload == {"from": "lead", "by": "person"}


def test_an_unknown_stage_is_refused_to_anybody(world: World) -> None:
    (who,) = people(world, 1)
    refusal = move(world, who, "friend", by="person")
    assert refusal is not None
    assert refusal.code == "stage.unknown"


def test_who_is_there_already_is_no_news(world: World) -> None:
    (who,) = people(world, 1)
    refusal = move(world, who, "lead")
    assert refusal is not None
    assert refusal.code == "stage.already_there"
    assert told(world, who) == []


def test_a_first_stage_may_be_any(world: World) -> None:
    (who,) = people(world, 1)
    with world.database.write() as connection:
        connection.execute(contact_stages.delete())
    assert move(world, who, "prospect") is None
    stage = one(world, contact_stages, contact_id=who)
    assert (stage.stage, stage.revision) == ("prospect", 0)
    assert one(world, fact_changes, contact_id=who).old is None


def test_the_event_is_told_once_however_often_the_door_is_asked(world: World) -> None:
    (who,) = people(world, 1)
    move(world, who, "prospect")
    assert move(world, who, "prospect") is not None
    assert len(rows(world, events, kind="stage_entered")) == 1


def test_a_stage_that_moved_meanwhile_is_decided_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking and writing somebody else moved the contact."""
    (who,) = people(world, 1)
    look = running.stage_of

    def looked_too_early(connection: Connection, contact_id: UUID, lifecycle: str) -> object:
        seen = look(connection, contact_id, lifecycle)
        connection.execute(
            contact_stages.update().values(stage="dormant", revision=contact_stages.c.revision + 1)
        )
        return seen

    monkeypatch.setattr(running, "stage_of", looked_too_early)
    refusal = move(world, who, "prospect")
    assert refusal == Reason("stage.moved_meanwhile", {"from": "lead", "to": "prospect"})
    assert one(world, contact_stages, contact_id=who).stage == "dormant"
    assert rows(world, events) == []


def mail(world: World, who: UUID, state: str) -> UUID:
    made = new_id(NOW)
    held = state in ("claimed", "intent")
    claim = {"claimed_by": "main", "claim_token": new_id(NOW), "claimed_until": NOW + timedelta(minutes=5)}
    with world.database.write() as connection:
        connection.execute(
            insert(deliveries).values(
                id=made, workspace_id=world.workspace_id, contact_id=who, dedupe_key=made.hex,
                message_class="marketing", content_kind="discovery", topic="guides", template="discovery/hello",
                priority=50, once=True, state=state, due_at=NOW, planned_at=NOW, attempts=0, reason_code="x",
                reason_params={}, **(claim if held else {}),
            )
        )  # fmt: skip
    return made


def test_claimed_mails_go_back_to_the_gate_and_sent_ones_stay(world: World) -> None:
    who, other = people(world, 2)
    mine = {state: mail(world, who, state) for state in ("claimed", "intent", "accepted", "deferred")}
    theirs = mail(world, other, "claimed")
    move(world, who, "prospect")
    back = one(world, deliveries, id=mine["claimed"])
    assert (back.state, back.claimed_by, back.claim_token, back.claimed_until) == ("queued", None, None, None)
    for state in ("intent", "accepted", "deferred"):
        assert one(world, deliveries, id=mine[state]).state == state
    assert one(world, deliveries, id=theirs).state == "claimed"


def test_a_refused_move_leaves_claimed_mails_alone(world: World) -> None:
    (who,) = people(world, 1)
    held = mail(world, who, "claimed")
    move(world, who, "customer")
    assert one(world, deliveries, id=held).state == "claimed"
    change(world, contact_stages, {"contact_id": who}, stage="prospect")
    assert move(world, who, "customer") is None
    assert one(world, deliveries, id=held).state == "queued"
