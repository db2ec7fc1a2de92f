"""What lint finds in the files and in what is in force: where, what, and what to do."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from app.services import authoring
from app.web.shared.context import now, web

checking = Blueprint("checking", __name__, url_prefix="/check", template_folder="templates")
LOOKS = {"files": authoring.look_at_folder, "live": authoring.look_at_live}


@checking.get("")
def show() -> ResponseReturnValue:
    of = request.args.get("of", "files")
    if of not in LOOKS:
        abort(404)
    looked = LOOKS[of](web().database, web().workspace_id, web().settings, now())
    return render_template("marketers/check.html", looked=looked, of=of, here="checking")
