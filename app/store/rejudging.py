"""What judging hits again looks at: kept hits, their events, the entries these made, and stages entered since."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update
from sqlalchemy.engine import Row

from app.store.hints import within
from app.store.partitions import first_id
from app.store.tables import contact_stages, events, fact_changes, hits, score_entries, timeline

Chain = tuple[str, str, int]


def judged_by_others(
    connection: Connection,
    workspace_id: UUID,
    version: int,
    since: datetime | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Kept hits with a name that another version judged, in the order of their ids."""
    query = select(hits).where(
        within(hits, workspace_id), hits.c.verdict.is_not(None), hits.c.contact_id.is_not(None),
        or_(hits.c.classifier.is_(None), hits.c.classifier != version),
    )  # fmt: skip
    if since is not None:
        query = query.where(hits.c.id >= first_id(since), hits.c.at >= since)
    if after is not None:
        query = query.where(hits.c.id > after)
    return connection.execute(query.order_by(hits.c.id).limit(limit)).all()


def events_of(connection: Connection, event_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """The events, held until the end of the transaction: somebody may be reacting to one of them."""
    query = select(events).where(events.c.id.in_(event_ids)).order_by(events.c.id)
    return connection.execute(
        query.with_for_update() if connection.dialect.name == "postgresql" else query
    ).all()


def set_verdicts(connection: Connection, verdicts: Mapping[UUID, str], reasons: Mapping[UUID, list[str]], rows: Iterable[Row[Any]]) -> None:  # fmt: skip
    change = (
        update(events)
        .where(events.c.id == bindparam("event_id"))
        .values(verdict=bindparam("new_verdict"), payload=bindparam("new_payload"))
    )
    values = [
        {
            "event_id": row.id,
            "new_verdict": verdicts[row.id],
            "new_payload": {**row.payload, "reasons": reasons[row.id]},
        }
        for row in rows
    ]
    if values:
        connection.execute(change, values)


def open_again(connection: Connection, event_ids: Collection[UUID]) -> None:
    """Events that are reacted to once more; the line that told them is written then."""
    if event_ids:
        connection.execute(
            update(events).where(events.c.id.in_(event_ids)).values(processed_at=None, failures=0)
        )


def lines_of(connection: Connection, rows: Collection[Row[Any]]) -> Sequence[Row[Any]]:
    """The lines of the story that tell these events."""
    query = select(timeline).where(
        timeline.c.contact_id.in_({row.contact_id for row in rows}),
        timeline.c.event_id.in_({row.id for row in rows}),
        timeline.c.kind == "event",
    )
    return connection.execute(query).all()


def retell(connection: Connection, lines: Iterable[Row[Any]], verdicts: Mapping[UUID, str]) -> None:
    for line in lines:
        params = {**line.params, "verdict": verdicts[line.event_id]}
        connection.execute(update(timeline).where(timeline.c.id == line.id).values(params=params))


def untell(connection: Connection, line_ids: Collection[UUID]) -> None:
    if line_ids:
        connection.execute(delete(timeline).where(timeline.c.id.in_(line_ids)))


def entries_of(connection: Connection, wanted: Mapping[str, Any]) -> dict[Chain, list[Row[Any]]]:
    """By occasion, rule and version of the model: the entry an event made, then those that answer it in turn.

    `wanted` holds by the event's id something whose `event` names the contact.
    """
    contact_ids = {one.event.contact_id for one in wanted.values()}
    if not contact_ids:
        return {}
    query = select(score_entries).where(score_entries.c.contact_id.in_(contact_ids))
    chains: dict[Chain, list[Row[Any]]] = {}
    for row in connection.execute(query.order_by(score_entries.c.id)):
        occasion, _, number = row.occasion.partition(":")
        if occasion in wanted and (number.isdigit() if number else True):
            chains.setdefault((occasion, row.rule, row.model_version), []).append(row)
    return {key: sorted(chain, key=_number) for key, chain in chains.items()}


def _number(row: Row[Any]) -> int:
    return int(row.occasion.partition(":")[2] or 0)


def stages_since(connection: Connection, lifecycle: str, since: Mapping[UUID, datetime]) -> list[Any]:
    """Of the contacts whose present stage the engine gave them at or after an instant: from where, where to, when."""
    s, f = contact_stages.c, fact_changes.c
    query = (
        select(s.contact_id, s.stage, s.since, f.old)
        .join(
            fact_changes,
            (f.contact_id == s.contact_id)
            & (f.kind == "stage")
            & (f.name == s.lifecycle)
            & (f.at == s.since),
        )
        .where(s.contact_id.in_(since), s.lifecycle == lifecycle, f.source == "engine", f.old.is_not(None))
    )
    return [row for row in connection.execute(query) if row.since >= since[row.contact_id]]


def taken_back(connection: Connection, workspace_id: UUID) -> dict[UUID, datetime]:
    """Contacts of whom an event turned out to be no person's, with when the first of these happened."""
    query = (
        select(timeline.c.contact_id, func.min(events.c.occurred_at))
        .join(events, events.c.id == timeline.c.event_id)
        .where(within(timeline, workspace_id), timeline.c.kind == "rejudged", events.c.verdict != "human")
        .group_by(timeline.c.contact_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
