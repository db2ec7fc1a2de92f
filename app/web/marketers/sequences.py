"""Sequences with the people inside, and one of them step by step."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from app.services.viewing import sequences as view
from app.web.shared.context import web

sequences = Blueprint("sequences", __name__, url_prefix="/sequences", template_folder="templates")


@sequences.get("")
def index() -> ResponseReturnValue:
    lines = view.list_sequences(web().place)
    return render_template("marketers/sequences.html", lines=lines, here="sequences")


@sequences.get("/<key>")
def show(key: str) -> ResponseReturnValue:
    found = view.look_at(web().place, key)
    if found is None:
        abort(404)
    return render_template("marketers/sequence.html", page=found, here="sequences")
