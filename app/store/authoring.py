"""What publishing needs to know: which texts the files last had, and who is inside a sequence."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, true, update
from sqlalchemy.engine import Row

from app.store.hints import said
from app.store.tables import (
    audit_entries,
    definitions,
    deliveries,
    enrollments,
    field_definitions,
    template_variants,
)

# Acts after which the files and the database said the same of a definition.
APPLIED, EXPORTED = "definition.applied", "definition.exported"
# Published in the browser: the files say something else until it is exported.
PUBLISHED = "definition.published"
# Where the people inside stood before and after a version was published.
PEOPLE = "definition.people"
CHUNK = 500
INSIDE = "state <> 'ended'"
GOES_ON = "state IN ('due', 'waiting')"
WAITS = "state IN ('queued', 'deferred')"


def in_files(connection: Connection, workspace_id: UUID) -> dict[str, dict[str, Any]]:
    """By definition id: the detail (digest, path) of the last time its file and the database agreed."""
    query = (
        select(audit_entries.c.subject, audit_entries.c.detail)
        .where(
            audit_entries.c.workspace_id == workspace_id,
            audit_entries.c.subject_kind == "definition",
            audit_entries.c.action.in_((APPLIED, EXPORTED)),
        )
        .order_by(audit_entries.c.at, audit_entries.c.id)
    )
    return {row.subject: row.detail for row in connection.execute(query)}


def was_done(connection: Connection, workspace_id: UUID, action: str) -> bool:
    """Whether the audit knows of such an act."""
    query = select(audit_entries.c.id).where(
        audit_entries.c.workspace_id == workspace_id, audit_entries.c.action == action
    )
    return connection.execute(query.limit(1)).first() is not None


def heads(connection: Connection, workspace_id: UUID) -> dict[UUID, dict[str, int]]:
    """How many people are at each step of each sequence now."""
    table = enrollments
    query = (
        select(table.c.definition_id, table.c.step, func.count().label("people"))
        .where(table.c.workspace_id == workspace_id, table.c.state != "ended")
        .group_by(table.c.definition_id, table.c.step)
    )
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.definition_id][row.step] = row.people
    return found


def heads_by_version(connection: Connection, definition_id: UUID) -> list[Row[Any]]:
    """How many people are at each step of each version: version_id, step, people."""
    table = enrollments
    query = (
        select(table.c.version_id, table.c.step, func.count().label("people"))
        .where(table.c.definition_id == definition_id, said(table, INSIDE))
        .group_by(table.c.version_id, table.c.step)
    )
    return list(connection.execute(query))


def people_inside(connection: Connection, definition_id: UUID) -> int:
    """How many people are inside a sequence; PostgreSQL counts them in the index alone."""
    query = select(func.count()).where(
        enrollments.c.definition_id == definition_id, said(enrollments, INSIDE)
    )
    return connection.execute(query).scalar_one()


def waits_over(connection: Connection, definition_id: UUID, now: datetime) -> Row[Any]:
    """How many of them have a wait that is over, and since when: waits, oldest_at."""
    table = enrollments
    return connection.execute(
        select(func.count().label("waits"), func.min(table.c.due_at).label("oldest_at")).where(
            # Of those who are due, however many are inside.
            (table.c.definition_id == definition_id).is_(true()),
            said(table, GOES_ON),
            table.c.due_at <= now,
        )
    ).one()


def inside(connection: Connection, definition_id: UUID) -> list[Row[Any]]:
    """Everybody inside a sequence: enrollment, contact, version, step, state, due."""
    table = enrollments
    query = select(
        table.c.id, table.c.contact_id, table.c.version_id, table.c.step, table.c.state, table.c.due_at, table.c.inside,
        table.c.visit, table.c.visits, table.c.outcome,
    ).where(table.c.definition_id == definition_id, table.c.state != "ended")  # fmt: skip
    return list(connection.execute(query.order_by(table.c.due_at, table.c.id)))


def pin(connection: Connection, enrollment_ids: Sequence[UUID], version_id: UUID) -> None:
    """Move enrollments to another version. Who holds one finds its revision changed, and decides again."""
    for start in range(0, len(enrollment_ids), CHUNK):
        connection.execute(
            update(enrollments)
            .where(enrollments.c.id.in_(enrollment_ids[start : start + CHUNK]))
            .values(version_id=version_id, revision=enrollments.c.revision + 1)
        )


def change_enrollment(connection: Connection, enrollment_id: UUID, **values: Any) -> None:
    connection.execute(
        update(enrollments)
        .where(enrollments.c.id == enrollment_id, enrollments.c.state != "ended")
        .values(
            **values,
            revision=enrollments.c.revision + 1,
            claimed_by=None,
            claim_token=None,
            claimed_until=None,
        )
    )


def overdue_mails(connection: Connection, definition_id: UUID, now: datetime) -> list[Row[Any]]:
    """Mails of a sequence that wait and should have left, oldest first."""
    table = deliveries
    query = select(
        table.c.id, table.c.enrollment_id, table.c.due_at, table.c.expires_at, table.c.planned_at
    ).where(
        table.c.definition_id == definition_id,
        table.c.state.in_(("queued", "deferred")),
        table.c.planned_at < now,
    )
    return list(connection.execute(query.order_by(table.c.planned_at, table.c.id)))


def mails_due(connection: Connection, definition_id: UUID, now: datetime) -> Row[Any]:
    """How many mails of a sequence wait and should have left, and since when: mails, oldest_at."""
    table = deliveries
    return connection.execute(
        select(func.count().label("mails"), func.min(table.c.planned_at).label("oldest_at")).where(
            table.c.definition_id == definition_id, said(table, WAITS), table.c.planned_at < now
        )
    ).one()


def change_mail(connection: Connection, delivery_id: UUID, **values: Any) -> bool:
    """Whether it was still waiting, and so could be changed."""
    changed = connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.state.in_(("queued", "deferred")))
        .values(**values)
    )
    return changed.rowcount == 1


def compiled_digests(connection: Connection, workspace_id: UUID) -> dict[tuple[UUID, str], tuple[str, Any]]:
    """By (version, locale) of the templates in force: the digest and the text of the newest compilation."""
    table = template_variants
    query = (
        select(table.c.version_id, table.c.locale, table.c.digest, table.c.compiled)
        .join(definitions, definitions.c.live_version_id == table.c.version_id)
        .where(definitions.c.workspace_id == workspace_id)
        .order_by(table.c.compiled_at, table.c.id)
    )
    return {(row.version_id, row.locale): (row.digest, row.compiled) for row in connection.execute(query)}


def compiled_texts(connection: Connection) -> list[tuple[str, Any]]:
    """Digest and text of what was compiled for the templates in force of every workspace: the digest names all that
    a compilation is made of, so one workspace may take what another has.
    """
    table = template_variants
    query = select(table.c.digest, table.c.compiled).join(
        definitions, definitions.c.live_version_id == table.c.version_id
    )
    return [(row.digest, row.compiled) for row in connection.execute(query)]


def renew_variant(connection: Connection, version_id: UUID, locale: str, digest: str, now: datetime) -> bool:
    """Make an earlier compilation the newest one; False where there is none with this digest."""
    table = template_variants
    renewed = connection.execute(
        update(table)
        .where(table.c.version_id == version_id, table.c.locale == locale, table.c.digest == digest)
        .values(compiled_at=now)
    )
    return renewed.rowcount > 0


def custom_fields(connection: Connection, workspace_id: UUID) -> set[str]:
    """The keys of the workspace's own fields as conditions name them; those out of use are not among them."""
    table = field_definitions
    query = select(table.c.subject, table.c.key).where(
        table.c.workspace_id == workspace_id, table.c.retired_at.is_(None)
    )
    return {
        f"company.{row.key}" if row.subject == "company" else row.key for row in connection.execute(query)
    }
