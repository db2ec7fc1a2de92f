"""The list of contacts: stage counts, filters, one page by keyset, and what is shown beside each name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Join,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
)

from app.core.conditions import Condition
from app.store.condition_sql import condition_sql
from app.store.hints import LAST, begins, said, within
from app.store.tables import (
    companies,
    consents,
    contact_stages,
    contact_tags,
    contacts,
    definitions,
    enrollments,
    events,
    identities,
    scores,
    suppressions,
    users,
)  # fmt: skip
from app.store.views import Found

# What the engine writes about itself, and what a machine may have caused, is no sign of a person.
NO_SIGNAL = ("sent", "opened", "bounced", "stage_entered", "goal_reached", "imported", "tagged", "task_done")

# What a row stands at in an order: nothing but its id (the time it was made), a score, or an instant.
Key = float | datetime | None
# One in five hundred of a million: going along an order, a page of fifty meets that many within 25,000 rows.
FEW = 2_000
# Orders that an index of the scores gives: the measure, and what it is put in order by.
BY_SCORE = {"fit": ("fit", "value"), "signal": ("engagement", "as_of")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contacts, and from where on. Ids sort by the time they were made; `upwards`: lowest first.

    `consent` is a purpose and the state that was written down for it. `ids` are the only ones there may be; `condition` says more of them, at the instant `now`. `after` is the key
    and the id of the row to go on from. In an order of BY_SCORE those without that score are not there.

    `few`: so few were counted (up to FEW) that all of them are found first and put in order then; False: so many that
    going along the order soon meets enough; None: nobody counted. It says how to look, and nothing about whom.
    """

    workspace_id: UUID
    lifecycle: str
    now: datetime
    stage: str | None = None
    text: str = ""
    owner_id: UUID | None = None
    unowned: bool = False
    tag: str = ""
    sequence: str = ""
    company_id: UUID | None = None
    source: str = ""
    suppressed: bool | None = None
    consent: tuple[str, str] | None = None
    condition: Condition | None = None
    ids: tuple[UUID, ...] | None = None
    order: str = "made"
    upwards: bool = False
    after: tuple[Key, UUID] | None = None
    limit: int = 50
    few: bool | None = None


def stage_counts(connection: Connection, workspace_id: UUID, lifecycle: str) -> dict[str, int]:
    rows = connection.execute(
        select(contact_stages.c.stage, func.count())
        .where(contact_stages.c.workspace_id == workspace_id, contact_stages.c.lifecycle == lifecycle)
        .group_by(contact_stages.c.stage)
    )
    return dict(tuple(row) for row in rows)


def page(connection: Connection, wanted: Wanted) -> list[Found]:
    """The next contacts in the order asked for; one row more than `limit` says that there are others."""
    key, who = _order(wanted)
    if wanted.few:
        who = contacts.c.id
    query = (
        select(
            contacts.c.id, contacts.c.first_name, contacts.c.last_name, contacts.c.created_at, contacts.c.country,
            contacts.c.source, contact_stages.c.stage, companies.c.name.label("company"),
            companies.c.id.label("company_id"), users.c.name.label("owner"),
            (literal(None) if key is None else key).label("key"),
        )
        .select_from(
            _joined(wanted)
            .outerjoin(companies, companies.c.id == contacts.c.company_id)
            .outerjoin(users, users.c.id == contacts.c.owner_id)
        )
    )  # fmt: skip
    if not wanted.few:
        query = query.where(*_filters(wanted, connection.dialect.name))
        return list(connection.execute(_from_there_on(query, wanted, key, who)))
    # Their own limit keeps both databases from going along the order all the same.
    those = query.where(*_among_few(wanted, connection.dialect.name)).limit(2 * FEW).subquery()
    by_key = None if key is None else those.c.key
    return list(connection.execute(_from_there_on(select(those), wanted, by_key, those.c.id)))


def ids(connection: Connection, wanted: Wanted) -> list[UUID]:
    """The next contacts, oldest first, by nothing but their ids: for work that goes through all of them."""
    wanted = replace(wanted, order="made", upwards=True)
    key, who = _order(wanted)
    query = (
        select(contacts.c.id).select_from(_joined(wanted)).where(*_filters(wanted, connection.dialect.name))
    )
    return list(connection.execute(_from_there_on(query, wanted, key, who).limit(wanted.limit)).scalars())


