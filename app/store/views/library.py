"""The library for the team: pieces, the mails that lead to them, who read them, for whom nothing was left."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, distinct, func, select

from app.store.hints import said, within
from app.store.tables import (
    contacts,
    definition_versions,
    definitions,
    enrollments,
    events,
    identities,
    timeline,
)
from app.store.views import Found

# Letter for letter the condition of their index.
OF_PIECES = "kind IN ('visited', 'downloaded')"
ALL_SEEN = "code = 'send.all_seen'"


def pieces(connection: Connection, workspace_id: UUID) -> list[Found]:
    """The pieces in force with their texts."""
    return _in_force(connection, workspace_id, "piece")


def mails(connection: Connection, workspace_id: UUID) -> list[Found]:
    """The mails in force with their texts."""
    return _in_force(connection, workspace_id, "template")


def _in_force(connection: Connection, workspace_id: UUID, kind: str) -> list[Found]:
    query = (
        select(definitions.c.key, definition_versions.c.source, definition_versions.c.number, definition_versions.c.published_at)
        .join(definition_versions, definition_versions.c.id == definitions.c.live_version_id)
        .where(definitions.c.workspace_id == workspace_id, definitions.c.kind == kind, definitions.c.state == "live")
        .order_by(definitions.c.key)
    )  # fmt: skip
    return list(connection.execute(query))


def readers(connection: Connection, workspace_id: UUID, keys: Sequence[str]) -> Mapping[str, Found]:
    """By piece: `people` who read it, `files` who opened its file, and the visits of `machines` and of `unknown`."""
    table = events.c
    human = table.verdict == "human"
    query = (
        select(
            table.subject,
            func.count(distinct(case((human, table.contact_id)))).label("people"),
            func.count(distinct(case((and_(human, table.kind == "downloaded"), table.contact_id)))).label("files"),
            func.count(case((table.verdict == "machine", 1))).label("machines"),
            func.count(case((table.verdict == "unknown", 1))).label("unknown"),
        )
        .where(said(events, OF_PIECES), table.subject.in_(keys), table.source == "hit", within(events, workspace_id))
        .group_by(table.subject)
    )  # fmt: skip
    return {row.subject: row for row in connection.execute(query)}


def who_read(connection: Connection, workspace_id: UUID, key: str, limit: int) -> list[Found]:
    """Who read a piece, each with the first and the last time, the last ones first."""
    table = events.c
    read = (
        select(
            table.contact_id, func.min(table.occurred_at).label("first_at"), func.max(table.occurred_at).label("last_at"),
            func.count(case((table.kind == "downloaded", 1))).label("files"),
        )
        .where(
            said(events, OF_PIECES), table.subject == key, table.source == "hit", table.verdict == "human",
            within(events, workspace_id),
        )
        .group_by(table.contact_id)
        .subquery()
    )  # fmt: skip
    return _named(connection, read, read.c.last_at, limit)


def all_seen(connection: Connection, workspace_id: UUID, sequence: str | None = None) -> list[Found]:
    """Each time nothing was left for somebody: in which sequence, at which step (in `params`), whom and when."""
    query = (
        select(definitions.c.key.label("sequence"), timeline.c.params, timeline.c.contact_id, timeline.c.at)
        .join(enrollments, enrollments.c.id == timeline.c.enrollment_id)
        .join(definitions, definitions.c.id == enrollments.c.definition_id)
        .where(said(timeline, ALL_SEEN), within(timeline, workspace_id))
    )
    if sequence is not None:
        query = query.where(definitions.c.key == sequence)
    return list(connection.execute(query))


def names(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Found]:
    """Names and addresses of contacts that were not erased."""
    query = (
        select(contacts.c.id, contacts.c.first_name, contacts.c.last_name, identities.c.shown_as)
        .outerjoin(identities, _primary())
        .where(contacts.c.id.in_(ids), contacts.c.erased_at.is_(None))
    )
    return {row.id: row for row in connection.execute(query)}


def sequence_exists(connection: Connection, workspace_id: UUID, key: str) -> bool:
    query = select(definitions.c.id).where(
        definitions.c.workspace_id == workspace_id, definitions.c.kind == "sequence", definitions.c.key == key
    )
    return connection.execute(query).first() is not None


def _named(connection: Connection, read: Subquery, newest: ColumnElement[Any], limit: int) -> list[Found]:
    query = (
        select(*read.c, contacts.c.first_name, contacts.c.last_name, identities.c.shown_as)
        .join(contacts, contacts.c.id == read.c.contact_id)
        .outerjoin(identities, _primary())
        .where(contacts.c.erased_at.is_(None))
        .order_by(newest.desc(), read.c.contact_id)
        .limit(limit)
    )
    return list(connection.execute(query))


def _primary() -> ColumnElement[bool]:
    return and_(
        identities.c.contact_id == contacts.c.id,
        identities.c.kind == "email",
        identities.c.is_primary.is_(True),
    )
