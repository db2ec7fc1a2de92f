"""Signing up by a form: nothing is given before the button in the confirming mail was pressed (double opt-in).

The visitor sees the same answer whether the address is known, unknown or stopped; so neither can the form tell
who is in the base, nor can it be used to flood somebody with mail.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.core.contacts import Address
from app.core.forms import Form
from app.core.ids import content_id
from app.core.labels import label_in
from app.core.lifecycle import Lifecycle
from app.core.reasons import Reason
from app.core.timing import zone_of
from app.services import referring
from app.services.addresses import AddressFault, read_address
from app.services.contacts import ContactFault, save_contact
from app.services.hook_subscriptions import Told, tell
from app.services.ids import new_id
from app.services.importing.around import surroundings
from app.services.privacy.asking import Reader, Request, check_mail, plan_mail, shortened, write_request
from app.services.suppressing import ValueHash
from app.services.timeline import line
from app.services.world import World
from app.store import confirmations as store
from app.store import erasing, ledger, persons
from app.store import recipients as people

log = structlog.get_logger()
KIND = "sign-up"
BASIS = "double opt-in"
# One mail in ten minutes and three a day to an address; the others go by hours.
PER_ADDRESS = ((timedelta(minutes=10), 1), (timedelta(days=1), 3))
PER_NETWORK = (timedelta(hours=1), 30)
OVERALL = (timedelta(hours=1), 1000)
LONGEST_VALUE = 200
Taken = Literal["taken", "no address", "no topic", "busy"]


@dataclass(frozen=True, slots=True)
class Visit:
    """Who typed: their language, the address of their machine, and by whose recommendation they came."""

    locale: str
    address: str
    recommended_by: UUID | None = None


def form_of(world: World, key: str, now: datetime) -> Form | None:
    return world.library.catalogue(now).setting.programme.forms.get(key)


def title(form: Form, locale: str) -> str:
    return label_in(form.title, locale)


def topic_names(world: World, keys: Iterable[str], locale: str, now: datetime) -> list[str]:
    """The topics as people read them."""
    known = world.library.catalogue(now).setting.programme.topics
    return [label_in(known[key].label, locale) if key in known else key for key in keys]


def sign_up(
    world: World, form: Form, wanted: Sequence[str], typed: Mapping[str, str], visit: Visit, now: datetime
) -> Taken:
    """Take a form: consent to the `wanted` among its topics is *asked*, and a mail asks for the button. Raises
    `privacy.asking.NoMail`.

    "busy": too many from this network, or altogether, in an hour. Whatever holds a mail to this one
    address back is not told.
    """
    check_mail(world, KIND, now)
    if not wanted:
        return "no topic"
    try:
        address = read_address(typed.get("email", "")[:320])
    except AddressFault:
        return "no address"
    for _ in range(2):
        try:
            with world.database.write() as connection:
                return _take(connection, world, form, wanted, address, typed, visit, now)
        except IntegrityError:
            # Another visitor typed the same new address in this very moment: now it is known.
            continue
    return "busy"


def _take(
    connection: Connection,
    world: World,
    form: Form,
    wanted: Sequence[str],
    address: Address,
    typed: Mapping[str, str],
    visit: Visit,
    now: datetime,
) -> Taken:
    network = shortened(visit.address)
    hashed = ValueHash(world.settings)
    mine = hashed(address.key)
    if _too_many(connection, world, hashed(network) if network else "", now):
        return "busy"
    held = any(
        store.count(connection, world.workspace_id, KIND, now - span, address_hash=mine) >= most
        for span, most in PER_ADDRESS
    ) or store.unreachable(connection, world.workspace_id, {mine, hashed(address.domain)})
    holds = form.valid.delta
    if held:
        write_request(connection, world, KIND, None, address.key, network, {"form": form.key}, now, holds)
        return "taken"
    who = _person(connection, world, address, visit.locale, now)
    detail = {
        "form": form.key, "topics": list(wanted), "words": form.words(visit.locale), "locale": visit.locale,
        "text_version": form.text_version(visit.locale), "network": network, "address": address.key,
        "fields": {name: typed[name].strip()[:LONGEST_VALUE] for name in form.fields if typed.get(name, "").strip()},
    }  # fmt: skip
    if visit.recommended_by is not None:
        detail["referred_by"] = str(visit.recommended_by)
    request = write_request(connection, world, KIND, who, address.key, network, detail, now, holds)
    _ask_consent(connection, world, who, form, detail, now)
    zone = world.library.catalogue(now).setting.programme.zone
    reader = Reader(
        visit.locale, zone_of(None, zone)[0], tuple(topic_names(world, wanted, visit.locale, now))
    )
    plan_mail(connection, world, request, who, KIND, now + holds, reader, now)
    return "taken"


def _too_many(connection: Connection, world: World, network: str, now: datetime) -> bool:
    span, most = OVERALL
    if store.count(connection, world.workspace_id, KIND, now - span) >= most:
        return True
    span, most = PER_NETWORK
    return (
        bool(network)
        and store.count(connection, world.workspace_id, KIND, now - span, network_hash=network) >= most
    )


def _person(connection: Connection, world: World, address: Address, locale: str, now: datetime) -> UUID:
    """Whose address it is; somebody new gets a row that knows the address and nothing else."""
    holder = store.holder_of(connection, world.workspace_id, address.key)
    who = people.lock_contact(connection, world.workspace_id, holder) if holder is not None else None
    if who is not None:
        return who
    who, lifecycle = new_id(now), world.library.catalogue(now).rules.lifecycle
    base: dict[str, Any] = {"workspace_id": world.workspace_id}
    store.make_contact(
        connection,
        {
            **base, "id": who, "fields": {}, "locale": locale, "origin": "inbound", "revision": 0, "created_at": now,
            "updated_at": now,
        },
        {
            **base, "id": new_id(now), "contact_id": who, "kind": "email", "value": address.key,
            "shown_as": address.shown, "is_primary": True, "created_at": now,
        },
        {
            **base, "contact_id": who, "lifecycle": lifecycle.key, "stage": _first_stage(lifecycle), "since": now,
            "reason_code": "stage.set_at_start", "reason_params": {}, "revision": 0,
        },
    )  # fmt: skip
    return who


def _first_stage(lifecycle: Lifecycle) -> str:
    """Where nobody is mailed yet, if there is such a stage: the form moves them on when it is confirmed."""
    main = sorted((s for s in lifecycle.stages.values() if s.kind == "main"), key=lambda stage: stage.order)
    return next((stage.key for stage in main if not stage.mailable), main[0].key)


def _ask_consent(
    connection: Connection, world: World, who: UUID, form: Form, detail: Mapping[str, Any], now: datetime
) -> None:
    """*Asked* for topics of which nothing is known; what was given or withdrawn stays until the button."""
    known = people.consents_of(connection, who)
    for topic in detail["topics"]:
        if topic not in known:
            people.write_consent(connection, _entry(world, who, topic, "asked", detail, now, {}), False)
    reason = Reason("contact.asked_us", {"form": form.key})
    ledger.add_timeline(connection, [line(world.workspace_id, who, "consent", reason, now, actor="contact")])


def confirm(world: World, request: Request, visit: Visit, now: datetime) -> bool:
    """The button was pressed: consent is given, with its proof. Doing it again changes nothing.

    False: the person is gone. An expired request is not confirmed; the page asks for a new one.
    """
    if request.contact_id is None or (request.over and not request.done):
        return False
    with world.database.write() as connection:
        who = people.lock_contact(connection, world.workspace_id, request.contact_id)
        if who is None:
            return False
        if not store.done(connection, request.id, now):
            return True
        _give(connection, world, who, request, visit, now)
    _lay_fields(world, request, now)
    return True


def _give(
    connection: Connection, world: World, who: UUID, request: Request, visit: Visit, now: datetime
) -> None:
    detail, hashed = request.detail, ValueHash(world.settings)
    proof = {"asked_at": request.asked_at.isoformat(), "confirmed_from": shortened(visit.address)}
    known = people.consents_of(connection, who)
    lifecycle = world.library.catalogue(now).rules.lifecycle
    is_new = referring.is_new(known, people.stage_of(connection, who, lifecycle.key), _first_stage(lifecycle))
    facts = []
    for topic in detail["topics"]:
        before = known[topic].state if topic in known else None
        entry = _entry(world, who, topic, "given", detail, now, proof)
        people.write_consent(connection, entry, before is not None)
        tell(connection, world.workspace_id, Told(who, "consent_given", entry["id"], now, topic), now)
        facts.append(_fact(world, who, topic, before, now))
    ledger.add_fact_changes(connection, facts)
    people.change_person(connection, who, {}, now)
    store.verified(connection, who, {detail["address"]}, now)
    store.lift_own(connection, world.workspace_id, {hashed(detail["address"])}, now)
    told = line(
        world.workspace_id, who, "consent", Reason("contact.joined", {"form": detail["form"]}), now, actor="contact"
    )  # fmt: skip
    ledger.add_timeline(connection, [told])
    ledger.add_events(connection, [_event(world, who, request, now)])
    if is_new and (by := detail.get("referred_by")):
        referring.keep(connection, world, who, UUID(by), request.id, now)


def _entry(
    world: World,
    who: UUID,
    topic: str,
    state: str,
    detail: Mapping[str, Any],
    now: datetime,
    proof: Mapping[str, Any],
) -> dict[str, Any]:
    told = {name: detail[name] for name in ("words", "locale", "network")}
    return {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": who, "purpose": topic, "state": state,
        "basis": BASIS, "source": f"form {detail['form']}", "text_version": detail["text_version"], "at": now,
        "detail": {**told, **proof},
    }  # fmt: skip


def _fact(world: World, who: UUID, topic: str, before: str | None, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": who, "kind": "consent", "name": topic,
        "old": before, "new": "given", "source": "contact", "reason_code": "contact.own_choice", "reason_params": {},
        "at": now,
    }  # fmt: skip


def _event(world: World, who: UUID, request: Request, now: datetime) -> dict[str, Any]:
    return {
        "id": content_id(request.asked_at, "form", str(request.id)), "workspace_id": world.workspace_id,
        "contact_id": who, "kind": "form_submitted", "subject": request.detail["form"], "topics": "",
        "verdict": "human", "source": "form", "occurred_at": now, "received_at": now, "failures": 0,
        "payload": {"form": request.detail["form"], "topics": list(request.detail["topics"])},
    }  # fmt: skip


def _lay_fields(world: World, request: Request, now: datetime) -> None:
    """What was typed besides the address. Only now: before, anybody could have typed it."""
    typed = request.detail.get("fields") or {}
    if not typed:
        return
    values = {"email": request.detail["address"], **typed}
    try:
        save_contact(world.database, world.workspace_id, surroundings(world, now), values, "contact", now)
    except ContactFault as fault:
        log.warning("joining.fields_refused", form=request.detail["form"], code=fault.reason.code)


def forget_unconfirmed(world: World, now: datetime) -> int:
    """A day after a link has ended, what was typed goes, and with it people of whom nothing else is known."""
    before = now - timedelta(days=1)
    with world.database.write() as connection:
        found = store.never_confirmed(connection, world.workspace_id, before)
        for who in found:
            erasing.stand_still(connection, [who], now)
            persons.erase_rows(connection, [who], ())
            erasing.take_away(connection, [who], now)
        store.empty_old(connection, world.workspace_id, before)
    return len(found)