def count_up_to(connection: Connection, wanted: Wanted, most: int) -> int:
    """How many there are; `most` where there are that many or more, so that nobody counts a million."""
    found = (
        select(contacts.c.id)
        .select_from(_joined(wanted))
        .where(*_filters(wanted, connection.dialect.name))
        .limit(most)
    )
    return connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()


def _order(wanted: Wanted) -> tuple[ColumnElement[Any] | None, ColumnElement[UUID]]:
    if wanted.order in BY_SCORE:
        return scores.c[BY_SCORE[wanted.order][1]], scores.c.contact_id
    # With a stage the index of stages gives the order; without one the primary key does.
    return None, contact_stages.c.contact_id if wanted.stage else contacts.c.id


def _from_there_on(
    query: Select[Any], wanted: Wanted, key: ColumnElement[Any] | None, who: ColumnElement[UUID]
) -> Select[Any]:
    columns = (who,) if key is None else (key, who)
    if wanted.after is not None:
        place = tuple_(*columns)
        here = wanted.after[1:] if key is None else wanted.after
        there = tuple_(*(literal(one, column.type) for one, column in zip(here, columns, strict=True)))
        query = query.where(place > there if wanted.upwards else place < there)
    order = columns if wanted.upwards else tuple(column.desc() for column in columns)
    return query.order_by(*order).limit(wanted.limit + 1)


def _joined(wanted: Wanted) -> Join:
    stages = and_(
        contact_stages.c.contact_id == contacts.c.id, contact_stages.c.lifecycle == wanted.lifecycle
    )
    rows = contacts.join(contact_stages, stages, isouter=not wanted.stage)
    if wanted.order in BY_SCORE:
        rows = rows.join(scores, scores.c.contact_id == contacts.c.id)
    return rows


def _among_few(wanted: Wanted, dialect: str) -> list[Any]:
    """Being one of those who match, found by what they match; their score by their id."""
    made = replace(wanted, order="made")
    match = select(contacts.c.id).select_from(_joined(made)).where(*_filters(made, dialect)).limit(2 * FEW)
    found: list[Any] = [contacts.c.id.in_(select(match.subquery().c.id))]
    if wanted.stage:
        found.append(contact_stages.c.stage == wanted.stage)
    if wanted.order in BY_SCORE:
        # A bound value, so that the index of this order is out of the question.
        found.append(scores.c.measure == BY_SCORE[wanted.order][0])
    return found


def _filters(wanted: Wanted, dialect: str) -> list[Any]:
    found: list[Any] = [
        within(contacts, wanted.workspace_id),
        contacts.c.merged_into.is_(None),
        contacts.c.erased_at.is_(None),
    ]
    if wanted.order in BY_SCORE:
        found += [
            scores.c.workspace_id == wanted.workspace_id,
            said(scores, f"measure = '{BY_SCORE[wanted.order][0]}'"),
        ]
    if wanted.ids is not None:
        found.append(contacts.c.id.in_(wanted.ids))
    if wanted.stage:
        found += [
            contact_stages.c.workspace_id == wanted.workspace_id
            if wanted.order not in BY_SCORE
            else within(contact_stages, wanted.workspace_id),
            contact_stages.c.lifecycle == wanted.lifecycle,
            contact_stages.c.stage == wanted.stage,
        ]
    if wanted.owner_id:
        found.append(contacts.c.owner_id == wanted.owner_id)
    if wanted.unowned:
        found.append(contacts.c.owner_id.is_(None))
    if wanted.company_id:
        found.append(contacts.c.company_id == wanted.company_id)
    if wanted.source:
        found.append(contacts.c.source == wanted.source)
    if wanted.tag:
        tagged = select(contact_tags.c.contact_id).where(
            contact_tags.c.workspace_id == wanted.workspace_id, contact_tags.c.tag == wanted.tag
        )
        found.append(contacts.c.id.in_(tagged))
    if wanted.sequence:
        found.append(contacts.c.id.in_(_inside(wanted)))
    if wanted.suppressed is not None:
        stopped = _stopped(wanted)
        found.append(contacts.c.id.in_(stopped) if wanted.suppressed else contacts.c.id.not_in(stopped))
    if wanted.consent is not None:
        found.append(_consenting(wanted, *wanted.consent))
    if wanted.text:
        found.append(_matching(wanted, dialect == "sqlite"))
    if wanted.condition is not None:
        found.append(
            condition_sql(
                wanted.condition, wanted.now, workspace_id=wanted.workspace_id, lifecycle=wanted.lifecycle,
                dialect_name=dialect,
            )
        )  # fmt: skip
    return found


