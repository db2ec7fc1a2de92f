"""Where mail providers call: no sign-in, no cookie, no form token. A call proves itself, or it is refused."""

import structlog
from flask import Blueprint, Flask, Response, current_app, request
from flask_wtf import CSRFProtect
from werkzeug.exceptions import HTTPException

from app.services.provider_events import Receiver
from app.services.secrets import Vault
from app.web.shared.context import now, web

log = structlog.get_logger()
NAME = "incoming"
# The same words whatever was wrong: a forger learns nothing.
ANSWERS = {"taken": ("OK\n", 200), "refused": ("Refused.\n", 403), "nowhere": ("Not found.\n", 404)}


def add_incoming(app: Flask) -> None:
    incoming = Blueprint(NAME, __name__)
    incoming.post("/hooks/<provider>/<key>")(take)
    incoming.register_error_handler(HTTPException, _plain)
    incoming.register_error_handler(Exception, _later)
    csrf: CSRFProtect | None = app.extensions.get("csrf")
    if csrf is not None:
        csrf.exempt(incoming)
    app.register_blueprint(incoming)


def take(provider: str, key: str) -> Response:
    headers = {name.lower(): value for name, value in request.headers.items()}
    answer = _receiver().take(
        provider, key, headers, request.get_data(cache=False), request.remote_addr or "", now()
    )
    text, status = ANSWERS[answer]
    return Response(text, status, mimetype="text/plain")


def _receiver() -> Receiver:
    """Made when it is first needed: before that there may be no workspace."""
    made: Receiver | None = current_app.extensions.get(NAME)
    if made is None:
        made = Receiver(web().database, web().workspace_id, Vault(web().settings))
        current_app.extensions[NAME] = made
    return made


def _plain(error: HTTPException) -> Response:
    return Response(f"{error.name}.\n", error.code or 400, mimetype="text/plain")


def _later(error: Exception) -> Response:
    """Nothing was stored, so the provider is to call again."""
    log.error("webhooks.failed", error=repr(error)[:300])
    return Response("Try again later.\n", 503, {"Retry-After": "60"}, mimetype="text/plain")
