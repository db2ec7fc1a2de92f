"""Points that an event gave are taken back, or given again, by entries that say which ones they compensate.

Nothing in the ledger is changed. A compensating entry bears the instant of the entry it answers, so that
both decay alike and the score stands as if neither had been.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.effects import AddInterest
from app.core.reasons import Reason
from app.core.scoring import ScoringModel
from app.services.effects.scoring import add_interests, add_up
from app.services.ids import new_id
from app.store import rejudging as store
from app.store.tables import score_entries, scores


@dataclass(frozen=True, slots=True)
class Turned:
    """An event whose verdict turned: `counts` is whether it is a person's now."""

    event: Any
    counts: bool


def compensate(
    connection: Connection, workspace_id: UUID, model: ScoringModel, turned: Collection[Turned], now: datetime
) -> dict[UUID, float]:
    """Make the entries of each event stand or not stand, as it counts or not. The points changed, by event."""
    wanted = {str(one.event.id): one for one in turned}
    rows, changed = [], dict[UUID, float]()
    for (occasion, _, _), chain in store.entries_of(connection, wanted).items():
        one, last = wanted[occasion], chain[-1]
        # Each entry of the chain answers the one before it: an odd number of them stands.
        if (len(chain) % 2 == 1) == one.counts:
            continue
        points = -last.points
        rows.append(_answer(last, occasion, len(chain), one.counts, workspace_id, now))
        changed[one.event.id] = changed.get(one.event.id, 0.0) + points
    if rows:
        connection.execute(score_entries.insert(), rows)
        additions = [
            (row["contact_id"], row["measure"], row["points"], row["at"], model.half_life_of(row["measure"]))
            for row in rows
        ]
        add_up(connection, scores, "measure", workspace_id, additions)
    return changed


def _answer(
    last: Any, occasion: str, length: int, counts: bool, workspace_id: UUID, now: datetime
) -> dict[str, Any]:
    reason = Reason(
        "score.given_again" if counts else "score.taken_back", {"rule": last.rule, "points": -last.points}
    )
    return {
        "id": new_id(now), "workspace_id": workspace_id, "contact_id": last.contact_id, "measure": last.measure,
        "rule": last.rule, "model_version": last.model_version, "occasion": f"{occasion}:{length}",
        "points": -last.points, "at": last.at, "compensates": last.id, "reason_code": reason.code,
        "reason_params": dict(reason.params),
    }  # fmt: skip


def take_back_interests(
    connection: Connection, workspace_id: UUID, model: ScoringModel, events: Iterable[Any]
) -> None:
    """Interests keep no entries: what such an event is worth today is taken from them, decayed alike."""
    weights: Mapping[str, float] = model.interests.weights
    reason = Reason("score.taken_back", {"rule": "interest", "points": 0})
    entries = [
        (event.contact_id, AddInterest(topic, -weights[event.kind], event.occurred_at, reason))
        for event in events
        if weights.get(event.kind)
        for topic in dict.fromkeys(name for name in event.topics.split(",") if name)
    ]
    add_interests(connection, workspace_id, model, entries)
