"""One contact, read to the full: a statement a kind of row, whatever the length of the story."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select

from app.store.tables import (
    companies,
    consent_entries,
    contact_criteria,
    contact_stages,
    contact_tags,
    contacts,
    definition_versions,
    definitions,
    deliveries,
    enrollments,
    fact_changes,
    field_definitions,
    identities,
    interests,
    score_entries,
    scores,
    suppressions,
    tasks,
    timeline,
    users,
)  # fmt: skip
from app.store.views import Found


def contact(connection: Connection, workspace_id: UUID, contact_id: UUID, lifecycle: str) -> Found | None:
    in_lifecycle = and_(contact_stages.c.contact_id == contacts.c.id, contact_stages.c.lifecycle == lifecycle)
    return connection.execute(
        select(
            *contacts.c, companies.c.name.label("company"), companies.c.fields.label("company_fields"),
            users.c.name.label("owner"), contact_stages.c.stage, contact_stages.c.since,
            contact_stages.c.reason_code, contact_stages.c.reason_params,
        )
        .outerjoin(companies, companies.c.id == contacts.c.company_id)
        .outerjoin(users, users.c.id == contacts.c.owner_id)
        .outerjoin(contact_stages, in_lifecycle)
        .where(contacts.c.id == contact_id, contacts.c.workspace_id == workspace_id)
    ).first()  # fmt: skip


def identities_of(connection: Connection, contact_id: UUID) -> list[Found]:
    return list(
        connection.execute(
            select(
                identities.c.kind,
                identities.c.shown_as,
                identities.c.is_primary,
                identities.c.flag,
                identities.c.suggestion,
            )
            .where(identities.c.contact_id == contact_id)
            .order_by(identities.c.is_primary.desc(), identities.c.id)
        )
    )


def tags(connection: Connection, contact_id: UUID) -> list[str]:
    rows = connection.execute(
        select(contact_tags.c.tag).where(contact_tags.c.contact_id == contact_id).order_by(contact_tags.c.tag)
    )
    return [tag for (tag,) in rows]


def criteria(connection: Connection, contact_id: UUID) -> list[Found]:
    return list(
        connection.execute(
            select(contact_criteria)
            .where(contact_criteria.c.contact_id == contact_id)
            .order_by(contact_criteria.c.changed_at, contact_criteria.c.criterion)
        )
    )


def consent_history(connection: Connection, contact_id: UUID) -> list[Found]:
    return list(
        connection.execute(
            select(consent_entries)
            .where(consent_entries.c.contact_id == contact_id)
            .order_by(consent_entries.c.at.desc(), consent_entries.c.id.desc())
            .limit(50)
        )
    )


def suppressed(connection: Connection, workspace_id: UUID, contact_id: UUID) -> list[Found]:
    """What keeps mail from this contact, through whichever of its consent entries it was noted."""
    return list(
        connection.execute(
            select(suppressions)
            .where(
                suppressions.c.workspace_id == workspace_id,
                suppressions.c.contact_id == contact_id,
                suppressions.c.lifted_at.is_(None),
            )
            .limit(20)
        )
    )


def scores_of(connection: Connection, contact_id: UUID) -> list[Found]:
    return list(connection.execute(select(scores).where(scores.c.contact_id == contact_id)))


def score_entries_of(connection: Connection, contact_id: UUID, limit: int) -> list[Found]:
    return list(
        connection.execute(
            select(score_entries)
            .where(score_entries.c.contact_id == contact_id)
            .order_by(score_entries.c.at.desc(), score_entries.c.id.desc())
            .limit(limit)
        )
    )


def interests_of(connection: Connection, contact_id: UUID) -> list[Found]:
    return list(connection.execute(select(interests).where(interests.c.contact_id == contact_id)))


def colleagues(connection: Connection, workspace_id: UUID) -> list[Found]:
    query = select(users.c.id, users.c.name).where(users.c.workspace_id == workspace_id)
    return list(connection.execute(query.order_by(users.c.name).limit(500)))


def templates(connection: Connection, workspace_id: UUID) -> list[str]:
    """The keys of the mails in force."""
    query = select(definitions.c.key).where(
        definitions.c.workspace_id == workspace_id,
        definitions.c.kind == "template",
        definitions.c.live_version_id.is_not(None),
        definitions.c.state == "live",
    )
    return list(connection.execute(query.order_by(definitions.c.key).limit(1000)).scalars())


def field_labels(connection: Connection, workspace_id: UUID) -> dict[str, str]:
    rows = connection.execute(
        select(field_definitions.c.key, field_definitions.c.label)
        .where(field_definitions.c.workspace_id == workspace_id, field_definitions.c.subject == "contact")
        .limit(500)
    )
    return dict(tuple(row) for row in rows)


def fact_sources(connection: Connection, contact_id: UUID) -> dict[str, tuple[str, datetime]]:
    """Where each field's present value came from, and when."""
    rows = connection.execute(
        select(fact_changes.c.name, fact_changes.c.source, fact_changes.c.at)
        .where(fact_changes.c.contact_id == contact_id, fact_changes.c.kind.in_(("field", "owner")))
        .order_by(fact_changes.c.at)
        .limit(500)
    )
    return {name: (source, at) for name, source, at in rows}


