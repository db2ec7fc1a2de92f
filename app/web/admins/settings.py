"""Where everything about the house is set: one page that leads to the others; and every component of the pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.services.viewing.programme import STAGES, StageName

settings = Blueprint("settings", __name__, template_folder="templates")


@settings.get("/settings")
def index() -> ResponseReturnValue:
    return render_template("admins/settings.html", here="settings")


@settings.get("/components")
def components() -> ResponseReturnValue:
    """For whoever builds a page: what there is, in each state."""
    stages = [StageName(key, {}, False) for key in STAGES]
    return render_template("admins/components.html", stages=stages, here="settings")