def _inside(wanted: Wanted) -> Select[Any]:
    """Who stands in the sequence now."""
    return (
        select(enrollments.c.contact_id)
        .join(definitions, definitions.c.id == enrollments.c.definition_id)
        .where(
            definitions.c.workspace_id == wanted.workspace_id,
            definitions.c.kind == "sequence",
            definitions.c.key == wanted.sequence,
            said(enrollments, "state <> 'ended'"),
        )
    )


def _stopped(wanted: Wanted) -> Select[Any]:
    """Who gets no marketing, as far as it was written down with the contact: their own stops, not a domain's."""
    return select(suppressions.c.contact_id).where(
        suppressions.c.workspace_id == wanted.workspace_id,
        suppressions.c.contact_id.is_not(None),
        suppressions.c.scope != "topic",
        suppressions.c.lifted_at.is_(None),
    )


def _consenting(wanted: Wanted, purpose: str, state: str) -> ColumnElement[bool]:
    """Few are looked up by what they said; of many each one in the order is asked."""
    stated = select(consents.c.contact_id).where(consents.c.purpose == purpose, consents.c.state == state)
    if wanted.few is False:
        return stated.where(consents.c.contact_id == contacts.c.id).exists()
    return contacts.c.id.in_(stated.where(consents.c.workspace_id == wanted.workspace_id))


def _matching(wanted: Wanted, sqlite: bool) -> ColumnElement[bool]:
    """Whose address, name or company begins with the text. "Ana Lo" is a first and a last name."""
    text = " ".join(wanted.text.split())
    addressed = _by_address(wanted, text.casefold(), sqlite)
    if wanted.few is False:
        # A third of a million is not looked up to show fifty: each one in the order is asked.
        ways: list[ColumnElement[bool]] = [addressed.where(identities.c.contact_id == contacts.c.id).exists()]
        if "@" not in text:
            employer = and_(companies.c.id == contacts.c.company_id, begins(companies.c.name, text, sqlite))
            ways += [
                *_names(text, sqlite),
                select(companies.c.id).where(employer).correlate(contacts).exists(),
            ]
        return or_(*ways)
    parts = [addressed]
    if "@" not in text:
        parts += _by_name(wanted, text, sqlite)
    return contacts.c.id.in_(select(union(*parts).subquery().c[0]))


def _by_address(wanted: Wanted, text: str, sqlite: bool) -> Select[Any]:
    value = identities.c.value
    begins = and_(value >= text, value < text + LAST) if sqlite else value.startswith(text, autoescape=True)
    return select(identities.c.contact_id).where(
        identities.c.workspace_id == wanted.workspace_id, identities.c.kind == "email", begins
    )


def _by_name(wanted: Wanted, text: str, sqlite: bool) -> list[Select[Any]]:
    # One part for each column, so that each may take its own index.
    people = [
        select(contacts.c.id).where(within(contacts, wanted.workspace_id), each)
        for each in _names(text, sqlite)
    ]
    employed = (
        select(contacts.c.id)
        .join(companies, companies.c.id == contacts.c.company_id)
        .where(within(companies, wanted.workspace_id), begins(companies.c.name, text, sqlite))
    )
    return [*people, employed]


def _names(text: str, sqlite: bool) -> list[ColumnElement[bool]]:
    first, _, rest = text.partition(" ")
    named = [begins(contacts.c.first_name, text, sqlite), begins(contacts.c.last_name, text, sqlite)]
    if rest:
        named.append(
            and_(begins(contacts.c.last_name, rest, sqlite), begins(contacts.c.first_name, first, sqlite))
        )
    return named


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


def tags_of(connection: Connection, ids: Sequence[UUID]) -> list[Found]:
    rows = select(contact_tags.c.contact_id, contact_tags.c.tag).where(contact_tags.c.contact_id.in_(ids))
    return list(connection.execute(rows.order_by(contact_tags.c.tag)))


def choices(connection: Connection, workspace_id: UUID) -> list[str]:
    """The keys of the sequences one may stand in."""
    query = select(definitions.c.key).where(
        definitions.c.workspace_id == workspace_id, definitions.c.kind == "sequence"
    )
    return list(connection.execute(query.order_by(definitions.c.key).limit(300)).scalars())


def company_name(connection: Connection, workspace_id: UUID, company_id: UUID) -> str | None:
    query = select(companies.c.name).where(
        companies.c.id == company_id, companies.c.workspace_id == workspace_id
    )
    return connection.execute(query).scalar()


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
