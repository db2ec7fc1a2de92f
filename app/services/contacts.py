"""One contact by hand: made, changed, tagged, given an owner, consent recorded; each with history and timeline.

`by` says who does it: "user:<id>", "contact", "system". Values come as text and are read as in an
import, so that a form, the shell and a file agree on what "Italia" or "31.3.2026" means.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.contacts import COLUMNS, TARGETS, Change, Known, tags_in
from app.core.contacts.values import as_text
from app.core.reasons import Reason
from app.services import by_hand
from app.services.addresses import AddressFault, read_address
from app.services.hook_subscriptions import Told, tell
from app.services.ids import new_id
from app.services.importing.companies import companies_of
from app.services.importing.deciding import Decider, Origin, Outcome
from app.services.importing.options import ImportOptions, Surroundings, default_stage, out_of_use, own_fields
from app.services.importing.rows import RowFault, RowReader
from app.services.stages import ask_the_gate_again
from app.store import contacts as store
from app.store.database import Database
from app.store.hits import living

CONSENT_STATES = ("asked", "given", "withdrawn")


class ContactFault(Exception):
    """What was asked cannot be done; nothing was written."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SheetField:
    """`label` is empty for a built-in field, whose name the page words itself."""

    key: str
    label: str
    kind: str
    choices: tuple[str, ...]
    text: str


class FieldFaults(ContactFault):
    """Some fields cannot be set to what was typed; `faults` has the reason by field."""

    def __init__(self, faults: Mapping[str, Reason]) -> None:
        super().__init__(next(iter(faults.values())))
        self.faults = faults


def save_contact(
    database: Database,
    workspace_id: UUID,
    around: Surroundings,
    values: Mapping[str, str],
    by: str,
    now: datetime,
) -> Outcome:
    """Make the contact with this address, or lay the values over the one who has it.

    `values` maps import targets ("email", "first_name", "company.name", a custom field) to text.
    A stage counts for a new contact only; an existing one moves through app.services.stages.
    Raises ContactFault.
    """
    with database.write() as connection:
        reader = _reader(connection, workspace_id, around, list(values))
        wanted = reader.read(list(values.values()))
        if isinstance(wanted, Reason):
            raise ContactFault(wanted)
        origin = Origin(workspace_id, by, by, by, now, {}, "contact.created", "stage.set_at_start")
        decider = Decider(
            connection, around, origin, default_stage(ImportOptions(), around.lifecycle), lambda: new_id(now)
        )
        decider.load([wanted], companies_of(connection, workspace_id, [wanted], now))
        outcome = decider.decide(wanted, {})
        if outcome.contact_id is None:
            raise ContactFault(outcome.notes[0])
        decider.batch.write(connection)
    return outcome


def set_field(
    database: Database, workspace_id: UUID, around: Surroundings, contact_id: UUID, field: str, text: str, by: str,
    now: datetime,
) -> list[Change]:  # fmt: skip
    """Set one built-in or custom field; empty text clears it. What changed. Raises ContactFault."""
    return set_fields(database, workspace_id, around, contact_id, {field: text}, by, now)


def set_fields(
    database: Database, workspace_id: UUID, around: Surroundings, contact_id: UUID, texts: Mapping[str, str], by: str,
    now: datetime, seen: Mapping[str, str] | None = None,
) -> list[Change]:  # fmt: skip
    """Set several fields at once, all or none of them. What changed. Raises FieldFaults with a reason for each
    that cannot be, ContactFault where the contact is not there.

    `seen` is how each field read when somebody last looked: what another changed meanwhile is not overruled unseen.
    """
    with database.write() as connection:
        known = _known(connection, workspace_id, contact_id, around)
        types = [row for row in store.field_types(connection, workspace_id) if row["subject"] == "contact"]
        retired = out_of_use(types)
        reader = _reader(connection, workspace_id, around, ["email"])
        changes, faults = [], {}
        for field, text in texts.items():
            try:
                if field not in COLUMNS and field not in own_fields(types):
                    raise RowFault("contact.field_unknown", field=field[:80])
                if field in retired:
                    raise RowFault("contact.field_retired", field=retired[field])
                new = reader.value(field, text) if text.strip() else None
            except RowFault as fault:
                faults[field] = fault.reason
                continue
            old = known.facts.get(field)
            if old == new and type(old) is type(new):
                continue
            if seen is not None and seen.get(field, "") != as_text(old):
                faults[field] = by_hand.stale(connection, contact_id, "field", field, as_text(old))
            changes.append(Change("field", field, old, new))
        if faults:
            raise FieldFaults(faults)
        if not changes:
            return []
        facts = {**known.facts, **{change.name: change.new for change in changes}}
        own = {name: value for name, value in facts.items() if name not in COLUMNS and value is not None}
        values: dict[str, Any] = {each.name: each.new for each in changes if each.name in COLUMNS}
        if len(values) < len(changes):
            values["fields"] = own
        _write(connection, workspace_id, known, changes, values, "contact.field_set", by, now)
    return changes


