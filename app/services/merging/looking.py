"""Before two contacts become one: who it might be, and what will happen, in heads, before anything does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from app.core.contacts import COLUMNS, uniting
from app.core.contacts.uniting import Said, Take
from app.core.reasons import Reason
from app.services.contacts import ContactFault
from app.services.suppressing import ValueHash
from app.services.viewing import programme
from app.services.viewing.people import full_name
from app.services.world import World
from app.store import merging as store
from app.store import twins as twin_rows
from app.store.views import one
from app.store.views import people as rows

MOST_FOUND = 10
# Mailboxes of roles and the like are many people's at many companies.
SHORTEST_LOCAL = 4
CRITERION = "criterion."
# What may be kept of their clicks lies in a column, and has an order of its own.
TRACKING = "tracking"


@dataclass(frozen=True, slots=True)
class Twin:
    """Somebody who may be the same person; `because` is name, address, both, or empty where they were searched for."""

    id: UUID
    name: str
    address: str
    company: str
    stage: str
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two as they stand. `facts` by name: fields, owner, company and criteria."""

    row: Row[Any]
    name: str
    addresses: tuple[Row[Any], ...]
    stages: tuple[Row[Any], ...]
    stage: str | None
    tags: frozenset[str]
    said: Mapping[str, Said]
    facts: Mapping[str, Any]

    @property
    def id(self) -> UUID:
        found: UUID = self.row.id
        return found

    @property
    def mails(self) -> tuple[str, ...]:
        return tuple(each.shown_as for each in self.addresses if each.kind == "email")


@dataclass(frozen=True, slots=True)
class Pair:
    """A fact the other knows and the survivor knows differently, or not at all (`is_gap`)."""

    name: str
    mine: Any
    theirs: Any
    take: Take

    @property
    def is_gap(self) -> bool:
        return self.mine is None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merge would do. `mark` changes with any of it, so that nobody confirms what they did not see.

    `ends` are the sequences the other leaves, with whether the survivor is in them anyway. `consents` are
    (topic, the survivor's, the other's, afterwards). `stops` are (scope, topic) that count for the survivor too.
    `labels` are the names of custom fields.
    """

    kept: Side
    other: Side
    facts: tuple[Pair, ...]
    tags: tuple[str, ...]
    stage: str | None
    consents: tuple[tuple[str, Said | None, Said | None, Said | None], ...]
    stops: tuple[tuple[str, str], ...]
    ends: tuple[tuple[str, bool], ...]
    waiting: int
    sent: int
    tasks: int
    mark: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def offers(self) -> tuple[str, ...]:
        """Sequences only the other was in: a colleague may take the survivor in, nothing else does."""
        return tuple(key for key, goes_on in self.ends if not goes_on)


def twins(world: World, contact_id: UUID, text: str, now: datetime) -> list[Twin]:
    """Who may be the same person: those the text finds, or without one those of the same name or mailbox."""
    with world.database.read() as connection:
        names = programme.names(connection, world.workspace_id, world.settings.lifecycle_preset or None)
        found = store.pair(connection, world.workspace_id, [contact_id]).get(contact_id)
        if found is None:
            return []
        why: dict[UUID, tuple[str, ...]] = {}
        if not text.strip():
            locals_ = _mailboxes(store.addresses(connection, [contact_id])[contact_id])
            speaks = twin_rows.twins(connection, world.workspace_id, found, locals_)
            why = {who: tuple(sorted(each)) for who, each in speaks.items()}
            if not why:
                return []
        wanted = rows.Wanted(
            world.workspace_id,
            names.key,
            now,
            text=text,
            ids=tuple(why) if why else None,
            limit=MOST_FOUND + 1,
        )
        people = [row for row in rows.page(connection, wanted) if row.id != contact_id]
        told = rows.addresses(connection, [row.id for row in people])
    met = [
        Twin(
            row.id, full_name(row.first_name, row.last_name), told.get(row.id, ""), row.company or "", row.stage or "",
            why.get(row.id, ()),
        )
        for row in people
    ]  # fmt: skip
    return sorted(met, key=lambda twin: -len(twin.because))[:MOST_FOUND]


def _mailboxes(addresses: Sequence[Row[Any]]) -> list[str]:
    locals_ = [
        each.value.rpartition("@")[0] for each in addresses if each.kind == "email" and each.flag != "role"
    ]
    return [local for local in dict.fromkeys(locals_) if len(local) >= SHORTEST_LOCAL][:5]


def plan(
    world: World, kept_id: UUID, other_id: UUID, now: datetime, takes: Mapping[str, Take] | None = None
) -> Plan:
    """What merging the other into the one who is kept would do; nothing is written. Raises ContactFault."""
    with world.database.read() as connection:
        labels = one.field_labels(connection, world.workspace_id)
        return replace(look(connection, world, kept_id, other_id, now, takes or {}), labels=labels)


def look(
    connection: Connection,
    world: World,
    kept_id: UUID,
    other_id: UUID,
    now: datetime,
    takes: Mapping[str, Take],
    *,
    hold: bool = False,
) -> Plan:
    """The plan as of this connection. `hold`: both stand still until it commits. Raises ContactFault."""
    if kept_id == other_id:
        raise ContactFault(Reason("merge.same"))
    lifecycle = world.library.catalogue(now).rules.lifecycle
    kept, other = sides(connection, world, (kept_id, other_id), lifecycle.key, hold=hold)
    for side in (kept, other):
        if side.row.erased_at is not None or side.row.merged_into is not None:
            raise ContactFault(Reason("merge.gone", {"name": side.name}))
    stops = store.stops(connection, world.workspace_id, other_id, hashes_of(world, other))
    inside = {row.key for row in store.stays(connection, [kept_id])}
    made = Plan(
        kept,
        other,
        _facts(kept, other, takes),
        tuple(sorted(other.tags - kept.tags)),
        uniting.stage(lifecycle, kept.stage, other.stage),
        tuple(
            (topic, kept.said.get(topic), other.said.get(topic), uniting.agreed(kept.said.get(topic), other.said.get(topic)))
            for topic in sorted({*kept.said, *other.said} - {TRACKING})
        ),
        tuple(dict.fromkeys((stop.scope, stop.topic) for stop in stops)),
        tuple((row.key, row.key in inside) for row in store.stays(connection, [other_id])),
        store.waiting_mails(connection, other_id),
        store.mails_sent(connection, other_id),
        store.open_tasks(connection, other_id),
    )  # fmt: skip
    return replace(made, mark=_mark(made))


def sides(
    connection: Connection, world: World, ids: tuple[UUID, UUID], lifecycle: str, *, hold: bool = False
) -> tuple[Side, Side]:
    """Both as they stand, in the order asked for. Raises ContactFault where one is not of this workspace."""
    found = store.pair(connection, world.workspace_id, ids, hold=hold)
    if len(found) < len(ids):
        raise ContactFault(Reason("merge.unknown"))
    addresses, stages = store.addresses(connection, ids), store.stages(connection, ids)
    tags, criteria = store.tags(connection, ids), store.criteria(connection, ids)
    said = store.agreements(connection, ids)

    def side(who: UUID) -> Side:
        row = found[who]
        mails = [each.shown_as for each in addresses[who] if each.kind == "email"]
        return Side(
            row,
            full_name(row.first_name, row.last_name, mails[0] if mails else ""),
            tuple(addresses[who]),
            tuple(stages[who]),
            next((each.stage for each in stages[who] if each.lifecycle == lifecycle), None),
            frozenset(each.tag for each in tags[who]),
            {each.purpose: Said(each.state, each.basis, each.at) for each in said[who]},
            _known(row, criteria[who]),
        )

    return side(ids[0]), side(ids[1])


def hashes_of(world: World, side: Side) -> list[str]:
    """The keyed hashes under which stops of this contact's addresses are kept."""
    hashed = ValueHash(world.settings)
    return [hashed(each.value) for each in side.addresses if each.kind == "email"]


