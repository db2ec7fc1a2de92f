"""One's own account: where one is signed in, and the second step."""

import segno
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.services import second_step as steps
from app.services import signed_in
from app.services.accounts import AccountError
from app.web.shared.context import now, user, web
from app.web.shared.session import token

own = Blueprint("own", __name__, url_prefix="/account")


@own.get("")
def show() -> ResponseReturnValue:
    return render_template(
        "account/own.html",
        places=signed_in.places(web().database, user(), token(), now()),
        standing=steps.standing(web().world, user()),
        done=request.args.get("done"),
        here="own",
    )


@own.post("/sign-ins/revoke")
def revoke() -> ResponseReturnValue:
    ended = signed_in.revoke(web().database, user(), request.form.get("key", ""), now())
    return redirect(url_for("own.show", done="ended" if ended else "gone"))


@own.post("/sign-ins/revoke-others")
def revoke_others() -> ResponseReturnValue:
    signed_in.revoke_others(web().database, user(), token(), now())
    return redirect(url_for("own.show", done="others"))


@own.get("/second-step")
def second_step() -> ResponseReturnValue:
    return _second_step()


@own.post("/second-step/begin")
def begin() -> ResponseReturnValue:
    try:
        steps.begin(web().world, user(), request.form.get("password", ""), now())
    except AccountError as error:
        return _second_step(error.code), 422
    return redirect(url_for("own.second_step"))


@own.post("/second-step/confirm")
def confirm() -> ResponseReturnValue:
    """The codes stand on the answer and nowhere else, so there is no redirect."""
    try:
        return _codes(steps.confirm(web().world, user(), request.form.get("code", ""), token(), now()))
    except AccountError as error:
        return _second_step(error.code), 422


@own.post("/second-step/codes")
def codes() -> ResponseReturnValue:
    try:
        return _codes(steps.new_codes(web().world, user(), request.form.get("password", ""), now()))
    except AccountError as error:
        return _second_step(error.code, "codes"), 422


@own.post("/second-step/off")
def turn_off() -> ResponseReturnValue:
    try:
        steps.turn_off(web().world, user(), request.form.get("password", ""), now())
    except AccountError as error:
        return _second_step(error.code, "off"), 422
    return redirect(url_for("own.show", done="off"))


def _second_step(fault: str = "", at: str = "") -> str:
    found = steps.standing(web().world, user())
    return render_template(
        "account/second_step.html",
        standing=found,
        picture=_picture(found.address) if found.address else "",
        fault=fault,
        at=at,
        here="own",
    )


def _codes(made: list[str]) -> ResponseReturnValue:
    return make_response(render_template("account/codes.html", codes=made, here="own"))


def _picture(address: str) -> Markup:
    """A QR code as inline SVG: black on white in both themes, or cameras do not read it. No script, no request."""
    return Markup(segno.make(address, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff"))  # noqa: S704
