"""Receivers of events: an https address of another system, and what it wants to hear of.

A call is written in the transaction that reacts to the event (or makes the task, or the entry of the consent), under a
key of receiver and event: an event that is worked in again is told once. From then on it goes the way of every web
hook, see `app.services.calling`. A receiver hears what happened after it was added and while it is not paused, and
never of an opening or a click that no person made. It is told ids and keys, nobody's name or address.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.conditions import CERTAIN_KINDS, KINDS
from app.core.reasons import Reason
from app.mail.posting import SIGNATURE, sign
from app.mail.reach import Unreachable, read_target
from app.services.calling import FORGOTTEN_AFTER, allows_of, poster_of, signing_key
from app.services.ids import new_id
from app.services.users import audit
from app.services.world import World
from app.store import hook_subscriptions as store
from app.store import ledger, tables

# What may be asked for; `sent` is no event, and custom ones are asked for all together.
CUSTOM = "custom"
OF_PEOPLE = ("task_made", "consent_given", "consent_withdrawn")
EVENTS = (*(kind for kind in KINDS if kind != "sent"), *OF_PEOPLE, CUSTOM)
LONGEST_TITLE = 80
MOST = 20
TEST_SECONDS = 5.0


class SubscriptionFault(Exception):
    """What was asked cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Wish:
    """A receiver as it is asked for."""

    title: str = ""
    url: str = ""
    events: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Subscription:
    """A receiver as people see it. `maker` is empty for one made at the shell; `test` says what the last test call came to."""

    id: UUID
    title: str
    url: str
    events: tuple[str, ...]
    paused_at: datetime | None
    maker: str
    created_at: datetime
    revision: int
    tested_at: datetime | None
    test: Reason | None
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened to a contact. `key` is what it is known by: told twice, it is told once."""

    contact_id: UUID
    kind: str
    key: UUID
    at: datetime
    subject: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def listed(world: World) -> list[Subscription]:
    """All receivers by title, with what waits for each."""
    with world.database.read() as connection:
        rows = store.listing(connection, world.workspace_id)
        waiting = store.waiting(connection, [row.id for row in rows])
    return [_seen(row, waiting) for row in rows]


def find(world: World, subscription_id: UUID) -> Subscription | None:
    return next((one for one in listed(world) if one.id == subscription_id), None)


def add(world: World, wish: Wish, by: UUID | None, now: datetime) -> UUID:
    """Tell one more system from now on. Raises SubscriptionFault."""
    values = _checked(world, wish)
    row = {
        "id": new_id(now), "workspace_id": world.workspace_id, **values, "made_by": by, "created_at": now, "revision": 1,
    }  # fmt: skip
    with world.database.write() as connection:
        if len(store.listing(connection, world.workspace_id)) >= MOST:
            raise SubscriptionFault("subscription.most", most=MOST)
        if ledger.insert_new(connection, tables.hook_subscriptions, [row]) == 0:
            raise SubscriptionFault("subscription.title_taken", title=values["title"])
        _audit(connection, world, "added", row["id"], values, by, now)
    return UUID(str(row["id"]))


def change(
    world: World, subscription_id: UUID, wish: Wish, seen: int, by: UUID | None, now: datetime
) -> None:
    """Another title, address or choice of events; `seen` is the revision the form showed. Raises SubscriptionFault."""
    values = _checked(world, wish)
    with world.database.write() as connection:
        others = store.listing(connection, world.workspace_id)
        if any(one.title == values["title"] and one.id != subscription_id for one in others):
            raise SubscriptionFault("subscription.title_taken", title=values["title"])
        if not store.change(connection, world.workspace_id, subscription_id, seen, **values):
            raise SubscriptionFault("subscription.stale")
        _audit(connection, world, "changed", subscription_id, values, by, now)


def pause(world: World, subscription_id: UUID, by: UUID | None, now: datetime) -> bool:
    """Call it no more until it is resumed. False: it is paused, or not there."""
    return _turn(world, subscription_id, "paused", by, now)


def resume(world: World, subscription_id: UUID, by: UUID | None, now: datetime) -> bool:
    """What waited is told now; what happened meanwhile is not. False: it is not paused, or not there."""
    return _turn(world, subscription_id, "resumed", by, now)


def remove(world: World, subscription_id: UUID, by: UUID | None, now: datetime) -> bool:
    """It hears no more, and calls that it did not answer are not made. False: it is gone already."""
    with world.database.write() as connection:
        gone = store.remove(connection, world.workspace_id, subscription_id)
        if gone is None:
            return False
        _audit(connection, world, "removed", subscription_id, {"title": gone[0], "calls": gone[1]}, by, now)
    return True


def show_key(world: World, subscription_id: UUID | None, by: UUID | None, now: datetime) -> str:
    """The key of one receiver, or (None) of the steps of sequences, with an entry in the audit log."""
    with world.database.write() as connection:
        subject = subscription_id or world.workspace_id
        _audit(connection, world, "key_shown", subject, {} if subscription_id else {"of": "steps"}, by, now)
    return signing_key(world.settings.keys()[0], subscription_id)


def test(world: World, one: Subscription, by: UUID | None, now: datetime) -> Reason:
    """Make one call about nobody now, once, and say what came of it."""
    body = json.dumps({"id": str(new_id(now)), "event": "test", "at": now.isoformat()}).encode()
    key = signing_key(world.settings.keys()[0], one.id).encode()
    headers = {SIGNATURE: sign(key, int(now.timestamp()), body), "User-Agent": "Trellis-Hooks/1"}
    host = read_target(one.url).shown
    try:
        answer = poster_of(world.settings, TEST_SECONDS).post(one.url, body, headers)
        found = "taken" if 200 <= answer.status < 300 else "refused"
        told = Reason(f"subscription.test_{found}", {"to": host, "status": answer.status})
    except Unreachable as fault:
        told = Reason(
            "subscription.test_unreachable", {"to": host, "why": fault.code, "error": fault.error[:200]}
        )
    with world.database.write() as connection:
        store.tested(connection, one.id, now, told.code, dict(told.params))
        _audit(connection, world, "tested", one.id, {"came_to": told.code, **told.params}, by, now)
    return told


def tell(connection: Connection, workspace_id: UUID, told: Told, now: datetime) -> int:
    """Write down the calls of one thing that happened, in the transaction that made it."""
    return tell_all(connection, workspace_id, store.listening(connection, workspace_id), [told], now)


def tell_event(
    connection: Connection, workspace_id: UUID, listening: Sequence[Row[Any]], row: Row[Any], now: datetime
) -> int:
    """The same for an event that is reacted to, once a person is known to have made it."""
    if not listening or (row.kind not in CERTAIN_KINDS and row.verdict != "human"):
        return 0
    more = {
        "topics": [topic for topic in row.topics.split(",") if topic],
        "from": (row.payload or {}).get("from") if row.kind == "stage_entered" else None,
    }
    told = Told(row.contact_id, row.kind, row.id, row.occurred_at, row.subject, more)
    return tell_all(connection, workspace_id, listening, [told], now)


def tell_all(
    connection: Connection, workspace_id: UUID, listening: Iterable[Row[Any]], told: Sequence[Told], now: datetime
) -> int:  # fmt: skip
    rows = [
        _call(workspace_id, receiver, one, now)
        for receiver in listening
        for one in told
        if _wants(receiver, one, now)
    ]
    return ledger.insert_new(connection, tables.web_calls, rows)


def _wants(receiver: Row[Any], told: Told, now: datetime) -> bool:
    """Whether it asked for this. What is older than its answers are kept would find no trace of having been told."""
    kind = CUSTOM if told.kind.startswith("custom:") else told.kind
    return kind in receiver.events and told.at >= receiver.created_at and told.at > now - FORGOTTEN_AFTER


def _call(workspace_id: UUID, receiver: Row[Any], told: Told, now: datetime) -> dict[str, Any]:
    more = {name: value for name, value in told.more.items() if value}
    payload = {
        "event": told.kind, "contact": str(told.contact_id), "at": told.at.isoformat(), "subject": told.subject, **more,
    }  # fmt: skip
    return {
        "id": new_id(now), "workspace_id": workspace_id, "contact_id": told.contact_id,
        "dedupe_key": f"hears:{receiver.id}:{told.kind}:{told.key}", "url": receiver.url, "payload": payload,
        "state": "queued", "due_at": now, "attempts": 0, "reason_code": "subscription.heard",
        "reason_params": {"event": told.kind}, "created_at": now, "subscription_id": receiver.id,
    }  # fmt: skip


def _turn(world: World, subscription_id: UUID, act: str, by: UUID | None, now: datetime) -> bool:
    with world.database.write() as connection:
        row = next(
            (r for r in store.listing(connection, world.workspace_id) if r.id == subscription_id), None
        )
        if row is None or (row.paused_at is not None) == (act == "paused"):
            return False
        at = now if act == "paused" else None
        if not store.change(connection, world.workspace_id, subscription_id, row.revision, paused_at=at):
            return False
        _audit(connection, world, act, subscription_id, {"title": row.title}, by, now)
    return True


def _checked(world: World, wish: Wish) -> dict[str, Any]:
    """The columns of a wish. Whether its host is of the open internet is asked again at every call."""
    title, url = " ".join(wish.title.split()), wish.url.strip()
    if not title or len(title) > LONGEST_TITLE or not title.isprintable():
        raise SubscriptionFault("subscription.title", most=LONGEST_TITLE)
    try:
        target = read_target(url)
    except Unreachable as fault:
        raise SubscriptionFault(fault.code) from None
    if target.scheme != "https" and not world.settings.web_hooks_to_this_machine:
        raise SubscriptionFault("hook.not_https")
    try:
        if not allows_of(world.settings)(ip_address(target.host)):
            raise SubscriptionFault("hook.closed_network", to=target.shown)
    except ValueError:
        pass  # a name: found and judged when it is called
    if unknown := sorted(set(wish.events) - set(EVENTS)):
        raise SubscriptionFault("subscription.event", event=unknown[0][:60], known=list(EVENTS))
    if not wish.events:
        raise SubscriptionFault("subscription.no_event")
    return {"title": title, "url": url, "events": [kind for kind in EVENTS if kind in set(wish.events)]}


def _seen(row: Row[Any], waiting: Mapping[tuple[UUID, str], int]) -> Subscription:
    test_reason = Reason(row.test_code, row.test_params or {}) if row.test_code else None
    return Subscription(
        row.id, row.title, row.url, tuple(row.events), row.paused_at, row.maker or "", row.created_at, row.revision,
        row.tested_at, test_reason, waiting.get((row.id, "queued"), 0), waiting.get((row.id, "dead"), 0),
    )  # fmt: skip


def _audit(
    connection: Connection, world: World, act: str, subject: UUID, detail: Mapping[str, Any], by: UUID | None,
    now: datetime,
) -> None:  # fmt: skip
    audit(connection, world.workspace_id, subject, f"hook.{act}", dict(detail), now, by, "web_hook")
