"""Open tasks of all contacts, somebody's own first and the most pressing first among them; and one task."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, case, exists, false, func, or_, select

from app.store.tables import (
    companies,
    contact_stages,
    contacts,
    deliveries,
    events,
    identities,
    tasks,
    timeline,
    users,
)  # fmt: skip
from app.store.views import Found

_OPEN = tasks.c.state == "open"


def open_tasks(
    connection: Connection, workspace_id: UUID, owner_id: UUID | None, limit: int, *, only: bool = False
) -> list[Found]:
    """With the contact's names and address and the owner's name; `only`: none but those of `owner_id`."""
    whose = tasks.c.owner_id == owner_id if owner_id is not None else false()
    query = (
        _read()
        .where(tasks.c.workspace_id == workspace_id, _OPEN)
        .order_by(case((whose, 0), else_=1), tasks.c.due_at.is_(None), tasks.c.due_at, tasks.c.id)
        .limit(limit)
    )
    if only:
        query = query.where(whose)
    return list(connection.execute(query))


def count_open(connection: Connection, workspace_id: UUID) -> int:
    query = select(func.count()).select_from(tasks).where(tasks.c.workspace_id == workspace_id, _OPEN)
    return connection.execute(query).scalar_one()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open tasks. `whose`: mine (of `reader_id`), nobody or all; `after`: due time and id of the last one
    shown."""

    workspace_id: UUID
    lifecycle: str
    whose: str = "all"
    reader_id: UUID | None = None
    kind: str = ""
    stage: str = ""
    after: tuple[datetime | None, UUID] | None = None


def page(connection: Connection, wanted: Wanted, limit: int) -> list[Found]:
    """The next ones, those due first before the others; those without a time come last, as they came in."""
    t = tasks.c
    in_stage = and_(
        contact_stages.c.contact_id == t.contact_id, contact_stages.c.lifecycle == wanted.lifecycle
    )
    query = (
        _read()
        .add_columns(
            contact_stages.c.stage, companies.c.name.label("company"), companies.c.id.label("company_id")
        )
        .outerjoin(contact_stages, in_stage)
        .outerjoin(companies, companies.c.id == contacts.c.company_id)
        .where(t.workspace_id == wanted.workspace_id, _OPEN)
    )
    if wanted.whose == "mine":
        query = query.where(t.owner_id == wanted.reader_id)
    elif wanted.whose == "nobody":
        query = query.where(t.owner_id.is_(None))
    if wanted.kind:
        query = query.where(t.kind == wanted.kind)
    if wanted.stage:
        query = query.where(contact_stages.c.stage == wanted.stage)
    due, last = wanted.after or (None, None)
    found: list[Found] = []
    # Two statements, so that each goes along the index.
    if wanted.after is None or due is not None:
        dated = query.where(t.due_at.is_not(None))
        if due is not None:
            dated = dated.where(or_(t.due_at > due, and_(t.due_at == due, t.id > last)))
        found = list(connection.execute(dated.order_by(t.due_at, t.id).limit(limit)))
    if len(found) < limit:
        rest = query.where(t.due_at.is_(None))
        if due is None and last is not None:
            rest = rest.where(t.id > last)
        found += connection.execute(rest.order_by(t.id).limit(limit - len(found)))
    return found


@dataclass(frozen=True, slots=True)
class Counts:
    all: int
    mine: int
    nobody: int
    overdue: int


def counts(connection: Connection, workspace_id: UUID, reader_id: UUID, now: datetime) -> Counts:
    """Open tasks; `overdue` are the reader's own."""
    t = tasks.c
    mine = t.owner_id == reader_id
    query = select(
        func.count(),
        func.count(case((mine, 1))),
        func.count(case((t.owner_id.is_(None), 1))),
        func.count(case((and_(mine, t.due_at < now), 1))),
    ).where(t.workspace_id == workspace_id, _OPEN)
    return Counts(*connection.execute(query).one())


def kinds(connection: Connection, workspace_id: UUID) -> list[str]:
    """Every kind that an open task has."""
    query = select(tasks.c.kind).where(tasks.c.workspace_id == workspace_id, _OPEN).distinct()
    return sorted(connection.execute(query.limit(50)).scalars())


def one(connection: Connection, workspace_id: UUID, task_id: UUID) -> Found | None:
    query = _read().add_columns(
        tasks.c.body, tasks.c.state, tasks.c.created_at, tasks.c.ended_at, tasks.c.owner_id, tasks.c.enrollment_id,
        tasks.c.assigned_code, tasks.c.assigned_rule,
    )  # fmt: skip
    query = query.where(tasks.c.id == task_id, tasks.c.workspace_id == workspace_id)
    return connection.execute(query).one_or_none()


def told_of(connection: Connection, contact_id: UUID, limit: int) -> list[Found]:
    """What the timeline tells of the contact's tasks, the newest first."""
    query = (
        select(timeline)
        .where(timeline.c.contact_id == contact_id, timeline.c.kind == "task")
        .order_by(timeline.c.at.desc(), timeline.c.id.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def signals(connection: Connection, contact_id: UUID, leave_out: tuple[str, ...], limit: int) -> list[Found]:
    """What the person did by themselves, the newest first; a machine's doings are no signal."""
    e = events.c
    query = (
        select(e.id, e.kind, e.subject, e.topics, e.occurred_at, e.payload)
        .where(e.contact_id == contact_id, e.verdict == "human", e.kind.not_in(leave_out))
        .order_by(e.occurred_at.desc(), e.id.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def last_mails(connection: Connection, contact_id: UUID, limit: int) -> list[Found]:
    """Mails that were taken, the newest first, and whether the person clicked in or answered each."""
    d, e = deliveries.c, events.c
    touched = exists().where(
        e.contact_id == d.contact_id,
        e.delivery_id == d.id,
        e.verdict == "human",
        e.kind.in_(("clicked", "answered", "replied")),
    )
    query = (
        select(d.id, d.template, d.accepted_at, d.message_class, touched.label("touched"))
        .where(d.contact_id == contact_id, d.state == "accepted", d.message_class != "internal")
        .order_by(d.planned_at.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def _read() -> Select[Any]:
    return (
        select(
            tasks.c.id, tasks.c.title, tasks.c.kind, tasks.c.due_at, tasks.c.contact_id, tasks.c.reason_code,
            tasks.c.reason_params, contacts.c.first_name, contacts.c.last_name,
            identities.c.shown_as.label("address"), users.c.email.label("owner"), users.c.name.label("owner_name"),
        )
        .join(contacts, contacts.c.id == tasks.c.contact_id)
        .outerjoin(
            identities,
            (identities.c.contact_id == tasks.c.contact_id)
            & (identities.c.kind == "email")
            & identities.c.is_primary.is_(True),
        )
        .outerjoin(users, users.c.id == tasks.c.owner_id)
    )  # fmt: skip
