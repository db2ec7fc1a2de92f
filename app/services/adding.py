"""A contact added by hand: made only if nobody has the address, and never against a wish that was told before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.core.contacts import Address, Wanted
from app.core.reasons import Reason
from app.services import by_hand
from app.services.addresses import AddressFault, read_address
from app.services.contacts import ContactFault, FieldFaults
from app.services.ids import new_id
from app.services.importing.around import surroundings
from app.services.importing.companies import companies_of
from app.services.importing.deciding import Decider, Origin
from app.services.importing.options import ImportOptions, Surroundings, default_stage
from app.services.importing.rows import RowFault, RowReader
from app.services.world import World
from app.store import accounts
from app.store import contacts as store

# What the form asks for besides the address: targets of an import.
FIELDS = ("first_name", "last_name", "job_title", "phone", "company.name", "locale", "zone", "stage", "owner")
WHOLE = ("address", "marketing", "domain", "company")


class Taken(ContactFault):
    """Somebody has the address already."""

    def __init__(self, contact_id: UUID, address: str) -> None:
        super().__init__(Reason("add.taken", {"address": address}))
        self.contact_id = contact_id


class Stopped(ContactFault):
    """Mail to the address is stopped; who is `sure` may add it all the same, and it stays stopped."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`values` are targets and texts. `topics` were agreed to: `basis` says how, `source` where."""

    email: str
    values: Mapping[str, str]
    topics: Sequence[str] = ()
    basis: str = ""
    source: str = ""
    sure: bool = False


def add(world: World, wish: Wish, actor: str, now: datetime) -> UUID:
    """The new contact. Raises FieldFaults, Taken, Stopped, ContactFault; nothing is written then."""
    around = surroundings(world, now)
    faults: dict[str, Reason] = {}
    try:
        address = read_address(wish.email)
    except AddressFault as fault:
        faults["email"], address = fault.reason, None
    with world.database.write() as connection:
        accounts.lock_workspace(connection, world.workspace_id)
        if address is not None:
            holder = store.contacts_of(connection, world.workspace_id, [address.key]).get(address.key)
            if holder is not None:
                raise Taken(holder, address.shown)
        wanted = _wanted(connection, world, around, wish, faults)
        if faults or wanted is None or address is None:
            raise FieldFaults(faults)
        _heed(connection, world, around, address, wish)
        origin = Origin(
            world.workspace_id, actor, actor, actor, now, {}, "contact.created", "stage.set_at_start"
        )
        stage = default_stage(ImportOptions(), around.lifecycle)
        decider = Decider(connection, around, origin, stage, lambda: new_id(now))
        decider.load([wanted], companies_of(connection, world.workspace_id, [wanted], now))
        outcome = decider.decide(wanted, {})
        if outcome.contact_id is None:
            raise ContactFault(outcome.notes[0])
        decider.batch.write(connection)
        names = sorted({"email", *(name for name, text in wish.values.items() if text)})
        detail = {"names": names, "topics": list(wanted.consents)}
        by_hand.audit(connection, world.workspace_id, outcome.contact_id, "contact.added", detail, actor, now)
    return outcome.contact_id


def _wanted(
    connection: Connection, world: World, around: Surroundings, wish: Wish, faults: dict[str, Reason]
) -> Wanted | None:
    """The form as a row of an import; what cannot be read is told by field, all at once."""
    values = {name: text.strip() for name, text in wish.values.items() if text.strip()}
    owners = store.owners_by_email(connection, world.workspace_id)
    targets = ("email", *values)
    reader = RowReader(targets, targets, ImportOptions(origin=""), around.lifecycle, {}, owners)
    for name, text in values.items():
        try:
            reader.value(name, text)
        except RowFault as fault:
            faults[name] = fault.reason
    known = around.topics
    unknown = next((topic for topic in wish.topics if known is not None and topic not in known), None)
    if unknown is not None:
        faults["topics"] = Reason(
            "contact.topic_unknown", {"topic": unknown[:80], "known": sorted(known or ())}
        )
    elif wish.topics and not (wish.basis.strip() and wish.source.strip()):
        faults["topics"] = Reason("contact.consent_basis", {"topic": wish.topics[0]})
    if faults:
        return None
    found = reader.read([wish.email, *values.values()])
    if isinstance(found, Reason):
        faults["email"] = found
        return None
    found.consents = tuple(dict.fromkeys(wish.topics))
    found.basis, found.consent_source = wish.basis.strip(), wish.source.strip()
    return found


def _heed(connection: Connection, world: World, around: Surroundings, address: Address, wish: Wish) -> None:
    """What was said about this address before it came in here."""
    hashes = [around.hash_value(part) for part in (address.key, address.domain)]
    standing = [
        one
        for found in store.live_suppressions(connection, world.workspace_id, hashes).values()
        for one in found
    ]
    if any(source == "erasure" for _, _, source in standing):
        raise FieldFaults({"email": Reason("add.erased")})
    taken_back = next(
        (topic for scope, topic, _ in standing if scope == "topic" and topic in wish.topics), None
    )
    if taken_back is not None:
        raise FieldFaults({"topics": Reason("add.topic_stopped", {"topic": taken_back})})
    if any(scope in WHOLE for scope, _, _ in standing):
        if wish.topics:
            raise FieldFaults({"topics": Reason("add.stopped_topics")})
        if not wish.sure:
            raise Stopped(Reason("add.stopped", {"address": address.shown}))
