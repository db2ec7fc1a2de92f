"""What the engine does for broadcasts: writes their audience down, queues their mails, sweeps what was called off.

Each batch is one transaction that writes the people and their mails together, so a process that dies in the middle
leaves neither a mail twice nor a person without one.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core import keys
from app.core.conditions import InSegment
from app.core.gate import Cancel, Defer, Expire, Suppress, decide
from app.core.reasons import Reason
from app.services.broadcasts.deciding import starts_at
from app.services.ids import new_id
from app.services.library import Catalogue
from app.services.sending.facts import load_batch, mail_facts
from app.services.timeline import line
from app.services.world import World
from app.store import authoring, ledger
from app.store import broadcasts as rows
from app.store.segments import matching_ids
from app.store.tables import contacts, deliveries
from app.store.views import Found

BATCH = 500
PRIORITY = 50
WAITS = Reason("broadcast.waits")
# What holds everybody back for a while is not worth a line before it happens.
USUAL = frozenset({"gate.window", "gate.quiet"})


@dataclass(frozen=True, slots=True)
class _Mail:
    """A mail that was not queued yet, as the gate reads one."""

    id: UUID
    contact_id: UUID
    topic: str
    template: str
    message_class: str
    content_kind: str
    once: bool
    planned_at: datetime
    recipient_user_id: None = None
    sequence_version_id: None = None
    enrollment_id: None = None
    enrollment_state: None = None
    enrollment_code: None = None
    sequence_state: None = None
    broadcast_state: None = None
    expires_at: None = None
    step: None = None
    context: None = None
    when_capped: str = "defer"


def work(world: World, now: datetime) -> int:
    """One batch for each broadcast that has something to do; how many people that was."""
    with world.database.read() as connection:
        waiting = rows.at_work(connection, world.workspace_id)
    return sum(_one(world, found, now) for found in waiting)


def _one(world: World, found: Found, now: datetime) -> int:
    if found.state == "freezing":
        return freeze_some(world, found, now)
    return queue_some(world, found, now) if found.state == "sending" else sweep_some(world, found, now)


def freeze_some(world: World, found: Found, now: datetime) -> int:
    """Write down the next of those in the segment, each with what the gate says of them."""
    catalogue = world.library.catalogue(now)
    with world.database.read() as connection:
        ids = matching_ids(
            connection, InSegment(found.segment), workspace_id=world.workspace_id,
            lifecycle=catalogue.rules.lifecycle.key, now=found.frozen_at, segments=catalogue.setting.segments,
            limit=BATCH, after=found.frozen_to, besides=contacts.c.created_at <= found.frozen_at,
        )  # fmt: skip
        people = _judged(connection, world, catalogue, found, ids) if ids else []
    last = len(ids) < BATCH
    values = {"state": "ready" if last else "freezing", "frozen_to": ids[-1] if ids else found.frozen_to}
    with world.database.write() as connection:
        # Whoever was there first has moved it on; then this batch is written already.
        if not rows.advance(connection, found, **values):
            return 0
        rows.freeze(connection, people)
    return max(len(ids), 1)


def _judged(
    connection: Connection, world: World, catalogue: Catalogue, found: Found, ids: list[UUID]
) -> list[dict[str, Any]]:
    info = catalogue.setting.templates.get(found.template)
    mails: list[Any] = [
        _Mail(
            who, who, found.topic, found.template, info.message_class if info else "marketing",
            info.content_kind if info else "", not (info is not None and info.repeat), found.frozen_at,
        )
        for who in ids
    ]  # fmt: skip
    batch = load_batch(connection, world, catalogue, mails, found.frozen_at)
    people = []
    for mail in mails:
        facts = mail_facts(batch, mail, world, catalogue, found.frozen_at)
        due = starts_at(found, facts.zone.key) or found.frozen_at
        decision = decide(facts, max(due, found.frozen_at))
        state, reason = "waiting", WAITS
        if isinstance(decision, Suppress | Cancel | Expire):
            state, reason = "held", decision.reason
        elif isinstance(decision, Defer) and decision.reason.code not in USUAL:
            reason = decision.reason
        people.append(
            {
                "workspace_id": world.workspace_id, "broadcast_id": found.id, "contact_id": mail.contact_id,
                "state": state, "due_at": due, "queued_at": None, "reason_code": reason.code,
                "reason_params": dict(reason.params),
            }
        )  # fmt: skip
    return people


def queue_some(world: World, found: Found, now: datetime) -> int:
    """Queue the mails of those whose turn it is, no more than the pace allows."""
    catalogue = world.library.catalogue(now)
    with world.database.write() as connection:
        most = _turn(connection, found, now)
        due = rows.next_people(connection, found.id, now, most) if most > 0 else []
        done = most > 0 and not due and not rows.any_waiting(connection, found.id)
        if not due and not done:
            return 0
        # Whoever was there first, or paused it meanwhile, has moved it on.
        values = {"state": "done", "ended_at": now} if done else {"state": "sending"}
        if not rows.advance(connection, found, **values):
            return 0
        there = [row for row in due if row.erased_at is None and row.merged_into is None]
        gone = [row.contact_id for row in due if row not in there]
        ledger.insert_new(connection, deliveries, [_mail(world, catalogue, found, row, now) for row in there])
        rows.mark(connection, found.id, [row.contact_id for row in there], state="queued", queued_at=now)
        rows.mark(connection, found.id, gone, state="held", reason_code="broadcast.gone", reason_params={})
    return len(due)


def _turn(connection: Connection, found: Found, now: datetime) -> int:
    """How many may be queued now: of a pace its twelfth in five minutes, and never more than it in an hour."""
    if found.pace is None:
        return BATCH
    pace = int(found.pace)
    hour = pace - rows.queued_since(connection, found.id, now - rows.HOUR)
    turn = ceil(pace / 12) - rows.queued_since(connection, found.id, now - rows.TURN)
    return min(BATCH, hour, turn)


def _mail(world: World, catalogue: Catalogue, found: Found, person: Found, now: datetime) -> dict[str, Any]:
    info = catalogue.setting.templates.get(found.template)
    return {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": person.contact_id,
        "broadcast_id": found.id, "dedupe_key": keys.mail_of_broadcast(found.id, person.contact_id),
        "message_class": info.message_class if info else "marketing",
        "content_kind": info.content_kind if info else "", "topic": found.topic, "template": found.template,
        "priority": PRIORITY, "once": not (info is not None and info.repeat), "when_capped": "defer",
        "state": "queued", "due_at": now, "expires_at": now + catalogue.setting.programme.late.delta,
        "planned_at": now, "attempts": 0, "reason_code": "mail.broadcast",
        "reason_params": {"broadcast": found.title},
    }  # fmt: skip


def sweep_some(world: World, found: Found, now: datetime) -> int:
    """Mails of a broadcast that was called off and that have not left."""
    with world.database.write() as connection:
        mails = rows.waiting_mails(connection, found.id, BATCH)
        if not mails:
            rows.advance(connection, found, ended_at=now)
            return 0
        reason = Reason("gate.broadcast_cancelled")
        values = {"state": "cancelled", "ended_at": now, "reason_code": reason.code, "reason_params": {}}
        swept = [row for row in mails if authoring.change_mail(connection, row.id, **values)]
        ledger.add_timeline(
            connection,
            [
                line(
                    world.workspace_id, row.contact_id, "mail_cancelled", Reason(reason.code, {"template": row.template}),
                    now, delivery_id=row.id,
                )
                for row in swept
            ],
        )  # fmt: skip
    return len(mails)
