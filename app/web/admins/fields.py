"""Custom fields: what they hold and where they are used; added, renamed, taken out of use."""

from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.contacts import TYPES
from app.services import custom_fields as service
from app.services.custom_fields import FieldFault
from app.services.world import World
from app.web.shared.context import now, user, web

fields = Blueprint("fields", __name__, url_prefix="/settings/fields", template_folder="templates")
LONGEST = 20_000
PARTS = ("subject", "key", "label", "type", "choices")


@fields.get("")
def index() -> ResponseReturnValue:
    return _listing()


@fields.post("")
def add() -> ResponseReturnValue:
    wish = _wish()
    if wish["subject"] not in service.SUBJECTS or wish["type"] not in TYPES:
        abort(400)
    try:
        made = service.add(_world(), wish, now(), user().id)
    except FieldFault as fault:
        return _listing(fault, wish), 422
    return redirect(url_for("fields.show", field_id=made.id, done="added"), 303)


@fields.get("/<uuid:field_id>")
def show(field_id: UUID) -> ResponseReturnValue:
    return _one(field_id)


@fields.post("/<uuid:field_id>")
def change(field_id: UUID) -> ResponseReturnValue:
    wish, form = _wish(), request.form
    try:
        service.change(
            _world(), field_id, wish, form.get("was", ""), now(), user().id, sure=form.get("sure") == "yes"
        )
    except FieldFault as fault:
        return _one(field_id, fault, wish), 422
    return redirect(url_for("fields.show", field_id=field_id, done="changed"), 303)


@fields.post("/<uuid:field_id>/retire")
def retire(field_id: UUID) -> ResponseReturnValue:
    try:
        service.retire(_world(), field_id, now(), user().id)
    except FieldFault as fault:
        return _one(field_id, fault), 422
    return redirect(url_for("fields.show", field_id=field_id, done="retired"), 303)


@fields.post("/<uuid:field_id>/bring-back")
def bring_back(field_id: UUID) -> ResponseReturnValue:
    try:
        service.bring_back(_world(), field_id, now(), user().id)
    except FieldFault:
        abort(404)
    return redirect(url_for("fields.show", field_id=field_id, done="back"), 303)


def _wish() -> dict[str, str]:
    return {name: request.form.get(name, "")[:LONGEST] for name in PARTS}


def _one(field_id: UUID, fault: FieldFault | None = None, wish: dict[str, str] | None = None) -> str:
    listing = service.listed(_world(), now())
    found = listing.field(field_id)
    if found is None:
        abort(404)
    return render_template(
        "admins/field.html",
        one=found,
        unreadable=listing.fault,
        fault=fault,
        wish=wish,
        done=request.args.get("done"),
        here="settings",
    )


def _listing(fault: FieldFault | None = None, wish: dict[str, str] | None = None) -> str:
    return render_template(
        "admins/fields.html",
        listing=service.listed(_world(), now()),
        subjects=service.SUBJECTS,
        types=TYPES,
        fault=fault,
        wish=wish or {},
        here="settings",
    )


def _world() -> World:
    return web().world
