"""Two contacts become one, in one transaction; what stood before is written down, so that it can be taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from app.core.contacts import COLUMNS, Change, nameless_key, uniting
from app.core.contacts.uniting import Said, Take
from app.core.enrollments import ended
from app.core.reasons import Reason
from app.services import by_hand, holding
from app.services.contacts import ContactFault
from app.services.ids import new_id
from app.services.merging import scoring
from app.services.merging.looking import CRITERION, TRACKING, Plan, Side, hashes_of, look
from app.services.stages import StageMove, ask_the_gate_again, move_stage
from app.services.suppressing import suppress
from app.services.timeline import line
from app.services.world import World
from app.store import contacts as contact_rows
from app.store import ledger, running
from app.store import merging as store

# Who has more lines than this is no person, and one transaction could not hold them.
MOST_ROWS = 20_000
STOPPED = "contact.stop_merged"
STAGE = ("lifecycle", "stage", "since", "reason_code", "reason_params", "revision")


@dataclass(slots=True)
class Act:
    """One merge at work; `before` is what an undo goes by."""

    connection: Connection
    world: World
    plan: Plan
    actor: str
    now: datetime
    id: UUID
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> Side:
        return self.plan.kept

    @property
    def other(self) -> Side:
        return self.plan.other

    def tell(self, who: UUID, kind: str, reason: Reason) -> None:
        ledger.add_timeline(
            self.connection, [line(self.world.workspace_id, who, kind, reason, self.now, actor=self.actor)]
        )


def merge(
    world: World,
    kept_id: UUID,
    other_id: UUID,
    actor: str,
    now: datetime,
    *,
    takes: Mapping[str, Take] | None = None,
    mark: str | None = None,
    form_key: str = "",
) -> UUID:
    """Make the other one part of the one who is kept; the merge's id.

    `mark` is that of the plan somebody saw: what changed since is not decided unseen. The same form twice is
    one merge, and so are two askings for what is so already. Raises ContactFault.
    """
    with world.database.write() as connection:
        before = _done(connection, world, kept_id, other_id, form_key)
        if before is not None:
            return before
        plan = look(connection, world, kept_id, other_id, now, takes or {}, hold=True)
        if mark is not None and mark != plan.mark:
            raise ContactFault(Reason("merge.stale"))
        if store.leaving(connection, [kept_id, other_id]):
            raise ContactFault(Reason("merge.leaving"))
        act = Act(connection, world, plan, actor, now, new_id(now))
        _rest_their_mail(act)
        moved = store.move(connection, other_id, kept_id, now, MOST_ROWS)
        if moved is None:
            raise ContactFault(Reason("merge.too_much", {"most": MOST_ROWS}))
        act.before["moved"] = {name: [str(each) for each in ids] for name, ids in moved.items()}
        _facts(act)
        _consents(act)
        _stops(act)
        _addresses(act)
        _stage(act)
        _scores(act)
        _close(act)
        act.before |= {"form_key": form_key}
        store.add(
            connection,
            {
                "id": act.id, "workspace_id": world.workspace_id, "survivor_id": kept_id, "merged_id": other_id,
                "before": act.before, "merged_at": now, "merged_by": by_hand.author(actor),
            },
        )  # fmt: skip
        _write_down(act)
        return act.id


def _done(connection: Connection, world: World, kept_id: UUID, other_id: UUID, form_key: str) -> UUID | None:
    """The merge this form made already, also where it was undone since; or the one that stands."""
    for row in store.between(connection, world.workspace_id, kept_id, other_id):
        if row.undone_at is None or (form_key and row.before.get("form_key") == form_key):
            found: UUID = row.id
            return found
    return None


def _rest_their_mail(act: Act) -> None:
    """The other leaves every sequence and every door; what has not left is called back. The survivor's mails that
    a worker holds ask the gate again, because it knows more by then.
    """
    connection, other, now = act.connection, act.other.id, act.now
    names = {"name": act.kept.name}
    stays = running.active_of(connection, [other])
    over = [(held, Reason("exit.merged", {**names, "sequence": held.enrollment.sequence})) for held in stays]
    running.save(connection, [(held, ended(held.enrollment, why)) for held, why in over], now)
    told = []
    for held, why in over:
        running.cancel_mails(connection, held.enrollment.id, why, now)
        told.append(
            line(
                act.world.workspace_id,
                other,
                "ended",
                why,
                now,
                actor=act.actor,
                enrollment_id=held.enrollment.id,
            )
        )
    ledger.add_timeline(connection, told)
    store.stop_asking(connection, other, "enroll.merged", names, now)
    store.call_back(connection, other, "contact.merged_away", names, now)
    ask_the_gate_again(connection, act.kept.id)
    act.before["left"] = list(act.plan.offers)


def _facts(act: Act) -> None:
    """Gaps are filled, and what was chosen of the other replaces what was known; each change in the history."""
    taken = [pair for pair in act.plan.facts if pair.take == "theirs"]
    columns: dict[str, Any] = {}
    own = dict(act.kept.row.fields or {})
    changes, criteria = list[Change](), dict[str, Any]()
    for pair in taken:
        if pair.name.startswith(CRITERION):
            criteria[pair.name.removeprefix(CRITERION)] = None
        elif pair.name in ("owner", "company"):
            columns[f"{pair.name}_id"] = pair.theirs
        elif pair.name in COLUMNS:
            columns[pair.name] = pair.theirs
        else:
            own[pair.name] = pair.theirs
        changes.append(_change(act, pair.name))
    mine, theirs = act.kept.row, act.other.row
    limits = {
        "tracking": uniting.tracked(mine.tracking, theirs.tracking, act.world.settings.tracking),
        "mails_a_week": uniting.fewest(mine.mails_a_week, theirs.mails_a_week),
        "mails_a_month": uniting.fewest(mine.mails_a_month, theirs.mails_a_month),
        "paused_until": uniting.longest(mine.paused_until, theirs.paused_until),
        "away_until": uniting.longest(mine.away_until, theirs.away_until),
    }
    columns |= {name: value for name, value in limits.items() if value != mine._mapping[name]}
    if mine.referred_by in (None, theirs.id):
        by = theirs.referred_by if theirs.referred_by != mine.id else None
        columns |= {"referred_by": by} if by != mine.referred_by else {}
    act.before["columns"] = {
        name: [_plain(mine._mapping[name]), _plain(new)] for name, new in columns.items()
    }
    act.before["fields"] = {
        name: [(mine.fields or {}).get(name), value]
        for name, value in own.items()
        if (mine.fields or {}).get(name) != value
    }
    if act.before["fields"]:
        columns["fields"] = own
    _criteria(act, criteria)
    added = sorted(act.other.tags - act.kept.tags)
    tags = [(mine.id, tag, act.world.workspace_id, act.now) for tag in added]
    act.before["tags"] = added
    changes += [Change("tag", tag, None, True) for tag in added]
    batch = contact_rows.Batch(tags=tags)
    batch.facts = [_history(act, change) for change in changes]
    if "paused_until" in columns:
        rest = Change("field", "paused_until", _plain(mine.paused_until), _plain(columns["paused_until"]))
        # Whose rest it was it stays: a colleague may end a colleague's, and nobody the person's own.
        batch.facts.append(_history(act, rest, holding.held_by(act.connection, theirs.id) or "contact"))
    batch.write(act.connection)
    store.set_columns(act.connection, mine.id, {**columns, "judge_due_at": act.now}, act.now)


def _change(act: Act, name: str) -> Change:
    old, new = act.kept.facts.get(name), act.other.facts[name]
    if name.startswith(CRITERION):
        return Change("criterion", name.removeprefix(CRITERION), old[0] if old else None, new[0])
    if name == "owner":
        return Change("owner", name, _plain(old), _plain(new))
    if name == "company":
        return Change("field", name, company_key(act.kept.row), company_key(act.other.row))
    return Change("field", name, old, new)


def company_key(row: Row[Any]) -> str | None:
    """What stands for a company in the history."""
    return (row.company_domain or nameless_key(row.company)) if row.company_id is not None else None


def _history(act: Act, change: Change, source: str = "") -> tuple[Any, ...]:
    return (
        new_id(act.now), act.world.workspace_id, act.kept.id, change.kind, change.name, change.old, change.new,
        source or act.actor, "contact.merged", {"name": act.other.name}, act.now,
    )  # fmt: skip


def _criteria(act: Act, wanted: Mapping[str, Any]) -> None:
    rows = store.criteria(act.connection, [act.kept.id, act.other.id])
    mine = {row.criterion: row for row in rows[act.kept.id]}
    act.before["criteria"] = {}
    for row in rows[act.other.id]:
        if row.criterion not in wanted:
            continue
        old = mine.get(row.criterion)
        act.before["criteria"][row.criterion] = _answer(old) if old is not None else None
        key = {
            "contact_id": act.kept.id, "criterion": row.criterion, "workspace_id": act.world.workspace_id,
        }  # fmt: skip
        # The evidence is the other's, the change is now: so an undo sees whether anybody answered since.
        values = {"state": row.state, "value": row.value, "evidence": row.evidence, "changed_at": act.now}
        store.set_criterion(act.connection, key, values)


def _answer(row: Any) -> dict[str, Any]:
    return {
        "state": row.state, "value": row.value, "evidence": row.evidence, "changed_at": row.changed_at.isoformat(),
    }  # fmt: skip


def _consents(act: Act) -> None:
    act.before["consents"] = {}
    for topic, mine, _, after in act.plan.consents:
        if after is not None and (mine is None or mine.state != after.state):
            _agree(act, topic, mine, after, {})
    if "tracking" in act.before["columns"]:
        old, mode = act.before["columns"]["tracking"]
        after = Said("withdrawn" if mode == "none" else "given", mode, act.now)
        detail = {"mode": mode, "before": old or act.world.settings.tracking}
        _agree(act, TRACKING, act.kept.said.get(TRACKING), after, detail)


def _agree(act: Act, topic: str, mine: Said | None, after: Said, detail: Mapping[str, Any]) -> None:
    act.before["consents"][topic] = [mine.state, mine.basis] if mine else None
    who = (act.world.workspace_id, act.kept.id, act.id)
    write_consent(act.connection, who, topic, mine, after, "contact.merged", act.actor, act.now, detail)


def write_consent(
    connection: Connection, who: tuple[UUID, UUID, UUID], topic: str, old: Said | None, after: Said | None, code: str,
    actor: str, now: datetime, detail: Mapping[str, Any],
) -> None:  # fmt: skip
    """One line of the ledger, the state it leads to, and its history. `who`: workspace, contact and merge.

    None: nothing is known any more; the ledger says so, as it only ever grows.
    """
    workspace_id, contact_id, merge_id = who
    state, basis = (after.state, after.basis) if after else ("unknown", "")
    told = {**detail, "by": actor, "merge": str(merge_id)}
    entry = (new_id(now), workspace_id, contact_id, topic, state, basis, "merge", now, told, None)
    contact_rows.add_consent_entry(connection, entry)
    if after is None:
        store.drop_consent(connection, contact_id, topic)
    else:
        values = {"purpose": topic, "state": state, "basis": basis, "at": now}
        contact_rows.set_consent(connection, workspace_id, contact_id, values)
    row: tuple[Any, ...] = (
        new_id(now), workspace_id, contact_id, "consent", topic, old.state if old else None,
        after.state if after else None, actor, code, {}, now,
    )  # fmt: skip
    contact_rows.Batch(facts=[row]).write(connection)


def _stops(act: Act) -> None:
    """What the other stopped stays with their addresses, and holds at the survivor's first one as well."""
    mails = [each.value for each in act.kept.addresses if each.kind == "email"]
    if mails:
        hashes = hashes_of(act.world, act.other)
        for stop in store.stops(act.connection, act.world.workspace_id, act.other.id, hashes):
            suppress(
                act.connection, act.world, scope=stop.scope, value=mails[0], topic=stop.topic,
                reason=Reason(STOPPED, {"name": act.other.name}), source=stop.source, now=act.now,
                contact_id=act.kept.id,
            )  # fmt: skip
    written = store.stops_written(act.connection, act.kept.id, STOPPED, act.now)
    act.before["stops"] = [str(each) for each in written]


