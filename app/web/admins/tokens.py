"""Tokens of the API: which programs come in and what each may do, a new one, and one shut out."""

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services.api import tokens as service
from app.web.shared.context import now, user, web

tokens = Blueprint("tokens", __name__, url_prefix="/api-tokens", template_folder="templates")
LASTING = ("30", "90", "365", "")


@tokens.get("")
def index() -> ResponseReturnValue:
    return _page(done=request.args.get("done", ""))


@tokens.post("")
def make() -> ResponseReturnValue:
    form = request.form
    if form.get("days", "") not in LASTING:
        abort(400)
    days = int(form["days"]) if form.get("days") else None
    name, scopes = form.get("name", "")[: 2 * service.LONGEST_NAME], form.getlist("scope")
    wish = {"name": name, "scopes": scopes, "days": form.get("days", "")}
    try:
        made, text = service.make(web().database, web().workspace_id, name, scopes, days, user().id, now())
    except service.TokenFault as fault:
        return _page(fault=fault.reason, wish=wish), 422
    # Shown in the answer itself and never again: only its hash is kept.
    return _page(made=made, text=text)


@tokens.post("/<uuid:token_id>/revoke")
def revoke(token_id: UUID) -> ResponseReturnValue:
    if not service.revoke(web().database, web().workspace_id, token_id, user().id, now()):
        return _page(fault=Reason("token.gone")), 422
    return redirect(url_for("tokens.index", done="revoked"), 303)


def _page(
    fault: Reason | None = None, wish: dict[str, Any] | None = None, made: service.Token | None = None,
    text: str = "", done: str = "",
) -> str:  # fmt: skip
    found = service.listed(web().database, web().workspace_id, now())
    return render_template(
        "admins/tokens.html",
        tokens=[one for one in found if one.state == "valid"],
        over=[one for one in found if one.state != "valid"],
        scopes=service.SCOPES,
        lasting=LASTING,
        fault=fault,
        wish=wish or {"name": "", "scopes": [], "days": "365"},
        made=made,
        text=text,
        done=done,
        base=web().settings.public_url.rstrip("/"),
        here="tokens",
    )
