"""Companies: found, read, made and changed. Most are made by the contacts who work there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field, StrictStr

from app.services import companies as service
from app.services.api import reading
from app.services.api.contacts import text_of
from app.services.companies import CompanyFault, CompanyFaults
from app.web.api.access import told
from app.web.api.guard import caller, fault_of, world
from app.web.api.problems import Place, Refused, as_json, nothing, sentence
from app.web.api.shapes import Body, PageQuery, Value, cursor, read_cursor
from app.web.shared.context import now

companies = APIBlueprint("companies", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Companies")])


Named = Annotated[StrictStr, Field(max_length=200)]
Host = Annotated[StrictStr, Field(max_length=253)]


class CompanyPath(BaseModel):
    company_id: UUID


class CompaniesQuery(PageQuery):
    domain: str | None = Field(None, max_length=253)


class CompanyWish(Body):
    """A name, a domain, or both."""

    name: Named | None = None
    domain: Host | None = Field(None, description="What stands behind the @ of its addresses.")


class CompanyChange(Body):
    """What is left out stays as it is; null takes a domain or a field away."""

    name: Named | None = None
    domain: Host | None = None
    fields: dict[str, Value] = Field(default_factory=dict, max_length=400)


class MadeCompany(BaseModel):
    """`created` is false where it was there."""

    id: UUID
    created: bool


class FullCompany(BaseModel):
    id: UUID
    name: str | None
    domain: str | None
    fields: dict[str, Any]
    created_at: datetime


class CompanyPage(BaseModel):
    items: list[FullCompany]
    next: str | None


@companies.get("/companies", summary="Find companies", **told("companies.find", CompanyPage))
def find(query: CompaniesQuery) -> Response:
    found, last = reading.companies(world(), query.domain, read_cursor(query.after), query.limit)
    return as_json(CompanyPage(items=[_company(row) for row in found], next=cursor(last)))


@companies.post("/companies", summary="Make a company", **told("companies.make", MadeCompany))
def make(body: CompanyWish) -> Response:
    """One domain is one company; without a domain, one name is."""
    try:
        made, new = service.make(world(), body.name or "", body.domain or "", None, now(), caller().actor)
    except CompanyFaults as faults:
        raise _refused(faults) from None
    return as_json(MadeCompany(id=made, created=new))


@companies.post(
    "/companies/<uuid:company_id>", summary="Change a company", **told("companies.change", FullCompany)
)
def change(path: CompanyPath, body: CompanyChange) -> Response:
    """All of it or nothing. Its people are judged anew."""
    given = body.model_dump(include={"name", "domain"} & body.model_fields_set)
    texts = {key: text_of(value) for key, value in {**body.fields, **given}.items()}
    try:
        service.change(world(), path.company_id, texts, None, now(), via=caller().actor)
    except CompanyFaults as faults:
        raise _refused(faults) from None
    except CompanyFault as fault:
        raise fault_of(fault.reason) from None
    return _shown(path.company_id)


def _refused(faults: CompanyFaults) -> Refused:
    places = [
        Place(detail=sentence(reason.code, reason.params), pointer=f"/{name}" if name in ("name", "domain") else "/fields")
        for name, reason in faults.faults.items()
    ]  # fmt: skip
    first = next(iter(faults.faults.values()))
    return Refused(422, first.code, sentence(first.code, first.params), places)


@companies.get("/companies/<uuid:company_id>", summary="One company", **told("companies.show", FullCompany))
def show(path: CompanyPath) -> Response:
    return _shown(path.company_id)


def _shown(company_id: UUID) -> Response:
    row = reading.company(world(), company_id)
    if row is None:
        raise nothing("company")
    return as_json(_company(row))


def _company(row: Mapping[Any, Any]) -> FullCompany:
    return FullCompany.model_validate(dict(row))
