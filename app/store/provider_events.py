"""Where providers call, what they sent, and what it says: stored, taken for work, listed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, exists, or_, select, update
from sqlalchemy.engine import Row

from app.store import ledger
from app.store.claims import locked
from app.store.hints import said, within
from app.store.tables import provider_events, webhook_calls, webhook_endpoints

WAITING_CALL, WAITING_EVENT = "state = 'waiting'", "result = 'waiting'"
KEPT_BODY = "body IS NOT NULL"


def add_endpoint(connection: Connection, row: dict[str, Any]) -> bool:
    """False: its name is taken."""
    return ledger.insert_new(connection, webhook_endpoints, [row]) == 1


def endpoints(connection: Connection, workspace_id: UUID) -> list[Row[Any]]:
    query = select(webhook_endpoints).where(webhook_endpoints.c.workspace_id == workspace_id)
    return list(connection.execute(query.order_by(webhook_endpoints.c.created_at, webhook_endpoints.c.id)))


def endpoint_by_key(connection: Connection, workspace_id: UUID, key_hash: str) -> Row[Any] | None:
    query = select(webhook_endpoints).where(
        webhook_endpoints.c.workspace_id == workspace_id, webhook_endpoints.c.key_hash == key_hash
    )
    return connection.execute(query).one_or_none()


def endpoint_named(connection: Connection, workspace_id: UUID, name: str) -> Row[Any] | None:
    """Held until the end of the transaction: what is written depends on what was read."""
    query = select(webhook_endpoints).where(
        webhook_endpoints.c.workspace_id == workspace_id, webhook_endpoints.c.name == name
    )
    return connection.execute(query.with_for_update()).one_or_none()


def endpoint(connection: Connection, endpoint_id: UUID) -> Row[Any] | None:
    query = select(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).with_for_update()
    return connection.execute(query).one_or_none()


def change_endpoint(connection: Connection, endpoint_id: UUID, values: dict[str, Any]) -> None:
    connection.execute(
        update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).values(**values)
    )


def remove_endpoint(connection: Connection, endpoint_id: UUID) -> None:
    """With the calls it got; what they said of mails stays."""
    connection.execute(delete(webhook_calls).where(webhook_calls.c.endpoint_id == endpoint_id))
    connection.execute(delete(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id))


def count_refusals(connection: Connection, endpoint_id: UUID, count: int, code: str, at: datetime) -> None:
    connection.execute(
        update(webhook_endpoints)
        .where(webhook_endpoints.c.id == endpoint_id)
        .values(refused=webhook_endpoints.c.refused + count, refused_at=at, refusal=code)
    )


def add_call(connection: Connection, row: dict[str, Any]) -> str | None:
    """Store a call. None: it is new; else the digest of the one that was stored under this name before."""
    if ledger.insert_new(connection, webhook_calls, [row]) == 1:
        return None
    query = select(webhook_calls.c.digest).where(
        webhook_calls.c.endpoint_id == row["endpoint_id"], webhook_calls.c.once == row["once"]
    )
    return str(connection.execute(query).scalar_one())


def waiting_call(connection: Connection, workspace_id: UUID, now: datetime) -> Row[Any] | None:
    """The call that has waited longest, with its provider."""
    query = (
        select(webhook_calls, webhook_endpoints.c.provider)
        .join(webhook_endpoints, webhook_endpoints.c.id == webhook_calls.c.endpoint_id)
        .where(
            within(webhook_calls, workspace_id),
            said(webhook_calls, WAITING_CALL),
            webhook_calls.c.due_at <= now,
        )
        .order_by(webhook_calls.c.due_at)
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def hold_call(connection: Connection, call_id: UUID) -> Row[Any] | None:
    """The call, held for this transaction; None: somebody else has dealt with it."""
    query = select(webhook_calls).where(webhook_calls.c.id == call_id, webhook_calls.c.state == "waiting")
    return connection.execute(query.with_for_update()).one_or_none()


def change_call(connection: Connection, call_id: UUID, values: dict[str, Any]) -> None:
    connection.execute(update(webhook_calls).where(webhook_calls.c.id == call_id).values(**values))


def known_events(connection: Connection, event_ids: Sequence[UUID]) -> set[UUID]:
    """Those of `event_ids` that are written down. Asked in parts: a database takes so many values at once."""
    found: set[UUID] = set()
    for start in range(0, len(event_ids), 500):
        part = event_ids[start : start + 500]
        query = select(provider_events.c.id).where(provider_events.c.id.in_(part))
        found.update(connection.execute(query).scalars())
    return found


def count_kinds(connection: Connection, endpoint_id: UUID, kinds: Mapping[str, int]) -> None:
    """Add to the endpoint's counts."""
    row = endpoint(connection, endpoint_id)
    if row is not None and kinds:
        counts = {**row.counts, **{kind: row.counts.get(kind, 0) + n for kind, n in kinds.items()}}
        change_endpoint(connection, endpoint_id, {"counts": counts})


