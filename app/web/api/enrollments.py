"""Enrollments: who is in which sequence; into it and out of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from app.services import attending
from app.services.api import reading
from app.services.contacts import ContactFault, find_contact
from app.web.api.access import told
from app.web.api.guard import caller, fault_of, world
from app.web.api.problems import as_json, nothing, sentence
from app.web.api.shapes import Body, Email, PageQuery, Why, Word, cursor, read_cursor
from app.web.shared.context import now, web

enrollments = APIBlueprint("enrollments", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Enrollments")])


class EnrollmentsQuery(PageQuery):
    contact: UUID | None = None
    sequence: str | None = Field(None, max_length=120)
    state: Literal["due", "waiting", "sending", "parked", "ended"] | None = None


class StayWish(Body):
    contact: Email = Field(description="Address or id.")
    sequence: Word = Field(description="The key of the sequence.")
    why: Why


class Enrollment(BaseModel):
    """One stay of a contact in a sequence. `reason` says why it is where it is."""

    id: UUID
    contact: UUID
    sequence: str
    state: str
    step: str
    entry: int
    due_at: datetime | None
    entered_at: datetime
    entered_by: str
    ended_at: datetime | None
    reason_code: str
    reason: str


class EnrollmentPage(BaseModel):
    items: list[Enrollment]
    next: str | None


class Asked(BaseModel):
    """They stand inside at the engine's next tick, when the door of the sequence lets them in."""

    contact: UUID
    sequence: str


@enrollments.get("/enrollments", summary="Find enrollments", **told("enrollments.find", EnrollmentPage))
def find(query: EnrollmentsQuery) -> Response:
    """The newest first."""
    after = read_cursor(query.after)
    found, last = reading.enrollments(world(), query.contact, query.sequence, query.state, after, query.limit)
    return as_json(EnrollmentPage(items=[_enrollment(row) for row in found], next=cursor(last)))


@enrollments.post(
    "/enrollments", summary="Take a contact into a sequence", **told("enrollments.enter", Asked)
)
def enter(body: StayWish) -> Response:
    """Whatever its trigger says; `never` and `again` of the sequence hold, and so do consent and suppressions."""
    return _turn(body, attending.enroll)


@enrollments.post(
    "/enrollments/exit", summary="Take a contact out of a sequence", **told("enrollments.leave", Asked)
)
def leave(body: StayWish) -> Response:
    """Mails that wait are cancelled."""
    return _turn(body, attending.leave)


def _turn(body: StayWish, act: Any) -> Response:
    contact_id = find_contact(web().database, web().workspace_id, body.contact.strip())
    if contact_id is None:
        raise nothing("contact")
    try:
        act(world(), contact_id, body.sequence, body.why, caller().actor, now())
    except ContactFault as fault:
        raise fault_of(fault.reason) from None
    return as_json(Asked(contact=contact_id, sequence=body.sequence))


def _enrollment(row: Mapping[Any, Any]) -> Enrollment:
    return Enrollment(
        id=row["id"], contact=row["contact_id"], sequence=row["sequence"], state=row["state"], step=row["step"],
        entry=row["entry_number"], due_at=row["due_at"], entered_at=row["entered_at"], entered_by=row["entered_by"],
        ended_at=row["ended_at"], reason_code=row["reason_code"],
        reason=sentence(row["reason_code"], row["reason_params"] or {}),
    )  # fmt: skip
