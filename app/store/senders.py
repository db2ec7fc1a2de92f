"""Senders and their states in the store, and what the breaker asks of the ledger."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update
from sqlalchemy.engine import Row

from app.core.ids import timed_id
from app.store.hints import said, within
from app.store.queues import WAITING_MAIL
from app.store.tables import attempts, deliveries, mail_outcomes, sender_states, senders, users

# Everything but the secret; who needs that asks for it by name.
SHOWN = tuple(column for column in senders.c if column.name != "password")


def in_use(connection: Connection, workspace_id: UUID) -> list[Row[Any]]:
    """What choosing a sender and opening its relay needs, sealed password included."""
    query = select(senders).where(senders.c.workspace_id == workspace_id, senders.c.enabled.is_(True))
    return list(connection.execute(query.order_by(senders.c.address)))


def listing(connection: Connection, workspace_id: UUID) -> list[Row[Any]]:
    """Every sender by address, without its secret but with whether there is one."""
    query = select(*SHOWN, senders.c.password.is_not(None).label("has_password"))
    return list(
        connection.execute(query.where(senders.c.workspace_id == workspace_id).order_by(senders.c.address))
    )


def by_address(connection: Connection, workspace_id: UUID, address: str) -> Row[Any] | None:
    query = select(senders).where(
        senders.c.workspace_id == workspace_id, func.lower(senders.c.address) == address.lower()
    )
    return connection.execute(query).one_or_none()


def serving(connection: Connection, workspace_id: UUID, serves: str, match: str) -> Row[Any] | None:
    query = select(*SHOWN).where(
        senders.c.workspace_id == workspace_id, senders.c.serves == serves, senders.c.match == match
    )
    return connection.execute(query).one_or_none()


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(senders).values(row))


def change(connection: Connection, sender_id: UUID, values: dict[str, Any]) -> None:
    connection.execute(update(senders).where(senders.c.id == sender_id).values(**values))


def remove(connection: Connection, sender_id: UUID) -> None:
    connection.execute(delete(senders).where(senders.c.id == sender_id))


def states(connection: Connection, workspace_id: UUID) -> dict[str, Row[Any]]:
    """The state of every sender that ever had a problem, by its address."""
    query = select(sender_states).where(sender_states.c.workspace_id == workspace_id)
    return {row.sender: row for row in connection.execute(query)}


def state(connection: Connection, workspace_id: UUID, sender: str) -> Row[Any] | None:
    """One sender's state, kept for this transaction."""
    query = select(sender_states).where(
        sender_states.c.workspace_id == workspace_id, sender_states.c.sender == sender
    )
    return connection.execute(query.with_for_update()).one_or_none()


def set_state(connection: Connection, workspace_id: UUID, sender: str, values: dict[str, Any]) -> None:
    key = and_(sender_states.c.workspace_id == workspace_id, sender_states.c.sender == sender)
    if connection.execute(update(sender_states).where(key).values(**values)).rowcount == 0:
        connection.execute(insert(sender_states).values(workspace_id=workspace_id, sender=sender, **values))


def due_again(connection: Connection, workspace_id: UUID, sender: str, at: datetime, most: int | None) -> int:
    """Mails that wait because of this sender are due at once: all of them, or the `most` longest planned."""
    named = deliveries.c.reason_params["sender"].as_string() == sender
    held = or_(
        and_(deliveries.c.reason_code.like("sender.%"), named),
        and_(deliveries.c.reason_code == "mail.sender_problem", deliveries.c.sender == sender),
    )
    waiting = (
        select(deliveries.c.id)
        .where(
            within(deliveries, workspace_id), said(deliveries, WAITING_MAIL), deliveries.c.due_at > at, held
        )
        .order_by(deliveries.c.planned_at)
        .limit(most)
    )
    ids = list(connection.execute(waiting).scalars())
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(chunk), deliveries.c.state == "deferred")
            .values(due_at=at)
        )
    return len(ids)


