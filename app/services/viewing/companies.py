"""Companies: a list under the cut by stage, and one with its people, their shared story and what is to be done.

The stage of a company is not stored: it is the furthest one that any of its people has reached.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.reasons import Reason
from app.services.viewing import Place, programme
from app.services.viewing.one import STORY, STORY_KINDS, Entry, Named
from app.services.viewing.people import Person, full_name, people_of
from app.store import contacts as contact_rows
from app.store.views import Found
from app.store.views import companies as rows
from app.store.views import one as of_contact
from app.store.views import people as of_people

ORDERS = ("newest", "name")
NOT_COUNTED_ABOVE = 1000
# From so many people at a stage on, a page of companies is sooner found by asking each company than each person.
FEW = 2000
SHOWN = 50
TASKS = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """Which companies, in which order; `older_than` and `newer_than` are the row to page from: its key and its id."""

    text: str = ""
    stage: str = ""
    order: str = ORDERS[0]
    older_than: tuple[str | None, UUID] | None = None
    newer_than: tuple[str | None, UUID] | None = None


@dataclass(frozen=True, slots=True)
class Heads:
    """The people of one company. `more`: there are more than were looked at, and all of this is of those."""

    stages: Mapping[str, int]
    people: int
    more: bool
    owners: tuple[str, ...]
    last_at: datetime | None


NOBODY = Heads({}, 0, False, (), None)


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    name: str
    domain: str | None
    stage: programme.StageName | None
    heads: Heads


@dataclass(frozen=True, slots=True)
class Companies:
    """A page of the list. `found` was counted up to a bound; `older` and `newer` are None where there is nothing."""

    asked: Asked
    lines: tuple[Line, ...]
    names: programme.Names
    found: int
    older: tuple[str, UUID] | None
    newer: tuple[str, UUID] | None

    @property
    def is_more(self) -> bool:
        return self.found > NOT_COUNTED_ABOVE


def list_companies(place: Place, asked: Asked, now: datetime, limit: int = 50) -> Companies:
    """A fixed number of statements, whatever the number of companies and of their people."""
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        after, upwards = asked.newer_than or asked.older_than, asked.newer_than is not None
        by_name = asked.order == "name"
        whole = rows.Wanted(
            place.workspace_id, names.key, asked.text, asked.stage, _further(names, asked.stage),
            few=_few(connection, place.workspace_id, names.key, asked.stage, now), by_name=by_name, limit=limit,
        )  # fmt: skip
        # By name the list goes upwards, so that older is what comes later in the alphabet.
        found = rows.page(connection, replace(whole, after=after, upwards=upwards != by_name))
        counted = rows.count_up_to(connection, whole, NOT_COUNTED_ABOVE + 1)
        shown, more = found[:limit], len(found) > limit
        if upwards:
            shown.reverse()
        heads = heads_of(connection, names.key, [row.id for row in shown])
    ends = [(row.key, row.id) for row in shown]
    lines = tuple(
        Line(row.id, row.name, row.domain, stage_of(names, heads.get(row.id, NOBODY)), heads.get(row.id, NOBODY))
        for row in shown
    )  # fmt: skip
    return Companies(
        asked, lines, names, counted,
        older=ends[-1] if ends and (upwards or more) else None,
        newer=ends[0] if ends and (more if upwards else after is not None) else None,
    )  # fmt: skip


def _few(connection: Connection, workspace_id: UUID, lifecycle: str, stage: str, now: datetime) -> bool:
    if not stage:
        return False
    standing = of_people.Wanted(workspace_id, lifecycle, now, stage=stage)
    return of_people.count_up_to(connection, standing, FEW) < FEW


def heads_of(connection: Connection, lifecycle: str, ids: Sequence[UUID]) -> dict[UUID, Heads]:
    found: dict[UUID, list[Found]] = defaultdict(list)
    for row in rows.heads(connection, lifecycle, ids):
        found[row.company_id].append(row)
    return {company_id: _heads(theirs) for company_id, theirs in found.items()}


def _heads(theirs: Iterable[Found]) -> Heads:
    stages: dict[str, int] = defaultdict(int)
    owners: dict[str, int] = defaultdict(int)
    people, last_at = 0, None
    for row in theirs:
        people += row.people
        if row.stage:
            stages[row.stage] += row.people
        if row.owner:
            owners[row.owner] += row.people
        if row.last_at is not None:
            last_at = max(last_at or row.last_at, row.last_at)
    most = rows.MOST_LOOKED
    by_heads = sorted(owners, key=lambda name: (-owners[name], name))
    return Heads(dict(stages), min(people, most), people > most, tuple(by_heads), last_at)


def stage_of(names: programme.Names, heads: Heads) -> programme.StageName | None:
    """The furthest of its people's stages; one beside the way, such as dormant, counts where there is no other."""
    ranks = _ranks(names)
    furthest = max(heads.stages, key=lambda key: ranks.get(key, LAST), default=None)
    return names.stage(furthest) if furthest is not None else None


