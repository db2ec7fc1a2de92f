"""The red button: effects first, then a reason, then stop; and the way back."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.services import stopping
from app.web.shared.context import now, user, web

sending = Blueprint("sending", __name__, url_prefix="/sending", template_folder="templates")


@sending.get("")
def show() -> ResponseReturnValue:
    return _page()


@sending.post("/stop")
def stop() -> ResponseReturnValue:
    why = request.form.get("why", "").strip()
    if not why:
        return _page(missing=True), 422
    stopping.stop(web().database, web().workspace_id, user().id, why, now())
    return redirect(url_for("sending.show"))


@sending.post("/resume")
def resume() -> ResponseReturnValue:
    stopping.resume(web().database, web().workspace_id, user().id, request.form.get("why", ""), now())
    return redirect(url_for("sending.show"))


def _page(missing: bool = False) -> str:
    database, workspace_id = web().database, web().workspace_id
    return render_template(
        "admins/sending.html",
        state=stopping.sending_state(database, workspace_id),
        effects=stopping.effects(database, workspace_id, now()),
        missing=missing,
        here="health",
    )