def _known(row: Row[Any], criteria: Sequence[Row[Any]]) -> dict[str, Any]:
    facts: dict[str, Any] = {name: row._mapping[name] for name in COLUMNS}
    facts |= {"owner": row.owner_id, "company": row.company_id, **(row.fields or {})}
    answered = [each for each in criteria if each.state != "unknown"]
    return facts | {f"{CRITERION}{each.criterion}": (each.state, each.value) for each in answered}


def _facts(kept: Side, other: Side, takes: Mapping[str, Take]) -> tuple[Pair, ...]:
    return tuple(
        Pair(
            name,
            mine := kept.facts.get(name),
            other.facts[name],
            "theirs" if mine is None or takes.get(name) == "theirs" else "mine",
        )
        for name in uniting.differing(kept.facts, other.facts)
    )


def _mark(plan: Plan) -> str:
    """A digest of everything the page tells, but for what is chosen on it."""
    told = (
        [(side.id, side.row.revision, side.mails, side.stage, sorted(side.tags)) for side in (plan.kept, plan.other)],
        [(pair.name, pair.mine, pair.theirs) for pair in plan.facts],
        plan.stage, plan.consents, plan.stops, plan.ends, plan.waiting, plan.tasks,
    )  # fmt: skip
    return blake2b(repr(told).encode(), digest_size=12).hexdigest()


def merged(world: World, contact_id: UUID) -> list[Row[Any]]:
    """The merges that made this contact what they are and can be undone, the newest first."""
    with world.database.read() as connection:
        return store.into(connection, world.workspace_id, contact_id)
