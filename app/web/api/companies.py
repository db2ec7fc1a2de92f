"""Companies: found and read. They are made by the contacts who work there."""

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
from app.web.api.problems import as_json, nothing
from app.web.api.shapes import PageQuery, cursor, read_cursor

companies = APIBlueprint("companies", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Companies")])


class CompanyPath(BaseModel):
    company_id: UUID


class CompaniesQuery(PageQuery):
    domain: str | None = Field(None, max_length=253)


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


@companies.get("/companies/<uuid:company_id>", summary="One company", **told("companies.show", FullCompany))
def show(path: CompanyPath) -> Response:
    row = reading.company(world(), path.company_id)
    if row is None:
        raise nothing("company")
    return as_json(_company(row))


def _company(row: Mapping[Any, Any]) -> FullCompany:
    return FullCompany.model_validate(dict(row))