def add_events(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Events know themselves by their content: one told twice is one row."""
    return ledger.insert_new(connection, provider_events, rows)


def waiting_events(connection: Connection, workspace_id: UUID, now: datetime, limit: int) -> list[Row[Any]]:
    query = (
        select(provider_events)
        .where(
            within(provider_events, workspace_id), said(provider_events, WAITING_EVENT),
            provider_events.c.due_at <= now,
        )
        .order_by(provider_events.c.due_at, provider_events.c.id)
        .limit(limit)
    )  # fmt: skip
    return list(connection.execute(locked(connection, query, provider_events)))


def change_event(connection: Connection, event_id: UUID, values: dict[str, Any]) -> None:
    connection.execute(update(provider_events).where(provider_events.c.id == event_id).values(**values))


def events(
    connection: Connection,
    workspace_id: UUID,
    limit: int,
    *,
    endpoint_id: UUID | None = None,
    kind: str | None = None,
    result: str | None = None,
) -> list[Row[Any]]:
    """What was told, the newest first."""
    wanted = {"endpoint_id": endpoint_id, "kind": kind, "result": result}
    query = select(provider_events).where(provider_events.c.workspace_id == workspace_id)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(provider_events.c[name] == value)
    query = query.order_by(provider_events.c.received_at.desc(), provider_events.c.id.desc())
    return list(connection.execute(query.limit(limit)))


def calls_to_repeat(
    connection: Connection, workspace_id: UUID, ids: Sequence[UUID] | None, results: Sequence[str], limit: int
) -> list[UUID]:
    """Calls whose body is still there: those of `ids`, or all that failed or whose events ended in `results`."""
    query = select(webhook_calls.c.id).where(
        webhook_calls.c.workspace_id == workspace_id, said(webhook_calls, KEPT_BODY)
    )
    if ids is not None:
        query = query.where(webhook_calls.c.id.in_(ids))
    else:
        told = exists().where(
            provider_events.c.call_id == webhook_calls.c.id, provider_events.c.result.in_(results)
        )
        query = query.where(or_(webhook_calls.c.state == "failed", told))
    return list(connection.execute(query.order_by(webhook_calls.c.received_at).limit(limit)).scalars())


def repeat(connection: Connection, ids: Sequence[UUID], results: Sequence[str], now: datetime) -> None:
    """The calls wait again; of their events those that ended in `results` are read anew."""
    connection.execute(
        delete(provider_events).where(
            provider_events.c.call_id.in_(ids), provider_events.c.result.in_(results)
        )
    )
    connection.execute(
        update(webhook_calls)
        .where(webhook_calls.c.id.in_(ids))
        .values(state="waiting", due_at=now, failures=0, problem=None, ended_at=None)
    )


def empty_bodies(connection: Connection, workspace_id: UUID, before: datetime) -> int:
    """Forget what calls held word for word; their events stay."""
    done = connection.execute(
        update(webhook_calls)
        .where(
            within(webhook_calls, workspace_id), said(webhook_calls, KEPT_BODY),
            webhook_calls.c.received_at < before, webhook_calls.c.state != "waiting",
        )
        .values(body=None)
    )  # fmt: skip
    return done.rowcount
