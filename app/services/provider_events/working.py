"""Stored calls to events, and events to what follows from them: in the ledger, by the one way for all sources.

First a call is read and its events are written, one that cannot be read among them; then each event is worked
in by itself. So a bad one stops nobody, and doing it again changes nothing. The order in which events come
says nothing: what counts is when they happened.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.engine import Row
from sqlalchemy.exc import OperationalError

from app.core.ids import content_id
from app.inbound.webhooks import PROVIDERS, ProviderEvent
from app.inbound.webhooks.reading import load_json
from app.services import bouncing
from app.services.bouncing import Bounce, Mail
from app.services.world import World
from app.store import provider_events as store

log = structlog.get_logger()
BATCH, PART = 15, 250  # worked in, written down in one transaction
TRIES = 5
BACK_OFF = timedelta(minutes=1)
KEPT_FOR = timedelta(days=14)
AHEAD = timedelta(minutes=5)
# What may be read anew: the rest was worked in.
OPEN_ENDS = ("failed", "unmatched")
# Our own pixel and links tell who opened and clicked, and judge whether it was a person. What a provider says
# of it would be a second count of the same, so it proves that the mail arrived and is kept without a name.
OURS_TO_TELL = ("opened", "clicked")
SAY_NOTHING = ("subscribed", "inbound", "unknown")
_TOKEN = re.compile(r"(?<![a-z2-7])[a-z2-7]{46}(?![a-z2-7])", re.IGNORECASE)


def work(world: World, now: datetime) -> int:
    """Take one call or one batch of events; how many were dealt with."""
    return _read_call(world, now) or _work_events(world, now)


def tidy(world: World, now: datetime) -> int:
    """Settle uncertain mails that were told about before they were uncertain, and empty what is kept too long."""
    with world.database.write() as connection:
        settled = bouncing.settle_known(connection, world, now)
        return settled + store.empty_bodies(connection, world.workspace_id, now - KEPT_FOR)


def replay(world: World, ids: Sequence[UUID] | None, now: datetime, *, unmatched: bool = False) -> int:
    """Read calls again whose body is still there: those of `ids`, or all that failed. How many."""
    results = OPEN_ENDS if unmatched or ids is not None else OPEN_ENDS[:1]
    with world.database.write() as connection:
        found = store.calls_to_repeat(connection, world.workspace_id, ids, results, 10_000)
        store.repeat(connection, found, results, now)
    return len(found)


def _read_call(world: World, now: datetime) -> int:
    """Write down what one call tells, in parts: a large one must not keep the database from others."""
    with world.database.read() as connection:
        call = store.waiting_call(connection, world.workspace_id, now)
    if call is None:
        return 0
    try:
        rows, told = _rows(world, call, now)
        only_ours = bool(rows) and all(row["kind"] in OURS_TO_TELL for row in rows)
        done = {"state": "done", "told": told, "ended_at": now, "problem": None}
        for start in range(0, max(len(rows), 1), PART):
            last = start + PART >= len(rows)
            values = done | ({"body": None} if only_ours else {}) if last else {}
            if not _write_part(world, call, rows[start : start + PART], values):
                break
    except OperationalError:
        raise
    except Exception as error:
        _call_failed(world, call, error, now)
    return 1


def _rows(world: World, call: Row[Any], now: datetime) -> tuple[list[dict[str, Any]], int]:
    """The events of a call, each once, and how many were told."""
    data = load_json((call.body or "").encode())
    rows: dict[UUID, dict[str, Any]] = {}
    told = 0
    for number, event in enumerate(PROVIDERS[call.provider].events(data)):
        told += 1
        if isinstance(event, ProviderEvent):
            row = _row(world, call, event, now)
        else:
            row = _unreadable(world, call, number, event, now)
        rows.setdefault(row["id"], row)
    return list(rows.values()), told


def _write_part(world: World, call: Row[Any], rows: Sequence[dict[str, Any]], values: dict[str, Any]) -> bool:
    """Some of a call's events, and `values` of the call itself. False: another worker was faster."""
    with world.database.write() as connection:
        held = store.hold_call(connection, call.id)
        if held is None:
            return False
        known = store.known_events(connection, [row["id"] for row in rows])
        fresh = [row for row in rows if row["id"] not in known]
        new = store.add_events(connection, fresh)
        store.count_kinds(connection, call.endpoint_id, Counter(row["kind"] for row in fresh))
        store.change_call(connection, call.id, {**values, "new": held.new + new})
    return True


def _call_failed(world: World, call: Row[Any], error: Exception, now: datetime) -> None:
    log.error("webhooks.call_failed", id=str(call.id), error=repr(error)[:300])
    over = call.failures + 1 >= TRIES
    values = {
        "failures": call.failures + 1, "due_at": now + BACK_OFF * 2**call.failures, "problem": repr(error)[:300],
        "state": "failed" if over else "waiting",
    }  # fmt: skip
    with world.database.write() as connection:
        store.change_call(connection, call.id, values)


