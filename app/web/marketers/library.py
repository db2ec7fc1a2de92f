"""The library for the team: its pieces with their readers, one piece, and who has seen everything."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from app.services.viewing import library as view
from app.web.shared.context import web

library = Blueprint("library", __name__, url_prefix="/pieces", template_folder="templates")


@library.get("")
def index() -> ResponseReturnValue:
    place = web().place
    return render_template(
        "marketers/library.html", lines=view.list_pieces(place), seen=view.seen(place), here="library",
        original=web().settings.default_locale,
    )  # fmt: skip


@library.get("/seen")
def seen() -> ResponseReturnValue:
    """Who has seen everything, step by step."""
    return render_template("marketers/library-seen.html", steps=view.seen(web().place), here="library")


@library.get("/of/<key>")
def show(key: str) -> ResponseReturnValue:
    found = view.look_at(web().place, key)
    if found is None:
        abort(404)
    return render_template(
        "marketers/piece.html", page=found, here="library", original=web().settings.default_locale
    )
