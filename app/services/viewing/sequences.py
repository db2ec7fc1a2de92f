"""Sequences with the people inside: the list, and one sequence step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.core.admission import SILENT
from app.core.reasons import Reason
from app.services.viewing import Place, programme
from app.services.viewing.counting import Kept
from app.store.views import Found
from app.store.views import programme as rows


@dataclass(frozen=True, slots=True)
class SequenceLine:
    """`state` is draft, live, paused or archived, or silent where the sequence belongs to another preset of the
    lifecycle than the one in use; `version` None while nothing was published."""

    id: UUID
    key: str
    title: str
    stage: programme.StageName | None
    state: str
    version: int | None
    steps: int
    people: int
    parked: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class StepPeople:
    """A step with its numbers. `here` counts everybody who stands at it, `parked` those among them who are stuck;
    `clicked` are people, `machine` those in whose mail a machine did.
    """

    line: programme.StepLine
    sent: int
    clicked: int
    machine: int
    here: int
    waiting: int
    sending: int
    parked: tuple[tuple[int, Reason], ...]
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A sequence by its title, how it stands, and how many people are inside."""

    title: str
    state: str
    people: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The counts of one sequence, as the store groups them."""

    at_steps: list[Found]
    parked: list[Found]
    sent: dict[str, int]
    clicked: dict[tuple[str, str], int]
    ended: tuple[tuple[str, int], ...]

    @property
    def people(self) -> int:
        return sum(row.people for row in self.at_steps)

    @property
    def stuck(self) -> int:
        return sum(row.people for row in self.at_steps if row.state == "parked")

    @property
    def next_at(self) -> datetime | None:
        return min((row.next_at for row in self.at_steps if row.next_at is not None), default=None)

    @property
    def rows(self) -> int:
        """How much there was to count."""
        return self.people + sum(self.sent.values()) + sum(people for _, people in self.ended)


_figures: Kept[Figures] = Kept()


@dataclass(frozen=True, slots=True)
class SequencePage:
    """`counted_at` where the figures were counted for an earlier look."""

    line: SequenceLine
    topic: str | None
    published_at: datetime | None
    steps: tuple[StepPeople, ...]
    ended: tuple[tuple[str, int], ...]
    source: str
    names: programme.Names
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Beginnings:
    """What a new sequence may begin with: the stages, a topic, and a mail that people of the stage may get."""

    stages: Mapping[str, programme.StageName]
    topic: str
    mails: Mapping[str, str]

    def template(self, stage: str) -> str:
        return self.mails.get(stage, "folder/mail")


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A step as it was and as it will be, each as the sentence of the outline; `below` is the step before it."""

    before: programme.StepLine | None
    after: programme.StepLine | None
    below: str | None


def beginnings(place: Place) -> Beginnings:
    """Of what is in force; where nothing is, words that lint will ask for."""
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        lines = [_outline(row) for row in rows.sequences(connection, place.workspace_id)]
    mails: dict[str, str] = {}
    topics: list[str] = []
    for found in lines:
        if found is None or not found.stage:
            continue
        topics += [found.topic] if found.topic else []
        for step in found.steps:
            if step.templates:
                mails.setdefault(found.stage, step.templates[0])
    topic = max(topics, key=topics.count) if topics else "topic"
    return Beginnings(names.stages, topic, mails)


def change_lines(key: str, old: str, new: str) -> dict[str, ChangeLine]:
    """The steps of both texts by key."""
    before, after = (programme.read_outline(key, text).steps if text else () for text in (old, new))
    was = {line.key: line for line in before}
    found: dict[str, ChangeLine] = {}
    above = None
    for line in after:
        found[line.key] = ChangeLine(was.get(line.key), line, above)
        above = line.key
    return found | {name: ChangeLine(line, None, None) for name, line in was.items() if name not in found}


