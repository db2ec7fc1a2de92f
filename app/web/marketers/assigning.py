"""Who gets a task: the rules in force, the same as a form, and who would get one about a contact."""

from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import assigning as service
from app.services import contacts
from app.services import rules as texts
from app.services.reading import Unreadable
from app.services.rules import tasks
from app.services.rules.tasks import Row
from app.services.rules.texts import RulesFault
from app.web.marketers.rules import review
from app.web.shared.context import now, web

assigning = Blueprint("assigning", __name__, url_prefix="/settings", template_folder="templates")
ROOM = "programme"
MOST_ROWS, SPARE = 102, 2


@assigning.get("/assignment")
def show() -> ResponseReturnValue:
    return _page()


@assigning.post("/assignment/look")
def look() -> ResponseReturnValue:
    """What publishing the rules of the form would do; nothing is written."""
    base = request.form.get("base", "")
    if not (base.isascii() and base.isdigit() and len(base) < 10):
        abort(400)
    rows = _typed()
    try:
        live = texts.open_text(web().world, ROOM)
        if int(base) != live.number:
            raise RulesFault("rules.overtaken", base=int(base), number=live.number)
        text = tasks.filled_in(live, rows)
        looked = texts.look(web().world, ROOM, text, int(base), now())
    except RulesFault as fault:
        return _page(rows, fault.reason), 422
    if not looked.errors:
        return review(ROOM, looked)
    faults: dict[int | None, list[Any]] = {}
    for one in looked.errors:
        faults.setdefault(tasks.row_at(text, one.line), []).append(one)
    return _page(rows, faults=faults), 422


def _typed() -> list[Row]:
    """The rows that say something, by the numbers of their places."""
    form = request.form

    def line(name: str) -> str:
        return " ".join(form.get(name, "")[: tasks.LONGEST].replace("\0", "").split())

    found = []
    for index in range(MOST_ROWS):
        if f"name_{index}" not in form:
            break
        own = form.get(f"own_{index}") == "yes"
        row = Row(line(f"name_{index}"), line(f"when_{index}"), line(f"to_{index}"), own)
        place = line(f"place_{index}")
        by = int(place) if place.isascii() and place.isdigit() and len(place) < 6 else index + 1
        if not row.is_empty:
            found.append((by, index, row))
    return [row for _, _, row in sorted(found, key=lambda one: one[:2])]


def _page(
    rows: list[Row] | None = None,
    fault: Reason | None = None,
    faults: dict[int | None, list[Any]] | None = None,
) -> str:
    world, lines, base = web().world, [], None
    try:
        live = texts.open_text(world, ROOM)
        base = live.number
        lines = service.in_force(world, now())
        rows = tasks.rows_of(live) if rows is None else rows
    except RulesFault as missing:
        fault = fault or missing.reason
    except Unreadable as error:
        fault = fault or Reason("rules.unreadable", {"said": str(error)})
    asked = request.args.get("who", "")[:320].strip()
    return render_template(
        "marketers/assignment.html",
        lines=lines,
        rows=[*(rows or []), *[Row()] * SPARE],
        base=request.form.get("base", base),
        fault=fault,
        faults=faults or {},
        asked=asked,
        would=_would(asked) if asked and base is not None else None,
        here="settings",
    )


def _would(asked: str) -> Any:
    """The contact and whose a task about them would be; False where there is no such contact."""
    world = web().world
    try:
        contact_id = contacts.find_contact(world.database, world.workspace_id, asked)
        return (contact_id, service.would(world, contact_id, now())) if contact_id else False
    except Unreadable:
        return None
