"""What must always be true: each rule in words, when it was asked, over how many rows, and what is wrong."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.services import health, invariants
from app.web.shared.context import now, web

truths = Blueprint("truths", __name__, url_prefix="/always-true", template_folder="templates")


@truths.get("")
def show() -> ResponseReturnValue:
    place = web().place
    with place.database.read() as connection:
        stand = invariants.stand(connection, place.workspace_id)
        waiting = health.due_work(connection, place.workspace_id, now())
    rows = invariants.findings(place.database, place.workspace_id)
    return render_template(
        "admins/truths.html",
        rules=(*stand, health.due_work_is_taken(waiting, now())),
        rows=rows,
        here="health",
    )


@truths.post("")
def look() -> ResponseReturnValue:
    """One bounded run, as the job makes it every hour."""
    invariants.run_checks(web().world, now())
    return redirect(url_for("truths.show"))
