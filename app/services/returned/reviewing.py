"""What nobody but a person can judge: messages that were kept for review, and reading messages again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.inbound.returned import read_message
from app.services.bouncing import Mail
from app.services.ids import new_id
from app.services.returned.acting import chosen
from app.services.returned.came import Came
from app.services.returned.matching import Match
from app.services.returned.replying import let_go, takes_leave
from app.services.returned.working import settle
from app.services.world import World
from app.store import accounts, recipients
from app.store import inbound as store

OPEN = ("review", "failed")
LONGEST_WHY = 500


class ReviewFault(Exception):
    """What was asked cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


def assign(world: World, message_id: UUID, contact_id: UUID, by: UUID | None, now: datetime) -> Came:
    """A person says whom the message is about; what follows is as if a token had said so. Raises ReviewFault.

    `by` is None at the shell.
    """
    catalogue = world.library.catalogue(now)
    with world.database.read() as connection:
        row = store.get(connection, world.workspace_id, message_id)
        who = recipients.person(connection, world.workspace_id, contact_id)
        mine = list(recipients.addresses_of(connection, who.id)) if who is not None else []
    if row is None or row.raw is None:
        raise ReviewFault("returned.unknown", message=str(message_id))
    if who is None:
        raise ReviewFault("contact.unknown", contact=str(contact_id))
    reading = read_message(bytes(row.raw))
    told = chosen(reading.found, None)
    if told.what == "none":
        told = replace(told, what="reply")
    spoken_of = told.address.lower()
    address = spoken_of if spoken_of in mine else next(iter(mine), None)
    match = Match(Mail(None, who.id, address), "person")
    if told.what == "reply" and row.state in OPEN and takes_leave(reading, match):
        let_go(world, match, now)
    with world.database.write() as connection:
        if not store.hold(connection, message_id, OPEN):
            raise ReviewFault("returned.not_open", message=str(message_id))
        came = settle(connection, world, catalogue, row, reading, told, match, now)
        _audit(connection, world, message_id, "assigned", {"contact": str(who.id)}, by, now)
    return came


def dismiss(world: World, message_id: UUID, why: str, by: UUID | None, now: datetime) -> None:
    """Nothing is to follow from a message. Raises ReviewFault."""
    why = " ".join(why.split())[:LONGEST_WHY]
    with world.database.write() as connection:
        if not store.hold(connection, message_id, OPEN):
            raise ReviewFault("returned.not_open", message=str(message_id))
        values = {"state": "dismissed", "reason_code": "returned.dismissed", "reason_params": {"why": why}}
        store.change(connection, message_id, {**values, "ended_at": now})
        _audit(connection, world, message_id, "dismissed", {"why": why}, by, now)


def replay(world: World, ids: Sequence[UUID], by: UUID | None, now: datetime) -> int:
    """Have messages read again: those of `ids`, or all that wait for a person or failed. How many.

    What was acted on is not done a second time.
    """
    states = (*OPEN, "read") if ids else OPEN
    with world.database.write() as connection:
        again = store.replay(connection, world.workspace_id, ids, states, now)
        for message_id in again:
            _audit(connection, world, message_id, "replayed", {}, by, now)
    return len(again)


def _audit(
    connection: Connection,
    world: World,
    message_id: UUID,
    action: str,
    detail: dict[str, Any],
    by: UUID | None,
    now: datetime,
) -> None:
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by,
            "action": f"inbound.{action}", "subject_kind": "inbound_message", "subject": str(message_id),
            "detail": detail,
        },
    )  # fmt: skip
