"""The cookie of a sign-in, and the guard in front of every page."""

from urllib.parse import urlsplit

from flask import Flask, abort, g, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as Answer

from app.services import accounts
from app.services.accounts import User
from app.services.demo import PATH
from app.web.access import ACCESS, OWN_PROOF, PUBLIC, RIGHTS, UPLOADS
from app.web.shared.asking import Asking
from app.web.shared.context import now, user_or_none, web
from app.web.shared.errors import typed

COOKIE = "trellis_session"
# Open to somebody whose password must be changed first.
BEFORE_CHANGE = ("account.password", "account.sign_out", "account.theme", "static", "htmx")

# There is one sign-in, and it is that of the real workspace.
OF_THE_REAL = ("account.sign_in", "account.password")
# Accounts are those of the real workspace.
REAL_ROOMS = ("entry", "own", "colleagues", "audit", "tokens")

# Open to somebody who needs a second step and has none yet.
BEFORE_SECOND_STEP = (
    *BEFORE_CHANGE, "own.show", "own.second_step", "own.begin", "own.confirm", "own.revoke", "own.revoke_others",
)  # fmt: skip


def guard(app: Flask) -> None:
    app.request_class = Asking
    app.before_request(_make_room)
    # The body of a request is read for those who may come in only: a stranger fills no disk.
    app.before_request(_let_in)
    app.before_request(_is_text)


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


def _make_room() -> None:
    """Before the body is looked at."""
    if request.endpoint in UPLOADS:
        request.max_content_length = UPLOADS[request.endpoint]


def real_root() -> str:
    """Where the pages of the real workspace begin: those of the demo lie below."""
    return request.script_root.removesuffix(PATH) if web().is_demo else request.script_root


def real_url(endpoint: str, **values: str | None) -> str:
    """The address of a page of the real workspace."""
    return real_root() + url_for(endpoint, **values).removeprefix(request.script_root)  # type: ignore[arg-type]


def _who(held: str) -> User | None:
    """Who is signed in; in the demo they are its guest. Nobody comes in from another workspace."""
    user = accounts.who(web().database, held, now())
    if user is None or user.workspace_id == web().workspace_id:
        return user
    return accounts.visiting(web().database, user, web().workspace_id) if web().is_demo else None


def _is_text() -> None:
    """No field of ours holds a NUL, and PostgreSQL takes none."""
    if any("\0" in value for values in request.values.lists() for value in values[1]) or "\0" in request.path:
        abort(400)


def _let_in() -> Answer | None:
    if request.blueprint in OWN_PROOF or request.endpoint in ("static", "htmx"):
        return None
    held = token()
    g.user = _who(held) if held else None
    if request.endpoint is None:
        return None  # no such page, which is told to anybody
    needed = ACCESS.get(request.endpoint)
    if web().is_demo and request.endpoint in OF_THE_REAL:
        return redirect(real_url(request.endpoint))
    if web().is_demo and request.blueprint in REAL_ROOMS:
        return redirect(real_root() + request.path)
    if needed == PUBLIC:
        return None
    user = user_or_none()
    if user is None and "HX-Request" in request.headers:
        target = request.headers.get("HX-Target", "").rpartition("#")[2]
        return make_response(
            render_template("signed_out.html", target=target, mark=request.form.get("mark")), 401
        )
    if user is None and (kept := typed()):
        return make_response(render_template("error.html", kind="401", typed=kept), 401)
    if user is None:
        here = request.script_root + request.full_path.rstrip("?")
        return redirect(real_url("account.sign_in", next=here if request.method == "GET" else None))
    if user.must_change_password and request.endpoint not in BEFORE_CHANGE:
        return redirect(real_url("account.password"))
    if user.must_set_second_step and request.endpoint not in BEFORE_SECOND_STEP:
        return redirect(url_for("own.second_step"))
    if needed is None or not user.at_least(needed):
        raise Forbidden
    if request.endpoint in RIGHTS and not user.has(RIGHTS[request.endpoint]):
        raise Forbidden
    return None
