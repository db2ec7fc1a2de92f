"""Companies: a page of them, the heads of their people by stage, and the story their people share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, tuple_, union, union_all

from app.store.hints import begins, within
from app.store.tables import companies, contact_stages, contacts, scores, tasks, timeline, users
from app.store.views import Found

# Of a company with more people than this, so many are looked at: nobody counts a million for a badge.
MOST_LOOKED = 1000
# So many of a company's people, the newest, share their story on its page.
MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which companies, and from where on.

    `stage` is the furthest one of their people; those of `further` nobody of them has reached. `few` stand at that
    stage, so that it is quicker to begin with them. `after` is the key of the order and the id of the row to go on
    from; ids sort by the time they were made.
    """

    workspace_id: UUID
    lifecycle: str
    text: str = ""
    stage: str = ""
    further: tuple[str, ...] = ()
    few: bool = False
    by_name: bool = False
    upwards: bool = False
    after: tuple[str | None, UUID] | None = None
    limit: int = 50


def page(connection: Connection, wanted: Wanted) -> list[Found]:
    """The next companies in the order asked for; one row more than `limit` says that there are others."""
    c = companies.c
    key = func.lower(c.name)
    query = select(c.id, c.name, c.domain, c.created_at, key.label("key"))
    query = query.where(*_filters(wanted, connection.dialect.name == "sqlite"))
    order: list[Any] = [key, c.id] if wanted.by_name else [c.id]
    if wanted.after is not None:
        here = tuple_(key, c.id) if wanted.by_name else c.id
        last: Any = wanted.after if wanted.by_name else wanted.after[1]
        query = query.where(here > last if wanted.upwards else here < last)
    if not wanted.upwards:
        order = [each.desc() for each in order]
    return list(connection.execute(query.order_by(*order).limit(wanted.limit + 1)))


def count_up_to(connection: Connection, wanted: Wanted, most: int) -> int:
    """How many there are; `most` where there are that many or more."""
    found = select(companies.c.id).where(*_filters(wanted, connection.dialect.name == "sqlite")).limit(most)
    return connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()


def _filters(wanted: Wanted, sqlite: bool) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [within(companies, wanted.workspace_id)]
    if wanted.text:
        ways = (begins(column, wanted.text, sqlite) for column in (companies.c.name, companies.c.domain))
        # One part for each column, so that each may take its own index.
        parts = [select(companies.c.id).where(within(companies, wanted.workspace_id), way) for way in ways]
        found.append(companies.c.id.in_(select(union(*parts).subquery().c[0])))
    if wanted.stage:
        if wanted.few:
            found.append(companies.c.id.in_(_at(wanted, (wanted.stage,))))
        else:
            found.append(_at(wanted, (wanted.stage,)).where(contacts.c.company_id == companies.c.id).exists())
        if wanted.further:
            found.append(~_at(wanted, wanted.further).where(contacts.c.company_id == companies.c.id).exists())
    return found


def _at(wanted: Wanted, stages: Sequence[str]) -> Select[Any]:
    """The companies of those who stand at one of these stages."""
    standing = and_(
        contact_stages.c.contact_id == contacts.c.id, contact_stages.c.lifecycle == wanted.lifecycle
    )
    return (
        select(contacts.c.company_id)
        .join(contact_stages, standing)
        .where(
            contact_stages.c.workspace_id == wanted.workspace_id,
            contact_stages.c.stage.in_(stages),
            contacts.c.company_id.is_not(None),
            contacts.c.merged_into.is_(None),
        )
    )


def heads(connection: Connection, lifecycle: str, ids: Sequence[UUID]) -> list[Found]:
    """How many people of each company stand at each stage, by owner, and when the last signal of theirs counted.

    One statement, which looks at MOST_LOOKED people of a company and one more.
    """
    if not ids:
        return []
    each = [
        select(contacts.c.id, contacts.c.company_id, contacts.c.owner_id)
        .where(contacts.c.company_id == company_id, contacts.c.merged_into.is_(None))
        .limit(MOST_LOOKED + 1)
        .subquery()
        for company_id in ids
    ]
    people = union_all(*(select(one) for one in each)).subquery()
    standing = and_(contact_stages.c.contact_id == people.c.id, contact_stages.c.lifecycle == lifecycle)
    engaged = and_(scores.c.contact_id == people.c.id, scores.c.measure == "engagement")
    query = (
        select(
            people.c.company_id, contact_stages.c.stage, users.c.name.label("owner"), func.count().label("people"),
            func.max(scores.c.as_of).label("last_at"),
        )
        .select_from(people)
        .outerjoin(contact_stages, standing)
        .outerjoin(scores, engaged)
        .outerjoin(users, users.c.id == people.c.owner_id)
        .group_by(people.c.company_id, contact_stages.c.stage, users.c.id, users.c.name)
    )  # fmt: skip
    return list(connection.execute(query))


def one(connection: Connection, workspace_id: UUID, company_id: UUID) -> Found | None:
    mine = (companies.c.workspace_id == workspace_id) & (companies.c.id == company_id)
    return connection.execute(select(companies).where(mine)).first()


def _people(company_id: UUID) -> Select[Any]:
    theirs = select(contacts.c.id).where(
        contacts.c.company_id == company_id, contacts.c.merged_into.is_(None)
    )
    return theirs.order_by(contacts.c.id.desc()).limit(MOST_TOLD)


def story(
    connection: Connection,
    company_id: UUID,
    kinds: tuple[str, ...] | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Found]:
    """The timelines of its people as one, newest first, each line with whose it is; one row more than `limit`."""
    t = timeline.c
    query = (
        select(t.id, t.at, t.kind, t.code, t.params, t.actor, t.contact_id, contacts.c.first_name, contacts.c.last_name)
        .join(contacts, contacts.c.id == t.contact_id)
        .where(t.contact_id.in_(select(_people(company_id).subquery().c[0])))
    )  # fmt: skip
    if kinds is not None:
        query = query.where(t.kind.in_(kinds))
    if before is not None:
        at, entry_id = before
        query = query.where(t.at <= at, or_(t.at < at, t.id < entry_id))
    return list(connection.execute(query.order_by(t.at.desc(), t.id.desc()).limit(limit + 1)))


def open_tasks(connection: Connection, company_id: UUID, limit: int) -> list[Found]:
    """What is to be done about its people, those due first before the others."""
    query = (
        select(
            tasks.c.id, tasks.c.title, tasks.c.due_at, tasks.c.contact_id, tasks.c.reason_code, tasks.c.reason_params,
            contacts.c.first_name, contacts.c.last_name, users.c.name.label("owner"),
        )
        .join(contacts, contacts.c.id == tasks.c.contact_id)
        .outerjoin(users, users.c.id == tasks.c.owner_id)
        .where(contacts.c.company_id == company_id, tasks.c.state == "open")
        .order_by(tasks.c.due_at.is_(None), tasks.c.due_at, tasks.c.id)
        .limit(limit)
    )  # fmt: skip
    return list(connection.execute(query))
