"""Mails by state, the uncertain ones first; and a person's word on what became of those."""

from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import settling
from app.services.viewing import deliveries as viewing
from app.web.shared.context import now, user, web

deliveries = Blueprint("deliveries", __name__, url_prefix="/deliveries", template_folder="templates")
PAGE = 50


@deliveries.get("")
def index() -> ResponseReturnValue:
    return _page()


@deliveries.get("/<uuid:delivery_id>")
def show(delivery_id: UUID) -> ResponseReturnValue:
    mail = viewing.look_at(web().place, delivery_id)
    if mail is None:
        abort(404)
    return render_template("admins/delivery.html", mail=mail, at=now(), here="health")


@deliveries.post("/settle")
def settle() -> ResponseReturnValue:
    verdict = request.form.get("verdict", "")
    if verdict == settling.AGAIN and not user().may_stop:
        abort(403)
    try:
        ids = [UUID(text) for text in request.form.getlist("mail")]
    except ValueError:
        abort(400)
    if verdict == settling.AGAIN and request.form.get("sure") != "yes":
        return _page(fault=Reason("settle.not_sure")), 422
    world = web().world
    try:
        found = settling.settle_by_hand(world, ids, verdict, request.form.get("why", ""), user().id, now())
    except settling.SettlingFault as fault:
        return _page(fault=fault.reason), 422
    settled, already = len(found.settled), len(found.already)
    return redirect(url_for("deliveries.index", state="uncertain", settled=settled, already=already))


def _page(fault: Reason | None = None) -> str:
    state = request.args.get("state") or None
    if state is not None and state not in viewing.STATES:
        abort(404)
    try:
        before = UUID(request.args["before"]) if "before" in request.args else None
    except ValueError:
        abort(404)
    found = viewing.list_mails(web().place, state or "uncertain", before, PAGE)
    return render_template(
        "admins/deliveries.html",
        found=found,
        state=state or "uncertain",
        states=viewing.STATES,
        before=before,
        fault=fault,
        why=request.form.get("why", ""),
        chosen=request.form.getlist("mail"),
        settled=request.args.get("settled", type=int),
        already=request.args.get("already", 0, type=int),
        at=now(),
        here="health",
    )
