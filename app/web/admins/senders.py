"""Senders: from whom mail comes and through which relay, how each is, and what an admin can do about it."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.core.relays import PRESETS, SECURITIES
from app.core.senders import SERVES
from app.services import pace
from app.services.secrets import CannotOpen
from app.services.senders import holding, keeping, showing, testing
from app.services.senders.book import house_route
from app.services.senders.checking import SenderFault, Wish, begin_with
from app.web.shared.context import now, user, web

senders = Blueprint("senders", __name__, url_prefix="/senders", template_folder="templates")
LONGEST = 70_000
TEXTS = (
    "address", "name", "serves", "match", "preset", "host", "security", "ca", "username", "bounce_domain", "reply_domain",
)  # fmt: skip
NUMBERS = ("port", "connections", "max_mails", "max_age", "daily_quota", "per_minute")
LIMITS = ("daily_quota", "per_minute")  # empty: none


@senders.get("")
def index() -> ResponseReturnValue:
    return render_template(
        "admins/senders.html",
        senders=_listing(),
        presets=PRESETS.values(),
        slowed=pace.slowed(web().world, now()),
        warm_ups=pace.warm_ups(web().world, now()),
        here="senders",
    )


@senders.get("/add")
def begin() -> ResponseReturnValue:
    preset = request.args.get("preset", "plain")
    if preset not in PRESETS:
        abort(404)
    return _form(begin_with(preset))


@senders.post("/add")
def add() -> ResponseReturnValue:
    try:
        address = keeping.add(web().world, _wish(), now(), user().id)
    except SenderFault as fault:
        return _form(_typed(), fault), 422
    return redirect(url_for("senders.show", address=address))


@senders.get("/one")
def show() -> ResponseReturnValue:
    return _one(request.args.get("address", ""))


@senders.post("/one")
def change() -> ResponseReturnValue:
    address = request.form.get("old", "")
    try:
        keeping.change(web().world, address, _wish(), now(), user().id)
    except SenderFault as fault:
        return _one(address, fault=fault, typed=_typed()), 422
    return redirect(url_for("senders.show", address=request.form.get("address", "").strip(), done="changed"))


@senders.post("/pause")
def pause() -> ResponseReturnValue:
    return _turn(holding.pause)


@senders.post("/resume")
def resume() -> ResponseReturnValue:
    return _turn(holding.resume)


@senders.post("/test")
def test() -> ResponseReturnValue:
    address, to = request.form.get("address", ""), request.form.get("to", "").strip()[:320]
    try:
        tested = testing.try_out(
            web().world, address, house_route(web().settings), now(), to or None, user().locale or ""
        )
    except SenderFault as fault:
        return _one(address, fault=fault, to=to), 422
    except CannotOpen as fault:
        return _one(address, words=str(fault), to=to), 422
    return _one(address, tested=tested, to=to)


@senders.post("/remove")
def remove() -> ResponseReturnValue:
    try:
        keeping.remove(web().world, request.form.get("address", ""), now(), user().id)
    except SenderFault:
        abort(404)
    return redirect(url_for("senders.index"))


def _turn(act: Any) -> ResponseReturnValue:
    address = request.form.get("address", "")
    try:
        act(web().world, address, request.form.get("why", ""), now(), user().id)
    except SenderFault as fault:
        if fault.reason.code == "senders.unknown":
            abort(404)
        return _one(address, fault=fault), 422
    return redirect(url_for("senders.show", address=address))


def _one(
    address: str,
    *,
    fault: SenderFault | None = None,
    typed: dict[str, Any] | None = None,
    tested: testing.Tested | None = None,
    words: str = "",
    to: str = "",
) -> str:
    found = next((one for one in _listing() if one.address == address), None)
    if found is None:
        abort(404)
    return render_template(
        "admins/sender.html",
        one=found,
        row=typed or (keeping.without_secret(found.row) if found.row is not None else None),
        has_password=found.row is not None and found.row.has_password,
        fault=fault,
        tested=tested,
        words=words,
        to=to or user().email,
        done=request.args.get("done"),
        **_choices(),
    )


def _form(row: dict[str, Any], fault: SenderFault | None = None) -> str:
    preset = PRESETS[row["preset"]] if row["preset"] in PRESETS else PRESETS["plain"]
    return render_template("admins/sender_add.html", row=row, preset=preset, fault=fault, **_choices())


def _choices() -> dict[str, Any]:
    return {
        "presets": PRESETS.values(),
        "securities": SECURITIES,
        "all_serves": SERVES,
        "purposes": sorted(keeping.purposes(web().world, now())),
        "here": "senders",
        "Reason": Reason,
    }


def _listing() -> list[showing.Shown]:
    with web().database.read() as connection:
        return showing.listing(connection, web().workspace_id, web().settings, now())


def _typed() -> dict[str, Any]:
    """The form as it was filled in, without the password."""
    form = request.form
    typed: dict[str, Any] = {name: form.get(name, "")[:LONGEST] for name in (*TEXTS, *NUMBERS)}
    return {**typed, "enabled": "enabled" in form}


def _wish() -> Wish:
    form = request.form
    given: dict[str, Any] = {name: form[name][:LONGEST] for name in TEXTS if name in form}
    given |= {name: _number(name, form[name]) for name in NUMBERS if name in form}
    if form.get("password"):
        given["password"] = form["password"]
    elif not form.get("username", "").strip():
        given["password"] = ""
    if "old" in form:
        given["enabled"] = "enabled" in form
    return Wish(**given)


def _number(name: str, text: str) -> int:
    text = text.strip()
    if not text and name in LIMITS:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise SenderFault("senders.number", name, name=name, least=1, most=100_000_000)
    return int(text)