def _addresses(act: Act) -> None:
    # By these a person names who it was.
    act.before["mails"] = [each.value for each in act.other.addresses if each.kind == "email"]
    act.before["addresses"] = [[str(each.id), each.is_primary] for each in act.other.addresses]
    store.give_addresses(act.connection, act.other.id, act.kept.id, first=not act.kept.mails)


def _stage(act: Act) -> None:
    """The further stage where the lifecycle leads there, through the one door; else the survivor's, and why."""
    store.take_stages(act.connection, act.other.id)
    act.before["stages"] = [{name: _plain(row._mapping[name]) for name in STAGE} for row in act.other.stages]
    mine, theirs, after = act.kept.stage, act.other.stage, act.plan.stage
    act.before["stage"] = None
    names = {"name": act.other.name, "stage": theirs or ""}
    if after is None or after == mine:
        if theirs and theirs != mine:
            act.tell(
                act.kept.id,
                "stage_refused",
                Reason("stage.merge_kept", {**names, "to": theirs, "kept": mine or ""}),
            )
        return
    lifecycle = act.world.library.catalogue(act.now).rules.lifecycle
    move = StageMove(act.kept.id, after, Reason("stage.by_merge", names), by="person", actor=act.actor)
    if move_stage(act.connection, act.world.workspace_id, lifecycle, move, act.now) is None:
        act.before["stage"] = [mine, after]


