"""Receivers of events: told once of what they asked for, signed with a key of their own, paused, removed."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from app.mail.posting import Poster
from app.services import calling
from app.services import hook_subscriptions as service
from app.services.calling import Caller, signing_key
from app.services.contacts import record_consent
from app.services.events import record
from app.services.hook_subscriptions import EVENTS, SubscriptionFault, Wish
from app.services.importing.around import surroundings
from app.services.reacting import react_due
from app.services.sentences import is_known
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.support import line
from tests.support.line import NOW
from tests.support.receiver import OK, Receiver

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path, web_hooks_to_this_machine=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver(None, lambda came, line: OK)
    yield made
    made.stop()


def hears(world: World, *events: str, url: str = "https://crm.example/in", title: str = "CRM") -> UUID:
    return service.add(world, Wish(title, url, events), None, NOW)


def at(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.port}/in"


def calls(world: World) -> list[Any]:
    with world.database.read() as connection:
        return list(connection.execute(select(tables.web_calls).order_by(tables.web_calls.c.id)))


def happens(world: World, who: UUID, kind: str, **more: Any) -> None:
    when: datetime = more.pop("occurred_at", LATER)
    key = more.pop("key", kind)
    assert record(world, who, kind, occurred_at=when, source="test", key=key, now=LATER, **more)
    while react_due(world, LATER):
        pass


def test_it_hears_what_it_asked_for_and_once(world: World) -> None:
    [who] = line.people(world, 1)
    one = hears(world, "meeting_booked", "custom", "visited")
    happens(world, who, "meeting_booked", subject="desk", topics=["pricing"])
    happens(world, who, "custom:rain", payload={"secret": "what they wrote"})
    happens(world, who, "visited", subject="/a", verdict="machine")
    happens(world, who, "call_recorded")
    happens(world, who, "meeting_booked", key="long ago", occurred_at=NOW - timedelta(days=1))
    [booked, rain] = calls(world)
    assert booked.payload == {
        "event": "meeting_booked", "contact": str(who), "at": LATER.isoformat(), "subject": "desk", "topics": ["pricing"]
    }  # fmt: skip
    assert (booked.subscription_id, booked.url) == (one, "https://crm.example/in")
    assert rain.payload["event"] == "custom:rain"
    assert "what they wrote" not in json.dumps(rain.payload)
    # Judged anew, the visit was a person's: now it is told, and the others are not told again.
    with world.database.write() as connection:
        connection.execute(update(tables.events).values(processed_at=None, verdict="human"))
    while react_due(world, LATER):
        pass
    assert [row.payload["event"] for row in calls(world)] == ["meeting_booked", "custom:rain", "visited"]
    assert all(is_known(row.reason_code) for row in calls(world))


def test_moves_tasks_and_consents_are_told(world: World) -> None:
    [who] = line.people(world, 1)
    hears(world, "stage_entered", "consent_withdrawn", "consent_given")
    hears(world, "consent_withdrawn", title="Other")
    around = surroundings(world, LATER)

    def consent(state: str) -> bool:
        return record_consent(
            world.database, world.workspace_id, around, who, "guides", state, "said so", "phone", "user:x", LATER
        )  # fmt: skip

    assert consent("withdrawn")
    assert not consent("withdrawn")
    assert consent("given")
    told = sorted((row.payload["event"], row.payload["subject"]) for row in calls(world))
    assert told == [("consent_given", "guides")] + [("consent_withdrawn", "guides")] * 2


def test_a_call_is_signed_with_the_receivers_own_key(world: World, receiver: Receiver) -> None:
    [who] = line.people(world, 1)
    one = hears(world, "meeting_booked", url=at(receiver))
    happens(world, who, "meeting_booked")
    assert Caller(world, lambda: LATER).call_due() == 1
    [came] = receiver.came
    stamp, _, mac = came.headers["Trellis-Signature"].partition(",v1=")
    key = service.show_key(world, one, None, LATER)
    expected = hmac.new(key.encode(), f"{stamp[2:]}.".encode() + came.body, hashlib.sha256).hexdigest()
    assert mac == expected
    assert key != signing_key(world.settings.keys()[0])
    assert json.loads(came.body)["contact"] == str(who)
    assert [row.state for row in calls(world)] == ["done"]
    # It is no story of the contact's: a receiver of clicks would fill the timeline.
    with world.database.read() as connection:
        kinds = set(connection.execute(select(tables.timeline.c.kind)).scalars())
    assert "web_hook" not in kinds
    assert calling.forget(world, LATER + timedelta(days=29)) == 0
    assert calling.forget(world, LATER + timedelta(days=31)) == 1
    assert calls(world) == []


def test_a_paused_one_is_not_called_and_a_removed_one_leaves_nothing_behind(
    world: World, receiver: Receiver
) -> None:
    [who] = line.people(world, 1)
    one = hears(world, "meeting_booked", url=at(receiver))
    other = hears(world, "meeting_booked", url=at(receiver), title="Other")
    happens(world, who, "meeting_booked")
    assert service.pause(world, one, None, LATER)
    assert not service.pause(world, one, None, LATER)
    happens(world, who, "meeting_booked", key="meanwhile")
    caller = Caller(world, lambda: LATER)
    assert caller.call_due() == 2
    assert caller.call_due() == 0
    assert service.resume(world, one, None, LATER)
    assert not service.resume(world, one, None, LATER)
    assert caller.call_due() == 1
    happens(world, who, "meeting_booked", key="later")
    assert service.remove(world, other, None, LATER)
    assert not service.remove(world, other, None, LATER)
    assert caller.call_due() == 1
    assert len(receiver.came) == 4
    assert {row.state for row in calls(world)} == {"done"}
    assert [found.id for found in service.listed(world)] == [one]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish("", "https://crm.example/in", ("bounced",)), "subscription.title"),
        (Wish("a\0b", "https://crm.example/in", ("bounced",)), "subscription.title"),
        (Wish("x" * 81, "https://crm.example/in", ("bounced",)), "subscription.title"),
        (Wish("CRM", "", ("bounced",)), "hook.address"),
        (Wish("CRM", "javascript:alert(1)", ("bounced",)), "hook.address"),
        (Wish("CRM", "https://user:word@crm.example/", ("bounced",)), "hook.address"),
        (Wish("CRM", "https://crm.example/\0", ("bounced",)), "hook.address"),
        (Wish("CRM", "https://" + "x" * 3000, ("bounced",)), "hook.address"),
        (Wish("CRM", "http://crm.example/in", ("bounced",)), "hook.not_https"),
        (Wish("CRM", "https://169.254.169.254/meta", ("bounced",)), "hook.closed_network"),
        (Wish("CRM", "https://[::1]/", ("bounced",)), "hook.closed_network"),
        (Wish("CRM", "https://crm.example/in", ()), "subscription.no_event"),
        (Wish("CRM", "https://crm.example/in", ("bounced", "=1+1")), "subscription.event"),
    ],
)
def test_what_makes_no_sense_is_refused(
    sqlite_database: Database, tmp_path: Path, wish: Wish, code: str
) -> None:
    world = line.lay(sqlite_database, tmp_path)
    with pytest.raises(SubscriptionFault) as fault:
        service.add(world, wish, None, NOW)
    assert fault.value.reason.code == code
    assert is_known(code)
    assert service.listed(world) == []


def test_two_of_one_name_a_stale_form_and_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one = hears(world, "bounced")
    with pytest.raises(SubscriptionFault, match=r"subscription\.title_taken"):
        hears(world, "bounced")
    other = hears(world, *EVENTS, title="Other")
    wish = Wish("Desk", "https://desk.example/in", ("bounced",))
    service.change(world, one, wish, 1, None, LATER)
    for seen, wanted, code in (
        (1, wish, "subscription.stale"),
        (2, Wish("Other", *_rest(wish)), "subscription.title_taken"),
    ):
        with pytest.raises(SubscriptionFault, match=code):
            service.change(world, one, wanted, seen, None, LATER)
    with pytest.raises(SubscriptionFault, match=r"subscription\.stale"):
        service.change(world, uuid4(), Wish("New", *_rest(wish)), 1, None, LATER)
    monkeypatch.setattr(service, "MOST", 2)
    with pytest.raises(SubscriptionFault, match=r"subscription\.most"):
        hears(world, "bounced", title="Third")
    assert {found.id for found in service.listed(world)} == {one, other}
    assert set(EVENTS) == set(service.listed(world)[1].events)
    assert all(is_known(f"hook.event.{event}") for event in EVENTS)


def _rest(wish: Wish) -> tuple[str, Any]:
    return wish.url, wish.events


def test_a_test_call_says_what_came_of_it(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tested() -> str:
        [one] = service.listed(world)
        return service.test(world, one, None, LATER).code

    monkeypatch.setattr(service, "TEST_SECONDS", 60.0)  # a busy machine is no receiver that hangs
    one = hears(world, "bounced", url=at(receiver))
    assert tested() == "subscription.test_taken"
    [came] = receiver.came
    assert json.loads(came.body)["event"] == "test"
    assert "Trellis-Signature" in came.headers
    [found] = service.listed(world)
    assert (found.id, found.tested_at, found.revision) == (one, LATER, 1)
    refusing = Receiver(None, lambda came, line: (500, {}, b"no"))
    service.change(world, one, Wish("CRM", at(refusing), ("bounced",)), 1, None, LATER)
    assert tested() == "subscription.test_refused"
    refusing.stop()
    monkeypatch.setattr(service, "poster_of", lambda *_: Poster(resolve=lambda *_: ["10.0.0.1"]))
    assert tested() == "subscription.test_unreachable"
    assert calls(world) == []
