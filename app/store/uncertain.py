"""Mails that may or may not have arrived: found, settled once, and their enrollment told how it ended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, exists, or_, select, update
from sqlalchemy.engine import Row

from app.store.hints import said, within
from app.store.tables import attempts, definitions, deliveries, enrollments, events, hits

UNSURE = "state IN ('intent', 'uncertain')"
# What only somebody who has the mail can cause, or whoever carried it.
TELLING = ("opened", "clicked", "answered", "replied", "bounced", "complained", "unsubscribed")


def read(connection: Connection, workspace_id: UUID, ids: Sequence[UUID]) -> list[Row[Any]]:
    """These deliveries, whatever their state, with their sequence's key."""
    query = (
        select(deliveries, definitions.c.key.label("sequence"))
        .join(definitions, definitions.c.id == deliveries.c.definition_id, isouter=True)
        .where(within(deliveries, workspace_id), deliveries.c.id.in_(ids))
        .order_by(deliveries.c.id)
    )
    return list(connection.execute(query))


def settle(connection: Connection, delivery_id: UUID, values: dict[str, Any]) -> bool:
    """Write the end of an uncertain mail. False: somebody or something was first."""
    done = connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.state == "uncertain")
        .values(**values, claimed_by=None, claim_token=None, claimed_until=None)
    )
    return done.rowcount == 1


def tell_enrollment(
    connection: Connection, enrollment_id: UUID, visit: int | None, outcome: str, at: datetime
) -> None:
    """The step that waits for this mail goes on; one that was told "uncertain" and has not read it learns better."""
    e = enrollments.c
    mine = (e.id == enrollment_id, e.visit == visit)
    goes_on = {"state": "due", "due_at": at, "outcome": outcome, "revision": e.revision + 1}
    connection.execute(update(enrollments).where(*mine, e.state == "sending").values(**goes_on))
    connection.execute(
        update(enrollments)
        .where(*mine, e.state == "due", e.outcome == "uncertain")
        .values(outcome=outcome, revision=e.revision + 1)
    )


def wait_again(connection: Connection, enrollment_id: UUID, visit: int | None) -> None:
    """A step that has not read the uncertain outcome waits for the mail that is sent again."""
    e = enrollments.c
    connection.execute(
        update(enrollments)
        .where(e.id == enrollment_id, e.visit == visit, e.state == "due", e.outcome == "uncertain")
        .values(state="sending", due_at=None, outcome=None, revision=e.revision + 1)
    )


def add_attempt(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(attempts.insert().values(**row))


def with_evidence(connection: Connection, workspace_id: UUID, limit: int) -> list[tuple[UUID, str]]:
    """Uncertain mails that something speaks for by now, with what: a hit, or the kind of an event."""
    d = deliveries.c
    hit = exists().where(hits.c.delivery_id == d.id)
    event = (
        select(events.c.kind)
        .where(
            events.c.contact_id == d.contact_id, events.c.kind.in_(TELLING), events.c.delivery_id == d.id,
            or_(d.intent_at.is_(None), events.c.occurred_at >= d.intent_at),
        )
        .limit(1)
        .scalar_subquery()
    )  # fmt: skip
    query = (
        select(d.id, hit.label("hit"), event.label("event"))
        .where(
            and_(within(deliveries, workspace_id), said(deliveries, UNSURE)),
            d.state == "uncertain",
            or_(hit, event.is_not(None)),
        )
        .limit(limit)
    )
    return [(row.id, row.event or "hit") for row in connection.execute(query)]
