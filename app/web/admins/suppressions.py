"""Suppressions: searched, added, lifted with a reason, taken as a file."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import suppressions as service
from app.services.suppressing import SCOPES
from app.services.suppressions import Asked, SuppressionFault
from app.services.world import World, open_world
from app.web.shared.context import now, user, web

suppressions = Blueprint("suppressions", __name__, url_prefix="/suppressions", template_folder="templates")
LONGEST = 320


@suppressions.get("")
def index() -> ResponseReturnValue:
    return _page()


@suppressions.get("/list.csv")
def export() -> ResponseReturnValue:
    out = StringIO()
    service.export(_world(), _asked(), out)
    answer = make_response(out.getvalue())
    answer.headers["Content-Type"] = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = 'attachment; filename="suppressions.csv"'
    return answer


@suppressions.post("")
def add() -> ResponseReturnValue:
    form = request.form
    wish = {name: form.get(name, "")[:LONGEST].strip() for name in ("value", "scope", "topic", "why")}
    topic = wish["topic"] if wish["scope"] == "topic" else ""
    try:
        new = service.add(_world(), wish["scope"], wish["value"], wish["why"], user().id, now(), topic=topic)
    except SuppressionFault as fault:
        return _page(fault.reason, wish), 422
    return redirect(url_for("suppressions.index", done="added" if new else "standing"))


@suppressions.get("/<uuid:suppression_id>")
def show(suppression_id: UUID) -> ResponseReturnValue:
    return _one(suppression_id)


@suppressions.post("/<uuid:suppression_id>/lift")
def lift(suppression_id: UUID) -> ResponseReturnValue:
    form = request.form
    try:
        service.lift(
            _world(), suppression_id, form.get("why", ""), user().id, now(), sure=form.get("sure") == "yes"
        )
    except SuppressionFault as fault:
        return _one(suppression_id, fault.reason), 422
    return redirect(url_for("suppressions.index", done="lifted"))


def _world() -> World:
    return open_world(web().database, web().workspace_id, web().settings)


def _one(suppression_id: UUID, fault: Reason | None = None) -> str:
    found = service.read(_world(), suppression_id)
    if found is None:
        abort(404)
    return render_template("admins/suppression.html", one=found, fault=fault, here="suppressions")


def _asked() -> Asked:
    args = request.args
    scope = args.get("scope", "")
    if scope and scope not in SCOPES:
        abort(404)
    try:
        older = UUID(args["older"]) if "older" in args else None
    except ValueError:
        abort(404)
    return Asked(
        args.get("q", "")[:LONGEST].strip(), scope, args.get("reason", "")[:80], args.get("source", "")[:80],
        _day(args.get("since", "")), _day(args.get("until", "")), "lifted" in args, older,
    )  # fmt: skip


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def _page(fault: Reason | None = None, wish: dict[str, Any] | None = None) -> str:
    asked, world = _asked(), _world()
    found, older = service.find(world, asked)
    codes, sources = service.choices(world)
    kept: dict[str, Any] = {key: value for key, value in request.args.items() if key not in ("older", "done")}
    return render_template(
        "admins/suppressions.html",
        found=found,
        older=url_for("suppressions.index", **kept, older=older) if older else None,
        total=service.counted(world, asked),
        asked=asked,
        kept=kept,
        codes=codes,
        sources=sources,
        scopes=SCOPES,
        topics=service.topics(world, now()),
        fault=fault,
        wish=wish or {},
        done=request.args.get("done"),
        here="suppressions",
    )
