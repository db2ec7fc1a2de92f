"""The doors without a sign-in: an invitation, a forgotten password, the second step. Their proof is a link out of a
mail, or half a sign-in.

Looking at a link changes nothing, so a scanner that opens it uses nothing up.
"""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.services import accounts, colleagues, resetting, second_step
from app.services.account_mails import LANGUAGES
from app.services.users import UserFault
from app.web.shared.account import first_page
from app.web.shared.context import now, web
from app.web.shared.session import remember, token

entry = Blueprint("entry", __name__)


@entry.route("/invited/<link>", methods=["GET", "POST"])
def invited(link: str) -> ResponseReturnValue:
    found = colleagues.opened(web().world, link, now())
    if found is None:
        return _over("invite")
    form = request.form
    if request.method != "POST":
        return _page("account/invited.html", found=found, name=found.name, fault=None, params={})
    typed = {"found": found, "name": form.get("name", "")[:400]}
    if form.get("new", "") != form.get("again", ""):
        return _page("account/invited.html", 422, **typed, fault="password.differ", params={})
    try:
        opened = colleagues.accept(
            web().world, link, form.get("name", ""), form.get("new", ""), now(), request.user_agent.string,
            request.remote_addr or "",
        )  # fmt: skip
    except accounts.AccountError as error:
        return _page("account/invited.html", 422, **typed, fault=error.code, params={})
    except UserFault as fault:
        return _page(
            "account/invited.html", 422, **typed, fault=fault.reason.code, params=fault.reason.params
        )
    if opened is None:
        return _over("invite")
    # Whoever was signed in by this browser is not carried on.
    if token():
        accounts.sign_out(web().database, token(), now())
    return remember(redirect(url_for("today.show")), opened)


@entry.route("/forgot", methods=["GET", "POST"])
def forgot() -> ResponseReturnValue:
    """The answer is the same whether there is such an account, and however often somebody asks."""
    if request.method != "POST":
        return render_template("account/forgot.html", asked=False)
    locale = request.accept_languages.best_match(list(LANGUAGES)) or ""
    resetting.ask(web().world, request.form.get("email", ""), request.remote_addr or "", locale, now())
    return render_template("account/forgot.html", asked=True)


@entry.route("/reset/<link>", methods=["GET", "POST"])
def reset(link: str) -> ResponseReturnValue:
    email = resetting.whose(web().world, link, now())
    if email is None:
        return _over("reset")
    if request.method != "POST":
        return _page("account/reset.html", email=email, fault=None)
    if request.form.get("new", "") != request.form.get("again", ""):
        return _page("account/reset.html", 422, email=email, fault="password.differ")
    try:
        if not resetting.reset(web().world, link, request.form.get("new", ""), now()):
            return _over("reset")
    except accounts.AccountError as error:
        return _page("account/reset.html", 422, email=email, fault=error.code)
    return redirect(url_for("account.sign_in", done="reset"))


@entry.route("/sign-in/code", methods=["GET", "POST"])
def code() -> ResponseReturnValue:
    """The second step: half a sign-in becomes a whole one, with a fresh token."""
    wanted = request.values.get("next")
    if accounts.half_of(web().database, token(), now()) is None:
        return redirect(url_for("account.sign_in", next=wanted))
    if request.method != "POST":
        return render_template("account/code.html", wanted=wanted, failed=False)
    opened = second_step.finish(
        web().world, token(), request.form.get("code", ""), now(), request.user_agent.string, request.remote_addr or ""
    )  # fmt: skip
    if opened is None:
        return render_template("account/code.html", wanted=wanted, failed=True), 422
    return remember(redirect(first_page(wanted)), opened)


def _over(kind: str) -> ResponseReturnValue:
    """A link that was used, taken back, is too old, or never was: one page for all of them."""
    return _page("account/over.html", 404, kind=kind)


def _page(template: str, status: int = 200, **shown: object) -> ResponseReturnValue:
    answer = make_response(render_template(template, **shown), status)
    # The address holds the proof: it is told to nobody, and only the form's own check hears the host.
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer
