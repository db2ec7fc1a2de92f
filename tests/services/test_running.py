"""Due enrollments go on in batches; one bad row never stops the others, and nobody's work is overwritten."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from app.core.engine import advance
from app.services import running
from app.services.running import run_due
from app.store import running as store
from app.store.database import Database
from app.store.running import MOST_FAILURES
from app.store.tables import contact_tags, contacts, definitions, enrollments, events, workspaces
from tests.services.sending.conftest import House
from tests.support import line

TAGGING = """\
sequence: line
for: lead
topic: guides
enter: {on: person}
steps:
  - mark: {set: {tag: warm}}
  - wait: {wait_for: {clicked: hello}, up to: 2 days, then: hello, else: hello}
  - hello: {send: discovery/hello}
"""


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    built = House(database, tmp_path, sequences=[TAGGING])
    yield built
    built.close()


def due(house: House, count: int) -> list[Any]:
    who = line.people(house.world, count)
    line.enroll(house.world, who)
    return who


def test_tags_of_many_are_set_with_their_history(house: House) -> None:
    who = due(house, 5)
    house.change(
        insert(contact_tags).values(
            contact_id=who[0], tag="warm", workspace_id=house.world.workspace_id, added_at=house.now
        )
    )
    assert run_due(house.world, house.now).saved == 5
    assert {(one.contact_id, one.tag) for one in house.rows("contact_tags")} == {(one, "warm") for one in who}
    changes = house.rows("fact_changes")
    assert {one.contact_id for one in changes} == set(who[1:])
    assert {(one.kind, one.name, one.old, one.new, one.source) for one in changes} == {
        ("tag", "warm", None, True, "engine")
    }
    assert len(house.rows("timeline", kind="tag")) == 4
    revisions = {one.id: (one.revision, one.judge_due_at) for one in house.rows("contacts")}
    assert revisions[who[0]] == (0, None)
    assert all(revisions[one] == (1, house.now) for one in who[1:])


def test_a_batch_is_no_larger_than_asked_and_takes_the_longest_due(house: House) -> None:
    who = due(house, 4)
    earlier = house.now - timedelta(hours=1)
    house.change(update(enrollments).where(enrollments.c.contact_id == who[3]).values(due_at=earlier))
    ran = run_due(house.world, house.now, limit=1)
    assert (ran.taken, ran.saved) == (1, 1)
    assert [one.contact_id for one in house.rows("enrollments", revision=1)] == [who[3]]


def test_one_bad_row_backs_off_and_is_parked_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = due(house, 3)

    def fails(enrollment: Any, *others: Any) -> Any:
        if enrollment.contact_id == who[1]:
            raise ValueError("broken")
        return advance(enrollment, *others)

    monkeypatch.setattr(running, "advance", fails)
    ran = run_due(house.world, house.now)
    assert (ran.taken, ran.saved, ran.failed) == (3, 2, 1)
    for number in range(1, MOST_FAILURES):
        (bad,) = house.rows("enrollments", contact_id=who[1])
        assert (bad.state, bad.failures) == ("due", number)
        house.now = bad.claimed_until + timedelta(seconds=1)
        run_due(house.world, house.now)
    (bad,) = house.rows("enrollments", contact_id=who[1])
    assert (bad.state, bad.due_at, bad.reason_code) == ("parked", None, "parked.error")
    assert len(house.rows("timeline", kind="parked")) == 1


def test_what_cannot_be_written_is_written_without_the_one_that_cannot(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = due(house, 3)
    obey = running.obey

    def fails(connection: Any, world: Any, catalogue: Any, acts: Any, now: Any) -> None:
        if any(act.contact_id == who[0] for act in acts):
            raise ValueError("no such column")
        obey(connection, world, catalogue, acts, now)

    monkeypatch.setattr(running, "obey", fails)
    ran = run_due(house.world, house.now)
    assert (ran.saved, ran.failed) == (2, 1)
    assert {one.contact_id for one in house.rows("contact_tags")} == set(who[1:])
    assert {one.revision for one in house.rows("enrollments") if one.contact_id != who[0]} == {1}


def test_who_was_moved_meanwhile_keeps_what_was_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between decision and save a happening ended one enrollment: its effects are dropped with the decision."""
    who = due(house, 3)
    decide = running._decide

    def slowly(*args: Any) -> Any:
        decided = decide(*args)
        house.change(
            update(enrollments)
            .where(enrollments.c.contact_id == who[1])
            .values(state="ended", due_at=None, revision=enrollments.c.revision + 1)
        )
        return decided

    monkeypatch.setattr(running, "_decide", slowly)
    ran = run_due(house.world, house.now)
    assert (ran.taken, ran.saved, ran.failed) == (3, 2, 0)
    (moved,) = house.rows("enrollments", contact_id=who[1])
    assert (moved.state, moved.revision) == ("ended", 1)
    assert {one.contact_id for one in house.rows("contact_tags")} == {who[0], who[2]}


def test_a_claim_that_ran_out_may_be_taken_by_another(house: House) -> None:
    due(house, 2)
    claim = store.Claim("dead", house.world.workspace_id, house.now + timedelta(minutes=5))
    with house.database.write() as connection:
        assert len(store.claim_due(connection, house.world.workspace_id, claim, house.now, 10)) == 2
    assert run_due(house.world, house.now).taken == 0
    assert run_due(house.world, house.now + timedelta(minutes=6)).saved == 2


def test_people_in_a_paused_sequence_stand_still(house: House) -> None:
    due(house, 2)
    paused = update(definitions).where(definitions.c.kind == "sequence")
    house.change(paused.values(state="paused"))
    assert run_due(house.world, house.now).taken == 0
    house.change(paused.values(state="live"))
    assert run_due(house.world, house.now).saved == 2


def test_a_time_out_waits_for_what_was_received_before_it(house: House) -> None:
    (who,) = due(house, 1)
    while run_due(house.world, house.now).taken:
        pass
    (waiting,) = house.rows("enrollments")
    assert waiting.state == "waiting"
    house.change(
        insert(events).values(
            id=who, workspace_id=house.world.workspace_id, contact_id=who, kind="visited", subject="", topics="",
            verdict="human", source="test", occurred_at=house.now, received_at=house.now, failures=0, payload={},
        )
    )  # fmt: skip
    assert run_due(house.world, waiting.due_at).taken == 0
    house.change(update(events).values(processed_at=house.now))
    assert run_due(house.world, waiting.due_at).saved == 1


def test_somebody_unknown_is_set_back_and_not_lost(house: House) -> None:
    """A contact of another workspace has no facts here."""
    (who,) = due(house, 1)
    other = UUID(int=9)
    house.change(
        insert(workspaces).values(id=other, key="other", name="Other", is_demo=True, created_at=house.now)
    )
    house.change(update(contacts).where(contacts.c.id == who).values(workspace_id=other))
    ran = run_due(house.world, house.now)
    assert (ran.saved, ran.failed) == (0, 1)
