"""Colleagues: who works here with which role and rights, invited, changed, shut out and let in again."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import colleagues as service
from app.services import reassigning, second_step, users
from app.services.account_mails import LANGUAGES
from app.services.accounts import ROLES
from app.services.reading import Unreadable
from app.services.users import UserFault, Wish
from app.web.admins.rights import table
from app.web.shared.context import now, user, web
from app.web.shared.looks import zone

colleagues = Blueprint("colleagues", __name__, url_prefix="/colleagues", template_folder="templates")
LONGEST = 400
RIGHTS = service.RIGHTS
SEEN = ("role", *RIGHTS)


@colleagues.get("")
def index() -> ResponseReturnValue:
    return _listing()


@colleagues.get("/rights")
def rights() -> ResponseReturnValue:
    return render_template("admins/rights.html", rooms=table(), roles=ROLES, here="colleagues")


@colleagues.post("/invite")
def invite() -> ResponseReturnValue:
    form = {
        name: request.form.get(name, "")[:LONGEST].strip() for name in ("email", "name", "role", "locale")
    }
    if form["role"] not in ROLES or form["locale"] not in LANGUAGES:
        abort(400)
    rights: dict[str, Any] = {name: name in request.form for name in RIGHTS}
    wish = Wish(name=form["name"], role=form["role"], **rights)
    try:
        made = service.invite(web().world, form["email"], wish, now(), user().id, form["locale"])
    except UserFault as fault:
        return _listing(fault.reason, {**form, **rights}), 422
    return redirect(url_for("colleagues.index", done="invited", _anchor=f"i-{made.id}"))


@colleagues.post("/invitations/<uuid:mail_id>/resend")
def resend(mail_id: UUID) -> ResponseReturnValue:
    return _invitation(service.resend(web().world, mail_id, now(), user().id), "resent")


@colleagues.post("/invitations/<uuid:mail_id>/withdraw")
def withdraw(mail_id: UUID) -> ResponseReturnValue:
    return _invitation(service.withdraw(web().world, mail_id, now(), user().id), "withdrawn")


@colleagues.get("/<uuid:user_id>")
def show(user_id: UUID) -> ResponseReturnValue:
    return _one(user_id)


@colleagues.post("/<uuid:user_id>")
def change(user_id: UUID) -> ResponseReturnValue:
    """The form says what it showed, so that of two people who change the same account none overrules the other."""
    form = request.form
    role = form.get("role", "")
    if role not in ROLES:
        abort(400)
    seen = {"role": form.get("was_role", ""), **{name: form.get(f"was_{name}") == "yes" for name in RIGHTS}}
    given: dict[str, Any] = {name: form.get(name, "")[:LONGEST] for name in ("name", "title") if name in form}
    rights: dict[str, Any] = {name: name in form for name in RIGHTS}
    wish = Wish(role=role, **given, **rights)
    try:
        service.change(web().world, user_id, wish, seen, now(), user().id)
    except UserFault as fault:
        return _one(user_id, fault.reason), 422
    return redirect(url_for("colleagues.show", user_id=user_id, done="changed"))


@colleagues.post("/<uuid:user_id>/disable")
def disable(user_id: UUID) -> ResponseReturnValue:
    answer = _turn(user_id, users.disable, "disabled")
    # Where the rules cannot be read now, the engine comes back to it every minute.
    with suppress(Unreadable):
        reassigning.reassign_all(web().world, now(), user().id)
    return answer


@colleagues.post("/<uuid:user_id>/away")
def away(user_id: UUID) -> ResponseReturnValue:
    """Until when rules give them no tasks; an empty day: they are here."""
    account = _account(user_id)
    text = request.form.get("back", "")[:LONGEST].strip()
    try:
        back = datetime.combine(date.fromisoformat(text), time(), zone()).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return _one(user_id, Reason("account.away_unreadable")), 422
    try:
        users.set_away(web().database, web().workspace_id, account["email"], back, now(), user().id)
    except UserFault as fault:
        return _one(user_id, fault.reason), 422
    return redirect(url_for("colleagues.show", user_id=user_id, done="away" if back else "back"), 303)


@colleagues.post("/<uuid:user_id>/enable")
def enable(user_id: UUID) -> ResponseReturnValue:
    return _turn(user_id, users.enable, "enabled")


@colleagues.post("/<uuid:user_id>/second-step")
def take_away(user_id: UUID) -> ResponseReturnValue:
    """A lost phone: they sign in by password alone, and set up another."""
    second_step.take_away(web().world, _account(user_id)["email"], now(), user().id)
    return redirect(url_for("colleagues.show", user_id=user_id, done="taken"))


@colleagues.post("/second-step")
def second_step_rule() -> ResponseReturnValue:
    on = request.form.get("on")
    if on not in ("yes", "no"):
        abort(400)
    second_step.require(web().world, on == "yes", now(), user().id)
    return redirect(url_for("colleagues.index", done="required" if on == "yes" else "optional"))


def _turn(user_id: UUID, act: Any, done: str) -> ResponseReturnValue:
    account = _account(user_id)
    try:
        act(web().database, web().workspace_id, account["email"], now(), user().id)
    except UserFault as fault:
        return _one(user_id, fault.reason), 422
    return redirect(url_for("colleagues.show", user_id=user_id, done=done))


def _invitation(changed: bool, done: str) -> ResponseReturnValue:
    if not changed:
        return _listing(Reason("account.gone")), 422
    return redirect(url_for("colleagues.index", done=done))


def _account(user_id: UUID) -> dict[str, Any]:
    try:
        return service.account(web().world, user_id)
    except UserFault:
        abort(404)


def _one(user_id: UUID, fault: Reason | None = None) -> str:
    account = _account(user_id)
    found = next(one for one in service.team(web().world) if one["id"] == account["id"])
    return render_template(
        "admins/colleague.html",
        one=found,
        state=users.state_of(found, now()),
        tasks=reassigning.open_tasks(web().world, user_id),
        away=found["away_until"] is not None and now() < found["away_until"],
        back=_back(found["away_until"]),
        roles=ROLES[::-1],
        fault=fault,
        done=request.args.get("done"),
        here="colleagues",
    )


def _back(until: datetime | None) -> str:
    """As the field shows it: the day, on the reader's clock."""
    if request.method == "POST" and "back" in request.form:
        return request.form["back"][:LONGEST]
    return until.astimezone(zone()).date().isoformat() if until is not None and now() < until else ""


def _listing(fault: Reason | None = None, wish: dict[str, Any] | None = None) -> str:
    world, at = web().world, now()
    return render_template(
        "admins/colleagues.html",
        team=[(one, users.state_of(one, at)) for one in service.team(world)],
        invitations=service.invitations(world, at),
        roles=ROLES[::-1],
        languages=LANGUAGES.items(),
        required=second_step.standing(world, user()).required,
        fault=fault,
        wish=wish or {"role": "marketer", "may_publish": True, "locale": "en"},
        done=request.args.get("done"),
        here="colleagues",
    )
