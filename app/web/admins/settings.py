"""Where everything about the house is set: one page that leads to the others."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

settings = Blueprint("settings", __name__, url_prefix="/settings", template_folder="templates")


@settings.get("")
def index() -> ResponseReturnValue:
    return render_template("admins/settings.html", here="settings")
