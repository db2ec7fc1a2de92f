"""A verdict that turned: the event says so, its points are taken back or given, and nobody's stage moves back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.inbound.judging import Judged
from app.services.effects.compensating import Turned, compensate, take_back_interests
from app.services.signals.verdicts import EVENT_OF, event_id_of, verdict_row
from app.services.timeline import line
from app.services.world import World
from app.store import hits as hit_store
from app.store import ledger
from app.store import rejudging as store

Anew = tuple[Any, Judged]


@dataclass(slots=True)
class Corrected:
    """What turned: by (before, after) how many hits; the points taken back; whose and since when."""

    judged: int = 0
    turned: dict[tuple[str, str], int] = field(default_factory=dict)
    points: float = 0.0
    opened_again: int = 0
    no_persons: dict[UUID, datetime] = field(default_factory=dict)

    def add(self, other: "Corrected") -> None:
        self.judged += other.judged
        for key, count in other.turned.items():
            self.turned[key] = self.turned.get(key, 0) + count
        self.points += other.points
        self.opened_again += other.opened_again
        for contact_id, at in other.no_persons.items():
            self.no_persons[contact_id] = min(at, self.no_persons.get(contact_id, at))


def correct(connection: Connection, world: World, anew: Sequence[Anew], now: datetime) -> Corrected:
    """Write the new verdicts of hits and what follows from those that turned, in the caller's transaction.

    An event that is a person's after all is reacted to as if it came now: scores count from its own
    time, and nobody goes back to a wait that is over.
    """
    done = Corrected(judged=len(anew))
    hit_store.write_verdicts(connection, [verdict_row(row, judged, now) for row, judged in anew])
    turned = {
        event_id_of(row): (row, judged)
        for row, judged in anew
        if judged.verdict != row.verdict and row.kind in EVENT_OF
    }
    for row, judged in turned.values():
        key = (row.verdict, judged.verdict)
        done.turned[key] = done.turned.get(key, 0) + 1
    if turned:
        _turn(connection, world, turned, done, now)
    return done


def _turn(
    connection: Connection, world: World, turned: dict[UUID, Anew], done: Corrected, now: datetime
) -> None:
    events = store.events_of(connection, turned)
    verdicts = {event_id: judged.verdict for event_id, (_, judged) in turned.items()}
    events = [event for event in events if event.verdict != verdicts[event.id]]
    store.set_verdicts(
        connection,
        verdicts,
        {event_id: list(judged.reasons) for event_id, (_, judged) in turned.items()},
        events,
    )
    # What nobody has reacted to yet will be reacted to by its new verdict.
    told = [event for event in events if event.processed_at is not None]
    lines = store.lines_of(connection, told) if told else []
    now_a_persons = {event.id for event in told if verdicts[event.id] == "human"}
    store.retell(connection, [one for one in lines if one.event_id not in now_a_persons], verdicts)
    store.untell(connection, [one.id for one in lines if one.event_id in now_a_persons])
    was_a_persons = [event for event in told if event.verdict == "human"]
    model = world.library.catalogue(now).rules.scoring
    both = [*(Turned(event, False) for event in was_a_persons), *(Turned(event, True) for event in told if event.id in now_a_persons)]  # fmt: skip
    points = compensate(connection, world.workspace_id, model, both, now)
    take_back_interests(connection, world.workspace_id, model, was_a_persons)
    store.open_again(connection, now_a_persons)
    ledger.add_timeline(
        connection,
        [_line(world, event, verdicts[event.id], points.get(event.id, 0.0), now) for event in was_a_persons],
    )
    done.points -= sum(points.get(event.id, 0.0) for event in was_a_persons)
    done.opened_again += len(now_a_persons)
    for event in was_a_persons:
        first = done.no_persons.get(event.contact_id, event.occurred_at)
        done.no_persons[event.contact_id] = min(first, event.occurred_at)


def _line(world: World, event: Any, verdict: str, points: float, now: datetime) -> dict[str, Any]:
    params = {"kind": event.kind, "subject": event.subject, "verdict": verdict, "points": points}
    return line(
        world.workspace_id, event.contact_id, "rejudged", Reason("hit.no_person", params), now, actor="system",
        event_id=event.id, delivery_id=event.delivery_id,
    )  # fmt: skip