def tag_contact(
    database: Database, workspace_id: UUID, around: Surroundings, contact_id: UUID, by: str, now: datetime,
    add: Iterable[str] = (), remove: Iterable[str] = (),
) -> list[Change]:  # fmt: skip
    """Add and remove tags; those that are, or are not, there already change nothing. Raises ContactFault."""
    wished, unwished = tags_in(",".join(add)), tags_in(",".join(remove))
    with database.write() as connection:
        known = _known(connection, workspace_id, contact_id, around)
        changes = [Change("tag", tag, None, True) for tag in wished if tag not in known.tags]
        changes += [Change("tag", tag, True, None) for tag in unwished if tag in known.tags]
        if changes:
            batch = store.Batch(tags=[(contact_id, c.name, workspace_id, now) for c in changes if c.new])
            batch.write(connection)
            for change in changes:
                if not change.new:
                    store.remove_tag(connection, contact_id, change.name)
            _write(connection, workspace_id, known, changes, {}, "contact.tagged", by, now)
    return changes


def set_owner(
    database: Database, workspace_id: UUID, around: Surroundings, contact_id: UUID, email: str | None, by: str,
    now: datetime, seen: str | None = None,
) -> list[Change]:  # fmt: skip
    """Give the contact to the user with this address; None: to nobody. Raises ContactFault.

    `seen` is the id of the owner somebody last saw ("": nobody), who is not replaced by another unseen.
    """
    with database.write() as connection:
        known = _known(connection, workspace_id, contact_id, around)
        owner = store.owners_by_email(connection, workspace_id).get(email.strip().lower()) if email else None
        if email and owner is None:
            raise ContactFault(Reason("contact.owner_unknown", {"value": email[:120]}))
        if owner == known.owner:
            return []
        if seen is not None and seen != (_text(known.owner) or ""):
            present = next(
                (mail for mail, who in _owners(connection, workspace_id) if who == known.owner), ""
            )
            raise ContactFault(by_hand.stale(connection, contact_id, "owner", "owner", present))
        change = Change("owner", "owner", _text(known.owner), _text(owner))
        _write(connection, workspace_id, known, [change], {"owner_id": owner}, "contact.owner_set", by, now)
    return [change]


def add_address(
    database: Database,
    workspace_id: UUID,
    around: Surroundings,
    contact_id: UUID,
    text: str,
    by: str,
    now: datetime,
) -> list[Change]:
    """Give the contact one more address. Raises ContactFault, also when it is another contact's."""
    try:
        address = read_address(text)
    except AddressFault as fault:
        raise ContactFault(fault.reason) from None
    with database.write() as connection:
        known = _known(connection, workspace_id, contact_id, around)
        holder = store.contacts_of(connection, workspace_id, [address.key]).get(address.key)
        if holder == contact_id:
            return []
        if holder is not None:
            raise ContactFault(Reason("contact.address_taken", {"address": address.shown}))
        first = not known.addresses
        row = (new_id(now), workspace_id, contact_id, "email", address.key, address.shown, first, now)
        store.Batch(identities=[row]).write(connection)
        change = Change("address", address.key, None, address.shown)
        _write(connection, workspace_id, known, [change], {}, "contact.address_added", by, now)
    return [change]


def record_consent(
    database: Database, workspace_id: UUID, around: Surroundings, contact_id: UUID, purpose: str, state: str,
    basis: str, source: str, by: str, now: datetime, text_version: str | None = None, seen: str | None = None,
) -> bool:  # fmt: skip
    """Write one entry of the consent ledger and the state it leads to; False when it was that already.

    This is the contact's or a person's own act, so it may give again what was withdrawn; an import never
    does. `basis` says on what it rests, `source` where it was said, `seen` what the state was when somebody last
    looked. Raises ContactFault.
    """
    if state not in CONSENT_STATES:
        raise ContactFault(Reason("contact.consent_state", {"state": state, "known": list(CONSENT_STATES)}))
    if around.topics is not None and purpose not in {*around.topics, "tracking"}:
        raise ContactFault(
            Reason("contact.topic_unknown", {"topic": purpose, "known": sorted(around.topics)})
        )
    if state == "given" and not (basis.strip() and source.strip()):
        raise ContactFault(Reason("contact.consent_basis", {"topic": purpose}))
    with database.write() as connection:
        known = _known(connection, workspace_id, contact_id, around)
        old = known.consents.get(purpose)
        if old == state:
            return False
        if seen is not None and seen != (old or ""):
            raise ContactFault(by_hand.stale(connection, contact_id, "consent", purpose, old or ""))
        entry = (
            new_id(now),
            workspace_id,
            contact_id,
            purpose,
            state,
            basis,
            source,
            now,
            {"by": by},
            text_version,
        )
        store.add_consent_entry(connection, entry)
        store.set_consent(
            connection,
            workspace_id,
            contact_id,
            {"purpose": purpose, "state": state, "basis": basis, "at": now},
        )
        told = Told(contact_id, f"consent_{state}", entry[0], now, purpose)
        tell(connection, workspace_id, told, now)
        change = Change("consent", purpose, old, state)
        _write(connection, workspace_id, known, [change], {}, f"contact.consent_{state}", by, now)
        if state == "withdrawn":
            ask_the_gate_again(connection, contact_id)
    return True