def _scores(act: Act) -> None:
    found = scoring.as_json(store.interests_of(act.connection, act.other.id))
    act.before["interests"] = found
    scoring.add_interests(act.connection, act.world.workspace_id, act.kept.id, found, 1)
    scoring.fold_again(act.connection, act.world.workspace_id, [act.kept.id, act.other.id])


def _close(act: Act) -> None:
    """The other refers to the survivor from now on, and so does who referred to the other."""
    connection, kept, other = act.connection, act.kept.id, act.other.id
    for column in ("merged_into", "referred_by"):
        act.before[column] = [str(each) for each in store.follow(connection, column, other, kept)]
    store.set_columns(connection, other, {"merged_into": kept, "judge_due_at": None}, act.now)


def _write_down(act: Act) -> None:
    told = {"name": act.other.name, "addresses": list(act.other.mails), "sequences": act.before["left"]}
    act.tell(act.kept.id, "contact", Reason("contact.merged", told))
    act.tell(act.other.id, "contact", Reason("contact.merged_away", {"name": act.kept.name}))
    for who, detail in (
        (act.kept.id, {"other": str(act.other.id)}),
        (act.other.id, {"into": str(act.kept.id)}),
    ):
        by_hand.audit(
            act.connection, act.world.workspace_id, who, "contact.merged", {**detail, "merge": str(act.id)},
            act.actor, act.now,
        )  # fmt: skip


def _plain(value: Any) -> Any:
    """As JSON keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
