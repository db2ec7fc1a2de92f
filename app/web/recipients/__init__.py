"""Pages for recipients. The sealed token in the address is the only proof: no sign-in, no cookie, no form token."""

from collections.abc import Callable
from traceback import format_exception
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, has_request_context, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_wtf import CSRFProtect
from werkzeug.exceptions import HTTPException

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.services.world import World
from app.web.recipients.answering import add_answering
from app.web.recipients.asking import add_asking
from app.web.recipients.common import NOT_YOURS, chosen_language, locale_of
from app.web.recipients.desk import NAME, POLICY, Desk, desk, seat
from app.web.recipients.hits import add_hits
from app.web.recipients.joining import add_joining
from app.web.recipients.leaving import add_leaving
from app.web.recipients.library import add_library
from app.web.recipients.pages import add_pages
from config import Settings

log = structlog.get_logger()
# Where a token stands in the address, no other site may learn it.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": POLICY,
}


def add_recipients(
    app: Flask, settings: Settings, spool: Spool, links: LinkMaps, open_world: Callable[[], World]
) -> None:
    """Register the pages. `open_world` is called when a page first needs the database, never for a redirect's way."""
    seat(app, Desk(spool, links, settings, open_world))
    recipients = Blueprint(
        NAME, __name__, template_folder="templates", static_folder="static", static_url_path="/r"
    )
    for add in (add_hits, add_leaving, add_answering, add_pages, add_joining, add_asking, add_library):
        add(recipients)
    recipients.after_request(_headers)
    recipients.url_defaults(_keep_language)
    recipients.register_error_handler(HTTPException, _nowhere)
    recipients.register_error_handler(Exception, _fault)
    csrf: CSRFProtect | None = app.extensions.get("csrf")
    if csrf is not None:
        csrf.exempt(recipients)
    app.register_blueprint(recipients)


def _keep_language(endpoint: str, values: dict[str, Any]) -> None:
    """A language picked on one page holds on the next."""
    chosen = chosen_language() if has_request_context() else None
    if chosen is not None and endpoint.startswith(f"{NAME}.") and endpoint != f"{NAME}.static":
        values.setdefault("lang", chosen.replace("_", "-"))


def _headers(response: Response) -> Response:
    if request.endpoint == f"{NAME}.static":
        return response
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _nowhere(error: HTTPException) -> ResponseReturnValue:
    """The same short page for whatever is not ours: it tells nothing about what exists."""
    if error.code is None or error.code < 400:
        return error
    passed_on = (request.view_args or {}).get("token") == NOT_YOURS
    return _plain("passed_on" if passed_on else "nowhere"), error.code


def _fault(error: Exception) -> ResponseReturnValue:
    """Nothing was changed; a mail program that asked tries again."""
    # Without the values of local names: one of them is the token.
    trace = "".join(format_exception(error))[-3000:]
    log.error("recipients.failed", endpoint=request.endpoint, error=repr(error)[:300], trace=trace)
    return _plain("later"), 503, {"Retry-After": "300"}


def _plain(what: str) -> str:
    locale = locale_of(None)
    with force_locale(locale):
        return render_template(
            "recipients/plain.html", what=what, lang=locale.replace("_", "-"), settings=desk().settings,
        )  # fmt: skip