def _row(world: World, call: Row[Any], event: ProviderEvent, now: datetime) -> dict[str, Any]:
    at = event.occurred_at if event.occurred_at and event.occurred_at <= now + AHEAD else call.received_at
    # Without a time of its own an event is told apart by its key alone.
    known_at = event.occurred_at or datetime(2000, 1, 1, tzinfo=now.tzinfo)
    nameless = event.kind in OURS_TO_TELL
    return _blank(world, call, now) | {
        "id": content_id(known_at, f"provider:{call.provider}", event.key), "kind": event.kind, "occurred_at": at,
        "delivery_id": _delivery(world, event.ours), "recipient": None if nameless else event.recipient[:254] or None,
        "bounce_class": event.class_, "enhanced": event.enhanced, "code": event.code,
        "text": "" if nameless else event.text,
    }  # fmt: skip


def _unreadable(world: World, call: Row[Any], number: int, fault: Exception, now: datetime) -> dict[str, Any]:
    return _blank(world, call, now) | {
        "id": content_id(call.received_at, f"call:{call.id}", str(number)), "occurred_at": call.received_at,
        "kind": "unknown", "result": "failed", "text": f"{type(fault).__name__}: {fault}"[:300],
    }  # fmt: skip


def _blank(world: World, call: Row[Any], now: datetime) -> dict[str, Any]:
    return {
        "workspace_id": world.workspace_id, "call_id": call.id, "endpoint_id": call.endpoint_id,
        "provider": call.provider, "received_at": call.received_at, "contact_id": None, "delivery_id": None,
        "recipient": None, "bounce_class": None, "enhanced": None, "code": None, "text": "", "result": "waiting",
        "due_at": now, "failures": 0,
    }  # fmt: skip


def _delivery(world: World, texts: Sequence[str]) -> UUID | None:
    """The delivery that a token of ours in these texts names."""
    for text in texts:
        for token in _TOKEN.findall(text):
            opened = world.keyring.open_envelope(token)
            if opened is not None:
                return opened.delivery
    return None


def _work_events(world: World, now: datetime) -> int:
    with world.database.write() as connection:
        rows = store.waiting_events(connection, world.workspace_id, now, BATCH)
        for row in rows:
            try:
                with connection.begin_nested():
                    _work_in(connection, world, row, now)
            except Exception as error:
                log.error("webhooks.event_failed", id=str(row.id), error=repr(error)[:300])
                over = row.failures + 1 >= TRIES
                values = {"failures": row.failures + 1, "due_at": now + BACK_OFF * 2**row.failures}
                store.change_event(connection, row.id, values | ({"result": "failed"} if over else {}))
        return len(rows)


def _work_in(connection: Connection, world: World, row: Row[Any], now: datetime) -> None:
    mail = _mail(connection, world, row)
    if row.kind in SAY_NOTHING:
        result = "kept"
    elif mail is None:
        result = "unmatched"
    else:
        result = "applied" if _apply(connection, world, row, mail, now) else "known"
    values: dict[str, Any] = {"result": result}
    if row.kind in OURS_TO_TELL:
        values |= {"result": "kept", "delivery_id": None}
    elif mail is None:
        values["recipient"] = None  # somebody whom we do not know is nobody's business
    else:
        values |= {"contact_id": mail.contact_id, "delivery_id": mail.delivery_id}
    store.change_event(connection, row.id, values)


def _mail(connection: Connection, world: World, row: Row[Any]) -> Mail | None:
    if row.delivery_id is not None:
        found = bouncing.mail_of(connection, world, row.delivery_id)
        if found is not None:
            return found
    return bouncing.mail_to(connection, world, row.recipient, row.occurred_at) if row.recipient else None


def _apply(connection: Connection, world: World, row: Row[Any], mail: Mail, now: datetime) -> bool:
    """Whether it was news."""
    at, source = row.occurred_at, row.provider
    match row.kind:
        case "delivered":
            bouncing.delivered(connection, world, mail, at=at, now=now)
        case "bounced" | "rejected" | "failed":
            bounce = Bounce(row.bounce_class or "policy", row.enhanced, row.code, row.text)
            return bouncing.bounced(connection, world, mail, bounce, source=source, at=at, now=now)
        case "complained":
            return bouncing.complained(connection, world, mail, source=source, at=at, now=now)
        case "unsubscribed":
            return bouncing.unsubscribed(connection, world, mail, source=source, at=at, now=now)
        case _:
            bouncing.taken(connection, world, mail, at=at, now=now)
    return True
