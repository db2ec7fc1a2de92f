"""Suppressions: searched, added, lifted with a reason, taken as a file."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import previewing, suppression_import
from app.services import suppressions as service
from app.services.importing.faults import ImportFault
from app.services.suppressing import SCOPES
from app.services.suppression_import import Imported
from app.services.suppressions import Asked, SuppressionFault
from app.web.shared.context import now, user, web

suppressions = Blueprint("suppressions", __name__, url_prefix="/suppressions", template_folder="templates")
LONGEST = 320


@suppressions.get("")
def index() -> ResponseReturnValue:
    return _page()


@suppressions.get("/list.csv")
def export() -> ResponseReturnValue:
    out = StringIO()
    service.export(web().world, _asked(), out)
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
        new = service.add(
            web().world, wish["scope"], wish["value"], wish["why"], user().id, now(), topic=topic
        )
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
            web().world, suppression_id, form.get("why", ""), user().id, now(), sure=form.get("sure") == "yes"
        )
    except SuppressionFault as fault:
        return _one(suppression_id, fault.reason), 422
    return redirect(url_for("suppressions.index", done="lifted"))


@suppressions.get("/import")
def begin() -> ResponseReturnValue:
    return _bringing()


@suppressions.post("/import")
def preview() -> ResponseReturnValue:
    """Say what a file would bring; nothing is written."""
    upload, wish = request.files.get("file"), _wish()
    if upload is None or not upload.filename:
        return _bringing(Reason("suppression.no_file"), wish), 422
    kept = previewing.keep(web().settings, upload.stream, user().id, now())
    try:
        found = _run(kept, wish, dry_run=True)
    except ImportFault as fault:
        previewing.drop(web().settings, kept, user().id)
        return _bringing(fault.reason, wish), 422
    return _bringing(wish=wish, found=found, kept=kept, name=upload.filename[:200])


@suppressions.post("/import/run")
def bring() -> ResponseReturnValue:
    wish = _wish()
    try:
        kept = UUID(request.form.get("kept", ""))
        found = _run(kept, wish, dry_run=False)
    except ValueError:
        abort(400)
    except ImportFault as fault:
        return _bringing(fault.reason, wish), 422
    previewing.drop(web().settings, kept, user().id)
    return _bringing(found=found, done=True)


def _run(kept: UUID, wish: dict[str, str], *, dry_run: bool) -> Imported:
    path = previewing.find(web().settings, kept, user().id)
    if path is None:
        raise ImportFault("suppression.file_gone")
    return suppression_import.run(
        web().world, suppression_import.read(path), wish["scope"], user().id, now(), topic=wish["topic"], why=wish["why"],
        dry_run=dry_run,
    )  # fmt: skip


def _wish() -> dict[str, str]:
    """Scope, topic and reason of rows that name none."""
    form = request.form
    scope = form.get("scope", "marketing")
    if scope not in SCOPES:
        abort(400)
    topic = form.get("topic", "")[:LONGEST] if scope == "topic" else ""
    return {"scope": scope, "topic": topic, "why": form.get("why", "")[:LONGEST].strip()}


def _bringing(fault: Reason | None = None, wish: dict[str, str] | None = None, **shown: Any) -> str:
    return render_template(
        "admins/suppressions_import.html",
        fault=fault,
        wish=wish or {"scope": "marketing"},
        scopes=SCOPES,
        topics=service.topics(web().world, now()),
        here="suppressions",
        **shown,
    )


def _one(suppression_id: UUID, fault: Reason | None = None) -> str:
    found = service.read(web().world, suppression_id)
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
    asked, world = _asked(), web().world
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
