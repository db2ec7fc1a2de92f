"""Taking an import back: counted first, then done contact by contact, with a reason on every line.

Who came only by it and was not touched since goes: the row stays empty, as after an erasure, but without the hash
that would keep them out. Of the others every value goes back that is still the one the import wrote. What waits
because of it is ended; what was sent stays sent. Doing it twice does it once: what was put back is no longer the
import's value.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from app.core.contacts import COLUMNS, Known
from app.core.enrollments import ended as left
from app.core.ids import timed_id
from app.core.keys import admission
from app.core.reasons import Reason
from app.services.ids import new_id
from app.services.importing.around import surroundings
from app.services.importing.drafts import Shown, audit
from app.services.importing.keeping import remove
from app.services.world import World
from app.store import erasing, imports, persons, running
from app.store import undoing as store
from app.store.contacts import Batch, load_known, remove_tag, set_consent

UNDOABLE = ("done", "stopped", "cancelled")
COUNTS = ("gone", "restored", "kept", "values", "values_kept", "sent", "waiting")
CHUNK = 100
OVERLAP = timedelta(hours=1)  # two machines may disagree about the time
CODE = "import.undone"
Clock = Callable[[], datetime]
Stop = Callable[[], bool]


@dataclass(slots=True)
class Fate:
    """What undoing means for one contact. `gone`: came by the import alone; `back` are facts that go back."""

    contact_id: UUID
    created: bool = False
    gone: bool = False
    sent: int = 0
    back: list[Row[Any]] = field(default_factory=list)
    kept: int = 0
    tags: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()


def ask_weighing(world: World, shown: Shown) -> bool:
    """Let the engine count what undoing would do. False: nothing came in by it, or it is under way."""
    if shown.confirmed_at is None:
        return False
    held: dict[str, Any] = {"state": "weighing", "reached": 0, "total": None, "undo": {"from": shown.state}}
    with world.database.write() as connection:
        return shown.state in UNDOABLE and imports.change(
            connection, world.workspace_id, shown.id, (shown.state,), **held
        )


def ask(world: World, shown: Shown, by: UUID, now: datetime) -> bool:
    """Have it undone. False: it is under way already, or was not counted."""
    if "gone" not in shown.undo:
        return False
    with world.database.write() as connection:
        asked = imports.change(
            connection, world.workspace_id, shown.id, UNDOABLE, state="undoing", reached=0,
            total=None, undo={},
        )  # fmt: skip
        if asked:
            audit(
                connection,
                world,
                shown.id,
                "import.undo_asked",
                {"file": shown.file_name, **shown.undo},
                by,
                now,
            )
    return asked


def work(world: World, shown: Shown, clock: Clock, should_stop: Stop) -> None:
    """Count (`weighing`) or do (`undoing`), from the beginning: what was done finds nothing more to do."""
    weighing = shown.state == "weighing"
    counts = Counter({} if weighing else {name: shown.undo.get(name, 0) for name in COUNTS})
    met: set[UUID] = set()
    for ids, at in _chunks(world, shown, clock()):
        if should_stop():
            return
        new = [one for one in ids if one not in met]
        met.update(new)
        if not _deal_with(world, shown, new, counts, clock(), doing=not weighing, at=at):
            return
    state: dict[str, Any] = (
        {"state": shown.undo["from"]} if weighing else {"state": "undone", "finished_at": clock()}
    )
    told = {name: counts[name] for name in COUNTS}
    with world.database.write() as connection:
        ended = imports.change(connection, world.workspace_id, shown.id, (shown.state,), undo=told, **state)
        if ended and not weighing:
            audit(
                connection, world, shown.id, "import.undone", {"file": shown.file_name, **told}, None, clock()
            )
    if ended and not weighing:
        remove(world.settings, shown.id, results=False)


def _chunks(world: World, shown: Shown, now: datetime) -> Iterator[tuple[list[UUID], UUID]]:
    """Everybody the import wrote to, by the order of its lines in the history; and how far that is."""
    begun, over = shown.confirmed_at or shown.created_at, shown.finished_at or now
    first, last = timed_id(begun - OVERLAP, bytes(10)), timed_id(over + OVERLAP, bytes(10))
    after = UUID(shown.undo["at"]) if "at" in shown.undo else first
    while True:
        with world.database.read() as connection:
            rows = store.written_by(connection, world.workspace_id, source_of(shown.id), after, last, CHUNK)
        if not rows:
            return
        after = rows[-1].id
        yield list(dict.fromkeys(row.contact_id for row in rows)), after


def source_of(import_id: UUID) -> str:
    return f"import:{import_id}"


def _deal_with(
    world: World, shown: Shown, ids: list[UUID], counts: Counter[str], now: datetime, *, doing: bool, at: UUID
) -> bool:  # fmt: skip
    """One transaction; False when somebody else does it."""
    lifecycle = surroundings(world, now).lifecycle.key
    total = shown.counts.get("created", 0) + shown.counts.get("updated", 0)
    with world.database.write() as connection:
        known = load_known(connection, ids, lifecycle, lock=doing)
        fates = _fates(connection, shown, ids, known)
        if doing:
            counts["waiting"] += _end_waiting(connection, shown, ids, now)
        else:
            counts["waiting"] += store.waiting(connection, ids, _occasion(shown))
        for fate in fates:
            _count(counts, fate)
        if doing:
            _take_back(connection, world, shown, fates, known, now)
        reached = counts["reached"] = counts["reached"] + len(ids)
        undo: dict[str, Any] = {**counts, "from": shown.undo.get("from", "")}
        if doing:
            undo["at"] = str(at)
        values: dict[str, Any] = {"reached": reached, "total": max(total, reached), "undo": undo}
        if imports.change(connection, world.workspace_id, shown.id, (shown.state,), **values):
            return True
        connection.rollback()
        return False


def _count(counts: Counter[str], fate: Fate) -> None:
    counts["values_kept"] += fate.kept
    counts["sent"] += fate.sent
    if fate.gone:
        counts["gone"] += 1
        return
    changes = len(fate.back) + len(fate.tags) + len(fate.consents)
    counts["kept"] += fate.created
    counts["restored"] += bool(changes) and not fate.created
    counts["values"] += changes


def _fates(connection: Connection, shown: Shown, ids: Sequence[UUID], known: dict[UUID, Known]) -> list[Fate]:
    source = source_of(shown.id)
    facts = store.facts_of(connection, ids)
    used = store.used(connection, ids, source)
    sent, over = store.mails_sent(connection, ids), store.gone(connection, ids)
    fates = []
    for contact_id in ids:
        mine, who = facts.get(contact_id, []), known.get(contact_id)
        if who is None or contact_id in over:
            continue
        fate = Fate(contact_id)
        latest = {(row.kind, row.name): row for row in mine}
        for row in mine:
            if row.source != source:
                continue
            if row.kind == "created":
                fate.created = True
                told = dict(row.new or {})
                fate.tags = tuple(
                    tag for tag in told.get("tags", ()) if tag in who.tags and ("tag", tag) not in latest
                )
                fate.consents = tuple(
                    topic for topic in told.get("consents", ())
                    if who.consents.get(topic) == "given" and ("consent", topic) not in latest
                )  # fmt: skip
            elif latest[row.kind, row.name] is row and _still(row, who):
                fate.back.append(row)
            elif row.kind != "stage":
                fate.kept += 1
        if fate.created:
            fate.gone = contact_id not in used
            fate.sent = sent.get(contact_id, 0)
        fates.append(fate)
    return fates


def _still(row: Row[Any], who: Known) -> bool:
    """Whether the contact still has the value that the import wrote, and it can be taken back."""
    if row.kind == "tag":
        return row.name in who.tags
    if row.kind == "owner":
        return bool(str(who.owner) == row.new)
    if row.kind == "address":
        return row.name in who.addresses
    if row.kind == "consent":
        return who.consents.get(row.name) == "given"
    if row.kind == "field":
        return bool((who.company if row.name == "company" else who.facts.get(row.name)) == row.new)
    return False


def _take_back(
    connection: Connection, world: World, shown: Shown, fates: Collection[Fate], known: dict[UUID, Known], now: datetime
) -> None:  # fmt: skip
    gone = [fate.contact_id for fate in fates if fate.gone]
    if gone:
        erasing.stand_still(connection, gone, now)
        persons.erase_rows(connection, gone, ())
        erasing.take_away(connection, gone, now)
    batch = Batch()
    for fate in fates:
        if not fate.gone and (fate.back or fate.tags or fate.consents):
            _restore(connection, world, shown, fate, known[fate.contact_id], batch, now)
    batch.write(connection)


def _restore(
    connection: Connection, world: World, shown: Shown, fate: Fate, who: Known, batch: Batch, now: datetime
) -> None:  # fmt: skip
    source, why = f"undo:{shown.id}", {"file": shown.file_name}
    values: dict[str, Any] = {"revision": who.revision + 1, "updated_at": now, "judge_due_at": now}
    facts = dict(who.facts)
    told = []

    def remember(kind: str, name: str, old: Any, new: Any) -> None:
        told.append(name)
        batch.facts.append(
            (new_id(now), world.workspace_id, fate.contact_id, kind, name, old, new, source, CODE, why, now)
        )

    for row in fate.back:
        if row.kind == "tag":
            continue
        if row.kind == "owner":
            values["owner_id"] = UUID(row.old) if row.old else None
        elif row.kind == "address":
            if not store.drop_address(connection, fate.contact_id, row.name):
                continue
        elif row.kind == "consent":
            continue
        elif row.name == "company":
            values["company_id"] = store.company_of(connection, world.workspace_id, row.old)
        elif row.name in COLUMNS:
            values[row.name] = row.old
        elif row.old is None:
            facts.pop(row.name, None)
        else:
            facts[row.name] = row.old
        remember(row.kind, row.name, row.new, row.old)
    own = {name: value for name, value in facts.items() if name not in COLUMNS}
    if own != {name: value for name, value in who.facts.items() if name not in COLUMNS}:
        values["fields"] = own
    for tag in (*fate.tags, *(row.name for row in fate.back if row.kind == "tag")):
        remove_tag(connection, fate.contact_id, tag)
        remember("tag", tag, True, None)
    for topic in (*fate.consents, *(row.name for row in fate.back if row.kind == "consent")):
        _withdraw(connection, world, fate.contact_id, topic, batch, now)
        remember("consent", topic, "given", "withdrawn")
    batch.updates[fate.contact_id] = values
    batch.timeline.append(
        (
            new_id(now),
            world.workspace_id,
            fate.contact_id,
            now,
            "contact",
            CODE,
            {**why, "changes": told},
            "import",
        )
    )


def _withdraw(
    connection: Connection, world: World, contact_id: UUID, topic: str, batch: Batch, now: datetime
) -> None:
    """What an import said of somebody's consent counts no more; only they can give it again."""
    state = {"purpose": topic, "state": "withdrawn", "basis": "", "at": now}
    set_consent(connection, world.workspace_id, contact_id, state)
    batch.consent_entries.append(
        (new_id(now), world.workspace_id, contact_id, topic, "withdrawn", "", "import undone", now, {})
    )


def _occasion(shown: Shown) -> Callable[[UUID, UUID], str]:
    return lambda definition_id, contact_id: admission(definition_id, contact_id, source_of(shown.id))


def _end_waiting(connection: Connection, shown: Shown, ids: Sequence[UUID], now: datetime) -> int:
    """Who waits at the door of a sequence because of the import is called off, who is inside by it leaves."""
    why = Reason("enroll.import_undone", {"file": shown.file_name})
    entered, called_off = store.call_off(connection, ids, _occasion(shown), why, now)
    over = Reason("exit.import_undone", {"file": shown.file_name})
    stays = [
        held
        for held in running.active_of(connection, ids)
        if (held.definition_id, held.enrollment.contact_id) in entered
    ]
    running.save(connection, [(held, left(held.enrollment, over)) for held in stays], now)
    for held in stays:
        running.cancel_mails(connection, held.enrollment.id, over, now)
    return called_off + len(stays)
