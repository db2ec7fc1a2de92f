"""Suppressions: who they concern, which mails in hand they take back, and the list of them for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select, text, update

from app.store.hints import within
from app.store.tables import companies, contacts, deliveries, identities, suppressions
from app.store.views import Found

CLAIMED = "deliveries.state IN ('claimed', 'intent')"


def hold_out(
    connection: Connection, workspace_id: UUID, address: str | None, contact_id: UUID | None
) -> None:
    """Nobody claims a mail of these people, or (no address, no contact) of anybody, until this commits.

    On PostgreSQL a claim that is being decided beside us is not seen yet. It holds its contacts and has
    read the suppressions, so both are what we wait for. SQLite has one writer at a time.
    """
    if connection.dialect.name != "postgresql":
        return
    if address is None and contact_id is None:
        connection.execute(text("LOCK TABLE suppressions IN ACCESS EXCLUSIVE MODE"))
        return
    theirs = select(identities.c.contact_id).where(
        identities.c.workspace_id == workspace_id, identities.c.kind == "email", identities.c.value == address
    )
    query = select(contacts.c.id).where(or_(contacts.c.id == contact_id, contacts.c.id.in_(theirs)))
    connection.execute(query.order_by(contacts.c.id).with_for_update(key_share=True))


def claimed(connection: Connection, workspace_id: UUID) -> list[Found]:
    """Mails that are claimed and not begun, with the address they would go to and the contact's company."""
    d = deliveries.c
    query = (
        select(d.id, d.contact_id, d.message_class, d.topic, identities.c.value.label("address"), contacts.c.company_id)
        .join(contacts, contacts.c.id == d.contact_id)
        .join(
            identities,
            (identities.c.contact_id == d.contact_id)
            & (identities.c.kind == "email")
            & identities.c.is_primary.is_(True),
        )
        .where(within(deliveries, workspace_id), text(CLAIMED), d.state == "claimed", d.recipient_user_id.is_(None))
    )  # fmt: skip
    return list(connection.execute(query))


def put_back(connection: Connection, ids: Sequence[UUID]) -> int:
    """Claimed mails go back into the queue, where the gate is asked again; what is begun already stays."""
    if not ids:
        return 0
    done = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids), deliveries.c.state == "claimed")
        .values(state="queued", claimed_by=None, claim_token=None, claimed_until=None)
    )
    return done.rowcount


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which suppressions a list shows; empty words do not narrow. `hashes`: of the address or domain searched for."""

    workspace_id: UUID
    hashes: tuple[str, ...] = ()
    contacts: tuple[UUID, ...] = ()
    domain: str = ""
    scope: str = ""
    code: str = ""
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None
    lifted: bool = False
    older_than: UUID | None = None
    only: UUID | None = None


def page(connection: Connection, wanted: Wanted, limit: int) -> list[Found]:
    """The newest first, with the contact's name and first address, and who lifted it."""
    s = suppressions.c
    address = (
        select(identities.c.shown_as)
        .where(identities.c.contact_id == s.contact_id, identities.c.kind == "email")
        .order_by(identities.c.is_primary.desc(), identities.c.id)
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(suppressions, address.label("address"), contacts.c.first_name, contacts.c.last_name)
        .join(contacts, contacts.c.id == s.contact_id, isouter=True)
        .order_by(s.id.desc())
        .limit(limit)
    )
    query = _narrowed(query, wanted)
    if wanted.older_than is not None:
        query = query.where(s.id < wanted.older_than)
    return list(connection.execute(query))


def count(connection: Connection, wanted: Wanted) -> int:
    query = _narrowed(select(func.count()).select_from(suppressions), wanted)
    found: int = connection.execute(query).scalar_one()
    return found


def _narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    s = suppressions.c
    query = query.where(within(suppressions, wanted.workspace_id))
    if wanted.only is not None:
        return query.where(s.id == wanted.only)
    query = query.where(s.lifted_at.is_not(None) if wanted.lifted else s.lifted_at.is_(None))
    for column, value in ((s.scope, wanted.scope), (s.reason_code, wanted.code), (s.source, wanted.source)):
        if value:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(s.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(s.at < wanted.until)
    if wanted.hashes or wanted.domain:
        query = query.where(_about(wanted))
    return query


def _about(wanted: Wanted) -> Any:
    """A searched address is found by its hash; a searched domain also by the addresses below it."""
    s = suppressions.c
    ways: list[ColumnElement[bool]] = [s.value_hash.in_(wanted.hashes)]
    if wanted.contacts:
        ways.append(s.contact_id.in_(wanted.contacts))
    if wanted.domain:
        below = f"@{wanted.domain}"
        ways.append(s.value.endswith(below, autoescape=True))
        theirs = select(identities.c.contact_id).where(
            identities.c.workspace_id == wanted.workspace_id,
            identities.c.kind == "email",
            identities.c.value.endswith(below, autoescape=True),
        )
        ways.append(s.contact_id.in_(theirs))
    return or_(*ways)


def choices(connection: Connection, workspace_id: UUID) -> tuple[list[str], list[str]]:
    """The reason codes and the sources there are."""
    query = select(suppressions.c.reason_code, suppressions.c.source).distinct()
    rows = connection.execute(query.where(within(suppressions, workspace_id))).all()
    return sorted({row.reason_code for row in rows}), sorted({row.source for row in rows})


def read(connection: Connection, workspace_id: UUID, suppression_id: UUID) -> Row[Any] | None:
    s = suppressions.c
    return connection.execute(
        select(suppressions).where(s.workspace_id == workspace_id, s.id == suppression_id)
    ).one_or_none()


def lift(connection: Connection, suppression_id: UUID, by: UUID | None, why: str, now: datetime) -> bool:
    """End a suppression. False: it was lifted before."""
    s = suppressions.c
    done = connection.execute(
        update(suppressions)
        .where(s.id == suppression_id, s.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=by, lifted_why=why)
    )
    return done.rowcount == 1


def live(connection: Connection, workspace_id: UUID, hashes: Sequence[str]) -> list[Row[Any]]:
    """Every suppression of these values that holds."""
    s = suppressions.c
    query = select(suppressions).where(
        s.workspace_id == workspace_id, s.lifted_at.is_(None), s.value_hash.in_(hashes)
    )
    return list(connection.execute(query.order_by(s.at)))


def rename(connection: Connection, workspace_id: UUID, value_hash: str, shown: str) -> None:
    """How the value of these suppressions reads from now on."""
    s = suppressions.c
    mine = (s.workspace_id == workspace_id) & (s.value_hash == value_hash) & s.value.is_not(None)
    connection.execute(update(suppressions).where(mine).values(value=shown))


def contacts_at(connection: Connection, workspace_id: UUID, addresses: Sequence[str]) -> dict[str, UUID]:
    """The contacts that have these addresses."""
    i = identities.c
    query = select(i.value, i.contact_id).where(
        i.workspace_id == workspace_id, i.kind == "email", i.value.in_(addresses)
    )
    return {row.value: row.contact_id for row in connection.execute(query)}


def company_of(connection: Connection, workspace_id: UUID, word: str) -> Row[Any] | None:
    """The company with this domain or name, written as it is."""
    c = companies.c
    query = select(companies).where(
        c.workspace_id == workspace_id, or_(c.domain == word.lower(), c.name == word)
    )
    return connection.execute(query.order_by((c.domain == word.lower()).desc()).limit(1)).one_or_none()


def company_id_of(connection: Connection, contact_id: UUID) -> UUID | None:
    return connection.execute(
        select(contacts.c.company_id).where(contacts.c.id == contact_id)
    ).scalar_one_or_none()
