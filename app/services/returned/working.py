"""Messages are read and acted on, each in a transaction of its own: a bad one never stops the others."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.inbound.returned import Reading, Returned, read_message
from app.services.library import Catalogue
from app.services.returned.acting import act, chosen
from app.services.returned.came import Came
from app.services.returned.keeping import LONGEST_TEXT, clean
from app.services.returned.matching import Match, find
from app.services.returned.replying import let_go, takes_leave
from app.services.world import World
from app.store import inbound as store

log = structlog.get_logger()
BATCH = 50
MOST_FAILURES = 5
# A message whose reader was killed is due again after so long.
AGAIN = timedelta(minutes=2)
LONGEST_SAID = 4000


def read_due(world: World, now: datetime, limit: int = BATCH) -> int:
    """Read a batch of messages and act on them; how many were taken."""
    with world.database.write() as connection:
        taken = store.take_due(connection, world.workspace_id, now, now + AGAIN, limit)
    catalogue = world.library.catalogue(now) if taken else None
    for row in taken:
        assert catalogue is not None
        try:
            # One that ended its process again and again is put aside unread.
            if row.failures >= MOST_FAILURES:
                raise RuntimeError("its reader was ended several times")
            _one(world, catalogue, row.id, now)
        except Exception as error:
            _failed(world, row, error, now)
    return len(taken)


def _one(world: World, catalogue: Catalogue, message_id: UUID, now: datetime) -> None:
    with world.database.read() as connection:
        row = store.get(connection, world.workspace_id, message_id)
    if row is None or row.raw is None:
        return
    reading = read_message(bytes(row.raw))
    match = find(world, reading, row.recipient, row.received_at)
    told = chosen(reading.found, match)
    if match is not None and told.what == "reply" and takes_leave(reading, match):
        let_go(world, match, now)
    with world.database.write() as connection:
        if store.hold(connection, message_id, ("new",)):
            settle(connection, world, catalogue, row, reading, told, match, now)


def settle(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    row: Row[Any],
    reading: Reading,
    told: Returned,
    match: Match | None,
    now: datetime,
) -> Came:
    """Act, and write down what came of it."""
    came = act(connection, world, catalogue, row, reading, told, match, now)
    store.change(
        connection,
        row.id,
        {
            "state": came.state, "what": told.what, "kind": told.class_, "enhanced": told.enhanced, "code": told.code,
            "confidence": match.confidence if match else None,
            "contact_id": match.mail.contact_id if match else None,
            "delivery_id": match.mail.delivery_id if match else None,
            "message_id": clean(reading.message_id, 998), "sender": clean(reading.sender, LONGEST_TEXT),
            "subject": clean(reading.subject, LONGEST_TEXT), "address": clean(told.address, LONGEST_TEXT),
            "said": clean(reading.text if told.what == "reply" else told.reason, LONGEST_SAID),
            "reason_code": came.code, "reason_params": came.params, "ended_at": now,
        },
    )  # fmt: skip
    if came.gone:
        store.forget(connection, row.id)
    return came


def _failed(world: World, row: Row[Any], error: Exception, now: datetime) -> None:
    log.error("inbound.message_failed", message=str(row.id), error=repr(error)[:300])
    failures = row.failures + 1
    values: dict[str, Any] = {"due_at": now + timedelta(minutes=2**failures)}
    if failures >= MOST_FAILURES:
        values |= {
            "state": "failed", "ended_at": now, "reason_code": "returned.failed",
            # The words of an error may hold what the message says.
            "reason_params": {"error": type(error).__name__},
        }  # fmt: skip
    with world.database.write() as connection:
        if store.hold(connection, row.id, ("new",)):
            store.change(connection, row.id, values)


def forget_old(world: World, now: datetime, limit: int = 500) -> int:
    """Drop the text of messages whose time is over; how many."""
    until = now - timedelta(days=world.settings.inbound_keep_days)
    with world.database.write() as connection:
        return store.forget_before(connection, world.workspace_id, until, limit)
