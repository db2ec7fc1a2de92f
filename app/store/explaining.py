"""One contact's ledger, as explaining reads it: up to an instant, oldest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from app.store.tables import (
    attempts,
    contact_criteria,
    contact_stages,
    definitions,
    deliveries,
    enrollments,
    fact_changes,
    score_entries,
    timeline,
)  # fmt: skip

Found = Sequence[Row[Any]]


def changes_since(connection: Connection, contact_id: UUID, at: datetime) -> Found:
    """What changed of the facts after `at`, the latest first: undone in this order the facts are as they were."""
    query = select(fact_changes).where(fact_changes.c.contact_id == contact_id, fact_changes.c.at > at)
    return connection.execute(query.order_by(fact_changes.c.at.desc(), fact_changes.c.id.desc())).all()


def stage_change(connection: Connection, contact_id: UUID, lifecycle: str, at: datetime) -> Row[Any] | None:
    """The last change of stage up to `at`."""
    query = select(fact_changes).where(
        fact_changes.c.contact_id == contact_id,
        fact_changes.c.kind == "stage",
        fact_changes.c.name == lifecycle,
        fact_changes.c.at <= at,
    )
    found: Row[Any] | None = connection.execute(
        query.order_by(fact_changes.c.at.desc(), fact_changes.c.id.desc()).limit(1)
    ).first()
    return found


def stage_row(connection: Connection, contact_id: UUID, lifecycle: str) -> Row[Any] | None:
    query = select(contact_stages).where(
        contact_stages.c.contact_id == contact_id, contact_stages.c.lifecycle == lifecycle
    )
    found: Row[Any] | None = connection.execute(query).first()
    return found


def score_lines(connection: Connection, contact_id: UUID, at: datetime) -> Found:
    query = select(score_entries).where(score_entries.c.contact_id == contact_id, score_entries.c.at <= at)
    return connection.execute(query.order_by(score_entries.c.at, score_entries.c.id)).all()


def criteria(connection: Connection, contact_id: UUID) -> Found:
    query = select(contact_criteria).where(contact_criteria.c.contact_id == contact_id)
    return connection.execute(query.order_by(contact_criteria.c.criterion)).all()


def stays(connection: Connection, contact_id: UUID, at: datetime) -> Found:
    """The stays that had begun by `at`, with the sequence's key."""
    query = (
        select(enrollments, definitions.c.key.label("sequence"), definitions.c.state.label("sequence_state"))
        .join(definitions, definitions.c.id == enrollments.c.definition_id)
        .where(enrollments.c.contact_id == contact_id, enrollments.c.entered_at <= at)
    )
    return connection.execute(query.order_by(enrollments.c.entered_at, enrollments.c.id)).all()


def mails(connection: Connection, contact_id: UUID, template: str, at: datetime) -> Found:
    """Every delivery of a template to the contact that was planned by `at`, with the sequence's key."""
    query = (
        select(deliveries, definitions.c.key.label("sequence"))
        .join(definitions, definitions.c.id == deliveries.c.definition_id, isouter=True)
        .where(
            deliveries.c.contact_id == contact_id,
            deliveries.c.template == template,
            deliveries.c.planned_at <= at,
        )
    )
    return connection.execute(query.order_by(deliveries.c.planned_at, deliveries.c.id)).all()


def tries(connection: Connection, delivery_ids: Sequence[UUID]) -> Found:
    query = select(attempts).where(attempts.c.delivery_id.in_(delivery_ids))
    return connection.execute(query.order_by(attempts.c.at, attempts.c.id)).all()


def story(connection: Connection, contact_id: UUID, at: datetime, limit: int) -> Found:
    """The last lines of the timeline up to `at`, oldest first."""
    query = select(timeline).where(timeline.c.contact_id == contact_id, timeline.c.at <= at)
    newest = connection.execute(query.order_by(timeline.c.at.desc(), timeline.c.id.desc()).limit(limit)).all()
    return list(reversed(newest))