def find_contact(database: Database, workspace_id: UUID, who: str) -> UUID | None:
    """The contact named by an address or an id."""
    with database.read() as connection:
        try:
            contact_id = UUID(who)
        except ValueError:
            try:
                key = read_address(who).key
            except AddressFault:
                return None
            return store.contacts_of(connection, workspace_id, [key]).get(key)
        # An old id is the survivor's, as an old address is.
        found = living(connection, [contact_id]).get(contact_id)
        return found.contact_id if found is not None and found.workspace_id == workspace_id else None


@dataclass(frozen=True, slots=True)
class FactChange:
    """A field as it was and as it became; `source` is who or what said so."""

    name: str
    old: Any
    new: Any
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a form about one contact shows: fields with type and text, the tags, consents by topic, the owner."""

    fields: tuple[SheetField, ...]
    tags: tuple[str, ...]
    consents: Mapping[str, str]
    owner_id: UUID | None
    history: tuple[FactChange, ...]


def sheet(database: Database, workspace_id: UUID, around: Surroundings, contact_id: UUID) -> Sheet:
    """As the contact stands now. Raises ContactFault."""
    with database.read() as connection:
        if not store.exists(connection, workspace_id, contact_id):
            raise ContactFault(Reason("contact.unknown", {"contact": str(contact_id)}))
        known = store.load_known(connection, [contact_id], around.lifecycle.key)[contact_id]
        own = [row for row in store.field_types(connection, workspace_id) if row["subject"] == "contact"]
        changes = store.history(connection, contact_id)
    built_in = (SheetField(name, "", "text", (), as_text(known.facts.get(name))) for name in COLUMNS)
    custom = (
        SheetField(
            row["key"], row["label"], row["type"], tuple(row["choices"]), as_text(known.facts.get(row["key"]))
        )
        for row in own
        if row["retired_at"] is None
    )
    history = tuple(
        FactChange(row["name"], row["old"], row["new"], row["source"], row["at"])
        for row in changes
        if row["kind"] == "field"
    )
    return Sheet((*built_in, *custom), tuple(sorted(known.tags)), dict(known.consents), known.owner, history)


def owners(database: Database, workspace_id: UUID) -> list[tuple[UUID, str, str]]:
    """Who may own contacts: (id, name, address), by name."""
    with database.read() as connection:
        return [(row.id, row.name, row.email) for row in store.owners(connection, workspace_id)]


def _reader(
    connection: Connection, workspace_id: UUID, around: Surroundings, targets: Sequence[str]
) -> RowReader:
    types = store.field_types(connection, workspace_id)
    fields, retired = own_fields(types), out_of_use(types)
    for target in targets:
        if target not in TARGETS and target not in fields:
            raise ContactFault(Reason("contact.field_unknown", {"field": target}))
        if target in retired:
            raise ContactFault(Reason("contact.field_retired", {"field": retired[target]}))
    owners = store.owners_by_email(connection, workspace_id)
    return RowReader(targets, tuple(targets), ImportOptions(origin=""), around.lifecycle, fields, owners)


def _known(connection: Connection, workspace_id: UUID, contact_id: UUID, around: Surroundings) -> Known:
    if not store.exists(connection, workspace_id, contact_id):
        raise ContactFault(Reason("contact.unknown", {"contact": str(contact_id)}))
    return store.load_known(connection, [contact_id], around.lifecycle.key, lock=True)[contact_id]


def _write(
    connection: Connection, workspace_id: UUID, known: Known, changes: Sequence[Change], values: Mapping[str, Any],
    code: str, by: str, now: datetime,
) -> None:  # fmt: skip
    batch = store.Batch()
    lay_down(batch, workspace_id, known, changes, values, code, by, now)
    batch.write(connection)
    # The names of tags and addresses may be personal; those of fields, topics and the like are ours.
    names = [c.name for c in changes if c.kind in ("field", "consent", "owner")]
    by_hand.audit(
        connection, workspace_id, known.contact_id, code, {"names": names} if names else {}, by, now
    )


def lay_down(
    batch: store.Batch, workspace_id: UUID, known: Known, changes: Sequence[Change], values: Mapping[str, Any],
    code: str, by: str, now: datetime,
) -> None:  # fmt: skip
    """The contact's own columns, a history row a change, and one line on the timeline."""
    who = known.contact_id
    batch.updates[who] = {**values, "revision": known.revision + 1, "updated_at": now, "judge_due_at": now}
    for change in changes:
        said: tuple[Any, ...] = (change.kind, change.name, change.old, change.new, by, code, {}, now)
        batch.facts.append((new_id(now), workspace_id, who, *said))
    told = {"changes": [{"name": c.name, "old": c.old, "new": c.new} for c in changes]}
    batch.timeline.append((new_id(now), workspace_id, who, now, "contact", code, told, by))


def _owners(connection: Connection, workspace_id: UUID) -> list[tuple[str, UUID]]:
    return list(store.owners_by_email(connection, workspace_id).items())


def _text(user_id: UUID | None) -> str | None:
    return str(user_id) if user_id is not None else None
