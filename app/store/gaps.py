"""How many contacts of a stage have no value in a field: counted in one statement, along the stage's index."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from app.core.conditions import Condition
from app.store.condition_sql import condition_sql
from app.store.tables import consents, contact_stages, contacts


@dataclass(frozen=True, slots=True)
class Missing:
    """Of `people` in the stage who agreed to the topic, how many lack each field."""

    people: int
    without: Mapping[str, int]


def count_missing(
    connection: Connection,
    lacking: Mapping[str, Condition],
    *,
    workspace_id: UUID,
    lifecycle: str,
    stage: str,
    topic: str | None,
    now: datetime,
) -> Missing:
    """`lacking` names each field and the condition of having none. Without a topic no consent is asked for."""
    rows, agreed = contact_stages, consents.c
    tables = rows.join(contacts, contacts.c.id == rows.c.contact_id)
    if topic is not None:
        given = and_(agreed.contact_id == rows.c.contact_id, agreed.purpose == topic, agreed.state == "given")
        tables = tables.join(consents, given)
    counts = [
        func.count(case((_sql(connection, one, workspace_id, lifecycle, now), 1))) for one in lacking.values()
    ]
    query = (
        select(func.count(), *counts)
        .select_from(tables)
        .where(
            rows.c.workspace_id == workspace_id, rows.c.lifecycle == lifecycle, rows.c.stage == stage,
            contacts.c.merged_into.is_(None), contacts.c.erased_at.is_(None),
        )
    )  # fmt: skip
    people, *found = connection.execute(query).one()
    return Missing(int(people), dict(zip(lacking, map(int, found), strict=True)))


def _sql(
    connection: Connection, condition: Condition, workspace_id: UUID, lifecycle: str, now: datetime
) -> ColumnElement[bool]:
    return condition_sql(
        condition, now, workspace_id=workspace_id, lifecycle=lifecycle, dialect_name=connection.dialect.name
    )
