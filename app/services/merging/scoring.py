"""Scores of two who became one, or of one who became two: the fold of whatever entries each has now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from app.core.scoring import fold
from app.services.effects.scoring import Addition, add_up
from app.services.viewing.people import half_life
from app.store import merging as store
from app.store.tables import interests

ENGAGEMENT = "engagement"
Interest = tuple[str, float, str, float | None]


def fold_again(connection: Connection, workspace_id: UUID, ids: Sequence[UUID]) -> None:
    """Engagement of each out of its entries; fit is judged anew from the facts, by the engine."""
    kept = store.score_of(connection, ids, ENGAGEMENT)
    fades = next((row.half_life for row in kept if row.half_life is not None), None)
    for who in ids:
        measure = fold(store.entries(connection, who, ENGAGEMENT), half_life(fades))
        values = (
            {"workspace_id": workspace_id, "value": measure.value, "as_of": measure.as_of, "half_life": fades}
            if measure is not None
            else None
        )
        store.write_score(connection, who, ENGAGEMENT, values)


def as_json(rows: Iterable[Row[Any]]) -> list[Interest]:
    return [(row.topic, row.value, row.as_of.isoformat(), row.half_life) for row in rows]


def add_interests(
    connection: Connection, workspace_id: UUID, to: UUID, found: Iterable[Sequence[Any]], sign: int
) -> None:
    """What one reads about counts for the other as well (`sign` 1), or does no more (-1). They keep no entries."""
    additions: list[Addition] = [
        (to, topic, sign * value, datetime.fromisoformat(as_of), half_life(fades))
        for topic, value, as_of, fades in found
    ]
    add_up(connection, interests, "topic", workspace_id, additions)
