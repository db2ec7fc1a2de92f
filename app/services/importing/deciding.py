"""Plans laid over what the database knows: new contacts, changes, notes, and the rows that say so."""

from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.contacts import COLUMNS, Change, Known, Wanted, consents_given, merge
from app.core.keys import admission
from app.core.reasons import Reason
from app.services.importing.options import Surroundings
from app.store.contacts import Batch, any_suppressed, contacts_of, live_suppressions, load_known

DAY = timedelta(days=1)
_COLUMNS = frozenset(COLUMNS)
_WHOLE_ADDRESS = ("address", "marketing", "domain", "company")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who says so, for history and timeline. `source` stands in `fact_changes`, `params` in every reason.

    `created` and `placed` are the codes of a new contact on the timeline and of its stage.
    """

    workspace_id: UUID
    source: str
    consent_source: str
    actor: str
    now: datetime
    params: dict[str, Any] = field(default_factory=dict)
    created: str = "contact.imported"
    placed: str = "stage.imported"


@dataclass(slots=True)
class Outcome:
    """What became of one plan: created, updated, unchanged or rejected."""

    contact_id: UUID | None
    result: str
    notes: list[Reason]


@dataclass(slots=True)
class Enrolling:
    """`a_day`: how many contacts are let in a day from `start` on; None: all at `start`. `stages`: where they stand."""

    occasion: str
    start: datetime
    a_day: int | None
    count: int = 0
    stages: Counter[str] = field(default_factory=Counter)


class Decider:
    """Decides one chunk inside its transaction; nothing is written before `batch.write`."""

    def __init__(
        self,
        connection: Connection,
        around: Surroundings,
        origin: Origin,
        default_stage: str,
        new_id: Callable[[], UUID],
        enrolling: Enrolling | None = None,
        again: Container[int] = (),
        met: dict[str, Known] | None = None,
    ) -> None:
        self.batch = Batch()
        self._id = new_id
        self._connection, self._around, self._origin = connection, around, origin
        self._default_stage = default_stage
        self._enrolling = enrolling
        self._sequences: dict[str, list[UUID]] = {}
        self._again = again
        self._rehearsal = met is not None
        # A rehearsal writes nothing: what it decided about contacts that may come again is kept here.
        self._met = {} if met is None else met
        self._companies: dict[str, UUID] = {}
        self._suppressed: dict[str, list[tuple[str, str, str]]] = {}
        self._known: dict[str, Known] = {}

    def load(self, wanted: Iterable[Wanted], companies: dict[str, UUID]) -> None:
        """Look up everything the plans touch, with a handful of statements."""
        rows = list(wanted)
        keys = {address.key for row in rows for address in row.addresses}
        found = contacts_of(self._connection, self._origin.workspace_id, keys)
        known = self._load_known(set(found.values())) if found else {}
        self._known = {key: known[contact_id] for key, contact_id in found.items()}
        for key in keys & self._met.keys():
            self._known[key] = self._met[key]
        self._companies = companies
        self._suppressed = self._load_suppressed(keys)

    def _load_suppressed(self, keys: set[str]) -> dict[str, list[tuple[str, str, str]]]:
        """By address and domain."""
        if not any_suppressed(self._connection, self._origin.workspace_id):
            return {}
        hash_value = self._around.hash_value
        hashed = {part: hash_value(part) for key in keys for part in (key, key.rpartition("@")[2])}
        by_hash = live_suppressions(self._connection, self._origin.workspace_id, set(hashed.values()))
        return {part: by_hash[digest] for part, digest in hashed.items() if digest in by_hash}

    def _load_known(self, ids: set[UUID]) -> dict[UUID, Known]:
        return load_known(self._connection, ids, self._around.lifecycle.key, lock=not self._rehearsal)

    def decide(self, wanted: Wanted, params: dict[str, Any]) -> Outcome:
        """One plan. `params` say more in its reasons, such as the row's number."""
        # Most rows are of somebody new.
        known = self._known_by(wanted) if self._known else None
        states, suppressed, erased = self._holds_back(wanted)
        if known is None:
            if erased:
                return Outcome(None, "rejected", [Reason("import.row.erased")])
            return self._create(wanted, states, suppressed, params)
        known.suppressed = suppressed
        known.consents = {**known.consents, **states}
        return self._change(wanted, known, params)

    def _known_by(self, wanted: Wanted) -> Known | None:
        return next((self._known[a.key] for a in wanted.addresses if a.key in self._known), None)

    def _holds_back(self, wanted: Wanted) -> tuple[dict[str, str], bool, bool]:
        """By suppression: topics that count as withdrawn, whether all mail is off, whether the person was erased."""
        states: dict[str, str] = {}
        suppressed = erased = False
        if self._suppressed:
            for address in wanted.addresses:
                for scope, topic, source in (
                    *self._suppressed.get(address.key, ()), *self._suppressed.get(address.domain, ()),
                ):  # fmt: skip
                    suppressed |= scope in _WHOLE_ADDRESS
                    erased |= source == "erasure"
                    if scope == "topic":
                        states[topic] = "withdrawn"
        return states, suppressed, erased

    def _create(
        self, wanted: Wanted, states: dict[str, str], suppressed: bool, params: dict[str, Any]
    ) -> Outcome:
        origin, batch, now = self._origin, self.batch, self._origin.now
        contact_id, workspace_id = self._id(), origin.workspace_id
        stage = wanted.stage or self._default_stage
        facts = wanted.facts = {**wanted.at_first, **wanted.facts}
        wanted.owner = wanted.owner or wanted.first_owner
        own = {} if facts.keys() <= _COLUMNS else {n: v for n, v in facts.items() if n not in _COLUMNS}
        company = self._companies.get(wanted.company.key) if wanted.company else None
        batch.contacts.append(
            (contact_id, workspace_id, company, wanted.owner, *map(facts.get, COLUMNS), own, 0, now, now, now)
        )
        for place, address in enumerate(wanted.addresses):
            batch.identities.append(
                (self._id(), workspace_id, contact_id, "email", address.key, address.shown, place == 0, now)
            )
        why = {**origin.params, **params}
        batch.stages.append(
            (contact_id, self._around.lifecycle.key, workspace_id, stage, now, self._origin.placed, why, 0)
        )
        batch.tags.extend((contact_id, tag, workspace_id, now) for tag in wanted.tags)
        given, notes = consents_given(wanted, states, suppressed) if wanted.consents else ([], [])
        self._consent(contact_id, given, wanted, why)
        self._remember(
            contact_id, "created", "contact", None, _whole(wanted, stage, given), "contact.created", why
        )
        batch.timeline.append(
            (self._id(), workspace_id, contact_id, now, "contact", origin.created, why, origin.actor)
        )
        self._enroll(contact_id, stage)
        if any(hash(address.key) in self._again for address in wanted.addresses):
            self._meet(_as_known(contact_id, wanted, stage, given))
        return Outcome(contact_id, "created", wanted.notes + notes)

    def _change(self, wanted: Wanted, known: Known, params: dict[str, Any]) -> Outcome:
        if known.stage is None and wanted.stage is None:
            wanted.stage = self._default_stage
        foreign = [a for a in wanted.addresses if a.key in self._known and self._known[a.key] is not known]
        wanted.addresses = tuple(a for a in wanted.addresses if a not in foreign)
        merged = merge(wanted, known)
        merged.notes.extend(Reason("import.note.address_taken", {"address": a.shown}) for a in foreign)
        if not merged.changes:
            return Outcome(known.contact_id, "unchanged", merged.notes)
        now, origin = self._origin.now, self._origin
        why = {**origin.params, **params}
        for change in merged.changes:
            self._apply(change, wanted, known, why)
            self._remember(
                known.contact_id, change.kind, change.name, change.old, change.new, "contact.updated", why
            )
        known.revision += 1
        values = self.batch.updates.setdefault(known.contact_id, {})
        values.update(revision=known.revision, updated_at=now, judge_due_at=now)
        told = {**why, "changes": [change.name for change in merged.changes]}
        self.batch.timeline.append(
            (
                self._id(),
                origin.workspace_id,
                known.contact_id,
                now,
                "contact",
                "contact.updated",
                told,
                origin.actor,
            )
        )
        if len(known.addresses) > 1:
            self._meet(known)
        return Outcome(known.contact_id, "updated", merged.notes)

    def _apply(self, change: Change, wanted: Wanted, known: Known, why: dict[str, Any]) -> None:
        """Write one change into the batch and into `known`, so that the next row about them sees it."""
        batch, now, contact_id = self.batch, self._origin.now, known.contact_id
        workspace_id = self._origin.workspace_id
        values = batch.updates.setdefault(contact_id, {})
        if change.name == "company" and change.kind == "field":
            known.company = str(change.new)
            values["company_id"] = self._companies.get(known.company)
        elif change.kind == "field" and change.new is not None:
            known.facts = {**known.facts, change.name: change.new}
            if change.name in _COLUMNS:
                values[change.name] = change.new
            else:
                values["fields"] = {name: v for name, v in known.facts.items() if name not in _COLUMNS}
        elif change.kind == "tag":
            known.tags |= {change.name}
            batch.tags.append((contact_id, change.name, workspace_id, now))
        elif change.kind == "address":
            first = not known.addresses
            known.addresses = (*known.addresses, change.name)
            self._known[change.name] = known
            batch.identities.append(
                (self._id(), workspace_id, contact_id, "email", change.name, change.new, first, now)
            )
        elif change.kind == "owner":
            known.owner = values["owner_id"] = UUID(str(change.new))
        elif change.kind == "stage":
            known.stage = str(change.new)
            batch.stages.append(
                (
                    contact_id,
                    self._around.lifecycle.key,
                    workspace_id,
                    known.stage,
                    now,
                    "stage.imported",
                    why,
                    0,
                )
            )
            self._enroll(contact_id, known.stage)
        else:
            known.consents = {**known.consents, change.name: "given"}
            self._consent(contact_id, [change.name], wanted, why)

    def _consent(self, contact_id: UUID, given: list[str], wanted: Wanted, why: dict[str, Any]) -> None:
        origin, now = self._origin, self._origin.now
        for purpose in given:
            self.batch.consents.append((contact_id, purpose, origin.workspace_id, "given", wanted.basis, now))
            self.batch.consent_entries.append(
                (
                    self._id(), origin.workspace_id, contact_id, purpose, "given", wanted.basis,
                    wanted.consent_source or origin.consent_source, now, why,
                )
            )  # fmt: skip

    def _remember(
        self, contact_id: UUID, kind: str, name: str, old: Any, new: Any, code: str, why: dict[str, Any]
    ) -> None:
        origin = self._origin
        self.batch.facts.append(
            (
                self._id(), origin.workspace_id, contact_id, kind, name, old, new, origin.source, code, why,
                origin.now,
            )
        )  # fmt: skip

    def _enroll(self, contact_id: UUID, stage: str) -> None:
        plan = self._enrolling
        if plan is None:
            return
        if stage not in self._sequences:
            self._sequences[stage] = self._around.sequences_for_stage(
                self._connection, self._origin.workspace_id, stage
            )
        sequences = self._sequences[stage]
        if not sequences:
            return
        due_at = plan.start + (DAY * (plan.count // plan.a_day) if plan.a_day else timedelta())
        plan.count += 1
        plan.stages[stage] += 1
        now = self._origin.now
        for definition_id in sequences:
            self.batch.admissions.append(
                (
                    self._id(), self._origin.workspace_id, contact_id, definition_id, due_at, "waiting",
                    admission(definition_id, contact_id, plan.occasion), "import", "enroll.imported",
                    {**self._origin.params, "stage": stage}, now,
                )
            )  # fmt: skip

    def _meet(self, known: Known) -> None:
        for key in known.addresses:
            self._known[key] = self._met[key] = known


def _whole(wanted: Wanted, stage: str, given: list[str]) -> dict[str, Any]:
    """The facts a contact begins with, for the one history row of its creation."""
    told: dict[str, Any] = {"addresses": [address.shown for address in wanted.addresses], "stage": stage}
    told.update(wanted.facts)
    if wanted.tags:
        told["tags"] = list(wanted.tags)
    if wanted.company is not None:
        told["company"] = wanted.company.key
    if wanted.owner is not None:
        told["owner"] = str(wanted.owner)
    if given:
        told["consents"] = given
    return told


def _as_known(contact_id: UUID, wanted: Wanted, stage: str, given: list[str]) -> Known:
    return Known(
        contact_id,
        0,
        dict(wanted.facts),
        tuple(address.key for address in wanted.addresses),
        frozenset(wanted.tags),
        wanted.company.key if wanted.company else None,
        wanted.owner,
        stage,
        dict.fromkeys(given, "given"),
    )
