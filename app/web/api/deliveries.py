"""Deliveries: mails to contacts, and what became of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from app.services.api import reading
from app.web.api.access import told
from app.web.api.guard import world
from app.web.api.problems import as_json, nothing, sentence
from app.web.api.shapes import PageQuery, cursor, read_cursor

deliveries = APIBlueprint("deliveries", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Deliveries")])


class DeliveryPath(BaseModel):
    delivery_id: UUID


class DeliveriesQuery(PageQuery):
    contact: UUID | None = None
    state: str | None = Field(
        None, max_length=40, description="Such as queued, accepted, suppressed, failed."
    )
    template: str | None = Field(None, max_length=200)


class Delivery(BaseModel):
    """One mail to one contact. `reason` says why it is where it is; `accepted_at`: the next server took it."""

    id: UUID
    contact: UUID
    sequence: str | None
    step: str | None
    template: str
    message_class: str
    topic: str | None
    state: str
    address: str | None
    sender: str | None
    planned_at: datetime
    due_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    attempts: int
    reason_code: str
    reason: str


class DeliveryPage(BaseModel):
    items: list[Delivery]
    next: str | None


@deliveries.get("/deliveries", summary="Find mails", **told("deliveries.find", DeliveryPage))
def find(query: DeliveriesQuery) -> Response:
    """The newest first."""
    wanted = {"contact_id": query.contact, "state": query.state, "template": query.template}
    found, last = reading.deliveries(world(), wanted, read_cursor(query.after), query.limit)
    return as_json(DeliveryPage(items=[_delivery(row) for row in found], next=cursor(last)))


@deliveries.get("/deliveries/<uuid:delivery_id>", summary="One mail", **told("deliveries.show", Delivery))
def show(path: DeliveryPath) -> Response:
    row = reading.delivery(world(), path.delivery_id)
    if row is None:
        raise nothing("delivery")
    return as_json(_delivery(row))


def _delivery(row: Mapping[Any, Any]) -> Delivery:
    said = sentence(row["reason_code"], row["reason_params"] or {})
    return Delivery.model_validate({**row, "contact": row["contact_id"], "reason": said})
