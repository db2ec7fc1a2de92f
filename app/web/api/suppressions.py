"""Suppressions: who gets no mail and why; added and lifted with a reason."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field, StrictBool

from app.services import suppressions as service
from app.services.suppressions import Suppression, SuppressionFault
from app.web.api.access import told
from app.web.api.guard import caller, fault_of, world
from app.web.api.problems import as_json, sentence
from app.web.api.shapes import Body, Email, PageQuery, Why, Word, cursor, read_cursor
from app.web.shared.context import now

suppressions = APIBlueprint(
    "suppressions", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Suppressions")]
)


class SuppressionPath(BaseModel):
    suppression_id: UUID


class SuppressionsQuery(PageQuery):
    search: str | None = Field(None, max_length=320, description="A whole address or a domain.")
    scope: Literal["topic", "marketing", "address", "domain", "company"] | None = None
    lifted: bool = Field(False, description="Those that were lifted too.")


class SuppressionWish(Body):
    scope: Literal["topic", "marketing", "address", "domain", "company"]
    value: Email = Field(description="The address, the domain, or the domain or name of a company.")
    topic: Word | None = Field(None, description="With the scope topic alone.")
    why: Why


class LiftWish(Body):
    why: Why
    sure: StrictBool = Field(False, description="Lift it although they complained.")


class OneSuppression(BaseModel):
    """`value` is null where only its hash is left."""

    id: UUID
    scope: str
    value: str | None
    topic: str | None
    contact: UUID | None
    source: str
    at: datetime
    lifted_at: datetime | None
    reason_code: str
    reason: str


class SuppressionPage(BaseModel):
    items: list[OneSuppression]
    next: str | None


class Turned(BaseModel):
    """`changed` is false where it was so already."""

    changed: bool


@suppressions.get("/suppressions", summary="Find suppressions", **told("suppressions.find", SuppressionPage))
def find(query: SuppressionsQuery) -> Response:
    """The newest first."""
    asked = service.Asked(
        search=query.search or "",
        scope=query.scope or "",
        lifted=query.lifted,
        older_than=read_cursor(query.after),
    )
    found, last = service.find(world(), asked, query.limit)
    return as_json(SuppressionPage(items=[_one(each) for each in found], next=cursor(last)))


@suppressions.post("/suppressions", summary="Stop mail to somebody", **told("suppressions.add", Turned))
def add(body: SuppressionWish) -> Response:
    try:
        new = service.add(
            world(), body.scope, body.value, body.why, None, now(), topic=body.topic or "", via=caller().actor
        )
    except SuppressionFault as fault:
        raise fault_of(fault.reason) from None
    return as_json(Turned(changed=new))


@suppressions.post(
    "/suppressions/<uuid:suppression_id>/lift",
    summary="Lift a suppression",
    **told("suppressions.lift", Turned),
)
def lift(path: SuppressionPath, body: LiftWish) -> Response:
    """One after a complaint needs `sure`; one of somebody who was erased stays."""
    try:
        changed = service.lift(
            world(), path.suppression_id, body.why, None, now(), sure=body.sure, via=caller().actor
        )
    except SuppressionFault as fault:
        raise fault_of(fault.reason) from None
    return as_json(Turned(changed=changed))


def _one(found: Suppression) -> OneSuppression:
    return OneSuppression(
        id=found.id, scope=found.scope, value=found.value, topic=found.topic or None, contact=found.contact_id,
        source=found.source, at=found.at, lifted_at=found.lifted_at, reason_code=found.reason.code,
        reason=sentence(found.reason.code, found.reason.params),
    )  # fmt: skip
