"""A merge taken back: what it changed goes back as it was, unless somebody changed it since; that stays, and is told.

Nothing is sent and nobody enrolled by it. Where one of the two was erased there is nothing to go back to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from app.core.contacts import COLUMNS, Change
from app.core.contacts.uniting import Said
from app.core.reasons import Reason
from app.services import by_hand
from app.services.contacts import ContactFault
from app.services.ids import new_id
from app.services.merging import scoring
from app.services.merging.looking import TRACKING
from app.services.merging.merging import STAGE, write_consent
from app.services.stages import StageMove, ask_the_gate_again, move_stage
from app.services.timeline import line
from app.services.viewing.people import full_name
from app.services.world import World
from app.store import contacts as contact_rows
from app.store import ledger, running, suppressed
from app.store import merging as store

_IDS = ("owner_id", "company_id", "referred_by")
_INSTANTS = ("paused_until", "away_until")


@dataclass(frozen=True, slots=True)
class Undone:
    """`stayed` are the names of what was changed since and is as it is; `left` the sequences they were in before."""

    kept_id: UUID
    other_id: UUID
    stayed: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Return:
    """What an undo brings back, before it is done: counted, and named where a page can say more than a number."""

    id: UUID
    name: str
    merged_at: datetime
    by: str | None
    addresses: int
    facts: tuple[str, ...]
    tags: tuple[str, ...]
    consents: tuple[str, ...]
    left: tuple[str, ...]
    refused: Reason | None


@dataclass(slots=True)
class _Work:
    connection: Connection
    world: World
    row: Row[Any]
    actor: str
    now: datetime
    stayed: list[str] = field(default_factory=list)

    @property
    def before(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.row.before
        return found

    @property
    def kept(self) -> UUID:
        found: UUID = self.row.survivor_id
        return found

    @property
    def other(self) -> UUID:
        found: UUID = self.row.merged_id
        return found


def what_goes_back(world: World, kept_id: UUID, merge_id: UUID) -> Return | None:
    """One merge that stands, as its undo would take it back. None: there is none (any more)."""
    with world.database.read() as connection:
        row = store.find(connection, world.workspace_id, merge_id)
        if row is None or row.survivor_id != kept_id or row.undone_at is not None:
            return None
        refused = _refusal(store.pair(connection, world.workspace_id, [kept_id, row.merged_id]), row)
        before = row.before or {}
    facts = [*before.get("columns", ()), *before.get("fields", ()), *before.get("criteria", ())]
    return Return(
        row.id, full_name(row.first_name, row.last_name), row.merged_at, row.by_name, len(before.get("addresses", ())),
        tuple(facts), tuple(before.get("tags", ())), tuple(before.get("consents", ())), tuple(before.get("left", ())),
        refused,
    )  # fmt: skip


def undo(world: World, kept_id: UUID, merge_id: UUID, actor: str, now: datetime) -> Undone:
    """Make two of one again. One that was undone already is what it is. Raises ContactFault."""
    with world.database.write() as connection:
        row = store.find(connection, world.workspace_id, merge_id)
        if row is None or row.survivor_id != kept_id:
            raise ContactFault(Reason("merge.unknown"))
        people = store.pair(connection, world.workspace_id, [kept_id, row.merged_id], hold=True)
        # Asked under the lock: of two at once one is first.
        if not store.end(connection, merge_id, now):
            return Undone(kept_id, row.merged_id, (), ())
        refused = _refusal(people, row)
        if refused is not None:
            raise ContactFault(refused)
        work = _Work(connection, world, row, actor, now)
        store.set_columns(connection, work.other, {"merged_into": None, "judge_due_at": now}, now)
        _addresses(work)
        _facts(work, people[kept_id])
        _tags(work)
        _criteria(work)
        _consents(work)
        _stops(work)
        _rows(work)
        _stage(work)
        scoring.add_interests(connection, world.workspace_id, kept_id, work.before["interests"], -1)
        scoring.fold_again(connection, world.workspace_id, [kept_id, work.other])
        ask_the_gate_again(connection, kept_id)
        _write_down(work, people)
        return Undone(kept_id, work.other, tuple(work.stayed), tuple(work.before["left"]))


def _refusal(people: Mapping[UUID, Row[Any]], row: Row[Any]) -> Reason | None:
    kept, other = people[row.survivor_id], people[row.merged_id]
    if kept.erased_at is not None or other.erased_at is not None:
        return Reason("merge.erased")
    if kept.merged_into is not None or other.merged_into != kept.id:
        return Reason("merge.merged_on", {"name": full_name(kept.first_name, kept.last_name)})
    return None


def _addresses(work: _Work) -> None:
    for identity, is_primary in work.before["addresses"]:
        if not store.give_back_address(work.connection, UUID(identity), work.kept, work.other, is_primary):
            work.stayed.append("address")
    for who in (work.kept, work.other):
        store.settle_first(work.connection, who)


def _facts(work: _Work, kept: Row[Any]) -> None:
    """What still is as the merge left it."""
    columns: dict[str, Any] = {"judge_due_at": work.now}
    changes = []
    for name, (old, new) in work.before["columns"].items():
        if _plain(kept._mapping[name]) != new:
            work.stayed.append(name.removesuffix("_id"))
            continue
        columns[name] = _value(name, old)
        if name in COLUMNS or name in ("owner_id", "paused_until"):
            kind = "owner" if name == "owner_id" else "field"
            changes.append(Change(kind, name.removesuffix("_id"), new, old))
    own = dict(kept.fields or {})
    for name, (old, new) in work.before["fields"].items():
        if own.get(name) != new:
            work.stayed.append(name)
            continue
        changes.append(Change("field", name, new, old))
        if old is None:
            own.pop(name, None)
        else:
            own[name] = old
    if own != (kept.fields or {}):
        columns["fields"] = own
    store.set_columns(work.connection, work.kept, columns, work.now)
    _history(work, changes)


def _tags(work: _Work) -> None:
    there = {row.tag: row.added_at for row in store.tags(work.connection, [work.kept])[work.kept]}
    changes = []
    for tag in work.before["tags"]:
        if there.get(tag) == work.row.merged_at:
            contact_rows.remove_tag(work.connection, work.kept, tag)
            changes.append(Change("tag", tag, True, None))
        else:
            work.stayed.append(tag)
    _history(work, changes)


def _criteria(work: _Work) -> None:
    there = {row.criterion: row for row in store.criteria(work.connection, [work.kept])[work.kept]}
    changes = []
    for name, old in work.before["criteria"].items():
        row = there.get(name)
        if row is None or row.changed_at != work.row.merged_at:
            work.stayed.append(name)
            continue
        key = {"contact_id": work.kept, "criterion": name, "workspace_id": work.world.workspace_id}
        values = {**old, "changed_at": datetime.fromisoformat(old["changed_at"])} if old else None
        store.set_criterion(work.connection, key, values)
        changes.append(Change("criterion", name, row.state, old["state"] if old else None))
    _history(work, changes)


def _consents(work: _Work) -> None:
    who = (work.world.workspace_id, work.kept, work.row.id)
    for topic, old in work.before["consents"].items():
        last = store.last_consent(work.connection, work.kept, topic)
        if last is None or (last.detail or {}).get("merge") != str(work.row.id):
            work.stayed.append(topic)
            continue
        after = Said(old[0], old[1], work.now) if old else None
        was = Said(last.state, last.basis, last.at)
        # So that hits of the time between are kept as the person chose for that time.
        detail = {"before": last.detail.get("mode")} if topic == TRACKING else {}
        write_consent(
            work.connection, who, topic, was, after, "contact.unmerged", work.actor, work.now, detail
        )


def _stops(work: _Work) -> None:
    for stop in work.before["stops"]:
        suppressed.lift(
            work.connection, UUID(stop), by_hand.author(work.actor), "the merge was undone", work.now
        )


def _rows(work: _Work) -> None:
    for name, ids in work.before["moved"].items():
        store.hand_over(work.connection, name, [UUID(each) for each in ids], work.kept, work.other)
    for column in ("merged_into", "referred_by"):
        store.point(
            work.connection, column, [UUID(each) for each in work.before[column]], work.kept, work.other
        )


def _stage(work: _Work) -> None:
    for row in work.before["stages"]:
        values = {name: row[name] for name in STAGE}
        values["since"] = datetime.fromisoformat(values["since"])
        where = {"contact_id": work.other, "workspace_id": work.world.workspace_id}
        store.put_stage(work.connection, {**values, **where})
    if work.before["stage"] is None:
        return
    old, new = work.before["stage"]
    lifecycle = work.world.library.catalogue(work.now).rules.lifecycle
    current = running.stage_of(work.connection, work.kept, lifecycle.key)
    if current is None or current.stage != new or current.since != work.row.merged_at or not old:
        work.stayed.append("stage")
        return
    reason = Reason("stage.merge_undone", {"stage": new})
    move = StageMove(work.kept, old, reason, by="person", actor=work.actor)
    if move_stage(work.connection, work.world.workspace_id, lifecycle, move, work.now) is not None:
        work.stayed.append("stage")


def _history(work: _Work, changes: list[Change]) -> None:
    rows: list[tuple[Any, ...]] = [
        (
            new_id(work.now), work.world.workspace_id, work.kept, change.kind, change.name, change.old, change.new,
            work.actor, "contact.unmerged", {}, work.now,
        )
        for change in changes
    ]  # fmt: skip
    contact_rows.Batch(facts=rows).write(work.connection)


def _write_down(work: _Work, people: Mapping[UUID, Row[Any]]) -> None:
    workspace_id = work.world.workspace_id
    for who, from_whom in ((work.kept, work.other), (work.other, work.kept)):
        other = people[from_whom]
        told: dict[str, Any] = {
            "name": full_name(other.first_name, other.last_name), "stayed": list(work.stayed),
            "sequences": list(work.before["left"]),
        }  # fmt: skip
        code = "contact.unmerged_but" if work.stayed and who == work.kept else "contact.unmerged"
        reason = Reason(code, told)
        ledger.add_timeline(
            work.connection, [line(workspace_id, who, "contact", reason, work.now, actor=work.actor)]
        )
        by_hand.audit(
            work.connection,
            workspace_id,
            who,
            "contact.unmerged",
            {"merge": str(work.row.id)},
            work.actor,
            work.now,
        )


def _value(name: str, text: Any) -> Any:
    if text is None:
        return None
    if name in _IDS:
        return UUID(text)
    return datetime.fromisoformat(text) if name in _INSTANTS else text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
