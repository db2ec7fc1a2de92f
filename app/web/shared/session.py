"""The cookie of a sign-in, and the guard in front of every page."""

from urllib.parse import urlsplit

from flask import Flask, abort, g, redirect, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as Answer

from app.services import accounts
from app.web.access import ACCESS, OWN_PROOF, PUBLIC
from app.web.shared.context import now, user_or_none, web

COOKIE = "trellis_session"
# Open to somebody whose password must be changed first.
BEFORE_CHANGE = ("account.password", "account.sign_out", "account.theme", "static")


def guard(app: Flask) -> None:
    app.before_request(_is_text)
    app.before_request(_let_in)


def remember(response: Answer, token: str) -> Answer:
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(accounts.ABSOLUTE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=web().settings.cookie_secure,
    )
    return response


def forget(response: Answer) -> Answer:
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=web().settings.cookie_secure)
    return response


def token() -> str:
    return request.cookies.get(COOKIE, "")


def safe_next(target: str | None) -> str:
    """`target` when it is a path of this site; otherwise the first page."""
    target = target or ""
    parts = urlsplit(target)
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    if not plain or parts.scheme or parts.netloc or "\\" in target:
        return url_for("today.show")
    return target


def _is_text() -> None:
    """No field of ours holds a NUL, and PostgreSQL takes none."""
    if any("\0" in value for values in request.values.lists() for value in values[1]) or "\0" in request.path:
        abort(400)


def _let_in() -> Answer | None:
    if request.blueprint in OWN_PROOF or request.endpoint == "static":
        return None
    held = token()
    g.user = accounts.who(web().database, held, now()) if held else None
    if request.endpoint is None:
        return None  # no such page, which is told to anybody
    needed = ACCESS.get(request.endpoint)
    if needed == PUBLIC:
        return None
    user = user_or_none()
    if user is None:
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("account.sign_in", next=wanted))
    if user.must_change_password and request.endpoint not in BEFORE_CHANGE:
        return redirect(url_for("account.password"))
    if needed is None or not user.at_least(needed):
        raise Forbidden
    return None
