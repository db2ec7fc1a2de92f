"""One act on many contacts: counted before, done in batches that go on where they stopped, taken back honestly.

An act is written down once by the key of its form, so a form sent twice is one act. Each batch is one
transaction with its place in the list, so nobody is met twice and nobody left out.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from app.core.contacts import Change, tags_in
from app.core.reasons import Reason
from app.services import attending_many as attending
from app.services.contacts import ContactFault, lay_down
from app.services.enrolling import ask_admission
from app.services.ids import new_id
from app.services.library import SequenceVersion
from app.services.segments.lists import LISTING, already, tag_of
from app.services.viewing import programme
from app.services.viewing.people import NOT_COUNTED_ABOVE, Asked, full_name
from app.services.world import World
from app.store import accounts
from app.store import bulk_acts as store
from app.store import contacts as contact_rows
from app.store.views import people as rows

ACTS = ("tag", "untag", "owner", "enroll", "exit")
# Counted like an act, but nothing of anybody changes.
EXPORT = "export"
UNDOABLE = ("tag", "untag", "owner")
BATCH = 200
LOOKED_AT = 1_000
MOST_TICKED = 500
LONGEST_WHY = 500
LONGEST_TAG = 80


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done: `tag` (or the key of a list), the owner's id (None: nobody), or the key of a sequence and why."""

    act: str
    tag: str = ""
    owner_id: UUID | None = None
    sequence: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who: those who were ticked, or everybody the search finds."""

    asked: Asked
    ids: tuple[UUID, ...] | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """Heads before the button. `people` None: more than are counted; `looked` of them were asked one by one."""

    people: int | None
    looked: int
    acting: int
    left_out: Mapping[str, tuple[Reason, int]] = field(default_factory=dict)
    names: tuple[str, ...] = ()


def preview(world: World, wish: Wish, chosen: Chosen, now: datetime) -> Preview:
    """Who would be met and who left out and why; nothing is written. Raises ContactFault."""
    wish = _checked(world, wish, now)
    with world.database.read() as connection:
        wanted = _wanted(connection, world, chosen, now)
        count = rows.count_up_to(connection, wanted, NOT_COUNTED_ABOVE + 1)
        ids = rows.ids(connection, replace(wanted, limit=LOOKED_AT))[:LOOKED_AT]
        names = rows.page(connection, replace(wanted, limit=5))[:5]
        told = rows.addresses(connection, [row.id for row in names])
        left_out: dict[str, tuple[Reason, int]] = {}
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            for reason in _left_out(connection, world, wish, part, now):
                left_out[reason.code] = (reason, left_out.get(reason.code, (reason, 0))[1] + 1)
    acting = len(ids) - sum(count for _, count in left_out.values())
    shown = tuple(full_name(row.first_name, row.last_name, told.get(row.id, "")) for row in names)
    return Preview(count if count <= NOT_COUNTED_ABOVE else None, len(ids), acting, left_out, shown)


def begin(world: World, form_key: str, wish: Wish, chosen: Chosen, now: datetime, by: UUID) -> UUID:
    """Write the act down; the batches follow. The same form is the same act. Raises ContactFault."""
    wish = _checked(world, wish, now)
    with world.database.write() as connection:
        before = store.by_form(connection, world.workspace_id, form_key)
        if before is not None:
            return UUID(str(before["id"]))
        count = rows.count_up_to(connection, _wanted(connection, world, chosen, now), NOT_COUNTED_ABOVE + 1)
        if count == 0:
            raise ContactFault(Reason("bulk.nobody"))
        params = {
            "tag": wish.tag, "owner": str(wish.owner_id) if wish.owner_id else None, "sequence": wish.sequence,
        }  # fmt: skip
        row = _new(world, form_key, wish.act, {k: v for k, v in params.items() if v}, now, by)
        row |= {
            "why": wish.why, "expected": count if count <= NOT_COUNTED_ABOVE else None,
            "query": chosen.asked.as_json() if chosen.ids is None else None,
            "ids": [str(who) for who in chosen.ids] if chosen.ids is not None else None,
            "newest": store.newest_contact(connection, world.workspace_id),
        }  # fmt: skip
        store.add(connection, row)
        _audit(
            connection, world, row["id"], f"contacts.{wish.act}", {**row["params"], "people": count}, now, by
        )
    return UUID(str(row["id"]))


def undo(world: World, act_id: UUID, now: datetime, by: UUID) -> UUID:
    """Take an act back where nothing changed since. Raises ContactFault; An act is undone once."""
    with world.database.write() as connection:
        act = store.find(connection, world.workspace_id, act_id)
        if act is None or act["act"] not in UNDOABLE or act["state"] == "running":
            raise ContactFault(Reason("bulk.not_undone"))
        form_key = f"undo:{act_id}"
        before = store.by_form(connection, world.workspace_id, form_key)
        if before is not None:
            return UUID(str(before["id"]))
        row = _new(world, form_key, "undo", {"of": str(act_id)}, now, by)
        row["expected"] = store.count_changes(connection, act_id)
        store.add(connection, row)
        _audit(connection, world, row["id"], "contacts.undo", {"of": str(act_id)}, now, by)
    return UUID(str(row["id"]))


def stop(world: World, act_id: UUID, now: datetime, by: UUID) -> bool:
    """Let an act end after the batch in hand; what was done stays. False: it had ended."""
    with world.database.write() as connection:
        stopped = store.stop(connection, world.workspace_id, act_id, by, now)
        if stopped:
            _audit(connection, world, act_id, "contacts.stopped", {}, now, by)
        return stopped


def run_due(world: World, now: datetime) -> int:
    """One batch of every act that runs; how many contacts were met."""
    with world.database.read() as connection:
        acts = store.running(connection, world.workspace_id)
    return sum(run(world, act_id, now) for act_id in acts)


def run(world: World, act_id: UUID, now: datetime) -> int:
    """The next batch of one act; how many contacts were met (none: it is over, or somebody else has it)."""
    with world.database.write() as connection:
        act = store.hold(connection, act_id)
        if act is None:
            return 0
        ids = _next(connection, world, act)
        counts = Counter(act["counts"])
        if ids:
            there = store.here(connection, world.workspace_id, ids)
            counts["gone"] += len(ids) - len(there)
            batch = sorted(there)
            work = _undo_batch if act["act"] == "undo" else _WORK[act["act"]]
            counts.update(work(connection, world, act, batch, now))
        over = len(ids) < BATCH
        values = {"state": "done", "finished_at": now} if over else {}
        store.change(
            connection, act_id, counts=dict(counts), position=ids[-1] if ids else act["position"], **values
        )
        return len(ids)


def _next(connection: Connection, world: World, act: RowMapping) -> list[UUID]:
    if act["act"] == "undo":
        changed = store.changes(connection, UUID(act["params"]["of"]), act["position"], BATCH)
        return [who for who, _ in changed]
    if act["ids"] is None and act["query"] is None:
        return []
    chosen = Chosen(
        Asked.from_json(act["query"]) if act["query"] else Asked(),
        tuple(UUID(who) for who in act["ids"]) if act["ids"] is not None else None,
    )
    # The search holds as of the moment it was sent, so that scores that fade meanwhile change nobody's turn.
    wanted = _wanted(connection, world, chosen, act["created_at"])
    after: tuple[rows.Key, UUID] | None = (None, act["position"]) if act["position"] else None
    found = rows.ids(connection, replace(wanted, after=after, limit=BATCH))
    return [who for who in found if act["newest"] is None or who <= act["newest"]][:BATCH]


def _set_tag(
    connection: Connection, world: World, act: RowMapping, ids: Sequence[UUID], now: datetime, wished: bool, tag: str = ""
) -> Counter[str]:  # fmt: skip
    tag = tag or act["params"]["tag"]
    known = contact_rows.load_known(
        connection, ids, world.library.catalogue(now).rules.lifecycle.key, lock=True
    )
    changed = [who for who in ids if (tag in known[who].tags) != wished]
    batch = contact_rows.Batch()
    if wished:
        batch.tags = [(who, tag, world.workspace_id, now) for who in changed]
    else:
        store.remove_tag(connection, changed, tag)
    change = Change("tag", tag, None, True) if wished else Change("tag", tag, True, None)
    for who in changed:
        lay_down(batch, world.workspace_id, known[who], [change], {}, "contact.tagged", _actor(act), now)
    batch.write(connection)
    store.note_changes(connection, world.workspace_id, act["id"], [(who, None) for who in changed])
    return Counter(done=len(changed), same=len(ids) - len(changed))


def _owner(
    connection: Connection, world: World, act: RowMapping, ids: Sequence[UUID], now: datetime
) -> Counter[str]:
    owner = UUID(act["params"]["owner"]) if act["params"].get("owner") else None
    return _set_owners(connection, world, act, dict.fromkeys(ids, owner), now)


def _set_owners(
    connection: Connection, world: World, act: RowMapping, owners: Mapping[UUID, UUID | None], now: datetime
) -> Counter[str]:
    lifecycle = world.library.catalogue(now).rules.lifecycle.key
    known = contact_rows.load_known(connection, owners, lifecycle, lock=True)
    batch, changed = contact_rows.Batch(), []
    for who, owner in owners.items():
        old = known[who].owner
        if old == owner:
            continue
        change = Change("owner", "owner", str(old) if old else None, str(owner) if owner else None)
        values = {"owner_id": owner}
        lay_down(
            batch, world.workspace_id, known[who], [change], values, "contact.owner_set", _actor(act), now
        )
        changed.append((who, old))
    batch.write(connection)
    store.note_changes(connection, world.workspace_id, act["id"], changed)
    return Counter(done=len(changed), same=len(owners) - len(changed))


def _enroll(
    connection: Connection, world: World, act: RowMapping, ids: Sequence[UUID], now: datetime
) -> Counter[str]:
    catalogue = world.library.catalogue(now)
    version = catalogue.sequences.get(act["params"]["sequence"])
    if version is None:
        return Counter({"enroll.unknown": len(ids)})
    refused = attending.refusals(connection, world, catalogue, version, ids, now)
    given = {"why": act["why"], "sequence": version.sequence.key, "actor": _actor(act)}
    counts: Counter[str] = Counter()
    for who in ids:
        against = refused[who]
        if against is not None:
            counts[against.code] += 1
            continue
        new = ask_admission(
            connection, world.workspace_id, version.definition_id, who, trigger="person",
            occasion=f"bulk:{act['id']}", reason=Reason("enroll.by_person", given), now=now,
        )  # fmt: skip
        counts["done" if new else "same"] += 1
    return counts


def _exit(
    connection: Connection, world: World, act: RowMapping, ids: Sequence[UUID], now: datetime
) -> Counter[str]:
    version = world.library.catalogue(now).sequences.get(act["params"]["sequence"])
    if version is None:
        return Counter({"enroll.unknown": len(ids)})
    left = attending.end_stays(connection, world, version, ids, act["why"], _actor(act), now)
    return Counter(done=len(left), same=len(ids) - len(left))


def _undo_batch(
    connection: Connection, world: World, act: RowMapping, ids: Sequence[UUID], now: datetime
) -> Counter[str]:
    """Back to what was there, of those alone whom nobody changed since."""
    of = store.find(connection, world.workspace_id, UUID(act["params"]["of"]))
    assert of is not None
    counts: Counter[str] = Counter()
    if of["act"] == "owner":
        before = store.changed_of(connection, of["id"], ids)
        lifecycle = world.library.catalogue(now).rules.lifecycle.key
        known = contact_rows.load_known(connection, ids, lifecycle)
        given = UUID(of["params"]["owner"]) if of["params"].get("owner") else None
        still = {who: before[who] for who in ids if known[who].owner == given}
        counts["since"] += len(ids) - len(still)
        if still:
            counts.update(_set_owners(connection, world, act, still, now))
        return counts
    tag = of["params"]["tag"]
    since = store.tagged_at(connection, ids, tag)
    if of["act"] == "tag":
        still_tagged = [who for who in ids if who in since and since[who] <= (of["finished_at"] or now)]
    else:
        still_tagged = [who for who in ids if who not in since]
    counts["since"] += len(ids) - len(still_tagged)
    if still_tagged:
        counts.update(_set_tag(connection, world, act, still_tagged, now, of["act"] == "untag", tag))
    return counts


_WORK: Mapping[
    str, Callable[[Connection, World, RowMapping, Sequence[UUID], datetime], Counter[str]]
] = {"tag": partial(_set_tag, wished=True), "untag": partial(_set_tag, wished=False), "owner": _owner, "enroll": _enroll, "exit": _exit}  # fmt: skip


def _left_out(
    connection: Connection, world: World, wish: Wish, ids: Sequence[UUID], now: datetime
) -> Collection[Reason]:
    """Why each of those who would not be changed would not."""
    if wish.act == EXPORT:
        return []
    catalogue = world.library.catalogue(now)
    if wish.act == "enroll":
        refused = attending.refusals(connection, world, catalogue, _sequence(world, wish, now), ids, now)
        return [reason for reason in refused.values() if reason is not None]
    if wish.act == "exit":
        version = _sequence(world, wish, now)
        stays = store.last_stays(connection, version.definition_id, ids)
        outside = [who for who in ids if who not in stays or stays[who][1] is not None]
        return [Reason("enrollment.not_inside", {"sequence": wish.sequence})] * len(outside)
    if wish.act == "owner":
        known = contact_rows.load_known(connection, ids, catalogue.rules.lifecycle.key)
        return [Reason("bulk.same_owner")] * sum(each.owner == wish.owner_id for each in known.values())
    tagged = len(store.tagged_at(connection, ids, wish.tag))
    has = wish.act == "tag"
    return [already(wish.tag, has)] * (tagged if has else len(ids) - tagged)


def _checked(world: World, wish: Wish, now: datetime) -> Wish:
    """The wish as it can be done. Raises ContactFault."""
    if wish.act == EXPORT:
        return wish
    if wish.act in LISTING:
        return replace(wish, act=LISTING[wish.act], tag=tag_of(world, wish.tag, now))
    if wish.act in ("tag", "untag"):
        tags = tags_in(wish.tag)
        if len(tags) != 1 or len(wish.tag.strip()) > LONGEST_TAG:
            raise ContactFault(Reason("bulk.one_tag", {"most": LONGEST_TAG}))
        return replace(wish, tag=tags[0])
    if wish.act == "owner":
        if wish.owner_id is not None:
            with world.database.read() as connection:
                people = dict(accounts.people(connection, world.workspace_id))
            if wish.owner_id not in people:
                raise ContactFault(Reason("bulk.no_owner"))
        return wish
    _sequence(world, wish, now)
    why = " ".join(wish.why.split())[:LONGEST_WHY]
    if not why:
        raise ContactFault(Reason("bulk.why_missing"))
    return replace(wish, why=why)


def _sequence(world: World, wish: Wish, now: datetime) -> SequenceVersion:
    version = world.library.catalogue(now).sequences.get(wish.sequence)
    if version is None:
        raise ContactFault(Reason("enroll.unknown", {"sequence": wish.sequence[:80]}))
    return version


def _wanted(connection: Connection, world: World, chosen: Chosen, now: datetime) -> rows.Wanted:
    names = programme.names(connection, world.workspace_id, world.settings.lifecycle_preset or None)
    if chosen.ids is not None:
        return rows.Wanted(world.workspace_id, names.key, now, ids=chosen.ids)
    whole = replace(chosen.asked, older_than=None, newer_than=None)
    return replace(whole, order="newest").wanted(world.workspace_id, names.key, now)


def _new(
    world: World, form_key: str, act: str, params: dict[str, Any], now: datetime, by: UUID
) -> dict[str, Any]:
    return {
        "id": new_id(now), "workspace_id": world.workspace_id, "user_id": by, "form_key": form_key, "act": act,
        "params": params, "why": "", "query": None, "ids": None, "expected": None, "newest": None,
        "state": "running", "position": None, "counts": {}, "created_at": now,
    }  # fmt: skip


def _actor(act: RowMapping) -> str:
    return f"user:{act['user_id']}"


def _audit(
    connection: Connection,
    world: World,
    act_id: UUID,
    action: str,
    detail: dict[str, Any],
    now: datetime,
    by: UUID,
) -> None:
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "bulk_act", "subject": str(act_id), "detail": {**detail, "through": "page"},
        },
    )  # fmt: skip
