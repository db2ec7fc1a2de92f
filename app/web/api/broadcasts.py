"""Broadcasts: drafted, their audience counted, scheduled, held and called off, and what came of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field, StrictInt, StrictStr

from app.core.reasons import Reason
from app.services.api import reading, tokens
from app.services.broadcasts import deciding as service
from app.services.broadcasts.deciding import BroadcastFault, Wish
from app.services.broadcasts.queueing import WAITS
from app.web.api.access import told
from app.web.api.guard import caller, fault_of, world
from app.web.api.problems import Place, as_json, nothing, refuse, sentence
from app.web.api.shapes import Body, Note, PageQuery, Word, cursor, read_cursor
from app.web.shared.context import now

broadcasts = APIBlueprint("broadcasts", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Broadcasts")])

# How its parts are called here, and by the service.
NAMES = {"when": "way", "at": "wall"}
OUTSIDE = {ours: name for name, ours in NAMES.items()}
When = Literal["now", "at", "local"]
Wall = Annotated[
    StrictStr,
    Field(
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$",
        description="Day and hour on the clock of `zone`, or with `local` on each contact's own.",
    ),
]
Zone = Annotated[
    StrictStr, Field(max_length=60, description="Such as Europe/Lisbon; the programme's without it.")
]
Pace = Annotated[
    StrictInt, Field(ge=1, le=service.MOST_AN_HOUR, description="Mails an hour; null: as fast as can be.")
]


class BroadcastPath(BaseModel):
    broadcast_id: UUID


class BroadcastsQuery(PageQuery):
    state: Literal["draft", "freezing", "ready", "sending", "paused", "done", "cancelled"] | None = None


class BroadcastWish(Body):
    """`when`: now (as soon as it is scheduled), at (one instant) or local (the hour of each contact's own clock)."""

    title: Word
    template: Word = Field(description="The key of a published marketing mail.")
    segment: Word = Field(description="The key of the segment.")
    topic: Word = Field(description="The key of the topic that people consented to.")
    when: When = "now"
    at: Wall | None = None
    zone: Zone | None = None
    pace: Pace | None = None


class Seen(Body):
    """`revision` is the one that was seen; if it is another by now, nothing is done."""

    revision: StrictInt = Field(ge=0, le=1_000_000_000)


class BroadcastChange(Seen):
    """What is left out stays as it is; null takes `at`, `zone` or `pace` away."""

    title: Word | None = None
    template: Word | None = None
    segment: Word | None = None
    topic: Word | None = None
    when: When | None = None
    at: Wall | None = None
    zone: Zone | None = None
    pace: Pace | None = None


class ScheduleWish(Seen):
    why: Word = Field(description="Why it goes out, for those who read it later.")


class Heads(BaseModel):
    """Whom it was written down for: `waiting` get it, `queued` have their mail in the queue, `held` are left out."""

    total: int
    waiting: int
    queued: int
    held: int


class Broadcast(BaseModel):
    """`state`: draft, freezing (the audience is being written down), ready, sending (scheduled), paused, done (all are
    queued) or cancelled.
    """

    id: UUID
    title: str
    template: str
    segment: str
    topic: str
    when: str
    at: str | None
    zone: str | None
    pace: int | None
    state: str
    revision: int
    people: Heads
    made_at: datetime
    checked_at: datetime | None
    scheduled_at: datetime | None
    why: str | None
    ended_at: datetime | None


class BroadcastPage(BaseModel):
    items: list[Broadcast]
    next: str | None


class People(BaseModel):
    """So many for one reason; what stands in `reason` is of one of them."""

    people: int
    reason_code: str
    reason: str


class Mails(People):
    """Mails in one state for one reason."""

    state: str


class Answers(BaseModel):
    """People who did something with its mail; `verdict` says whether it was a human."""

    people: int
    kind: str
    verdict: str


class FullBroadcast(Broadcast):
    """`mails` and `answers` are what came of it."""

    mails: list[Mails]
    answers: list[Answers]


class Check(BaseModel):
    """Whom it would go to. `done` is false while the engine writes the audience down; `later` are among those who get
    it, `excluded` are left out; `problems` stand in the way of scheduling it.
    """

    id: UUID
    state: str
    revision: int
    done: bool
    people: Heads
    later: list[People]
    excluded: list[People]
    problems: list[Note]


@broadcasts.get("/broadcasts", summary="Find broadcasts", **told("broadcasts.find", BroadcastPage))
def find(query: BroadcastsQuery) -> Response:
    """The newest first."""
    found, last = reading.broadcasts(world(), query.state, read_cursor(query.after), query.limit)
    return as_json(BroadcastPage(items=[Broadcast(**_facts(one)) for one in found], next=cursor(last)))


@broadcasts.post("/broadcasts", summary="Draft a broadcast", **told("broadcasts.draft", FullBroadcast))
def draft(body: BroadcastWish) -> Response:
    """Nobody gets it before its audience was checked and it was scheduled."""
    wish = _wish(Wish(), body)
    with _refusing():
        made = service.draft(world(), wish, now(), None, caller().actor)
    return _shown(made)


@broadcasts.get(
    "/broadcasts/<uuid:broadcast_id>", summary="One broadcast", **told("broadcasts.show", FullBroadcast)
)
def show(path: BroadcastPath) -> Response:
    return _shown(path.broadcast_id)


@broadcasts.post(
    "/broadcasts/<uuid:broadcast_id>",
    summary="Change a broadcast",
    **told("broadcasts.change", FullBroadcast),
)
def change(path: BroadcastPath, body: BroadcastChange) -> Response:
    """Before it was scheduled. It is a draft again, and its audience has to be checked anew."""
    with _refusing():
        before = service.wish_of(service.find(world(), path.broadcast_id))
        wish = _wish(before, body)
        service.change(world(), path.broadcast_id, wish, body.revision, now(), None, caller().actor)
    return _shown(path.broadcast_id)


@broadcasts.post(
    "/broadcasts/<uuid:broadcast_id>/check",
    summary="Count the audience of a broadcast",
    **told("broadcasts.check", Check),
)
def check(path: BroadcastPath, body: Seen) -> Response:
    """Sends nothing. The engine writes down who is in the segment at this moment and what the gate says of each; ask by
    GET until `done`.
    """
    _turn(path, body, service.freeze)
    return _told(path.broadcast_id)


@broadcasts.get(
    "/broadcasts/<uuid:broadcast_id>/check",
    summary="What the count found",
    **told("broadcasts.checked", Check),
)
def checked(path: BroadcastPath) -> Response:
    return _told(path.broadcast_id)


@broadcasts.post(
    "/broadcasts/<uuid:broadcast_id>/schedule",
    summary="Let a broadcast go out",
    **told("broadcasts.schedule", FullBroadcast),
)
def schedule(path: BroadcastPath, body: ScheduleWish) -> Response:
    """At its time, to those who were counted, not longer than a day ago; each mail is asked of the gate again."""
    _may_send()
    with _refusing():
        service.confirm(world(), path.broadcast_id, body.revision, body.why, now(), None, caller().actor)
    return _shown(path.broadcast_id)


@broadcasts.post(
    "/broadcasts/<uuid:broadcast_id>/pause",
    summary="Pause a broadcast",
    **told("broadcasts.pause", FullBroadcast),
)
def pause(path: BroadcastPath, body: Seen) -> Response:
    """Nothing more of it leaves until it goes on."""
    return _held(path, body, service.pause)


@broadcasts.post(
    "/broadcasts/<uuid:broadcast_id>/resume",
    summary="Let a paused broadcast go on",
    **told("broadcasts.resume", FullBroadcast),
)
def resume(path: BroadcastPath, body: Seen) -> Response:
    return _held(path, body, service.resume)


@broadcasts.post(
    "/broadcasts/<uuid:broadcast_id>/cancel",
    summary="Call a broadcast off",
    **told("broadcasts.cancel", FullBroadcast),
)
def cancel(path: BroadcastPath, body: Seen) -> Response:
    """What has left has left; mails that wait are cancelled."""
    return _held(path, body, service.cancel)


def _held(path: BroadcastPath, body: Seen, act: Callable[..., None]) -> Response:
    _may_send()
    _turn(path, body, act)
    return _shown(path.broadcast_id)


def _turn(path: BroadcastPath, body: Seen, act: Callable[..., None]) -> None:
    with _refusing():
        act(world(), path.broadcast_id, body.revision, now(), None, caller().actor)


def _may_send() -> None:
    """The scope is not enough: it was given by somebody who may have lost the right since."""
    if not tokens.may_send(world().database, caller()):
        raise refuse(Reason("token.may_not_send"), 403)


@contextmanager
def _refusing() -> Iterator[None]:
    """What the service refuses, as a problem that names its place."""
    try:
        yield
    except BroadcastFault as fault:
        if fault.reason.code == "broadcast.unknown":
            raise nothing("broadcast") from None
        refused = fault_of(fault.reason)
        if fault.field:
            place = f"/{OUTSIDE.get(fault.field, fault.field)}"
            refused.errors = [Place(detail=refused.detail, pointer=place)]
        raise refused from None


def _wish(before: Wish, body: BroadcastWish | BroadcastChange) -> Wish:
    """What was said over what was there."""
    given = body.model_dump(exclude_unset=True, exclude={"revision"})
    wish = replace(before, **{NAMES.get(name, name): str(value or "") for name, value in given.items()})
    if wish.way == "now":
        for name in ("at", "zone"):
            if given.get(name):
                raise refuse(Reason("broadcast.no_wall"), 422, f"/{name}")
    return wish


def _shown(broadcast_id: UUID) -> Response:
    found = _found(broadcast_id)
    return as_json(
        FullBroadcast(
            **_facts(found),
            mails=[Mails(state=row.state, **_people(row)) for row in found.mails],
            answers=[
                Answers(people=people, kind=kind, verdict=verdict)
                for (kind, verdict), people in sorted(found.answers.items())
            ],
        )
    )


def _told(broadcast_id: UUID) -> Response:
    found = _found(broadcast_id)
    with _refusing():
        reasons = service.problems(world(), service.find(world(), broadcast_id), now())
    later = [row for row in found.people if row.state == "waiting" and row.reason_code != WAITS.code]
    excluded = [row for row in found.people if row.state == "held"]
    return as_json(
        Check(
            id=broadcast_id, state=found.row["state"], revision=found.row["revision"],
            done=found.row["state"] not in ("draft", "freezing"), people=_heads(found.heads),
            later=_reasons(later), excluded=_reasons(excluded),
            problems=[Note(code=one.code, detail=sentence(one.code, one.params)) for one in reasons],
        )
    )  # fmt: skip


def _found(broadcast_id: UUID) -> reading.FullBroadcast:
    found = reading.broadcast(world(), broadcast_id)
    if found is None:
        raise nothing("broadcast")
    return found


def _reasons(rows: Iterable[Any]) -> list[People]:
    return [People(**_people(row)) for row in rows]


def _people(row: Any) -> dict[str, Any]:
    said = sentence(row.reason_code, row.reason_params or {})
    return {"people": row.people, "reason_code": row.reason_code, "reason": said}


def _heads(heads: dict[str, int]) -> Heads:
    states = {name: heads.get(name, 0) for name in ("waiting", "queued", "held")}
    return Heads(total=sum(states.values()), **states)


def _facts(found: reading.Broadcast) -> dict[str, Any]:
    row = found.row
    same = (
        "id",
        "title",
        "template",
        "segment",
        "topic",
        "zone",
        "pace",
        "state",
        "revision",
        "made_at",
        "why",
        "ended_at",
    )
    return {
        **{name: row[name] for name in same}, "when": row["way"], "at": row["wall"], "people": _heads(found.heads),
        "checked_at": row["frozen_at"], "scheduled_at": row["confirmed_at"],
    }  # fmt: skip
