"""Sequences with the people inside, step by step, and the rows that wait for a person."""

from uuid import UUID

from sqlalchemy import Connection, TextClause, distinct, func, select

from app.store.hints import said, within
from app.store.tables import (
    contacts,
    definition_versions,
    definitions,
    deliveries,
    enrollments,
    events,
    job_runs,
)  # fmt: skip
from app.store.views import Found

INSIDE = "state <> 'ended'"

# Mails of sequences that were taken, as the index of them says it.
TAKEN = ("state = 'accepted'", "enrollment_id IS NOT NULL")

DEMO_JOBS = "demo:"


def sequences(connection: Connection, workspace_id: UUID) -> list[Found]:
    """Every sequence with its live version; archived ones last."""
    return list(
        connection.execute(
            select(
                definitions.c.id, definitions.c.key, definitions.c.state, definitions.c.paused_at,
                definition_versions.c.id.label("version_id"), definition_versions.c.number,
                definition_versions.c.source, definition_versions.c.published_at,
            )
            .outerjoin(definition_versions, definition_versions.c.id == definitions.c.live_version_id)
            .where(definitions.c.workspace_id == workspace_id, definitions.c.kind == "sequence")
            .order_by(definitions.c.state == "archived", definitions.c.key)
        )
    )  # fmt: skip


def sequence(connection: Connection, workspace_id: UUID, key: str) -> Found | None:
    return next((row for row in sequences(connection, workspace_id) if row.key == key), None)


def lifecycle_source(connection: Connection, workspace_id: UUID) -> Found | None:
    """The live lifecycle: its key, version id and text."""
    return connection.execute(
        select(definitions.c.key, definition_versions.c.id.label("version_id"), definition_versions.c.source)
        .join(definition_versions, definition_versions.c.id == definitions.c.live_version_id)
        .where(definitions.c.workspace_id == workspace_id, definitions.c.kind == "lifecycle")
        .order_by(definitions.c.key)
        .limit(1)
    ).first()


def inside(connection: Connection, definition_ids: list[UUID]) -> dict[UUID, Found]:
    """Per sequence: people inside, parked ones among them, and the next instant something is due."""
    rows = connection.execute(
        select(
            enrollments.c.definition_id,
            func.count().label("people"),
            func.count().filter(enrollments.c.state == "parked").label("parked"),
            func.min(enrollments.c.due_at).label("next_at"),
        )
        .where(enrollments.c.definition_id.in_(definition_ids), said(enrollments, INSIDE))
        .group_by(enrollments.c.definition_id)
    )
    return {row.definition_id: row for row in rows}


def at_steps(connection: Connection, definition_id: UUID) -> list[Found]:
    """People inside one sequence by step and state, and the next instant something is due for them."""
    return list(
        connection.execute(
            select(
                enrollments.c.step, enrollments.c.state, func.count().label("people"),
                func.min(enrollments.c.due_at).label("next_at"),
            )
            .where(enrollments.c.definition_id == definition_id, said(enrollments, INSIDE))
            .group_by(enrollments.c.step, enrollments.c.state)
        )
    )  # fmt: skip


def parked_reasons(connection: Connection, definition_id: UUID) -> list[Found]:
    """Why people are parked, by step: the code, one set of parameters for its sentence, how many."""
    return list(
        connection.execute(
            select(
                enrollments.c.step, enrollments.c.reason_code, enrollments.c.reason_params,
                func.count().label("people"),
            )
            .where(
                enrollments.c.definition_id == definition_id,
                said(enrollments, INSIDE),
                enrollments.c.state == "parked",
            )
            .group_by(enrollments.c.step, enrollments.c.reason_code, enrollments.c.reason_params)
            .order_by(func.count().desc())
            .limit(50)
        )
    )  # fmt: skip


def sent_by_step(connection: Connection, definition_id: UUID) -> dict[str, int]:
    rows = connection.execute(
        select(deliveries.c.step, func.count())
        .where(deliveries.c.definition_id == definition_id, *_taken())
        .group_by(deliveries.c.step)
    )
    return {step: count for step, count in rows if step is not None}


def clicked_by_step(connection: Connection, definition_id: UUID) -> dict[tuple[str, str], int]:
    """Heads, not clicks: in whose mails of each step somebody clicked, by step and verdict (human, machine)."""
    rows = connection.execute(
        select(deliveries.c.step, events.c.verdict, func.count(distinct(deliveries.c.contact_id)))
        .join(
            events,
            (events.c.contact_id == deliveries.c.contact_id)
            & events.c.kind.in_(("clicked", "answered"))
            & (events.c.subject == deliveries.c.template),
        )
        .where(
            deliveries.c.definition_id == definition_id,
            *_taken(),
            events.c.verdict.in_(("human", "machine")),
        )
        .group_by(deliveries.c.step, events.c.verdict)
    )
    return {(step, verdict): count for step, verdict, count in rows if step is not None}


def _taken() -> list[TextClause]:
    return [said(deliveries, each) for each in TAKEN]


def ended_count(connection: Connection, definition_id: UUID) -> list[Found]:
    """How people left: the reason's code and how many."""
    return list(
        connection.execute(
            select(enrollments.c.reason_code, func.count().label("people"))
            .where(enrollments.c.definition_id == definition_id, enrollments.c.state == "ended")
            .group_by(enrollments.c.reason_code)
            .order_by(func.count().desc())
        )
    )


def jobs(connection: Connection, demo: bool = False) -> list[Found]:
    """The notes of the ticks; those of a demo, told apart by their names, are its own."""
    name = job_runs.c.job
    mine = name.startswith(DEMO_JOBS, autoescape=True)
    return list(connection.execute(select(job_runs).where(mine if demo else ~mine).order_by(name)))


def parked(connection: Connection, workspace_id: UUID, limit: int) -> list[Found]:
    """People whom something keeps from going on, the newest first."""
    return list(
        connection.execute(
            select(
                enrollments.c.contact_id, enrollments.c.step, enrollments.c.since, enrollments.c.reason_code,
                enrollments.c.reason_params, definitions.c.key, contacts.c.first_name, contacts.c.last_name,
            )
            .join(definitions, definitions.c.id == enrollments.c.definition_id)
            .join(contacts, contacts.c.id == enrollments.c.contact_id)
            .where(
                definitions.c.workspace_id == workspace_id,
                definitions.c.kind == "sequence",
                said(enrollments, INSIDE),
                enrollments.c.state == "parked",
            )
            .order_by(enrollments.c.since.desc())
            .limit(limit)
        )
    )  # fmt: skip


def uncertain(connection: Connection, workspace_id: UUID, limit: int) -> list[Found]:
    """Mails whose text was sent but whose answer never came, the newest first."""
    return list(
        connection.execute(
            select(
                deliveries.c.contact_id, deliveries.c.template, deliveries.c.intent_at, deliveries.c.response,
                deliveries.c.reason_code, deliveries.c.reason_params, contacts.c.first_name, contacts.c.last_name,
            )
            .join(contacts, contacts.c.id == deliveries.c.contact_id)
            .where(
                within(deliveries, workspace_id),
                said(deliveries, "state IN ('intent', 'uncertain')"),
                deliveries.c.state == "uncertain",
            )
            .order_by(deliveries.c.intent_at.desc())
            .limit(limit)
        )
    )  # fmt: skip
