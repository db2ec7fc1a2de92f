"""Sunset, over half a year: who gives no sign gets one try to be won back, and after that no marketing at all."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from app.mail.replies import Outcome
from app.runtime.engine import react_once, run_once
from app.services import gathering, silence
from app.services.ids import new_id
from app.services.sending.gating import claim_and_gate
from app.services.sending.outcomes import Tried, record
from app.services.world import World
from app.store.database import Database
from app.store.tables import contact_stages, deliveries, hits
from tests.services.authoring import content
from tests.support import line
from tests.support.rules import happen, rows

DAY = timedelta(days=1)
STARTER = (Path(__file__).parents[2] / "sequences" / "lifecycle.yaml").read_text("utf-8")
TOPIC = "guides"
LONG = f"""\
sequence: letters
for: lead
topic: {TOPIC}
enter: {{on: person}}
steps:
""" + "".join(
    f"  - mail-{number}: {{send: discovery/letter-{number}}}\n  - pause-{number}: {{wait: 12 days}}\n"
    for number in range(12)
)
BACK = f"""\
sequence: re-engagement
for: dormant
topic: {TOPIC}
enter: {{on: stage_entered}}
again: after 365 days
steps:
  - settle: {{wait: 3 days}}
  - ask: {{send: re-engagement/still-there}}
"""
MAILS = {f"discovery/letter-{number}": content.mail() for number in range(12)} | {
    "re-engagement/still-there": content.mail("re-engagement")
}


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path) -> World:
    return line.lay(sqlite_database, tmp_path, sequences=(LONG, BACK), mails=MAILS, lifecycle=STARTER)


def live(
    world: World, who: list[UUID], days: int, opens: dict[UUID, str], until_click: int | None = None
) -> None:
    """Every fourth day: everything due happens and every mail is accepted; `opens` (by whom, the verdict) come every eighth day."""
    for number in range(0, days, 4):
        now = line.NOW + number * DAY
        silence.tell(world, now)
        gathering.gather(world, now)
        for _ in range(3):
            while react_once(world, now) + run_once(world, now):
                pass
            _send(world, now)
        if number % 8 == 0:
            for contact_id, verdict in opens.items():
                _open(world, contact_id, verdict, now)
        if number == until_click:
            happen(world, who[0], "clicked", "re-engagement/still-there", at=now, source="hit")


def _send(world: World, now: datetime) -> None:
    taken = claim_and_gate(world, world.library.catalogue(now), now, 50)
    if taken is None or not taken.passed:
        return
    with world.database.write() as connection:
        ids = [row.id for row in taken.passed]
        connection.execute(
            update(deliveries).where(deliveries.c.id.in_(ids)).values(state="intent", intent_at=now)
        )
        done = Outcome("accepted", "dot", 250, "2.0.0")
        record(connection, world, [Tried(row, row.claim_token, None, "s", done, now) for row in taken.passed])


def _open(world: World, who: UUID, verdict: str, at: datetime) -> None:
    with world.database.write() as connection:
        connection.execute(
            insert(hits).values(
                id=new_id(at), workspace_id=world.workspace_id, kind="open", method="GET", contact_id=who, at=at,
                received_at=at, user_agent="", headers={}, tracking="individual", verdict=verdict,
            )
        )  # fmt: skip


def accepted(world: World, who: UUID) -> list[tuple[str, int]]:
    found: Any = rows(world, deliveries, contact_id=who, state="accepted")
    return sorted(
        ((row.content_kind, (row.accepted_at - line.NOW).days) for row in found), key=lambda one: one[1]
    )


def stages(world: World) -> dict[UUID, str]:
    return {row.contact_id: row.stage for row in rows(world, contact_stages)}


def test_half_a_year_of_silence(world: World) -> None:
    silent, machine, reader = line.people(world, 3)
    line.enroll(world, [silent, machine, reader], "letters")
    live(world, [silent], 160, {machine: "machine", reader: "unknown"})
    assert stages(world) == {silent: "dormant", machine: "dormant", reader: "lead"}
    for who in (silent, machine):
        kinds = accepted(world, who)
        last_discovery = max(day for kind, day in kinds if kind == "discovery")
        tries = [day for kind, day in kinds if kind == "re-engagement"]
        assert len(tries) == 1, "one try to win them back"
        assert last_discovery <= tries[0] <= 75
        assert max(day for _, day in kinds) == tries[0], "and nothing after it"
    assert Counter(kind for kind, _ in accepted(world, reader)) == {"discovery": 12}


def test_a_click_brings_back(world: World) -> None:
    (who,) = line.people(world, 1)
    line.enroll(world, [who], "letters")
    live(world, [who], 90, {}, until_click=80)
    assert stages(world) == {who: "lead"}
