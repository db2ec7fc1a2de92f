"""A talk with a contact written down as evidence; the prospect accepted, or sent back to nurture."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.services import talks as service
from app.services.talks import TalkFault, Told
from app.services.viewing import one, programme
from app.web.shared.context import now, user, web
from app.web.shared.looks import zone

talks = Blueprint("talks", __name__, url_prefix="/contacts/<uuid:contact_id>", template_folder="templates")
LONGEST = 2000
SAID = ("recorded", "accepted", "back", "same")


@talks.get("/talk")
def show(contact_id: UUID) -> ResponseReturnValue:
    return _page(contact_id)


@talks.post("/talk")
def record(contact_id: UUID) -> ResponseReturnValue:
    told = {
        name.removeprefix("state."): Told(
            _typed(name), _typed(f"value.{name[6:]}"), _typed(f"note.{name[6:]}")
        )
        for name in request.form
        if name.startswith("state.")
    }
    try:
        at = _instant(_typed("at"), "at", "talk.when")
        new = service.record(
            web().world, contact_id, _key(), _typed("kind"), at, _typed("note"), told, now(), user().id
        )
    except TalkFault as fault:
        return _refused(contact_id, fault, "record")
    return _back(contact_id, "recorded" if new else "same")


@talks.post("/accept")
def accept(contact_id: UUID) -> ResponseReturnValue:
    try:
        new = service.accept(
            web().world, contact_id, _key(), _typed("stage"), _typed("was"), _typed("why"), now(), user().id
        )
    except TalkFault as fault:
        return _refused(contact_id, fault, "accept")
    return _back(contact_id, "accepted" if new else "same")


@talks.post("/send-back")
def send_back(contact_id: UUID) -> ResponseReturnValue:
    try:
        wake_at = _instant(_typed("wake"), "wake", "talk.wake", time(9))
        new = service.send_back(
            web().world, contact_id, _key(), _typed("stage"), _typed("was"), _typed("why"), wake_at,
            "silent" in request.form, now(), user().id,
        )  # fmt: skip
    except TalkFault as fault:
        return _refused(contact_id, fault, "send_back")
    return _back(contact_id, "back" if new else "same")


def _typed(name: str) -> str:
    return request.form.get(name, "")[:LONGEST].strip()


def _key() -> UUID:
    try:
        return UUID(_typed("key"))
    except ValueError:
        raise TalkFault("", "talk.form") from None


def _instant(text: str, place: str, code: str, at: time | None = None) -> datetime:
    """A day and a time on the reader's clock; a day alone is at `at`."""
    try:
        found = datetime.fromisoformat(text)
        if at is not None:
            found = datetime.combine(found.date(), at)
        return (found if found.tzinfo else found.replace(tzinfo=zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        raise TalkFault(place, code) from None


def _refused(contact_id: UUID, fault: TalkFault, act: str) -> ResponseReturnValue:
    if fault.reason.code == "contact.unknown":
        abort(404)
    return _page(contact_id, fault, act), 422


def _back(contact_id: UUID, said: str) -> ResponseReturnValue:
    return redirect(url_for("talks.show", contact_id=contact_id, said=said), code=303)


def _page(contact_id: UUID, fault: TalkFault | None = None, act: str = "") -> str:
    place = web().place
    person = one.look_at(place, contact_id, now(), "stage")
    if person is None or person.row.erased_at is not None or person.row.merged_into is not None:
        abort(404)
    with place.database.read() as connection:
        lifecycle = programme.lifecycle(connection, place.workspace_id, place.preset)
    if lifecycle is None:
        abort(404)
    # A form that was refused keeps what was typed into it; the others are as new.
    typed: dict[str, Any] = request.form.to_dict() if fault else {}
    said = request.args.get("said", "")
    return render_template(
        "sales/talk.html",
        person=person,
        lifecycle=lifecycle,
        fault=fault,
        act=act,
        typed=typed,
        key=service.new_key(now()),
        kinds=service.KINDS,
        selling=service.selling_stage(lifecycle),
        nurture=service.nurture_stage(lifecycle),
        at=f"{now().astimezone(zone()):%Y-%m-%dT%H:%M}",
        said=said if said in SAID else "",
        here="contacts",
    )
