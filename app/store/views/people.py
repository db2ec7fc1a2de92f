"""The list of contacts: stage counts, one page by keyset, and what is shown beside each name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Join, Select, and_, func, or_, select, union

from app.store.hints import within
from app.store.tables import (
    companies,
    contact_stages,
    contact_tags,
    contacts,
    definitions,
    enrollments,
    events,
    identities,
    scores,
)  # fmt: skip
from app.store.views import Found

# What the engine writes about itself, and what a machine may have caused, is no sign of a person.
NO_SIGNAL = ("sent", "opened", "bounced", "stage_entered", "goal_reached", "imported", "tagged", "task_done")
LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contacts, and from where on. Ids sort by the time they were made; `upwards`: oldest first."""

    workspace_id: UUID
    lifecycle: str
    stage: str | None = None
    text: str = ""
    owner_id: UUID | None = None
    tag: str = ""
    upwards: bool = False
    after: UUID | None = None
    limit: int = 50


def stage_counts(connection: Connection, workspace_id: UUID, lifecycle: str) -> dict[str, int]:
    rows = connection.execute(
        select(contact_stages.c.stage, func.count())
        .where(contact_stages.c.workspace_id == workspace_id, contact_stages.c.lifecycle == lifecycle)
        .group_by(contact_stages.c.stage)
    )
    return dict(tuple(row) for row in rows)


def page(connection: Connection, wanted: Wanted) -> list[Found]:
    """The next contacts in the order asked for; one row more than `limit` says that there are others."""
    # With a stage the index of stages gives the order; without one the primary key does.
    order = contact_stages.c.contact_id if wanted.stage else contacts.c.id
    query = (
        select(
            contacts.c.id, contacts.c.first_name, contacts.c.last_name, contacts.c.created_at,
            contact_stages.c.stage, companies.c.name.label("company"),
        )
        .select_from(_joined(wanted))
        .where(
            within(contacts, wanted.workspace_id),
            contacts.c.merged_into.is_(None),
            contacts.c.erased_at.is_(None),
            *_filters(wanted, connection.dialect.name == "sqlite"),
        )
    )  # fmt: skip
    if wanted.after is not None:
        query = query.where(order > wanted.after if wanted.upwards else order < wanted.after)
    rows = connection.execute(
        query.order_by(order if wanted.upwards else order.desc()).limit(wanted.limit + 1)
    )
    return list(rows)


def _joined(wanted: Wanted) -> Join:
    stages = and_(
        contact_stages.c.contact_id == contacts.c.id, contact_stages.c.lifecycle == wanted.lifecycle
    )
    rows = contacts.join(contact_stages, stages, isouter=not wanted.stage)
    return rows.outerjoin(companies, companies.c.id == contacts.c.company_id)


def _filters(wanted: Wanted, sqlite: bool) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.stage:
        found += [
            contact_stages.c.workspace_id == wanted.workspace_id,
            contact_stages.c.lifecycle == wanted.lifecycle,
            contact_stages.c.stage == wanted.stage,
        ]
    if wanted.owner_id:
        found.append(contacts.c.owner_id == wanted.owner_id)
    if wanted.tag:
        tagged = select(contact_tags.c.contact_id).where(
            contact_tags.c.workspace_id == wanted.workspace_id, contact_tags.c.tag == wanted.tag
        )
        found.append(contacts.c.id.in_(tagged))
    if wanted.text:
        found.append(contacts.c.id.in_(_matching(wanted, sqlite)))
    return found


def _matching(wanted: Wanted, sqlite: bool) -> Select[Any]:
    """Ids whose address, name or company begins with the text. "Ana Lo" is a first and a last name."""
    text = " ".join(wanted.text.split())
    parts = [_by_address(wanted, text.casefold(), sqlite)]
    if "@" not in text:
        parts += _by_name(wanted, text, sqlite)
    return select(union(*parts).subquery().c[0])


def _by_address(wanted: Wanted, text: str, sqlite: bool) -> Select[Any]:
    value = identities.c.value
    begins = and_(value >= text, value < text + LAST) if sqlite else value.startswith(text, autoescape=True)
    return select(identities.c.contact_id).where(
        identities.c.workspace_id == wanted.workspace_id, identities.c.kind == "email", begins
    )


def _by_name(wanted: Wanted, text: str, sqlite: bool) -> list[Select[Any]]:
    # One part for each column, so that each may take its own index.
    first, _, rest = text.partition(" ")
    named = [_begins(contacts.c.first_name, text, sqlite), _begins(contacts.c.last_name, text, sqlite)]
    if rest:
        named.append(
            and_(_begins(contacts.c.last_name, rest, sqlite), _begins(contacts.c.first_name, first, sqlite))
        )
    people = [select(contacts.c.id).where(within(contacts, wanted.workspace_id), each) for each in named]
    employed = (
        select(contacts.c.id)
        .join(companies, companies.c.id == contacts.c.company_id)
        .where(within(companies, wanted.workspace_id), _begins(companies.c.name, text, sqlite))
    )
    return [*people, employed]


def _begins(column: ColumnElement[str], text: str, sqlite: bool) -> ColumnElement[bool]:
    """Whether the column begins with the text in any case, written so that an index on lower() serves."""
    lowered = func.lower(column)
    if not sqlite:
        return lowered.startswith(text.lower(), autoescape=True)
    # SQLite lowers A to Z only, so a name with an initial such as Š is looked for in both writings.
    ways = {_ascii_lower(text), _ascii_lower(text[:1].upper() + text[1:]), _ascii_lower(text.lower())}
    return or_(*(and_(lowered >= way, lowered < way + LAST) for way in sorted(ways)))


def _ascii_lower(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def addresses(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The address to show of each contact: the primary one before others."""
    rows = connection.execute(
        select(identities.c.contact_id, identities.c.shown_as)
        .where(identities.c.contact_id.in_(ids), identities.c.kind == "email")
        .order_by(identities.c.is_primary)
    )
    return dict(tuple(row) for row in rows)


def scores_of(connection: Connection, ids: Sequence[UUID]) -> list[Found]:
    return list(
        connection.execute(
            select(
                scores.c.contact_id, scores.c.measure, scores.c.value, scores.c.as_of, scores.c.half_life
            ).where(scores.c.contact_id.in_(ids))
        )
    )


def last_signals(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str, datetime]]:
    """The newest thing each person did by themselves: kind, subject, when."""
    rank = func.row_number().over(partition_by=events.c.contact_id, order_by=events.c.occurred_at.desc())
    human = (
        select(events.c.contact_id, events.c.kind, events.c.subject, events.c.occurred_at, rank.label("rank"))
        .where(events.c.contact_id.in_(ids), events.c.verdict == "human", events.c.kind.not_in(NO_SIGNAL))
        .subquery()
    )
    rows = connection.execute(select(human).where(human.c.rank == 1))
    return {row.contact_id: (row.kind, row.subject, row.occurred_at) for row in rows}


def courses(connection: Connection, ids: Sequence[UUID]) -> list[Found]:
    """Where these contacts are now: sequence, step, state, next instant."""
    return list(
        connection.execute(
            select(
                enrollments.c.contact_id, enrollments.c.step, enrollments.c.state, enrollments.c.due_at,
                definitions.c.key,
            )
            .join(definitions, definitions.c.id == enrollments.c.definition_id)
            .where(enrollments.c.contact_id.in_(ids), enrollments.c.state != "ended")
            .order_by(enrollments.c.due_at)
        )
    )  # fmt: skip
