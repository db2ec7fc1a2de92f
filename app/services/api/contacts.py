"""Contacts from other programs: laid over what is known exactly as a row of an import is, many at once.

Consent comes with what it rests on and where it was said, and only ever appears where nothing was known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice

from sqlalchemy import Connection

from app.core.contacts import Wanted
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.importing.around import surroundings
from app.services.importing.companies import companies_of
from app.services.importing.deciding import Decider, Origin, Outcome
from app.services.importing.options import ImportOptions, Surroundings, default_stage, out_of_use, own_fields
from app.services.importing.rows import RowReader
from app.services.world import World
from app.store import contacts as store

CHUNK = 100
MOST = 500
Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Agreed:
    """Topics somebody agreed to, what that rests on, and where it was said."""

    topics: Sequence[str]
    basis: str
    source: str


@dataclass(frozen=True, slots=True)
class Wish:
    """One contact as told. `values` are import targets, `fields` custom ones; what is empty stays as it is."""

    values: Mapping[str, Plain]
    fields: Mapping[str, Plain] = field(default_factory=dict)
    agreed: Agreed | None = None


def save(world: World, wishes: Sequence[Wish], actor: str, now: datetime) -> list[Outcome]:
    """What became of each, in their order. What cannot come in is told and stops nobody else."""
    around = surroundings(world, now)
    found: list[Outcome] = []
    rest: Iterator[Wish] = iter(wishes)
    while chunk := list(islice(rest, CHUNK)):
        with world.database.write() as connection:
            found += _save(connection, world, around, chunk, actor, now)
    return found


def _save(
    connection: Connection,
    world: World,
    around: Surroundings,
    wishes: Sequence[Wish],
    actor: str,
    now: datetime,
) -> list[Outcome]:
    read = _Reading(connection, world, around)
    plans = [read.plan(wish) for wish in wishes]
    wanted = [plan for plan in plans if isinstance(plan, Wanted)]
    origin = Origin(world.workspace_id, actor, actor, actor, now, {}, "contact.created", "stage.set_at_start")
    stage = default_stage(ImportOptions(), around.lifecycle)
    decider = Decider(connection, around, origin, stage, lambda: new_id(now), again=_repeated(wanted))
    decider.load(wanted, companies_of(connection, world.workspace_id, wanted, now))
    found = [
        decider.decide(plan, {}) if isinstance(plan, Wanted) else Outcome(None, "rejected", [plan])
        for plan in plans
    ]
    decider.batch.write(connection)
    return found


def _repeated(wanted: Sequence[Wanted]) -> set[int]:
    """Who is told twice is met again: the second row must see what the first did."""
    keys = [hash(address.key) for one in wanted for address in one.addresses]
    return {key for key in keys if keys.count(key) > 1}


class _Reading:
    """Reads wishes as an import reads rows, with one reader for each set of names."""

    def __init__(self, connection: Connection, world: World, around: Surroundings) -> None:
        self._around = around
        types = store.field_types(connection, world.workspace_id)
        self._own, self._retired = own_fields(types), out_of_use(types)
        self._owners = store.owners_by_email(connection, world.workspace_id)
        self._readers: dict[tuple[str, ...], RowReader] = {}

    def plan(self, wish: Wish) -> Wanted | Reason:
        for name in wish.fields:
            if name not in self._own:
                return Reason("contact.field_unknown", {"field": name[:80]})
            if name in self._retired:
                return Reason("contact.field_retired", {"field": self._retired[name]})
        said = {**wish.values, **wish.fields}
        cells = {name: text for name, value in said.items() if (text := text_of(value))}
        plan = self._reader(tuple(cells)).read(list(cells.values()))
        if isinstance(plan, Wanted) and wish.agreed is not None:
            refused = self._agree(plan, wish.agreed)
            return refused or plan
        return plan

    def _reader(self, targets: tuple[str, ...]) -> RowReader:
        if targets not in self._readers:
            self._readers[targets] = RowReader(
                targets, targets, ImportOptions(origin=""), self._around.lifecycle, self._own, self._owners
            )
        return self._readers[targets]

    def _agree(self, plan: Wanted, agreed: Agreed) -> Reason | None:
        known = self._around.topics
        for topic in agreed.topics:
            if known is not None and topic not in known:
                return Reason("contact.topic_unknown", {"topic": topic[:80], "known": sorted(known)})
            if not (agreed.basis.strip() and agreed.source.strip()):
                return Reason("contact.consent_basis", {"topic": topic})
        plan.consents, plan.basis = tuple(dict.fromkeys(agreed.topics)), agreed.basis.strip()
        plan.consent_source = agreed.source.strip()
        return None


def text_of(value: Plain) -> str:
    """A value as it would stand in a file. A fraction of three digits would look like thousands."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = format(Decimal(repr(value)), "f")
        return f"{text}0" if len(text.partition(".")[2]) == 3 else text
    return str(value)
