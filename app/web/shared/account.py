"""Coming in, going out, a new password, and the theme."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.services import accounts, demo
from app.web.shared.context import now, user, user_or_none, web
from app.web.shared.session import forget, remember, safe_next, token

account = Blueprint("account", __name__)
THEMES = ("system", "light", "dark")
THEME_COOKIE = "trellis_theme"
A_YEAR = 365 * 86400


@account.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    wanted = request.values.get("next")
    if request.method != "POST":
        if user_or_none():
            return redirect(first_page(wanted))
        return render_template("account/sign_in.html", wanted=wanted, email="", failed=False)
    email = request.form.get("email", "")
    opened = accounts.sign_in(
        web().database, web().workspace_id, email, request.form.get("password", ""), now(),
        request.user_agent.string, request.remote_addr or "",
    )  # fmt: skip
    if opened is None:
        page = render_template("account/sign_in.html", wanted=wanted, email=email[:254], failed=True)
        return page, 422
    # The old sign-in of this browser ends: a token somebody else may know is not carried on.
    if token():
        accounts.sign_out(web().database, token(), now())
    half = accounts.half_of(web().database, opened, now()) is not None
    return remember(redirect(url_for("entry.code", next=wanted) if half else first_page(wanted)), opened)


def first_page(wanted: str | None) -> str:
    """Where somebody wanted to go; while the workspace is empty and a demo is there, the demo shows how it looks."""
    target = safe_next(wanted)
    first = url_for("today.show")
    if target == first and demo.comes_first(web().database, web().workspace_id):
        return f"{request.script_root}{demo.PATH}/"
    return target


@account.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    accounts.sign_out(web().database, token(), now())
    g.user = None
    return forget(redirect(url_for("account.sign_in")))


@account.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    if request.method != "POST":
        return render_template("account/password.html", fault=None)
    form = request.form
    if form.get("new", "") != form.get("again", ""):
        return render_template("account/password.html", fault="password.differ"), 422
    try:
        fresh = accounts.change_password(
            web().database, user(), form.get("current", ""), form.get("new", ""), now(),
            request.user_agent.string, request.remote_addr or "",
        )  # fmt: skip
    except accounts.AccountError as error:
        return render_template("account/password.html", fault=error.code), 422
    return remember(redirect(first_page(None)), fresh)


@account.post("/theme")
def theme() -> ResponseReturnValue:
    chosen = request.form.get("theme", "")
    answer = redirect(safe_next(request.form.get("next")))
    if chosen in THEMES:
        answer.set_cookie(THEME_COOKIE, chosen, max_age=A_YEAR, samesite="Lax", httponly=True)
    return answer


def chosen_theme() -> str | None:
    """The theme this browser asked for; None follows the system."""
    asked = request.cookies.get(THEME_COOKIE)
    return asked if asked in ("light", "dark") else None
