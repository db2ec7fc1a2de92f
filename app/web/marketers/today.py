"""The first page: how many stand where, what waits for a person, and whether the machine is well."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.services import health
from app.services.viewing import people
from app.services.viewing import today as numbers
from app.services.viewing.tasks import open_tasks
from app.web.shared.context import now, user, web
from app.web.shared.looks import zone

today = Blueprint("today", __name__, template_folder="templates")


@today.get("/")
def show() -> ResponseReturnValue:
    place = web().place
    return render_template(
        "marketers/today.html",
        stages=people.stage_counts(place, now()),
        health=health.look(place.database, place.workspace_id, now()),
        today=numbers.look(place, user().id, now(), zone()),
        tasks=open_tasks(place, user().id),
        at=now(),
        here="today",
    )
