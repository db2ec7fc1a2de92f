"""An unsubscription that is committed before the intent to send wins, whoever was quicker to the row."""

import threading
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.tokens import ManageToken
from app.services import signals
from app.services.sending.gating import Taken, claim_and_gate
from app.services.world import World
from app.store import sending, tables
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW

SEVERAL = 12


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path)


def queued(world: World, count: int) -> dict[UUID, UUID]:
    """Mails of the line that are due, by the person they go to."""
    people = line.people(world, count)
    rows = {
        who: {
            "id": UUID(int=who.int ^ 1), "workspace_id": world.workspace_id, "contact_id": who, "step": "hello",
            "definition_id": line.version_of(world).definition_id, "dedupe_key": f"race:{who}",
            "message_class": "marketing", "content_kind": "discovery", "topic": "guides",
            "template": "discovery/hello", "priority": 50, "once": True, "state": "queued", "due_at": NOW,
            "planned_at": NOW, "attempts": 0, "reason_code": "x", "reason_params": {},
        }
        for who in people
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(tables.deliveries.insert(), list(rows.values()))
    return {who: row["id"] for who, row in rows.items()}  # type: ignore[misc]


def taken(world: World) -> Taken:
    found = claim_and_gate(world, world.library.catalogue(NOW), NOW, 100)
    assert found is not None
    return found


def intend(world: World, claimed: Taken, delivery: UUID) -> bool:
    row = {
        "row_id": delivery, "row_token": claimed.claim.token, "new_intent_at": NOW,
        "new_claimed_until": claimed.claim.until, "new_address": "x@example.com", "new_sender": "s@example.com",
        "new_template_version_id": None, "new_variant_id": None, "new_provider": None,
    }  # fmt: skip
    with world.database.write() as connection:
        return delivery in sending.intend(connection, [row])


def states(world: World) -> dict[UUID, str]:
    with world.database.read() as connection:
        rows = connection.execute(select(tables.deliveries.c.id, tables.deliveries.c.state)).all()
    return {row.id: row.state for row in rows}


def leave(world: World, who: UUID, delivery: UUID) -> None:
    token = ManageToken(delivery, who, "guides")
    assert signals.unsubscribe(world, token, everything=False, source="one click", now=NOW) is not None


def test_committed_between_claim_and_intent_it_wins(world: World) -> None:
    ((who, delivery),) = queued(world, 1).items()
    claimed = taken(world)
    leave(world, who, delivery)
    assert not intend(world, claimed, delivery)
    assert states(world) == {delivery: "cancelled"}


def test_committed_before_the_claim_the_gate_holds_what_was_planned_meanwhile(world: World) -> None:
    ((who, delivery),) = queued(world, 1).items()
    leave(world, who, delivery)
    with world.database.write() as connection:
        connection.execute(tables.deliveries.update().values(state="queued", ended_at=None))
    assert taken(world).passed == []
    assert states(world) == {delivery: "suppressed"}


def test_at_the_same_moment_each_mail_is_either_called_back_or_on_its_way(world: World) -> None:
    mails = queued(world, SEVERAL)
    claimed = taken(world)
    assert len(claimed.passed) == SEVERAL
    start, meant = threading.Barrier(2), {}

    def sends() -> None:
        start.wait()
        for delivery in mails.values():
            meant[delivery] = intend(world, claimed, delivery)

    def leaves() -> None:
        start.wait()
        # From the other end, so that the two meet in the middle.
        for who, delivery in reversed(mails.items()):
            leave(world, who, delivery)

    threads = [threading.Thread(target=each) for each in (sends, leaves)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(world) == {mail: "intent" if went else "cancelled" for mail, went in meant.items()}
    assert not claim_and_gate(world, world.library.catalogue(NOW), NOW, 100)
