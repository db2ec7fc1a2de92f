"""Error pages in the look of the others. A fault of ours shows no trace; it is in the log."""

from uuid import UUID

from flask import Flask, Response, current_app, render_template, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

KNOWN = (400, 403, 404, 405, 413, 500)
# The form was read; what somebody wrote in it is handed back.
READ = (400, 403)
# Never shown again, not even to whom it belongs.
SECRET = frozenset({"password", "current", "new", "again", "code", "secret"})
# What a form says for itself: its proof, and how things stood when it was opened.
OF_THE_FORM = frozenset(
    {
        "csrf_token",
        "mark",
        "base",
        "revision",
        "form_key",
        "once",
        "stamp",
        "shown_at",
        "seen",
        "next",
        "was",
        "kept",
    }
)


def typed() -> list[tuple[str, str]]:
    """What somebody wrote in a form that is refused, by the names of its fields, so that it is not lost."""
    if request.method != "POST":
        return []
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if value.strip()
        and name not in SECRET | OF_THE_FORM
        and not name.startswith(("was_", "was."))
        and not _is_id(value)
    ]


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def add_error_pages(app: Flask) -> None:
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


def _csrf(_error: CSRFError) -> ResponseReturnValue:
    return render_template("error.html", kind="csrf", typed=typed()), 400


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    if request_ctx.url_adapter is None:  # a host that is none: no address of a page can be made
        return Response("This address cannot be read.\n", error.code, mimetype="text/plain")
    kind = str(error.code) if error.code in KNOWN else "other"
    kept = typed() if error.code in READ else []
    return render_template("error.html", kind=kind, typed=kept), error.code


def _fault(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("A page failed.", exc_info=error)
    return render_template("error.html", kind="500"), 500