def list_sequences(place: Place) -> tuple[SequenceLine, ...]:
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        found = rows.sequences(connection, place.workspace_id)
        inside = rows.inside(connection, [row.id for row in found])
    return tuple(
        _line(row, names, count.people, count.parked, count.next_at)
        if (count := inside.get(row.id))
        else _line(row, names)
        for row in found
    )


def standing(place: Place, key: str, people: int | None) -> Standing | None:
    """`people` inside are counted where nobody has done it yet."""
    with place.database.read() as connection:
        row = rows.sequence(connection, place.workspace_id, key)
        if row is None:
            return None
        line = _line(row, programme.names(connection, place.workspace_id, place.preset))
        if people is None:
            found = rows.inside(connection, [row.id]).get(row.id)
            people = found.people if found else 0
    return Standing(line.title, line.state, people)


def look_at(place: Place, key: str, now: datetime | None = None) -> SequencePage | None:
    """Where there is very much to count the figures are those of up to a minute before `now`."""
    with place.database.read() as connection:
        row = rows.sequence(connection, place.workspace_id, key)
        if row is None:
            return None
        names = programme.names(connection, place.workspace_id, place.preset)
        figures, counted_at = _count(connection, place, row, now)
    line = _line(row, names, figures.people, figures.stuck, figures.next_at)
    outline = _outline(row)
    lines = list(outline.steps) if outline else []
    known = {each.key for each in lines}
    # People may still stand at a step that the live version no longer has: it is shown, as retired.
    gone = sorted({each.step for each in figures.at_steps} - known)
    lines += [programme.StepLine(step, "step", "step.retired", {}) for step in gone]
    steps = tuple(_step(each, figures, each.key in gone) for each in lines)
    return SequencePage(
        line, outline.topic if outline else None, row.published_at, steps, figures.ended, row.source or "", names,
        counted_at,
    )  # fmt: skip


def _count(
    connection: Connection, place: Place, row: Found, now: datetime | None
) -> tuple[Figures, datetime | None]:
    """The figures, and when they were counted where that was not now. A new version is a new count."""
    of = (str(place.database.url), place.workspace_id, row.id, row.version_id)
    kept = _figures.lately(of, now) if now is not None else None
    if kept is not None:
        return kept[1], kept[0]
    figures = Figures(
        rows.at_steps(connection, row.id), rows.parked_reasons(connection, row.id),
        rows.sent_by_step(connection, row.id), rows.clicked_by_step(connection, row.id),
        tuple((each.reason_code, each.people) for each in rows.ended_count(connection, row.id)),
    )  # fmt: skip
    if now is not None:
        _figures.keep(of, now, figures, figures.rows)
    return figures, None


def _outline(row: Found) -> programme.Outline | None:
    return programme.outline(row.version_id, row.key, row.source) if row.version_id else None


def _line(
    row: Found, names: programme.Names, people: int = 0, parked: int = 0, next_at: datetime | None = None
) -> SequenceLine:
    outline = _outline(row)
    state = "paused" if row.paused_at and row.state == "live" else row.state
    if state == "live" and outline and outline.preset not in (None, names.key):
        state = SILENT
    return SequenceLine(
        row.id,
        row.key,
        outline.title if outline else row.key,
        names.stage(outline.stage) if outline and outline.stage else None,
        state,
        row.number,
        len(outline.steps) if outline else 0,
        people,
        parked,
        next_at,
    )


def _step(line: programme.StepLine, figures: Figures, retired: bool) -> StepPeople:
    here = {row.state: row.people for row in figures.at_steps if row.step == line.key}
    return StepPeople(
        line,
        figures.sent.get(line.key, 0),
        figures.clicked.get((line.key, "human"), 0),
        figures.clicked.get((line.key, "machine"), 0),
        sum(here.values()),
        here.get("waiting", 0),
        here.get("sending", 0),
        tuple(
            (row.people, Reason(row.reason_code, row.reason_params))
            for row in figures.parked
            if row.step == line.key
        ),
        retired,
    )
