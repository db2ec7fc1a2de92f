"""Returned mail: what came back, what came of it, and what waits for a person."""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import returned as service
from app.services.contacts import find_contact
from app.services.returned.reviewing import ReviewFault
from app.services.viewing import returned as viewing
from app.web.shared.context import now, user, web

returned = Blueprint("returned", __name__, url_prefix="/returned", template_folder="templates")
LONGEST_SEARCH = 200
LONGEST_WHO = 320


@returned.get("")
def index() -> ResponseReturnValue:
    state = request.args.get("state") or None
    what = request.args.get("what") or None
    search = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    if state not in (None, *viewing.STATES) or what not in (None, *viewing.WHATS):
        abort(404)
    page = viewing.list_messages(web().place, state, what, search, _before(), now())

    def to(state: str | None = state, before: str | None = None) -> str:
        return url_for("returned.index", state=state, what=what, q=search or None, before=before)

    return render_template(
        "admins/returned.html",
        page=page,
        state=state,
        what=what,
        search=search,
        states=viewing.STATES,
        whats=viewing.WHATS,
        total=sum(page.counts.values()),
        before=request.args.get("before"),
        to=to,
        here="returned",
    )


@returned.get("/<uuid:message_id>")
def show(message_id: UUID) -> ResponseReturnValue:
    return _page(message_id)


@returned.get("/<uuid:message_id>/raw")
def raw(message_id: UUID) -> ResponseReturnValue:
    """The bytes, to be kept as a file: a browser is never to show them."""
    found = viewing.raw_of(web().place, message_id)
    if found is None:
        abort(404)
    answer = make_response(found)
    answer.headers["Content-Type"] = "application/octet-stream"
    answer.headers["Content-Disposition"] = f'attachment; filename="{message_id}.eml"'
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return answer


@returned.post("/<uuid:message_id>/assign")
def assign(message_id: UUID) -> ResponseReturnValue:
    who = request.form.get("who", "").strip()[:LONGEST_WHO]
    contact_id = find_contact(web().database, web().workspace_id, who) if who else None
    if contact_id is None:
        return _page(message_id, who=who, unknown=True), 422
    try:
        service.assign(web().world, message_id, contact_id, user().id, now())
    except ReviewFault as fault:
        return _page(message_id, fault=fault.reason), 409
    return redirect(url_for("returned.show", message_id=message_id))


@returned.post("/<uuid:message_id>/dismiss")
def dismiss(message_id: UUID) -> ResponseReturnValue:
    try:
        service.dismiss(web().world, message_id, request.form.get("why", ""), user().id, now())
    except ReviewFault as fault:
        return _page(message_id, fault=fault.reason), 409
    return redirect(url_for("returned.index", state="review"))


def _page(message_id: UUID, *, who: str = "", unknown: bool = False, fault: Reason | None = None) -> str:
    message = viewing.look_at(web().place, message_id)
    if message is None:
        abort(404)
    return render_template(
        "admins/returned_one.html", message=message, who=who, unknown=unknown, fault=fault, here="returned"
    )


def _before() -> tuple[datetime, UUID] | None:
    text = request.args.get("before")
    if not text:
        return None
    at, _, message_id = text.partition("_")
    try:
        instant, found = datetime.fromisoformat(at), UUID(message_id)
    except ValueError:
        abort(400)
    if instant.tzinfo is None:
        abort(400)
    return instant, found
