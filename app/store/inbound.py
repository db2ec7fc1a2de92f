"""Messages that came back: stored, taken for work, settled, listed, and forgotten in time."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.engine import Row

from app.store.claims import locked
from app.store.hints import said, within
from app.store.ledger import insert_new
from app.store.tables import (
    contacts,
    deliveries,
    identities,
    inbound_messages,
    mail_outcomes,
    mailboxes,
    users,
)

NEW = "state = 'new'"
_m = inbound_messages.c
# What a list shows; the bytes stay where they are.
_SHOWN = tuple(column for column in inbound_messages.c if column.name not in ("raw", "workspace_id"))
_FORGOTTEN: dict[str, Any] = {
    "raw": None, "recipient": "", "message_id": "", "sender": "", "subject": "", "address": "", "said": "",
}  # fmt: skip


def add(connection: Connection, row: dict[str, Any]) -> bool:
    """Whether the message is new here."""
    return insert_new(connection, inbound_messages, [row]) == 1


def take_due(
    connection: Connection, workspace_id: UUID, now: datetime, again_at: datetime, limit: int
) -> list[Row[Any]]:
    """Take messages that are due: each counts a try and is due again later, should nobody settle it."""
    query = (
        select(_m.id, _m.failures)
        .where(within(inbound_messages, workspace_id), said(inbound_messages, NEW), _m.due_at <= now)
        .order_by(_m.due_at, _m.id)
        .limit(limit)
    )
    rows = list(connection.execute(locked(connection, query, inbound_messages)))
    ids = [row.id for row in rows]
    if ids:
        later = update(inbound_messages).where(_m.id.in_(ids))
        connection.execute(later.values(failures=_m.failures + 1, due_at=again_at))
    return rows


def get(connection: Connection, workspace_id: UUID, message_id: UUID) -> Row[Any] | None:
    """One message with its bytes."""
    query = select(inbound_messages).where(_m.id == message_id, within(inbound_messages, workspace_id))
    return connection.execute(query).one_or_none()


def hold(connection: Connection, message_id: UUID, states: Collection[str]) -> bool:
    """Keep the row for this transaction, if it is still in one of `states`."""
    query = select(_m.id).where(_m.id == message_id, _m.state.in_(states)).with_for_update()
    return connection.execute(query).scalar_one_or_none() is not None


def change(connection: Connection, message_id: UUID, values: dict[str, Any]) -> None:
    connection.execute(update(inbound_messages).where(_m.id == message_id).values(**values))


def reply_is_known(
    connection: Connection, workspace_id: UUID, contact_id: UUID, message_id: str, other_than: UUID
) -> bool:
    """Whether the same letter came before, by another way."""
    if not message_id:
        return False
    query = select(_m.id).where(
        within(inbound_messages, workspace_id),
        said(inbound_messages, "contact_id IS NOT NULL"),
        _m.contact_id == contact_id,
        _m.message_id == message_id,
        _m.state == "read",
        _m.id != other_than,
    )
    return connection.execute(query.limit(1)).first() is not None


def replay(
    connection: Connection, workspace_id: UUID, ids: Sequence[UUID], states: Collection[str], now: datetime
) -> list[UUID]:
    """Have messages read again: those of `ids`, or all in these states. What was acted on is not done twice."""
    query = update(inbound_messages).where(
        within(inbound_messages, workspace_id), _m.raw.is_not(None), _m.state.in_(states)
    )
    if ids:
        query = query.where(_m.id.in_(ids))
    values = {"state": "new", "due_at": now, "failures": 0, "ended_at": None}
    return list(connection.execute(query.values(**values).returning(_m.id)).scalars())


def page(
    connection: Connection,
    workspace_id: UUID,
    *,
    state: str | None = None,
    what: str | None = None,
    search: str = "",
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Row[Any]]:
    """The newest first, with the contact's name; `search` looks in sender, address and subject."""
    query = (
        select(*_SHOWN, contacts.c.first_name, contacts.c.last_name)
        .join(contacts, contacts.c.id == _m.contact_id, isouter=True)
        .where(_m.workspace_id == workspace_id)
    )
    if state:
        query = query.where(_m.state == state)
    if what:
        query = query.where(_m.what == what)
    if search:
        sought = "%" + search.lower().replace("/", "//").replace("%", "/%").replace("_", "/_") + "%"
        columns = (_m.sender, _m.address, _m.subject)
        query = query.where(or_(*(func.lower(column).like(sought, escape="/") for column in columns)))
    if before:
        query = query.where(
            or_(_m.received_at < before[0], (_m.received_at == before[0]) & (_m.id < before[1]))
        )
    return list(connection.execute(query.order_by(_m.received_at.desc(), _m.id.desc()).limit(limit)))


def counts(connection: Connection, workspace_id: UUID) -> dict[str, int]:
    """How many messages are in each state."""
    query = (
        select(_m.state, func.count().label("many")).where(_m.workspace_id == workspace_id).group_by(_m.state)
    )
    return {row.state: row.many for row in connection.execute(query)}


