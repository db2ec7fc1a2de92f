"""The list of segments, and one of them with its people and who uses it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.core.conditions import Condition, Description, Needs, describe, needs
from app.core.labels import Labels
from app.services.library import Catalogue
from app.services.segments import counting
from app.services.segments.counting import Counted
from app.services.segments.reading import LIST, Read, is_list, read
from app.services.viewing import programme
from app.services.viewing.people import full_name
from app.services.world import World
from app.store import broadcasts, definitions, segment_counts
from app.store.definitions import Live
from app.store.views import Found
from app.store.views import segments as rows

PAGE = 50


@dataclass(frozen=True, slots=True)
class Use:
    """Who asks for a segment: a sequence (`begins`: people enter by it), a segment, a score, a stage, a rule for
    tasks, or a broadcast that is not over, whose key is its id and which has a `title`.
    """

    kind: str
    key: str
    begins: bool = False
    title: str = ""

    @property
    def said(self) -> str:
        return self.title or self.key


@dataclass(frozen=True, slots=True)
class Line:
    """`counted` is None while nobody counted the version in force."""

    id: UUID
    key: str
    labels: Labels
    state: str
    version: int
    is_list: bool
    counted: Counted | None
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Member:
    id: UUID
    name: str
    address: str | None
    company: str | None
    stage: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """`people` is None where finding some took too long."""

    line: Line
    found: Read
    described: Description
    counted: Counted
    people: tuple[Member, ...] | None
    versions: tuple[Found, ...]
    names: programme.Names


def list_segments(world: World, catalogue: Catalogue, *, archived: bool = False) -> tuple[Line, ...]:
    with world.database.read() as connection:
        live = definitions.live(connection, world.workspace_id, "segment")
        counts = segment_counts.kept(connection, world.workspace_id)
        pending = broadcasts.pending(connection, world.workspace_id)
    uses = uses_of(catalogue, _put_away(live), pending)
    return tuple(
        _line(row, counts.get(row.id), uses, catalogue)
        for row in live
        if row.version_id is not None and (row.state == "archived") == archived
    )


def look_at(world: World, catalogue: Catalogue, key: str, now: datetime) -> Page | None:
    with world.database.read() as connection:
        live = definitions.live(connection, world.workspace_id, "segment")
        row = next((one for one in live if one.key == key), None)
        if row is None or row.version_id is None:
            return None
        counts = segment_counts.kept(connection, world.workspace_id)
        versions = rows.versions(connection, row.id)
        pending = broadcasts.pending(connection, world.workspace_id)
        names = programme.names(connection, world.workspace_id, world.settings.lifecycle_preset or None)
    found = read(row.source, catalogue, key=key)
    condition = found.condition
    return Page(
        _line(row, counts.get(row.id), uses_of(catalogue, _put_away(live), pending), catalogue),
        found,
        describe(condition),
        counting.count(world, catalogue, condition, now),
        members(world, catalogue, condition, now),
        tuple(versions),
        names,
    )


def members(
    world: World, catalogue: Catalogue, condition: Condition, now: datetime
) -> tuple[Member, ...] | None:
    """A few of the people, by name."""
    ids = counting.sample(world, catalogue, condition, now)
    if ids is None:
        return None
    with world.database.read() as connection:
        found = rows.people(connection, ids, catalogue.rules.lifecycle.key)
        addresses = rows.addresses(connection, ids)
    return tuple(
        Member(
            row.id,
            full_name(row.first_name, row.last_name, addresses.get(row.id, "")),
            addresses.get(row.id),
            row.company,
            row.stage,
        )
        for row in found
    )


def all_uses(world: World, catalogue: Catalogue) -> Mapping[str, tuple[Use, ...]]:
    """By segment: who asks for it now."""
    with world.database.read() as connection:
        live = definitions.live(connection, world.workspace_id, "segment")
        pending = broadcasts.pending(connection, world.workspace_id)
    return uses_of(catalogue, _put_away(live), pending)


def uses_of(
    catalogue: Catalogue, put_away: Collection[str], pending: Iterable[Found]
) -> Mapping[str, tuple[Use, ...]]:
    """By segment: what in force names it, a list also by its tag. Segments that are put away ask for nothing, and
    `pending` are the broadcasts that are not over.
    """
    found: dict[str, dict[Use, None]] = {}
    lists = {key for key, condition in catalogue.setting.segments.items() if is_list(key, condition)}

    def note(wanted: Needs, use: Use) -> None:
        for key in (
            *wanted.segments,
            *(lists & {tag.removeprefix(LIST) for tag in wanted.tags if tag.startswith(LIST)}),
        ):
            if (use.kind, use.key) != ("segment", key):
                found.setdefault(key, {})[use] = None

    for key, version in catalogue.sequences.items():
        if version.state == "archived":
            continue
        wanted = version.sequence.needs
        if version.sequence.trigger.on == "segment":
            begins = version.sequence.trigger.name
            note(Needs(segments=frozenset({begins})), Use("sequence", key, begins=True))
            wanted = replace(wanted, segments=wanted.segments - {begins})
        note(wanted, Use("sequence", key))
    for key, condition in catalogue.setting.segments.items():
        if key not in put_away:
            note(needs(condition), Use("segment", key))
    rules = catalogue.rules
    for rule in (*rules.scoring.fit, *rules.scoring.engagement):
        note(_needs(rule.condition), Use("score", rule.key))
    for entry in rules.lifecycle.entries:
        note(_needs(entry.condition), Use("stage", entry.stage))
    for task in rules.programme.tasks:
        note(_needs(task.condition), Use("task", task.key))
    for row in pending:
        note(Needs(segments=frozenset({row.segment})), Use("broadcast", str(row.id), title=row.title))
    return {key: tuple(uses) for key, uses in found.items()}


def _put_away(live: Iterable[Live]) -> set[str]:
    return {row.key for row in live if row.state == "archived"}


def _needs(condition: Condition | None) -> Needs:
    return needs(condition) if condition is not None else Needs()


def _line(
    row: Live, counted: Found | None, uses: Mapping[str, tuple[Use, ...]], catalogue: Catalogue
) -> Line:
    found = read(row.source, catalogue, key=row.key)
    known = counted is not None and counted.version_id == row.version_id
    return Line(
        row.id,
        row.key,
        found.labels,
        row.state,
        row.number,
        is_list(row.key, found.condition),
        Counted(counted.people, counted.more, counted.took, counted.at) if known and counted else None,
        uses.get(row.key, ()),
    )