LAST = -1000


def _ranks(names: programme.Names) -> dict[str, int]:
    """Stages on the way by their order, those beside it below all of them, the first of these before the others."""
    return {
        key: -place if stage.is_side else place + 1 for place, (key, stage) in enumerate(names.stages.items())
    }


def _further(names: programme.Names, stage: str) -> tuple[str, ...]:
    ranks = _ranks(names)
    return tuple(key for key, rank in ranks.items() if rank > ranks.get(stage, LAST)) if stage else ()


@dataclass(frozen=True, slots=True)
class Field:
    """Something of the company's own; `label` is the key where the field is not declared."""

    label: str
    value: Any
    retired: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the shared story, and whose it is."""

    entry: Entry
    whose: Named

    @property
    def at(self) -> datetime:
        return self.entry.at


@dataclass(frozen=True, slots=True)
class Story:
    """`newest`: it is of the newest of its people, because there are more of them."""

    entries: tuple[Told, ...]
    before: tuple[datetime, UUID] | None
    kind: str
    newest: bool


@dataclass(frozen=True, slots=True)
class Task:
    id: UUID
    title: str
    due_at: datetime | None
    whose: Named
    owner: str | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Company:
    id: UUID
    name: str
    domain: str | None
    created_at: datetime
    fields: tuple[Field, ...]
    heads: Heads
    stage: programme.StageName | None
    people: tuple[Person, ...]
    story: Story
    tasks: tuple[Task, ...]
    names: programme.Names
    colleagues: Mapping[str, str]

    @property
    def by_stage(self) -> tuple[tuple[programme.StageName, int], ...]:
        """Stages with their heads, the furthest first."""
        ranks = _ranks(self.names)
        keys = sorted(self.heads.stages, key=lambda key: -ranks.get(key, LAST))
        return tuple((self.names.stage(key), self.heads.stages[key]) for key in keys)


def look_at(
    place: Place,
    company_id: UUID,
    now: datetime,
    kind: str = "all",
    before: tuple[datetime, UUID] | None = None,
) -> Company | None:
    """Everything the company's page shows, or None."""
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        row = rows.one(connection, place.workspace_id, company_id)
        if row is None:
            return None
        heads = heads_of(connection, names.key, [company_id]).get(company_id, NOBODY)
        wanted = of_people.Wanted(place.workspace_id, names.key, now, company_id=company_id, limit=SHOWN - 1)
        found = of_people.page(connection, wanted)
        columns = ("stage", "scores", "signal", "owner")
        colleagues = of_contact.colleagues(connection, place.workspace_id)
        return Company(
            company_id, row.name, row.domain, row.created_at, _fields(connection, place.workspace_id, row.fields), heads,
            stage_of(names, heads), people_of(connection, found, columns, now),
            _story(connection, company_id, kind, before, heads), _tasks(connection, company_id), names,
            {f"user:{each.id}": each.name for each in colleagues},
        )  # fmt: skip


def _fields(connection: Connection, workspace_id: UUID, values: Mapping[str, Any]) -> tuple[Field, ...]:
    known = {
        row["key"]: row for row in contact_rows.field_types(connection, workspace_id) if row["subject"] == "company"
    }  # fmt: skip
    return tuple(
        Field(known[key]["label"] if key in known else key, value, key in known and known[key]["retired_at"] is not None)
        for key, value in sorted(values.items())
        if value not in (None, "")
    )  # fmt: skip


def _story(
    connection: Connection, company_id: UUID, kind: str, before: tuple[datetime, UUID] | None, heads: Heads
) -> Story:
    kinds = STORY_KINDS.get(kind)
    found = rows.story(connection, company_id, kinds, before, STORY)
    shown = found[:STORY]
    addresses = of_people.addresses(connection, list({row.contact_id for row in shown}))
    told = tuple(
        Told(Entry(row.id, row.at, row.kind, Reason(row.code, row.params), row.actor), _named(row, addresses))
        for row in shown
    )
    last = (told[-1].at, told[-1].entry.id) if len(found) > STORY else None
    return Story(told, last, kind if kinds else "all", heads.people > rows.MOST_TOLD)


def _tasks(connection: Connection, company_id: UUID) -> tuple[Task, ...]:
    return tuple(
        Task(row.id, row.title, row.due_at, _named(row, {}), row.owner, Reason(row.reason_code, row.reason_params))
        for row in rows.open_tasks(connection, company_id, TASKS)
    )  # fmt: skip


def _named(row: Found, addresses: Mapping[UUID, str]) -> Named:
    name = full_name(row.first_name, row.last_name, addresses.get(row.contact_id, ""))
    return Named(row.contact_id, name)
