"""The page of health."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.services import health as service
from app.web.shared.context import now, web

health = Blueprint("health", __name__, url_prefix="/health", template_folder="templates")


@health.get("")
def show() -> ResponseReturnValue:
    looked = service.look(web().database, web().workspace_id, now())
    return render_template("admins/health.html", health=looked, at=now(), here="health")