def held_mails(connection: Connection, workspace_id: UUID) -> dict[str, int]:
    """How many mails wait because of each sender."""
    code = deliveries.c.reason_code
    waiting = (
        select(code, deliveries.c.sender, deliveries.c.reason_params["sender"].as_string().label("named"))
        .where(
            within(deliveries, workspace_id),
            said(deliveries, WAITING_MAIL),
            or_(code.like("sender.%"), code == "mail.sender_problem"),
        )
        .subquery()
    )
    w = waiting.c
    query = select(w.reason_code, w.sender, w.named, func.count().label("mails")).group_by(
        w.reason_code, w.sender, w.named
    )
    found: dict[str, int] = {}
    for row in connection.execute(query):
        sender = row.sender if row.reason_code == "mail.sender_problem" else row.named
        if sender:
            found[sender] = found.get(sender, 0) + row.mails
    return found


def sent_since(connection: Connection, workspace_id: UUID, since: datetime) -> dict[str, int]:
    """Mails that each sender's relay has taken since then. Attempts carry their time in their id."""
    query = (
        select(deliveries.c.sender, func.count().label("mails"))
        .select_from(attempts)
        .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
        .where(
            attempts.c.id >= timed_id(since, bytes(10)),
            within(attempts, workspace_id),
            attempts.c.outcome == "accepted",
            deliveries.c.sender.is_not(None),
        )
        .group_by(deliveries.c.sender)
    )
    return {row.sender: row.mails for row in connection.execute(query)}


def refusals(connection: Connection, workspace_id: UUID, since: datetime) -> list[Row[Any]]:
    """Tries that were refused for good since then: sender, contact, when, and the server's codes."""
    query = (
        select(
            deliveries.c.sender, deliveries.c.contact_id, attempts.c.at, attempts.c.phase, attempts.c.code,
            attempts.c.enhanced,
        )
        .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
        .where(
            attempts.c.workspace_id == workspace_id,
            said(attempts, "code >= 500"),
            attempts.c.at >= since,
            deliveries.c.sender.is_not(None),
        )
    )  # fmt: skip
    return list(connection.execute(query))


def came_back(connection: Connection, workspace_id: UUID, since: datetime) -> list[Row[Any]]:
    """Bounces and complaints heard of since then: sender, contact, and when each was."""
    o = mail_outcomes
    columns = (
        deliveries.c.sender,
        deliveries.c.contact_id,
        o.c.bounced_at,
        o.c.bounce_class,
        o.c.complained_at,
    )
    found: dict[Any, Row[Any]] = {}
    # One query for each partial index: with OR between them SQLite would take neither.
    for column, condition in ((o.c.bounced_at, "bounced_at"), (o.c.complained_at, "complained_at")):
        query = (
            select(o.c.id, *columns)
            .join(deliveries, deliveries.c.id == o.c.delivery_id)
            .where(
                o.c.workspace_id == workspace_id,
                said(o, f"{condition} IS NOT NULL"),
                column >= since,
                deliveries.c.sender.is_not(None),
            )
        )
        found.update({row.id: row for row in connection.execute(query)})
    return list(found.values())


def tries_of(
    connection: Connection, workspace_id: UUID, sender: str, since: datetime, most: int
) -> list[Row[Any]]:
    """Whom this sender wrote to, the newest first."""
    query = (
        select(deliveries.c.contact_id, attempts.c.at)
        .select_from(attempts)
        .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
        .where(
            attempts.c.id >= timed_id(since, bytes(10)),
            within(attempts, workspace_id),
            attempts.c.phase.in_(("rcpt", "data", "body", "dot")),
            deliveries.c.sender == sender,
        )
        .order_by(attempts.c.id.desc())
        .limit(most)
    )
    return list(connection.execute(query))


def owner_exists(connection: Connection, workspace_id: UUID, email: str) -> bool:
    query = select(users.c.id).where(users.c.workspace_id == workspace_id, users.c.email == email)
    return connection.execute(query).first() is not None
