"""Contacts: found, read, saved by their address, taken along and erased."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field, StrictStr

from app.services import merging, privacy
from app.services.api import contacts as service
from app.services.api import reading
from app.services.api.contacts import Agreed, Plain, Wish
from app.services.contacts import ContactFault, find_contact
from app.services.importing.deciding import Outcome
from app.web.api.access import told
from app.web.api.guard import caller, fault_of, world
from app.web.api.problems import Place, Refused, as_json, nothing, sentence
from app.web.api.shapes import Body, Email, Note, PageQuery, Value, Why, Word, cursor, read_cursor
from app.web.shared.context import now, web

contacts = APIBlueprint("contacts", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Contacts")])
Tagged = Annotated[StrictStr, Field(min_length=1, max_length=64, pattern="^[^,]+$")]


class ContactPath(BaseModel):
    contact_id: UUID


class ContactsQuery(PageQuery):
    stage: str | None = Field(None, max_length=60)
    tag: str | None = Field(None, max_length=64)
    owner: str | None = Field(None, max_length=320, description="The owner's address.")
    email: str | None = Field(None, max_length=320, description="The contact's whole address.")
    text: str | None = Field(None, max_length=200, description="How a name, address or company begins.")


class CompanyWish(Body):
    """Found by its domain, or by its name where there is none; made if there is none yet."""

    name: Word | None = None
    domain: Word | None = None


class ConsentWish(Body):
    """What somebody agreed to. It counts only where nothing was known: who took it back gives it again themselves."""

    topics: list[Word] = Field(min_length=1, max_length=50)
    basis: Why = Field(description="What it rests on, such as “form at the fair, box ticked”.")
    source: Word = Field(description="Where it was said, such as the form's address.")


class ContactWish(Body):
    """What is left out, null or empty stays as it is. A stage counts for a new contact only."""

    email: Email
    first_name: Word | None = None
    last_name: Word | None = None
    phone: Word | None = None
    job_title: Word | None = None
    city: Word | None = None
    country: Word | None = None
    persona: Word | None = None
    locale: Word | None = None
    zone: Word | None = None
    origin: Word | None = None
    source: Word | None = None
    preferred_channel: Word | None = None
    stage: Word | None = None
    owner: Email | None = Field(None, description="The address of a colleague.")
    tags: list[Tagged] = Field([], max_length=50)
    company: CompanyWish | None = None
    fields: dict[str, Value] = Field({}, max_length=200, description="Custom fields by their keys.")
    consent: ConsentWish | None = None


class ContactsWish(Body):
    contacts: list[ContactWish] = Field(min_length=1, max_length=service.MOST)


class EraseWish(Body):
    why: Why


class Company(BaseModel):
    id: UUID
    name: str | None
    domain: str | None


class Contact(BaseModel):
    """`consents` are states by topic: asked, given or withdrawn."""

    id: UUID
    email: str | None
    emails: list[str]
    first_name: str | None
    last_name: str | None
    phone: str | None
    job_title: str | None
    city: str | None
    country: str | None
    persona: str | None
    locale: str | None
    zone: str | None
    origin: str | None
    source: str | None
    preferred_channel: str | None
    stage: str | None
    owner: str | None
    tags: list[str]
    company: Company | None
    fields: dict[str, Any]
    consents: dict[str, str]
    created_at: datetime
    updated_at: datetime


class ContactPage(BaseModel):
    items: list[Contact]
    next: str | None


class Saved(BaseModel):
    """`result`: created, updated, unchanged or rejected; `notes` say what was left out and why."""

    id: UUID | None
    result: str
    notes: list[Note]


class SavedMany(BaseModel):
    """In the order of the request."""

    results: list[Saved]


class MergeWish(Body):
    other: Email = Field(description="Address or id of the contact who is the same person.")
    take: list[Word] = Field(
        [], max_length=200, description="Facts on which both differ and the other's is kept, such as `city`."
    )


class Merged(BaseModel):
    """`id` is the contact who is kept; `left` are sequences only the other was in."""

    id: UUID
    other: UUID
    merge: UUID
    left: list[str]


class Erased(BaseModel):
    id: UUID
    rows: int


class Export(BaseModel):
    """Every row about the contact, by table."""

    made_at: datetime
    tables: dict[str, list[dict[str, Any]]]


@contacts.get("/contacts", summary="Find contacts", **told("contacts.find", ContactPage))
def find(query: ContactsQuery) -> Response:
    """In the order in which they came in, so that a run over all pages meets new ones at its end."""
    asked = reading.Asked(
        query.stage, query.tag, query.owner, query.email, query.text, read_cursor(query.after), query.limit
    )
    found, last = reading.contacts(world(), asked, now())
    return as_json(ContactPage(items=[_contact(one) for one in found], next=cursor(last)))


@contacts.get("/contacts/<uuid:contact_id>", summary="One contact", **told("contacts.show", Contact))
def show(path: ContactPath) -> Response:
    """Of somebody who was merged into another contact, that one."""
    found = reading.contact(world(), path.contact_id)
    if isinstance(found, UUID):
        found = reading.contact(world(), found)
    if not isinstance(found, reading.Contact):
        raise nothing("contact")
    return as_json(_contact(found))


@contacts.post("/contacts", summary="Save one contact by the address", **told("contacts.save", Saved))
def save(body: ContactWish) -> Response:
    """Makes the contact, or lays what is said over the one who has this address."""
    [outcome] = service.save(world(), [_wish(body)], caller().actor, now())
    if outcome.contact_id is None:
        reason = outcome.notes[0]
        words = sentence(reason.code, reason.params)
        raise Refused(422, reason.code, words, [Place(detail=words, pointer=_place(reason.code))])
    return as_json(_saved(outcome))


@contacts.post("/contacts/batch", summary="Save up to 500 contacts", **told("contacts.save_many", SavedMany))
def save_many(body: ContactsWish) -> Response:
    """Each row has its own result; one that cannot come in stops no other."""
    wishes = [_wish(one) for one in body.contacts]
    found = service.save(world(), wishes, caller().actor, now())
    return as_json(SavedMany(results=[_saved(one) for one in found]))


@contacts.get(
    "/contacts/<uuid:contact_id>/export",
    summary="Everything kept about a contact",
    **told("contacts.export", Export),
)
def export(path: ContactPath) -> Response:
    found = privacy.export(world(), path.contact_id, now())
    if found is None:
        raise nothing("contact")
    return as_json(json.loads(found.as_json()))


@contacts.post(
    "/contacts/<uuid:contact_id>/merge",
    summary="Merge the same person into a contact",
    **told("contacts.merge", Merged),
)
def merge(path: ContactPath, body: MergeWish) -> Response:
    """The contact of the address is kept, gaps are filled from the other. Nobody consents and nobody is enrolled by
    it; it can be undone on the contact's page. The other's id and addresses lead to the one who is kept.
    """
    other = find_contact(web().database, web().workspace_id, body.other.strip())
    if other is None:
        raise nothing("contact")
    try:
        plan = merging.plan(world(), path.contact_id, other, now())
        merge_id = merging.merge(
            world(), path.contact_id, other, caller().actor, now(), takes=dict.fromkeys(body.take, "theirs")
        )
    except ContactFault as fault:
        raise fault_of(fault.reason) from None
    return as_json(Merged(id=path.contact_id, other=other, merge=merge_id, left=list(plan.offers)))


@contacts.post(
    "/contacts/<uuid:contact_id>/erase", summary="Forget a contact", **told("contacts.erase", Erased)
)
def erase(path: ContactPath, body: EraseWish) -> Response:
    """Nothing of it can be brought back. Counts stay, the person goes, and no import brings them in again."""
    found = privacy.erase(world(), path.contact_id, by=caller().actor, why=body.why, now=now(), files=False)
    if found is None:
        raise nothing("contact")
    return as_json(Erased(id=found.contact_id, rows=found.rows))


def _wish(said: ContactWish) -> Wish:
    values: dict[str, Plain] = said.model_dump(exclude={"tags", "company", "fields", "consent"})
    values["tags"] = ",".join(said.tags)
    if said.company is not None:
        values["company.name"], values["company.domain"] = said.company.name, said.company.domain
    consent = said.consent
    agreed = Agreed(consent.topics, consent.basis, consent.source) if consent is not None else None
    return Wish(values, said.fields, agreed)


def _place(code: str) -> str:
    """Where in the body the fault is, as far as its code tells."""
    if code.startswith("address."):
        return "/email"
    places = {"contact.field_unknown": "/fields", "contact.field_retired": "/fields", "contact.topic_unknown": "/consent/topics",
              "contact.consent_basis": "/consent", "import.row.stage": "/stage"}  # fmt: skip
    return places.get(code, "/fields" if code.startswith("import.value") else "")


def _saved(outcome: Outcome) -> Saved:
    notes = [Note(code=one.code, detail=sentence(one.code, one.params)) for one in outcome.notes]
    return Saved(id=outcome.contact_id, result=outcome.result, notes=notes)


def _contact(found: reading.Contact) -> Contact:
    known = found.known
    company = None
    if found.company_id is not None:
        company = Company(id=found.company_id, name=found.company, domain=found.domain)
    return Contact(
        id=found.id, email=known.addresses[0] if known.addresses else None, emails=list(known.addresses),
        stage=known.stage, owner=found.owner, tags=sorted(known.tags), company=company, fields=found.fields,
        consents=dict(known.consents), created_at=found.created_at, updated_at=found.updated_at, **found.facts,
    )  # fmt: skip
