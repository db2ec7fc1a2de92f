"""Entries of the score's ledger and their projections. Nothing else writes a score."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, select, tuple_, update

from app.core.effects import AddInterest, AddScore
from app.core.facts import Measure
from app.core.scoring import ScoringModel, add_to
from app.services.ids import new_id
from app.store.tables import interests, score_entries, scores

# One addition to a projection: whose, of which measure or topic, how much, when, and how it decays.
Addition = tuple[UUID, str, float, datetime, timedelta | None]


def add_entries(
    connection: Connection, workspace_id: UUID, model: ScoringModel, entries: Sequence[tuple[UUID, AddScore]]
) -> int:
    """Write entries and bring the scores up to date; one that stands already changes nothing. How many are new."""
    wanted = {(who, entry.rule, entry.occasion): (who, entry) for who, entry in entries}
    standing = _standing(connection, model.version, wanted.keys())
    new = [pair for key, pair in wanted.items() if key not in standing]
    rows = [
        {
            "id": new_id(entry.at), "workspace_id": workspace_id, "contact_id": who, "measure": entry.measure,
            "rule": entry.rule, "model_version": model.version, "occasion": entry.occasion, "points": entry.points,
            "at": entry.at, "reason_code": entry.reason.code, "reason_params": dict(entry.reason.params),
        }
        for who, entry in new
    ]  # fmt: skip
    if rows:
        connection.execute(score_entries.insert(), rows)
    additions = [
        (who, entry.measure, entry.points, entry.at, model.half_life_of(entry.measure)) for who, entry in new
    ]
    add_up(connection, scores, "measure", workspace_id, additions)
    return len(new)


def add_interests(
    connection: Connection,
    workspace_id: UUID,
    model: ScoringModel,
    entries: Sequence[tuple[UUID, AddInterest]],
) -> None:
    half_life = model.interests.half_life
    additions = [(who, entry.topic, entry.points, entry.at, half_life) for who, entry in entries]
    add_up(connection, interests, "topic", workspace_id, additions)


def _standing(
    connection: Connection, version: int, keys: Iterable[tuple[UUID, str, str]]
) -> set[tuple[UUID, str, str]]:
    wanted = list(keys)
    if not wanted:
        return set()
    table = score_entries.c
    query = select(table.contact_id, table.rule, table.occasion).where(
        table.model_version == version,
        table.contact_id.in_({who for who, _, _ in wanted}),
        table.occasion.in_({occasion for _, _, occasion in wanted}),
    )
    return {(row.contact_id, row.rule, row.occasion) for row in connection.execute(query)}


def add_up(
    connection: Connection, table: Table, column: str, workspace_id: UUID, additions: Sequence[Addition]
) -> None:
    """Add to projections in memory, then write each once. On PostgreSQL their rows are locked meanwhile."""
    if not additions:
        return
    keys = {(who, name) for who, name, *_ in additions}
    query = select(table).where(tuple_(table.c.contact_id, table.c[column]).in_(keys))
    if connection.dialect.name == "postgresql":
        query = query.order_by(table.c.contact_id, table.c[column]).with_for_update()
    before = {(row.contact_id, row._mapping[column]): _measure(row) for row in connection.execute(query)}
    after = dict(before)
    for who, name, points, at, half_life in additions:
        after[who, name] = add_to(after.get((who, name)), points, at, half_life)
    _write(connection, table, column, workspace_id, before.keys(), after)


def _measure(row: Any) -> Measure:
    kept = timedelta(seconds=row.half_life) if row.half_life is not None else None
    return Measure(row.value, row.as_of, kept)


def _write(
    connection: Connection,
    table: Table,
    column: str,
    workspace_id: UUID,
    known: Iterable[tuple[UUID, str]],
    measures: dict[tuple[UUID, str], Measure],
) -> None:
    there = set(known)
    made = [
        {"contact_id": who, column: name, "workspace_id": workspace_id, **_values(measure)}
        for (who, name), measure in measures.items()
        if (who, name) not in there
    ]
    if made:
        connection.execute(table.insert(), made)
    if there:
        change = (
            update(table)
            .where(table.c.contact_id == bindparam("who"), table.c[column] == bindparam("which"))
            .values({name: bindparam(f"new_{name}") for name in ("value", "as_of", "half_life")})
        )
        rows = [
            {
                "who": who,
                "which": name,
                **{f"new_{key}": value for key, value in _values(measures[who, name]).items()},
            }
            for who, name in there
        ]
        connection.execute(change, rows)


def _values(measure: Measure) -> dict[str, Any]:
    half_life = measure.half_life.total_seconds() if measure.half_life is not None else None
    return {"value": measure.value, "as_of": measure.as_of, "half_life": half_life}
