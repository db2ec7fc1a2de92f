"""A contact added by hand: the form, and what keeps somebody from coming in by it."""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import adding as service
from app.services.adding import FIELDS, Stopped, Taken, Wish
from app.services.contacts import ContactFault, FieldFaults, owners
from app.services.importing.options import ImportOptions, default_stage
from app.services.reading import Unreadable
from app.services.viewing import one, programme
from app.web.marketers.contact_forms import actor, around
from app.web.shared.context import now, user, web

adding = Blueprint("adding", __name__, url_prefix="/contacts/new", template_folder="templates")
LONGEST = 500


@adding.get("")
def form() -> ResponseReturnValue:
    return _form(Wish("", {}))


@adding.post("")
def add() -> ResponseReturnValue:
    wish = _wish()
    if wish.topics and not user().at_least("marketer"):
        abort(403)  # writing consent down takes as much here as on the contact's page
    try:
        contact_id = service.add(web().world, wish, actor(), now())
    except Unreadable:
        abort(404)
    except FieldFaults as found:
        return _form(wish, found.faults), 422
    except Taken as found:
        return _form(wish, {"": found.reason}, taken=found.contact_id), 422
    except ContactFault as found:
        return _form(wish, {"": found.reason}, stopped=isinstance(found, Stopped)), 422
    return redirect(url_for("contacts.show", contact_id=contact_id, done="added"), 303)


def _wish() -> Wish:
    given = request.form

    def line(name: str) -> str:
        # One sign more than there is room for, so that what is too long is told and not cut.
        return given.get(name, "")[: LONGEST + 1].strip()

    topics = tuple(dict.fromkeys(topic[:LONGEST] for topic in given.getlist("topic")[:100]))
    return Wish(
        line("email"), {name: line(name) for name in FIELDS}, topics, line("basis"), line("source"),
        given.get("sure") == "yes",
    )  # fmt: skip


def _form(
    wish: Wish,
    faults: Mapping[str, Reason] | None = None,
    taken: UUID | None = None,
    *,
    stopped: bool = False,
) -> str:
    try:
        surroundings = around()
    except Unreadable:
        return render_template("marketers/contact_new.html", ready=False, here="contacts")
    with web().database.read() as connection:
        names = programme.names(connection, web().workspace_id, web().settings.lifecycle_preset or None)
    return render_template(
        "marketers/contact_new.html",
        ready=True,
        wish=wish,
        faults=faults or {},
        holder=one.head(web().place, taken) if taken else None,
        stopped=stopped,
        names=names,
        stages=list(surroundings.lifecycle.stages),
        usual=default_stage(ImportOptions(), surroundings.lifecycle),
        topics=list(surroundings.topics or ()),
        owners=owners(web().database, web().workspace_id),
        here="contacts",
    )
