"""The list of contacts under the stage cut."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.conditions import AllOf, Comparison, Condition, ConsentIs, ScoreIs
from app.core.facts import Measure
from app.services.viewing import Place, programme
from app.services.viewing.counting import Kept
from app.store import accounts
from app.store.views import Found
from app.store.views import people as rows

ORDERS = ("newest", "oldest", "fit", "signal")
# What may stand beside a name, in the order of the page; the first ones are there until somebody chooses.
COLUMNS = ("company", "stage", "scores", "signal", "course", "owner", "tags", "country", "source", "created")
USUAL_COLUMNS = COLUMNS[:5]
CONSENT_STATES = ("given", "asked", "withdrawn", "unknown")
MEASURES = ("fit", "engagement")
NOT_COUNTED_ABOVE = 10_000
_stages: Kept[dict[str, int]] = Kept()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which contacts are asked for, in which order and with what beside them.

    `owner` is a user's id, or "none". `bounds` are the least and the most of fit and engagement, in that order.
    `suppressed`: "yes" or "no". `older_than` and `newer_than` page from a row onwards: its key and its id.
    """

    stage: str | None = None
    text: str = ""
    owner: str = ""
    tag: str = ""
    sequence: str = ""
    bounds: tuple[float | None, float | None, float | None, float | None] = (None, None, None, None)
    topic: str = ""
    consent: str = ""
    company_id: UUID | None = None
    source: str = ""
    suppressed: str = ""
    order: str = "newest"
    columns: tuple[str, ...] = USUAL_COLUMNS
    older_than: tuple[rows.Key, UUID] | None = None
    newer_than: tuple[rows.Key, UUID] | None = None

    @property
    def narrows(self) -> bool:
        """Whether anything but the stage was asked for, so that the stage's count does not hold."""
        return bool(
            self.text or self.owner or self.tag or self.sequence or self.company_id or self.source
            or self.suppressed or (self.topic and self.consent) or any(each is not None for each in self.bounds)
        )  # fmt: skip

    @property
    def is_whole(self) -> bool:
        """Whether everybody it is about can be in the list: orders by a score leave out who has none."""
        return self.order not in rows.BY_SCORE

    def wanted(self, workspace_id: UUID, lifecycle: str, now: datetime) -> rows.Wanted:
        """The same for the store, from its start."""
        no_owner = self.owner == "none"
        return rows.Wanted(
            workspace_id, lifecycle, now, self.stage, self.text, UUID(self.owner) if self.owner and not no_owner else None,
            no_owner, self.tag, self.sequence, self.company_id, self.source,
            {"yes": True, "no": False}.get(self.suppressed), None if self._is_unsaid else (self.topic, self.consent),
            self._condition(),
            order=self.order if self.order in rows.BY_SCORE else "made",
        )  # fmt: skip

    @property
    def _is_unsaid(self) -> bool:
        """Whether it is about no consent, or about one of which nothing may be written down."""
        return not (self.topic and self.consent) or self.consent == "unknown"

    def _condition(self) -> Condition | None:
        parts: list[Condition] = []
        for place, bound in enumerate(self.bounds):
            if bound is not None:
                comparison = Comparison("at most" if place % 2 else "at least", bound)
                parts.append(ScoreIs(MEASURES[place // 2], comparison))
        if self.topic and self.consent and self._is_unsaid:
            parts.append(ConsentIs(self.topic, (self.consent,)))
        return AllOf(tuple(parts)) if parts else None

    def as_json(self) -> dict[str, Any]:
        """What can be kept and asked again; a place in the list is not."""
        kept = asdict(replace(self, older_than=None, newer_than=None))
        kept |= {
            "company_id": str(self.company_id) if self.company_id else None,
            "columns": list(self.columns),
        }
        kept["bounds"] = list(self.bounds)
        return {name: value for name, value in kept.items() if name not in ("older_than", "newer_than")}

    @classmethod
    def from_json(cls, tree: Mapping[str, Any]) -> "Asked":
        company = tree.get("company_id")
        given = {**tree, "bounds": tuple(tree["bounds"]), "columns": tuple(tree["columns"])}
        return cls(**{**given, "company_id": UUID(company) if company else None})


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
    """A row of the list. A measure is None while it is unknown; what was not asked for is empty."""

    id: UUID
    name: str
    address: str | None
    company: str | None
    company_id: UUID | None
    stage: str | None
    fit: float | None
    engagement: float | None
    signal: Signal | None
    courses: tuple[Course, ...]
    owner: str | None
    tags: tuple[str, ...]
    country: str | None
    source: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class People:
    """One page of the list. `older` and `newer` are the rows to page from; None where there is nothing.

    `found` is how many fit a search, counted up to a bound; None where the counts of the stages say it.
    """

    asked: Asked
    people: tuple[Person, ...]
    counts: dict[str, int]
    names: programme.Names
    owners: tuple[tuple[UUID, str], ...]
    sequences: tuple[str, ...]
    company: str | None
    found: int | None
    older: tuple[rows.Key, UUID] | None
    newer: tuple[rows.Key, UUID] | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.found is not None and self.found > NOT_COUNTED_ABOVE


def list_people(place: Place, asked: Asked, now: datetime, limit: int = 50) -> People:
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        counts = _stage_counts(connection, place, names.key, now)
        owners = accounts.people(connection, place.workspace_id)
        sequences = rows.choices(connection, place.workspace_id)
        company = (
            rows.company_name(connection, place.workspace_id, asked.company_id) if asked.company_id else None
        )
        oldest = asked.order == "oldest"
        upwards = asked.newer_than is not None or (oldest and asked.older_than is None)
        after = asked.newer_than or asked.older_than
        whole = asked.wanted(place.workspace_id, names.key, now)
        wanted = replace(whole, upwards=upwards, after=after, limit=limit)
        counted = None
        if asked.narrows:
            counted = rows.count_up_to(connection, replace(whole, order="made"), NOT_COUNTED_ABOVE + 1)
        fit = counted if asked.narrows else counts.get(asked.stage, 0) if asked.stage else None
        found = rows.page(connection, replace(wanted, few=None if fit is None else fit <= rows.FEW))
        shown, more = found[:limit], len(found) > limit
        if upwards != oldest:
            shown.reverse()
        people = people_of(connection, shown, asked.columns, now)
    ends = [(row.key, row.id) for row in shown]
    if oldest:
        ends.reverse()
    paged = after is not None
    return People(
        asked, people, _in_order(counts, names), names, tuple(owners), tuple(sequences), company, counted,
        older=ends[-1] if ends and (paged if upwards else more) else None,
        newer=ends[0] if ends and (more if upwards else paged) else None,
    )  # fmt: skip


def people_of(
    connection: Connection, shown: Sequence[Found], columns: Sequence[str], now: datetime
) -> tuple[Person, ...]:
    """Rows of the list with what is asked for beside each name: a statement a column, however many rows."""
    ids = [row.id for row in shown]
    addresses = rows.addresses(connection, ids)
    scores = rows.scores_of(connection, ids) if "scores" in columns else []
    signals = rows.last_signals(connection, ids) if "signal" in columns else {}
    courses: dict[UUID, list[Course]] = defaultdict(list)
    for row in rows.courses(connection, ids) if "course" in columns else ():
        courses[row.contact_id].append(Course(row.key, row.step, row.state, row.due_at))
    tags: dict[UUID, list[str]] = defaultdict(list)
    for row in rows.tags_of(connection, ids) if "tags" in columns else ():
        tags[row.contact_id].append(row.tag)
    measures = {
        (row.contact_id, row.measure): Measure(row.value, row.as_of, half_life(row.half_life)).at(now)
        for row in scores
    }
    return tuple(
        Person(
            row.id, full_name(row.first_name, row.last_name, addresses.get(row.id) or ""), addresses.get(row.id),
            row.company, row.company_id, row.stage, measures.get((row.id, "fit")), measures.get((row.id, "engagement")),
            Signal(*signals[row.id]) if row.id in signals else None, tuple(courses[row.id]), row.owner,
            tuple(tags[row.id]), row.country, row.source, row.created_at,
        )
        for row in shown
    )  # fmt: skip


def full_name(first: str | None, last: str | None, otherwise: str = "") -> str:
    return " ".join(filter(None, (first, last))) or otherwise


def half_life(seconds: float | None) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds else None


def other_stage(asked: Asked, stage: str | None) -> Asked:
    """The same question of another stage, from its start."""
    return replace(asked, stage=stage, older_than=None, newer_than=None)


def _in_order(counts: dict[str, int], names: programme.Names) -> dict[str, int]:
    """Counts in the order of the lifecycle; a stage it no longer knows comes last, so nobody is hidden."""
    known = {key: counts.get(key, 0) for key in names.stages}
    return {**known, **{key: count for key, count in counts.items() if key not in known}}


def _stage_counts(connection: Connection, place: Place, lifecycle: str, now: datetime) -> dict[str, int]:
    """Where there are very many they are those of up to a minute ago."""
    of = (str(place.database.url), place.workspace_id, lifecycle)
    kept = _stages.lately(of, now)
    if kept is not None:
        return kept[1]
    counts = rows.stage_counts(connection, place.workspace_id, lifecycle)
    _stages.keep(of, now, counts, sum(counts.values()))
    return counts


@dataclass(frozen=True, slots=True)
class StageCount:
    stage: programme.StageName
    people: int


def stage_counts(place: Place, now: datetime) -> tuple[StageCount, ...]:
    """How many stand at each stage, in the order of the lifecycle."""
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        counts = _stage_counts(connection, place, names.key, now)
    return tuple(StageCount(names.stage(key), count) for key, count in _in_order(counts, names).items())
