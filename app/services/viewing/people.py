"""The list of contacts under the stage cut."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.core.facts import Measure
from app.services.viewing import Place, programme
from app.store import accounts
from app.store.views import Found
from app.store.views import people as rows


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page asks for. `older_than` and `newer_than` page from an id onwards."""

    stage: str | None = None
    text: str = ""
    owner_id: UUID | None = None
    tag: str = ""
    oldest_first: bool = False
    older_than: UUID | None = None
    newer_than: UUID | None = None

    @property
    def narrows(self) -> bool:
        """Whether anything but the stage was asked for, so that the stage's count does not hold."""
        return bool(self.text or self.owner_id or self.tag)


@dataclass(frozen=True, slots=True)
class Signal:
    kind: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Course:
    """Where somebody is in a sequence, and when it goes on."""

    sequence: str
    step: str
    state: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the list. A measure is None while it is unknown."""

    id: UUID
    name: str
    address: str | None
    company: str | None
    stage: str | None
    fit: float | None
    engagement: float | None
    signal: Signal | None
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True)
class People:
    """One page of the list. `older` and `newer` are the ids to page from; None where there is nothing."""

    asked: Asked
    people: tuple[Person, ...]
    counts: dict[str, int]
    names: programme.Names
    owners: tuple[tuple[UUID, str], ...]
    older: UUID | None
    newer: UUID | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def list_people(place: Place, asked: Asked, now: datetime, limit: int = 50) -> People:
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        counts = rows.stage_counts(connection, place.workspace_id, names.key)
        owners = accounts.people(connection, place.workspace_id)
        upwards = asked.newer_than is not None or (asked.oldest_first and asked.older_than is None)
        wanted = rows.Wanted(
            place.workspace_id, names.key, asked.stage, asked.text, asked.owner_id, asked.tag,
            upwards, asked.newer_than or asked.older_than, limit,
        )  # fmt: skip
        found = rows.page(connection, wanted)
        shown, more = found[:limit], len(found) > limit
        if upwards != asked.oldest_first:
            shown.reverse()
        ids = [row.id for row in shown]
        addresses = rows.addresses(connection, ids)
        scores = rows.scores_of(connection, ids)
        signals = rows.last_signals(connection, ids)
        courses = rows.courses(connection, ids)
    measures = {
        (row.contact_id, row.measure): Measure(row.value, row.as_of, half_life(row.half_life)).at(now)
        for row in scores
    }
    people = tuple(
        _person(
            row,
            addresses.get(row.id),
            (measures.get((row.id, "fit")), measures.get((row.id, "engagement"))),
            signals.get(row.id),
            [course for course in courses if course.contact_id == row.id],
        )
        for row in shown
    )
    paged = wanted.after is not None
    return People(
        asked, people, _in_order(counts, names), names, tuple(owners),
        older=min(ids) if ids and (paged if upwards else more) else None,
        newer=max(ids) if ids and (more if upwards else paged) else None,
    )  # fmt: skip


def full_name(first: str | None, last: str | None, otherwise: str = "") -> str:
    return " ".join(filter(None, (first, last))) or otherwise


def half_life(seconds: float | None) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds else None


def other_stage(asked: Asked, stage: str | None) -> Asked:
    """The same question of another stage, from its start."""
    return replace(asked, stage=stage, older_than=None, newer_than=None)


def _person(
    row: Found,
    address: str | None,
    measures: tuple[float | None, float | None],
    signal: tuple[str, str, datetime] | None,
    courses: list[Found],
) -> Person:
    return Person(
        row.id,
        full_name(row.first_name, row.last_name, address or ""),
        address,
        row.company,
        row.stage,
        *measures,
        Signal(*signal) if signal else None,
        tuple(Course(course.key, course.step, course.state, course.due_at) for course in courses),
    )


def _in_order(counts: dict[str, int], names: programme.Names) -> dict[str, int]:
    """Counts in the order of the lifecycle; a stage it no longer knows comes last, so nobody is hidden."""
    known = {key: counts.get(key, 0) for key in names.stages}
    return {**known, **{key: count for key, count in counts.items() if key not in known}}


@dataclass(frozen=True, slots=True)
class StageCount:
    stage: programme.StageName
    people: int


def stage_counts(place: Place) -> tuple[StageCount, ...]:
    """How many stand at each stage, in the order of the lifecycle."""
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        counts = rows.stage_counts(connection, place.workspace_id, names.key)
    return tuple(StageCount(names.stage(key), count) for key, count in _in_order(counts, names).items())
