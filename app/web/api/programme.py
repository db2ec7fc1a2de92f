"""What is in force: sequences, templates, segments and topics, to look at."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from app.services.api import programme as service
from app.web.api.access import told
from app.web.api.guard import world
from app.web.api.problems import as_json, nothing
from app.web.shared.context import now

programme = APIBlueprint("programme", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Programme")])


class SequencePath(BaseModel):
    key: str = Field(min_length=1, max_length=120)


class Definition(BaseModel):
    """`state`: draft, live, paused or archived; `version` is 0 while nothing was published."""

    key: str
    state: str
    version: int


class Definitions(BaseModel):
    items: list[Definition]


class Source(Definition):
    """With the text in force, byte for byte."""

    source: str


class Topic(BaseModel):
    key: str
    label: str


class Topics(BaseModel):
    items: list[Topic]


@programme.get("/sequences", summary="All sequences", **told("programme.sequences", Definitions))
def sequences() -> Response:
    return _all("sequence")


@programme.get("/sequences/<key>", summary="One sequence with its text", **told("programme.sequence", Source))
def sequence(path: SequencePath) -> Response:
    for one in service.of_kind(world(), "sequence"):
        if one.key == path.key:
            return as_json(Source(key=one.key, state=one.state, version=one.version, source=one.source))
    raise nothing("sequence")


@programme.get("/templates", summary="All mail templates", **told("programme.templates", Definitions))
def templates() -> Response:
    return _all("template")


@programme.get("/segments", summary="All segments", **told("programme.segments", Definitions))
def segments() -> Response:
    return _all("segment")


@programme.get("/topics", summary="Topics that contacts consent to", **told("programme.topics", Topics))
def topics() -> Response:
    found = service.topics(world(), now())
    return as_json(Topics(items=[Topic(key=key, label=label) for key, label in found.items()]))


def _all(kind: str) -> Response:
    found = service.of_kind(world(), kind)
    return as_json(
        Definitions(items=[Definition(key=one.key, state=one.state, version=one.version) for one in found])
    )