def forget_before(connection: Connection, workspace_id: UUID, until: datetime, limit: int) -> int:
    """Drop what is personal of messages that came before `until`; what came of them stays."""
    old = (
        select(_m.id)
        .where(
            within(inbound_messages, workspace_id), said(inbound_messages, "raw IS NOT NULL"),
            _m.received_at < until,
        )
        .order_by(_m.received_at)
        .limit(limit)
    )  # fmt: skip
    ids = list(connection.execute(old).scalars())
    if ids:
        connection.execute(update(inbound_messages).where(_m.id.in_(ids)).values(**_FORGOTTEN))
    return len(ids)


def forget(connection: Connection, message_id: UUID) -> None:
    connection.execute(update(inbound_messages).where(_m.id == message_id).values(**_FORGOTTEN))


def sent_to(connection: Connection, contact_id: UUID, since: datetime, limit: int) -> list[Any]:
    """The contact's mails since then, the newest first."""
    query = (
        select(deliveries.c.id, deliveries.c.topic)
        .where(
            deliveries.c.contact_id == contact_id,
            deliveries.c.recipient_user_id.is_(None),
            deliveries.c.state.in_(("accepted", "uncertain")),
            deliveries.c.planned_at >= since,
        )
        .order_by(deliveries.c.planned_at.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def is_internal(connection: Connection, delivery_id: UUID) -> bool:
    """Whether the mail went to one of us."""
    query = select(deliveries.c.recipient_user_id).where(deliveries.c.id == delivery_id)
    return connection.execute(query).scalar_one_or_none() is not None


def addressee(connection: Connection, workspace_id: UUID, contact_id: UUID) -> UUID | None:
    """Who is to read what a contact wrote: their owner, else the admin who has been here longest."""
    owner = (
        select(users.c.id)
        .join(contacts, contacts.c.owner_id == users.c.id)
        .where(contacts.c.id == contact_id, users.c.disabled_at.is_(None))
    )
    found: UUID | None = connection.execute(owner).scalar_one_or_none()
    if found is not None:
        return found
    admins = select(users.c.id).where(
        users.c.workspace_id == workspace_id, users.c.role == "admin", users.c.disabled_at.is_(None)
    )
    oldest: UUID | None = connection.execute(
        admins.order_by(users.c.created_at, users.c.id).limit(1)
    ).scalar_one_or_none()
    return oldest


def names(connection: Connection, contact_id: UUID) -> Any:
    """First and last name and the address mail goes to."""
    query = (
        select(contacts.c.first_name, contacts.c.last_name, identities.c.shown_as.label("address"))
        .join(
            identities,
            (identities.c.contact_id == contacts.c.id)
            & (identities.c.kind == "email")
            & identities.c.is_primary.is_(True),
            isouter=True,
        )
        .where(contacts.c.id == contact_id)
    )
    return connection.execute(query).one_or_none()


def policy_refusals(connection: Connection, workspace_id: UUID, since: datetime) -> list[Row[Any]]:
    """By From address how many mails were refused by policy since then, the most first."""
    query = (
        select(deliveries.c.sender, func.count().label("many"), func.max(mail_outcomes.c.text).label("said"))
        .join(deliveries, deliveries.c.id == mail_outcomes.c.delivery_id)
        .where(
            mail_outcomes.c.workspace_id == workspace_id, mail_outcomes.c.bounce_class == "policy",
            mail_outcomes.c.bounced_at >= since, deliveries.c.sender.is_not(None),
        )
        .group_by(deliveries.c.sender)
        .order_by(func.count().desc(), deliveries.c.sender)
    )  # fmt: skip
    return list(connection.execute(query))


def mailbox(connection: Connection, workspace_id: UUID, place: str) -> Any:
    query = select(mailboxes).where(mailboxes.c.workspace_id == workspace_id, mailboxes.c.place == place)
    return connection.execute(query).one_or_none()


def keep_place(connection: Connection, workspace_id: UUID, place: str, values: dict[str, Any]) -> None:
    """How far a mailbox was read."""
    mine = (mailboxes.c.workspace_id == workspace_id, mailboxes.c.place == place)
    if connection.execute(update(mailboxes).where(*mine).values(**values)).rowcount == 0:
        fresh = {"uid_validity": 0, "last_uid": 0, **values}
        connection.execute(insert(mailboxes).values(workspace_id=workspace_id, place=place, **fresh))


def places(connection: Connection, workspace_id: UUID) -> list[Row[Any]]:
    query = select(mailboxes).where(mailboxes.c.workspace_id == workspace_id)
    return list(connection.execute(query.order_by(mailboxes.c.place)))


def zone_of_contact(connection: Connection, contact_id: UUID) -> str | None:
    return connection.execute(select(contacts.c.zone).where(contacts.c.id == contact_id)).scalar()


def set_away(connection: Connection, contact_id: UUID, until: datetime | None) -> None:
    """Until when marketing to the contact waits because they are away; None: they are there."""
    connection.execute(update(contacts).where(contacts.c.id == contact_id).values(away_until=until))
