"""Companies in people's hands: made, changed, people put in and out, and marketing to all of them stopped.

A company has no stage and no owner of its own: both are those of its people. What is typed is read as in an import.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core.contacts import Change, CompanyWish, FieldType, nameless_key
from app.core.contacts.values import ValueFault, as_text, typed_value
from app.core.contacts.words import tidy
from app.core.free_mail import company_domain
from app.core.reasons import Reason
from app.services import by_hand, suppressions
from app.services.addresses import AddressFault, read_address, read_domain
from app.services.contacts import lay_down
from app.services.ids import new_id
from app.services.importing.options import own_fields
from app.services.stages import ask_the_gate_again
from app.services.suppressing import ValueHash, company_key
from app.services.viewing import programme
from app.services.world import World
from app.store import accounts, suppressed
from app.store import companies as store
from app.store import contacts as contact_rows
from app.store.views import Found

LONGEST_NAME = 200


class CompanyFault(Exception):
    """What was asked cannot be done; nothing was written. `field` names the part of the form."""

    def __init__(self, code: str, place: str = "", **params: Any) -> None:
        super().__init__(code)
        self.reason, self.field = Reason(code, params), place


class CompanyFaults(Exception):
    """Some of it cannot be as it was typed; `faults` has the reason by field."""

    def __init__(self, faults: Mapping[str, Reason]) -> None:
        super().__init__(next(iter(faults.values())).code)
        self.faults = faults


@dataclass(frozen=True, slots=True)
class SheetField:
    """Something that can be changed. `label` is empty for name and domain, which the page words itself."""

    key: str
    label: str
    kind: str
    choices: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    id: UUID
    name: str
    fields: tuple[SheetField, ...]


def sheet(world: World, company_id: UUID) -> Sheet | None:
    """What a form about one company shows: name, domain, and every field in use."""
    with world.database.read() as connection:
        found = store.find(connection, world.workspace_id, (), [company_id])
        types = _types(connection, world.workspace_id)
    if not found:
        return None
    row = found[0]
    own = (
        SheetField(each["key"], each["label"], each["type"], tuple(each["choices"]), as_text(row["fields"].get(each["key"])))
        for each in types
        if each["retired_at"] is None
    )  # fmt: skip
    usual = (SheetField(name, "", "text", (), row[name] or "") for name in ("name", "domain"))
    return Sheet(company_id, row["name"], (*usual, *own))


def make(world: World, name: str, domain: str, by: UUID | None, now: datetime, via: str = "") -> tuple[UUID, bool]:  # fmt: skip
    """The company of this domain, or without one of this name, and whether it is new. Raises CompanyFaults."""
    faults: dict[str, Reason] = {}
    read: dict[str, str | None] = {}
    for field, text in (("name", name), ("domain", domain)):
        try:
            read[field] = _read_usual(field, text)
        except CompanyFault as fault:
            faults[field] = fault.reason
    if not faults and not read["name"] and not read["domain"]:
        faults["name"] = Reason("company.no_name")
    if faults:
        raise CompanyFaults(faults)
    title, host = read["name"] or read["domain"] or "", read["domain"]
    wish = CompanyWish(host or nameless_key(title), title)
    company_id = new_id(now) if host else store.nameless_id(world.workspace_id, wish.key)
    looked = ([host], ()) if host else ((), [company_id])
    with world.database.write() as connection:
        for row in store.find(connection, world.workspace_id, *looked):
            return row["id"], False
        store.add_missing(connection, [(company_id, world.workspace_id, host, title, {}, now)])
        [row] = store.find(connection, world.workspace_id, *looked)
        new = bool(row["id"] == company_id)
        if new:
            _audit(
                connection, world, company_id, "company.made", {"name": title, "domain": host}, by, now, via
            )
    return row["id"], new


def change(
    world: World, company_id: UUID, texts: Mapping[str, str], by: UUID | None, now: datetime,
    seen: Mapping[str, str] | None = None, via: str = "",
) -> tuple[str, ...]:  # fmt: skip
    """Set name, domain and fields of the company's own, all or none; empty text clears. What changed.

    `seen` is how each read when somebody last looked: what another changed meanwhile is not overruled unseen. Its
    people are judged anew. Raises CompanyFaults with a reason for each that cannot be, CompanyFault where it is gone.
    """
    with world.database.write() as connection:
        row = store.lock(connection, world.workspace_id, company_id)
        if row is None:
            raise CompanyFault("company.unknown")
        types = _types(connection, world.workspace_id)
        faults: dict[str, Reason] = {}
        changes: dict[str, tuple[Any, Any]] = {}
        for key, text in texts.items():
            old = row[key] if key in ("name", "domain") else row["fields"].get(key)
            try:
                new = _read(key, text, types)
                if key == "domain" and new and new != old:
                    _check_free(connection, world.workspace_id, company_id, str(new))
            except CompanyFault as fault:
                faults[key] = fault.reason
                continue
            if old == new and type(old) is type(new):
                continue
            if seen is not None and seen.get(key, "") != as_text(old):
                faults[key] = Reason("contact.stale", {"name": key, "now": as_text(old)[:80] or "–"})
            changes[key] = (old, new)
        if faults:
            raise CompanyFaults(faults)
        if changes:
            _write(connection, world, row["fields"], company_id, changes)
            detail = {"changes": {key: list(both) for key, both in changes.items()}}
            _audit(connection, world, company_id, "company.changed", detail, by, now, via)
    return tuple(changes)


def _write(
    connection: Connection, world: World, own: Mapping[str, Any], company_id: UUID,
    changes: Mapping[str, tuple[Any, Any]],
) -> None:  # fmt: skip
    values = {key: new for key, (_, new) in changes.items() if key in ("name", "domain")}
    fields = {**own, **{key: new for key, (_, new) in changes.items() if key not in ("name", "domain")}}
    values["fields"] = {key: value for key, value in fields.items() if value is not None}
    store.fill(connection, company_id, values)
    if "name" in changes:
        digest = ValueHash(world.settings)(company_key(company_id))
        suppressed.rename(connection, world.workspace_id, digest, values["name"])


def put_in(
    world: World, company_id: UUID, address: str, actor: str, now: datetime, *,
    frm: UUID | None = None,
) -> bool:  # fmt: skip
    """Put the contact with this address into the company. False: they were there.

    Who is with another company is moved only from the one that was `frm`: whoever asks has seen it. Raises
    CompanyFault.
    """
    try:
        key = read_address(address).key
    except AddressFault as fault:
        raise CompanyFault(fault.reason.code, "address", **fault.reason.params) from None
    with world.database.write() as connection:
        company = store.lock(connection, world.workspace_id, company_id)
        contact_id = contact_rows.contacts_of(connection, world.workspace_id, [key]).get(key)
        if company is None:
            raise CompanyFault("company.unknown")
        if contact_id is None or not contact_rows.lock(connection, world.workspace_id, contact_id):
            raise CompanyFault("company.nobody", "address", address=address.strip()[:120])
        present = suppressed.company_id_of(connection, contact_id)
        if present == company_id:
            return False
        if present is not None and present != frm:
            [other] = store.find(connection, world.workspace_id, (), [present])
            raise CompanyFault("company.elsewhere", "address", company=other["name"], id=str(present))
        new = company["domain"] or nameless_key(company["name"])
        _set(connection, world, contact_id, company_id, new, actor, now)
    return True


def take_out(world: World, company_id: UUID, contact_id: UUID, actor: str, now: datetime) -> bool:
    """Take the contact out of the company. False: they were not in it."""
    with world.database.write() as connection:
        if not contact_rows.lock(connection, world.workspace_id, contact_id):
            return False
        if suppressed.company_id_of(connection, contact_id) != company_id:
            return False
        _set(connection, world, contact_id, None, None, actor, now)
    return True


def _set(
    connection: Connection, world: World, contact_id: UUID, company_id: UUID | None,
    name: str | None, actor: str, now: datetime,
) -> None:  # fmt: skip
    lifecycle = programme.names(connection, world.workspace_id, world.settings.lifecycle_preset or None).key
    known = contact_rows.load_known(connection, [contact_id], lifecycle, lock=True)[contact_id]
    batch = contact_rows.Batch()
    change = Change("field", "company", known.company, name)
    lay_down(
        batch,
        world.workspace_id,
        known,
        [change],
        {"company_id": company_id},
        "contact.field_set",
        actor,
        now,
    )
    batch.write(connection)
    by_hand.audit(
        connection, world.workspace_id, contact_id, "contact.field_set", {"names": ["company"]}, actor, now
    )
    # What stops the company stops them from now on.
    ask_the_gate_again(connection, contact_id)


@dataclass(frozen=True, slots=True)
class Stop:
    """What keeps mail from this company. `whole`: of the company itself, and not of its domain alone."""

    id: UUID
    scope: str
    reason: Reason
    at: datetime

    @property
    def whole(self) -> bool:
        return self.scope == "company"


def stops(world: World, company_id: UUID, domain: str | None) -> tuple[Stop, ...]:
    """The suppressions that hold for the company or for its domain."""
    hashed = ValueHash(world.settings)
    values = [company_key(company_id), *([domain] if domain else [])]
    with world.database.read() as connection:
        found = suppressed.live(connection, world.workspace_id, [hashed(value) for value in values])
    return tuple(_stop(row) for row in found if row.scope in ("company", "domain"))


def _stop(row: Found) -> Stop:
    return Stop(row.id, row.scope, Reason(row.reason_code, row.reason_params or {}), row.at)


def stop(world: World, company_id: UUID, why: str, by: UUID | None, now: datetime) -> bool:
    """No marketing to anybody of the company from now on. False: that held already.

    Raises SuppressionFault, CompanyFault.
    """
    with world.database.write() as connection:
        row = store.lock(connection, world.workspace_id, company_id)
        if row is None:
            raise CompanyFault("company.unknown")
        return suppressions.stop_company(connection, world, company_id, row["name"], why, by, now)


def lift(world: World, company_id: UUID, why: str, by: UUID | None, now: datetime) -> bool:
    """Let marketing go to the company again. False: nothing stopped it. Raises SuppressionFault."""
    standing = next((each for each in stops(world, company_id, None) if each.whole), None)
    return standing is not None and suppressions.lift(world, standing.id, why, by, now)


def _types(connection: Connection, workspace_id: UUID) -> list[Any]:
    return [row for row in contact_rows.field_types(connection, workspace_id) if row["subject"] == "company"]


def _read(key: str, text: str, types: list[Any]) -> Any:
    """What is typed for one field, as it is stored. Raises CompanyFault."""
    if key in ("name", "domain"):
        value = _read_usual(key, text)
        if key == "name" and not value:
            raise CompanyFault("company.no_name", key)
        return value
    declared = next((row for row in types if row["key"] == key), None)
    if declared is None:
        raise CompanyFault("contact.field_unknown", key, field=key[:80])
    if declared["retired_at"] is not None:
        raise CompanyFault("contact.field_retired", key, field=declared["label"])
    if not text.strip():
        return None
    field: FieldType = own_fields([declared])[f"company.{key}"]
    try:
        return typed_value(field, text.strip())
    except ValueFault as fault:
        told = {**fault.reason.params, "column": declared["label"]}
        raise CompanyFault(fault.reason.code, key, **told) from None


def _read_usual(field: str, text: str) -> str | None:
    """A name or a domain; None where it is empty."""
    if field == "name":
        name = tidy(text)
        if len(name) > LONGEST_NAME:
            raise CompanyFault("company.name_long", field, longest=LONGEST_NAME)
        return name or None
    if not text.strip():
        return None
    try:
        domain = read_domain(text.strip())
    except AddressFault:
        raise CompanyFault("company.no_domain", field, domain=text.strip()[:80]) from None
    if company_domain(domain) is None:
        raise CompanyFault("company.free_mail", field, domain=domain)
    return domain


def _check_free(connection: Connection, workspace_id: UUID, company_id: UUID, domain: str) -> None:
    for other in store.find(connection, workspace_id, [domain], ()):
        if other["id"] != company_id:
            raise CompanyFault("company.domain_taken", "domain", domain=domain, company=other["name"])


def _audit(
    connection: Connection, world: World, company_id: UUID, action: str, detail: Mapping[str, Any], by: UUID | None,
    now: datetime, via: str,
) -> None:  # fmt: skip
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by, "action": action,
            "subject_kind": "company", "subject": str(company_id), "detail": {**detail, **({"by": via} if via else {})},
        },
    )  # fmt: skip
