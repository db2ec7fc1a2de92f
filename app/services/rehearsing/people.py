"""The contact base as a rehearsal takes it: facts and everything that is under way for each contact."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.admission import Stay
from app.core.reasons import Reason
from app.core.sequences import Sequence as Version
from app.core.simulator import Asked, Inside, Mail, Person, Told
from app.services.library import Catalogue
from app.services.reacting import to_happening
from app.services.rehearsing.pacing import hosts_of, way_of
from app.services.senders.book import senders_of
from app.services.sending.facts import Person as Recipient
from app.services.sending.facts import load_people
from app.services.suppressing import ValueHash, parts_of
from app.services.world import World
from app.store import rehearsal as rows
from app.store import sending
from app.store.contacts import live_suppressions
from app.store.facts import load_facts
from app.store.running import to_enrollment

CHUNK = 500
Grouped = dict[UUID, list[Row[Any]]]
# Which version somebody inside goes on with, by the version they are in and the step they are at.
VersionOf = Callable[[UUID, str], Version]


def people(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    ids: Sequence[UUID],
    now: datetime,
    version_of: VersionOf | None = None,
) -> Iterator[Person]:
    """The contacts among `ids` as they are now, a chunk of them in memory at a time."""
    pinned = version_of or (lambda version_id, step: world.library.pinned(version_id).sequence)
    for start in range(0, len(ids), CHUNK):
        yield from _chunk(connection, world, catalogue, ids[start : start + CHUNK], now, pinned)


def _chunk(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    ids: Sequence[UUID],
    now: datetime,
    version_of: VersionOf,
) -> Iterator[Person]:
    lifecycle = catalogue.rules.lifecycle.key
    facts = load_facts(connection, world.workspace_id, lifecycle, ids, None, now)
    who = load_people(connection, list(ids))
    stays = _by_contact(rows.stays(connection, ids))
    mails = _by_contact(rows.waiting_mails(connection, ids))
    sent = _by_contact(rows.sent(connection, ids))
    requests = _by_contact(rows.requests(connection, ids))
    unheard = _by_contact(rows.unheard(connection, ids))
    entries = _by_contact(rows.entries(connection, ids))
    problems = sending.sender_problems(connection, world.workspace_id, now)
    senders = senders_of(connection, world)
    suppressed = _suppressed(connection, world, who)
    addresses = {known.address for known in who.values() if known.address}
    hosts = hosts_of(connection, world.workspace_id, addresses)
    for contact_id in ids:
        if contact_id not in facts or contact_id not in who:
            continue
        known = who[contact_id]
        # A person's mails may have several senders, by what they are about; here the one of most of them counts.
        writer = senders.choose(known.row.owner_email, known.row.owner_name, "marketing", "")
        problem = problems.get(writer.sender)
        person = Person(
            facts=facts[contact_id],
            address=known.address,
            mails=[_mail(row) for row in mails[contact_id]],
            sent=[
                (row.template, row.message_class, row.accepted_at or row.intent_at)
                for row in sent[contact_id]
            ],
            asked=[_asked(row) for row in requests[contact_id]],
            told=[_told(row, now) for row in unheard[contact_id]],
            suppressed=suppressed.get(contact_id, ()),
            paused_until=known.row.paused_until,
            away_until=known.row.away_until,
            own_cap=known.row.mails_a_week,
            own_month=known.row.mails_a_month,
            sender_problem_until=problem.problem_until if problem else None,
            sender_problem=Reason(problem.reason_code, problem.reason_params) if problem else None,
            judge_at=known.row.judge_due_at,
            way=way_of(known.address, writer.sender, hosts),
        )
        _stays(person, stays[contact_id], version_of)
        _entries(person, entries[contact_id])
        yield person


def _by_contact(found: Iterable[Row[Any]]) -> Grouped:
    grouped: Grouped = defaultdict(list)
    for row in found:
        grouped[row.contact_id].append(row)
    return grouped


def _stays(person: Person, found: Iterable[Row[Any]], version_of: VersionOf) -> None:
    for row in found:
        if row.state == "ended":
            person.past[row.sequence] = Stay(row.entry_number, row.ended_at)
        else:
            sequence = version_of(row.version_id, row.step)
            person.inside.append(Inside(to_enrollment(row, row.sequence), sequence))


def _entries(person: Person, found: Iterable[Row[Any]]) -> None:
    for row in found:
        if row.measure == "fit":
            person.standing[row.rule] = person.standing.get(row.rule, 0.0) + row.points
        else:
            person.earlier.setdefault(row.rule, []).append(row.at)


def _mail(row: Row[Any]) -> Mail:
    return Mail(
        enrollment_id=row.enrollment_id,
        sequence=row.sequence,
        step=row.step,
        visit=row.visit,
        template=row.template,
        topic=row.topic,
        message_class=row.message_class,
        content_kind=row.content_kind,
        priority=row.priority,
        once=row.once,
        when_capped=row.when_capped or "defer",
        due_at=row.due_at,
        planned_at=row.planned_at,
        expires_at=row.expires_at,
        code=row.reason_code,
    )


def _asked(row: Row[Any]) -> Asked:
    return Asked(row.sequence, row.trigger, Reason(row.reason_code, row.reason_params), row.due_at)


def _told(row: Row[Any], now: datetime) -> Told:
    """An event that lies there: what happened already is among the facts."""
    seen = row.occurred_at <= now
    return Told(row.received_at, to_happening(row), str(row.id), row.payload, row.source, seen)


def _suppressed(
    connection: Connection, world: World, people: Mapping[UUID, Recipient]
) -> dict[UUID, tuple[Reason, ...]]:
    """The suppressions that hit each contact: of their address, its domain or their company."""
    hashed = ValueHash(world.settings)
    parts = {
        who: [hashed(part) for part in parts_of(one.address, one.row.company_id)]
        for who, one in people.items()
        if one.address
    }
    found = live_suppressions(
        connection, world.workspace_id, {one for mine in parts.values() for one in mine}
    )
    return {
        who: tuple(
            Reason("gate.suppressed", {"scope": scope, "topic": topic, "source": source})
            for one in mine
            for scope, topic, source in found.get(one, ())
        )
        for who, mine in parts.items()
    }
