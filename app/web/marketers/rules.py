"""Programme, lifecycle and scoring: a form for what is simple, the text for the rest, and what a change would do."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.conditions import describe
from app.core.reasons import Reason
from app.files.findings import FileFinding
from app.services import rules as service
from app.services.authoring import Refused
from app.services.reading import Unreadable
from app.services.rules.forms import filled_in, sections
from app.services.rules.texts import Looked, RulesFault, Text, agreed_to, plain
from app.web.shared.context import now, user, web
from app.web.shared.looks import say

rules = Blueprint("rules", __name__, url_prefix="/settings", template_folder="templates")
ROOM = "/<any(programme, lifecycle, scoring):room>"
LONGEST = 250_000


@rules.app_template_filter("rule_word")
def rule_word(value: str) -> tuple[str, str]:
    """A choice and its word; an empty one leaves the entry out."""
    return value, say(f"rules.choice.{value}") if value else "–"


@rules.get(ROOM)
def show(room: str) -> ResponseReturnValue:
    return _page(room)


@rules.get(f"{ROOM}/versions/<int:number>")
def version(room: str, number: int) -> ResponseReturnValue:
    found = service.version(web().world, room, number) if number < 1_000_000_000 else None
    if found is None:
        abort(404)
    return render_template("marketers/rules_version.html", room=room, one=found, here="settings")


@rules.post(f"{ROOM}/lint")
def lint(room: str) -> ResponseReturnValue:
    """What is wrong with a text while it is typed; nothing is kept."""
    found = service.quick(room, request.form.get("text", "")[:LONGEST], _preset())
    return render_template("marketers/rules_findings.html", findings=found, typed=True)


@rules.post(f"{ROOM}/look")
def look(room: str) -> ResponseReturnValue:
    """What publishing would do; nothing is written."""
    form = request.form
    try:
        live = service.open_text(web().world, room)
        base = _base()
        if "text" in form:
            text = form["text"][:LONGEST]
        elif base != live.number:
            raise RulesFault("rules.overtaken", base=base, number=live.number)
        else:
            text = filled_in(room, live, form, _preset())
        looked = service.look(web().world, room, text, base, now())
    except RulesFault as fault:
        return _page(room, fault.reason), 422
    if looked.errors:
        return _page(room, looked=looked), 422
    return _page(room, looked=looked)


@rules.post(f"{ROOM}/publish")
def publish(room: str) -> ResponseReturnValue:
    form = request.form
    text = form.get("text", "")[:LONGEST]
    try:
        number = service.publish(web().world, room, text, _base(), form.get("note", ""), now(), user().id)
    except RulesFault as fault:
        return _page(room, fault.reason), 422
    except Refused as refused:
        looked = Looked(plain(text), _base(), tuple(refused.findings), (), ())
        return _page(room, looked=looked), 422
    return redirect(url_for("rules.show", room=room, done=number or "same"), 303)


def review(room: str, looked: Looked) -> str:
    """What publishing it would do, for a form that stands on another page."""
    return _page(room, looked=looked)


def _base() -> int:
    text = request.form.get("base", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)


def _preset() -> str | None:
    return web().settings.lifecycle_preset or None


def _page(room: str, fault: Reason | None = None, looked: Looked | None = None) -> str:
    form = request.form
    try:
        live: Text | None = service.open_text(web().world, room)
    except RulesFault as error:
        live, fault = None, error.reason
    typed = looked.text if looked is not None else form.get("text", "")[:LONGEST]
    findings: list[FileFinding] | tuple[FileFinding, ...] = looked.findings if looked is not None else ()
    return render_template(
        "marketers/rules.html",
        room=room,
        live=live,
        sections=sections(room, live, _preset()) if live is not None else [],
        form=form,
        looked=looked,
        findings=findings,
        fault=fault,
        text=typed,
        in_text="text" in form or "text" in request.args,
        facts=_facts(room),
        done=request.args.get("done"),
        here="settings",
    )


def _facts(room: str) -> dict[str, Any]:
    """What is in force, as values for the page to tell in words."""
    if room == "programme":
        agreed, looked = agreed_to(web().world)
        return {"agreed": agreed, "looked": looked}
    if room != "lifecycle":
        return {}
    try:
        found = web().world.library.catalogue(now()).rules
    except Unreadable:
        return {}
    lifecycle = found.lifecycle
    entries = [
        (entry, describe(entry.condition) if entry.condition is not None else None)
        for entry in lifecycle.entries
    ]
    return {"lifecycle": lifecycle, "entries": entries}
