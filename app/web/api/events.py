"""Events: what happened elsewhere, told once or twice, written down once."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field, StrictStr

from app.core.reasons import Reason
from app.services import events as service
from app.services.contacts import find_contact
from app.services.events import EventFault, Told
from app.web.api.access import told
from app.web.api.guard import fault_of, world
from app.web.api.problems import as_json, nothing, refuse, sentence
from app.web.api.shapes import Body, Email, Note, Word
from app.web.shared.context import now, web

events = APIBlueprint("events", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Events")])
SOURCE = "api"
MOST = 500
AT = "When it happened: 2026-11-24T10:00:00Z."
Subject = Annotated[StrictStr, Field(max_length=200)]


class EventRow(Body):
    """Of one time and `key` there is one event, however often it is told. Without a key its content is its key."""

    contact: Email = Field(description="Address or id.")
    kind: Word = Field(description="Such as visited, trial_started, or your own as custom:name.")
    at: Word = Field(description=AT)
    subject: Subject = Field("", description="Page, piece or product it is about.")
    topics: list[Word] = Field([], max_length=20)
    key: Annotated[StrictStr, Field(max_length=300)] = ""
    data: dict[str, Any] = Field({}, description="Anything more, up to 16 kB.")
    verdict: Literal["human", "machine", "unknown"] = "human"


class EventWish(EventRow):
    """Of one time and `key` there is one event, however often it is told. Without a key its content is its key."""

    # Told alone it is refused for a time that is none; of many, that is the result of its row.
    at: Word = Field(description=AT, json_schema_extra={"format": "date-time"})


class EventsWish(Body):
    events: list[EventRow] = Field(min_length=1, max_length=MOST)


class ToldEvent(BaseModel):
    """`new` is false for one that was known."""

    contact: UUID
    kind: str
    at: datetime
    new: bool


class ToldRow(BaseModel):
    """`result`: recorded or rejected."""

    result: str
    notes: list[Note]


class ToldEvents(BaseModel):
    """`known` were told before."""

    new: int
    known: int
    results: list[ToldRow]


@events.post("/events", summary="Tell one event", **told("events.tell", ToldEvent))
def tell(body: EventWish) -> Response:
    contact_id = find_contact(web().database, web().workspace_id, body.contact)
    if contact_id is None:
        raise nothing("contact")
    try:
        event = _told(body)
        is_new = service.record(
            world(), contact_id, event.kind, subject=event.subject, topics=event.topics, occurred_at=event.occurred_at,
            source=SOURCE, key=event.key or service.content_key(contact_id, event), payload=event.payload,
            verdict=event.verdict, now=now(),
        )  # fmt: skip
    except EventFault as fault:
        if fault.reason.code == "contact.unknown":
            raise fault_of(fault.reason) from None
        raise refuse(fault.reason, pointer=_place(fault.reason)) from None
    return as_json(ToldEvent(contact=contact_id, kind=event.kind, at=event.occurred_at, new=is_new))


@events.post("/events/batch", summary="Tell up to 500 events", **told("events.tell_many", ToldEvents))
def tell_many(body: EventsWish) -> Response:
    """Each row has its own result; one that is refused stops no other."""
    problems: dict[int, Reason] = {}
    read: list[tuple[int, Told]] = []
    for number, one in enumerate(body.events):
        try:
            read.append((number, _told(one)))
        except EventFault as fault:
            problems[number] = fault.reason
    summary = service.record_many(world(), [event for _, event in read], SOURCE, now())
    problems |= {read[one.line][0]: one.reason for one in summary.problems}
    rows = [_row(problems.get(number)) for number in range(len(body.events))]
    return as_json(ToldEvents(new=summary.new, known=summary.known, results=rows))


def _told(body: EventRow) -> Told:
    at = service.read_time(body.at)
    return Told(
        body.contact.strip(), body.kind, at, body.subject, body.topics, body.key, body.data, body.verdict
    )


def _row(reason: Reason | None) -> ToldRow:
    if reason is None:
        return ToldRow(result="recorded", notes=[])
    note = Note(code=reason.code, detail=sentence(reason.code, reason.params))
    return ToldRow(result="rejected", notes=[note])


def _place(reason: Reason) -> str:
    if reason.code == "event.text":
        return f"/{'topics' if reason.params['name'] == 'topic' else reason.params['name']}"
    places = {
        "event.kind": "/kind",
        "event.topics": "/topics",
        "event.data": "/data",
        "event.key_taken": "/key",
    }
    return places.get(reason.code, "/at")