def enrollments_of(connection: Connection, contact_id: UUID) -> list[Found]:
    return list(
        connection.execute(
            select(
                enrollments.c.id, enrollments.c.revision, enrollments.c.state, enrollments.c.step, enrollments.c.due_at,
                enrollments.c.zone, enrollments.c.since, enrollments.c.ended_at, enrollments.c.reason_code,
                enrollments.c.reason_params, definitions.c.key, definition_versions.c.number,
                definition_versions.c.id.label("version_id"), definition_versions.c.source,
            )
            .join(definitions, definitions.c.id == enrollments.c.definition_id)
            .join(definition_versions, definition_versions.c.id == enrollments.c.version_id)
            .where(enrollments.c.contact_id == contact_id)
            .order_by(enrollments.c.entered_at.desc())
            .limit(50)
        )
    )  # fmt: skip


def planned_mails(connection: Connection, contact_id: UUID) -> list[Found]:
    """Mails on their way to this contact, and those of which nobody knows whether they arrived."""
    open_states = ("queued", "deferred", "claimed", "intent", "uncertain")
    return list(
        connection.execute(
            select(
                deliveries.c.id, deliveries.c.template, deliveries.c.state, deliveries.c.due_at,
                deliveries.c.intent_at, deliveries.c.reason_code, deliveries.c.reason_params,
                deliveries.c.enrollment_id,
            )
            .where(deliveries.c.contact_id == contact_id, deliveries.c.state.in_(open_states))
            .order_by(deliveries.c.due_at)
            .limit(20)
        )
    )  # fmt: skip


def open_tasks(connection: Connection, contact_id: UUID) -> list[Found]:
    return list(
        connection.execute(
            select(tasks.c.title, tasks.c.due_at, tasks.c.reason_code, tasks.c.reason_params, users.c.name)
            .outerjoin(users, users.c.id == tasks.c.owner_id)
            .where(tasks.c.contact_id == contact_id, tasks.c.state == "open")
            .order_by(tasks.c.due_at)
            .limit(20)
        )
    )


def story(
    connection: Connection,
    contact_id: UUID,
    kinds: tuple[str, ...] | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Found]:
    """The timeline, newest first, from a point in time and id downwards; one row more than `limit`."""
    query = select(timeline).where(timeline.c.contact_id == contact_id)
    if kinds is not None:
        query = query.where(timeline.c.kind.in_(kinds))
    if before is not None:
        at, entry_id = before
        query = query.where(timeline.c.at <= at, or_(timeline.c.at < at, timeline.c.id < entry_id))
    return list(
        connection.execute(query.order_by(timeline.c.at.desc(), timeline.c.id.desc()).limit(limit + 1))
    )
