"""One mail to a segment: frozen, confirmed, queued once each, held back by the gate, paused and called off."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.services.broadcasts import deciding, queueing
from app.services.broadcasts.deciding import BroadcastFault, Wish
from app.services.library import Catalogue
from app.services.sending.gating import claim_and_gate
from app.services.world import World
from app.store import broadcasts as store
from app.store.database import Database
from app.store.tables import (
    audit_entries,
    broadcast_people,
    broadcasts,
    consents,
    contact_stages,
    contact_tags,
    contacts,
    deliveries,
    identities,
)
from tests.support.line import NOW, lay, people
from tests.support.rules import change, one, rows

WISH = Wish("Spring letter", "discovery/hello", "warm", "guides")
HOUR = timedelta(hours=1)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    folder = tmp_path / "content/sequences/segments"
    folder.mkdir(parents=True)
    (folder / "warm.yaml").write_text("segment: warm\nif: {tag: warm}\n")
    return lay(database, tmp_path)


def crowd(world: World, count: int, **options: Any) -> list[UUID]:
    who = people(world, count, **options)
    values = [
        {"contact_id": one, "tag": "warm", "workspace_id": world.workspace_id, "added_at": NOW} for one in who
    ]
    with world.database.write() as connection:
        connection.execute(insert(contact_tags), values)
    return who


def catalogue(world: World) -> Catalogue:
    return world.library.catalogue(NOW)


def act(world: World, doing: Callable[..., None], mine: UUID, *more: object, at: Any = NOW) -> None:
    doing(world, mine, deciding.find(world, mine).revision, *more, at, None)


def frozen(world: World, wish: Wish = WISH) -> UUID:
    mine = deciding.draft(world, wish, NOW, None)
    act(world, deciding.freeze, mine)
    while deciding.find(world, mine).state == "freezing":
        queueing.work(world, NOW)
    return mine


def confirmed(world: World, wish: Wish = WISH) -> UUID:
    mine = frozen(world, wish)
    act(world, deciding.confirm, mine, "it is spring")
    return mine


def fault_of(doing: Callable[[], object]) -> str:
    with pytest.raises(BroadcastFault) as caught:
        doing()
    return caught.value.reason.code


def work_off(world: World, at: Any = NOW) -> None:
    while queueing.work(world, at):
        pass


def test_the_audience_is_frozen_with_the_reason_of_everybody_who_is_left_out(world: World) -> None:
    good, silent, prospect, nowhere, had, away = crowd(world, 6)
    stranger = people(world, 1, first=9)[0]
    change(world, consents, {"contact_id": silent}, state="withdrawn")
    change(world, contact_stages, {"contact_id": prospect}, stage="prospect")
    change(world, contacts, {"id": away}, away_until=NOW + timedelta(days=3))
    with world.database.write() as connection:
        connection.execute(identities.delete().where(identities.c.contact_id == nowhere))
    again = confirmed(world)
    work_off(world)
    change(
        world, deliveries, {"contact_id": had}, state="accepted", accepted_at=NOW - 300 * HOUR, intent_at=NOW
    )
    mine = frozen(world, Wish("Again", "discovery/hello", "warm", "guides"))
    found = {
        row.contact_id: (row.state, row.reason_code)
        for row in rows(world, broadcast_people, broadcast_id=mine)
    }
    assert found == {
        good: ("waiting", "broadcast.waits"), silent: ("held", "gate.consent_withdrawn"),
        prospect: ("held", "gate.stage"), nowhere: ("held", "gate.no_address"), had: ("held", "gate.once"),
        away: ("waiting", "gate.away"),
    }  # fmt: skip
    assert stranger not in found
    assert again != mine


def test_each_gets_one_mail_through_the_ledger(world: World) -> None:
    who = crowd(world, 7)
    mine = confirmed(world)
    work_off(world)
    mails = rows(world, deliveries)
    assert {mail.contact_id for mail in mails} == set(who)
    assert len(mails) == 7
    assert {(m.broadcast_id, m.message_class, m.topic, m.content_kind, m.reason_code) for m in mails} == {
        (mine, "marketing", "guides", "discovery", "mail.broadcast")
    }
    assert {mail.dedupe_key for mail in mails} == {f"broadcast:{mine}:{one}" for one in who}
    assert one(world, broadcasts).state == "done"
    acts = [row.action for row in rows(world, audit_entries) if row.action.startswith("broadcast.")]
    assert sorted(acts) == ["broadcast.confirmed", "broadcast.drafted", "broadcast.frozen"]
    work_off(world, NOW + HOUR)
    assert len(rows(world, deliveries)) == 7


@pytest.mark.parametrize("breaks_in", ["mark", "advance"])
def test_a_process_that_dies_in_the_middle_doubles_and_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, breaks_in: str
) -> None:
    crowd(world, 5)
    confirmed(world)
    monkeypatch.setattr(queueing, "BATCH", 2)
    whole, calls = getattr(store, breaks_in), []

    def dies(*values: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(*values, **more)

    with monkeypatch.context() as patched:
        patched.setattr(store, breaks_in, dies)
        with pytest.raises(KeyboardInterrupt):
            work_off(world)
    queued = [row for row in rows(world, broadcast_people) if row.state == "queued"]
    assert len(rows(world, deliveries)) == len(queued) < 5
    work_off(world)
    assert len(rows(world, deliveries)) == 5


def test_of_two_engines_that_saw_the_same_one_queues(world: World) -> None:
    crowd(world, 4)
    mine = confirmed(world)
    seen = deciding.find(world, mine)
    assert queueing.queue_some(world, seen, NOW) == 4
    assert queueing.queue_some(world, seen, NOW) == 0
    assert len(rows(world, deliveries)) == 4


def test_who_leaves_meanwhile_is_held_back_by_the_gate(world: World) -> None:
    stays, leaves = crowd(world, 2)
    confirmed(world)
    work_off(world)
    change(world, consents, {"contact_id": leaves}, state="withdrawn")
    taken = claim_and_gate(world, catalogue(world), NOW, 10)
    assert taken is not None
    assert [row.contact_id for row in taken.passed] == [stays]
    [mail] = rows(world, deliveries, contact_id=leaves)
    assert (mail.state, mail.reason_code) == ("suppressed", "gate.consent_withdrawn")


def test_a_pause_holds_what_is_queued_and_calling_off_sweeps_it(world: World) -> None:
    crowd(world, 4)
    mine = confirmed(world, Wish("Slow", "discovery/hello", "warm", "guides", pace="24"))
    assert queueing.work(world, NOW) == 2
    act(world, deciding.pause, mine)
    assert queueing.work(world, NOW + HOUR) == 0
    taken = claim_and_gate(world, catalogue(world), NOW, 10)
    assert taken is not None
    assert taken.passed == []
    assert {(m.state, m.reason_code) for m in rows(world, deliveries)} == {
        ("deferred", "gate.broadcast_paused")
    }
    act(world, deciding.resume, mine)
    assert queueing.work(world, NOW + HOUR) == 2
    act(world, deciding.cancel, mine)
    work_off(world, NOW + 2 * HOUR)
    assert {(m.state, m.reason_code) for m in rows(world, deliveries)} == {
        ("cancelled", "gate.broadcast_cancelled")
    }
    assert one(world, broadcasts).ended_at == NOW + 2 * HOUR


def test_the_pace_holds_in_every_hour(world: World) -> None:
    crowd(world, 40)
    confirmed(world, Wish("Slow", "discovery/hello", "warm", "guides", pace="12"))
    for minute in range(0, 180, 5):
        work_off(world, NOW + timedelta(minutes=minute))
    at = sorted(row.queued_at for row in rows(world, broadcast_people) if row.queued_at)
    assert len(at) == 36
    assert all(later - first >= HOUR for first, later in zip(at, at[12:], strict=False))


def test_each_at_their_own_hour_and_all_at_one(world: World) -> None:
    zones = ("Asia/Tokyo", "Europe/Copenhagen", "America/New_York")
    for who, zone in zip(crowd(world, 3), zones, strict=True):
        change(world, contacts, {"id": who}, zone=zone)
    mine = frozen(world, Wish("Local", "discovery/hello", "warm", "guides", "local", "2026-11-26T09:00"))
    hours = sorted(row.due_at.hour for row in rows(world, broadcast_people, broadcast_id=mine))
    assert hours == [0, 8, 14]
    wish = Wish("At", "discovery/hello", "warm", "guides", "at", "2026-11-26T09:00", "Asia/Tokyo")
    at = frozen(world, wish)
    assert {row.due_at.hour for row in rows(world, broadcast_people, broadcast_id=at)} == {0}
    act(world, deciding.confirm, at, "because")
    assert queueing.work(world, NOW) == 0
    assert queueing.work(world, NOW + 48 * HOUR) == 3


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"title": " "}, "no_title"), ({"title": "x" * 300}, "no_title"), ({"template": "no/such"}, "no_template"),
        ({"segment": "cold"}, "no_segment"), ({"topic": ""}, "no_topic"), ({"pace": "0"}, "no_pace"),
        ({"pace": "٣"}, "no_pace"), ({"pace": "9" * 30}, "no_pace"), ({"way": "soon"}, "no_time"),
        ({"way": "at", "wall": "soon"}, "no_time"), ({"way": "at", "wall": "2020-01-01T09:00"}, "past"),
        ({"way": "at", "wall": "2999-01-01T09:00"}, "far"),
        ({"way": "at", "wall": "2026-12-01T09:00", "zone": "Mars/North"}, "no_zone"),
    ],
)  # fmt: skip
def test_a_draft_that_cannot_be_sent_is_refused(world: World, wish: dict[str, str], code: str) -> None:
    whole = {"title": "T", "template": "discovery/hello", "segment": "warm", "topic": "guides", **wish}
    assert fault_of(lambda: deciding.draft(world, Wish(**whole), NOW, None)) == f"broadcast.{code}"
    assert rows(world, broadcasts) == []


def test_nothing_is_confirmed_unseen(world: World) -> None:
    mine = frozen(world)
    assert fault_of(lambda: act(world, deciding.confirm, mine, "why")) == "broadcast.nobody"
    crowd(world, 2)
    act(world, deciding.freeze, mine)
    work_off(world)
    assert fault_of(lambda: act(world, deciding.confirm, mine, " ")) == "broadcast.no_why"
    late = NOW + timedelta(days=2)
    assert fault_of(lambda: act(world, deciding.confirm, mine, "why", at=late)) == "broadcast.old"
    seen = deciding.find(world, mine).revision
    deciding.change(world, mine, Wish("Other", "discovery/hello", "warm", "offers"), seen, NOW, None)
    assert fault_of(lambda: deciding.confirm(world, mine, seen, "why", NOW, None)) == "broadcast.stale"
    assert rows(world, broadcast_people) == []
    assert rows(world, deliveries) == []
