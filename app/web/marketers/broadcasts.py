"""Broadcasts: drafted, frozen, confirmed, paused, called off; what came of them."""

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services.broadcasts import deciding
from app.services.broadcasts.deciding import BroadcastFault, Wish
from app.services.reading import Unreadable
from app.store import broadcasts as rows
from app.web.shared.context import now, user, web

broadcasts = Blueprint("broadcasts", __name__, url_prefix="/broadcasts", template_folder="templates")
LONGEST = 300
FIELDS = ("title", "template", "segment", "topic", "way", "wall", "zone", "pace")


@broadcasts.get("")
def index() -> ResponseReturnValue:
    world = web().world
    with world.database.read() as connection:
        found = rows.listing(connection, world.workspace_id)
        heads = rows.heads(connection, [row.id for row in found])
    return render_template("marketers/broadcasts.html", found=found, heads=heads, here="broadcasts")


@broadcasts.get("/new")
def new() -> ResponseReturnValue:
    return _form(Wish(segment=request.args.get("segment", "")[:LONGEST]))


@broadcasts.post("/new")
def create() -> ResponseReturnValue:
    wish = _wish()
    try:
        mine = deciding.draft(web().world, wish, now(), user().id)
    except BroadcastFault as fault:
        return _form(wish, fault), 422
    return redirect(url_for("broadcasts.show", broadcast_id=mine), 303)


@broadcasts.get("/<uuid:broadcast_id>")
def show(broadcast_id: UUID) -> ResponseReturnValue:
    return _page(broadcast_id)


@broadcasts.get("/<uuid:broadcast_id>/edit")
def edit(broadcast_id: UUID) -> ResponseReturnValue:
    found = _found(broadcast_id)
    if found.state not in deciding.BEFORE:
        return redirect(url_for("broadcasts.show", broadcast_id=broadcast_id))
    return _form(deciding.wish_of(found), of=found)


@broadcasts.post("/<uuid:broadcast_id>/edit")
def change(broadcast_id: UUID) -> ResponseReturnValue:
    found, wish = _found(broadcast_id), _wish()
    try:
        deciding.change(web().world, broadcast_id, wish, _revision(), now(), user().id)
    except BroadcastFault as fault:
        return _form(wish, fault, found), 422
    return redirect(url_for("broadcasts.show", broadcast_id=broadcast_id), 303)


@broadcasts.post("/<uuid:broadcast_id>/freeze")
def freeze(broadcast_id: UUID) -> ResponseReturnValue:
    return _act(broadcast_id, deciding.freeze)


@broadcasts.post("/<uuid:broadcast_id>/confirm")
def confirm(broadcast_id: UUID) -> ResponseReturnValue:
    return _act(broadcast_id, deciding.confirm, request.form.get("why", "")[:LONGEST])


@broadcasts.post("/<uuid:broadcast_id>/pause")
def pause(broadcast_id: UUID) -> ResponseReturnValue:
    return _act(broadcast_id, deciding.pause)


@broadcasts.post("/<uuid:broadcast_id>/resume")
def resume(broadcast_id: UUID) -> ResponseReturnValue:
    return _act(broadcast_id, deciding.resume)


@broadcasts.post("/<uuid:broadcast_id>/cancel")
def cancel(broadcast_id: UUID) -> ResponseReturnValue:
    return _act(broadcast_id, deciding.cancel)


def _act(broadcast_id: UUID, doing: Any, *more: str) -> ResponseReturnValue:
    _found(broadcast_id)
    try:
        doing(web().world, broadcast_id, _revision(), *more, now(), user().id)
    except BroadcastFault as fault:
        return _page(broadcast_id, fault.reason, more[0] if more else ""), 422
    return redirect(url_for("broadcasts.show", broadcast_id=broadcast_id), 303)


def _revision() -> int:
    text = request.form.get("revision", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)


def _wish() -> Wish:
    return Wish(**{name: request.form.get(name, "")[:LONGEST].strip() for name in FIELDS})


def _found(broadcast_id: UUID) -> Any:
    try:
        return deciding.find(web().world, broadcast_id)
    except BroadcastFault:
        abort(404)


def _page(broadcast_id: UUID, fault: Reason | None = None, why: str = "") -> str:
    found = _found(broadcast_id)
    with web().world.database.read() as connection:
        people = rows.reasons(connection, broadcast_id)
        mails = rows.mails(connection, broadcast_id)
        answers = rows.answers(connection, broadcast_id)
    sums: dict[str, int] = {}
    for row in people:
        sums[row.state] = sums.get(row.state, 0) + row.people
    return render_template(
        "marketers/broadcast.html", one=found, people=people, sums=sums, mails=mails, answers=answers, fault=fault, why=why,
        reason=Reason, here="broadcasts",
    )  # fmt: skip


def _form(wish: Wish, fault: BroadcastFault | None = None, of: Any = None) -> str:
    try:
        setting = web().world.library.catalogue(now()).setting
    except Unreadable:
        abort(404)
    templates = sorted(key for key, info in setting.templates.items() if info.message_class == "marketing")
    return render_template(
        "marketers/broadcast_form.html", wish=wish, fault=fault, of=of, templates=templates,
        segments=sorted(setting.segments), topics=setting.programme.topics, zone=setting.programme.zone, here="broadcasts",
    )  # fmt: skip
