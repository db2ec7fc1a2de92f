"""Tasks: the list of the open ones, and one with its whole story; taken, handed over, put off, done."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.reasons import Reason
from app.services import task_acts
from app.services import tasks as service
from app.services.task_acts import Seen
from app.services.tasks import TaskFault
from app.services.viewing import tasks as viewing
from app.store.database import Database
from app.web.shared.context import now, user, web
from app.web.shared.looks import zone

tasks = Blueprint("tasks", __name__, url_prefix="/tasks", template_folder="templates")
LONGEST = 2000
# What of a form is shown again when it was refused.
TYPED = ("result", "why", "due", "to")
SAID = ("taken", "handed", "due", "done", "same", "already")


@tasks.get("")
def index() -> ResponseReturnValue:
    asked = _asked()
    found = viewing.list_tasks(web().place, asked, user().id, now())
    if asked.stage and asked.stage not in found.names.stages:
        abort(404)

    def to(**other: Any) -> str:
        wanted = {"whose": asked.whose, "kind": asked.kind, "stage": asked.stage, **other}
        return url_for("tasks.index", **{name: value for name, value in wanted.items() if value})

    return render_template("sales/tasks.html", found=found, asked=asked, to=to, at=now(), here="tasks")


@tasks.get("/<uuid:task_id>")
def show(task_id: UUID) -> ResponseReturnValue:
    return _page(task_id)


@tasks.post("/<uuid:task_id>/take")
def take(task_id: UUID) -> ResponseReturnValue:
    try:
        new = task_acts.take(*_place(), task_id, _seen(), now(), user().id)
    except TaskFault as fault:
        return _refused(task_id, fault, "take")
    return _back(task_id, "taken" if new else "same")


@tasks.post("/<uuid:task_id>/hand-over")
def hand_over(task_id: UUID) -> ResponseReturnValue:
    seen = _seen()
    try:
        owner = UUID(_typed("to"))
    except ValueError:
        return _refused(task_id, TaskFault(Reason("task.colleague_unknown")), "hand_over")
    try:
        new = task_acts.hand_over(*_place(), task_id, owner, _typed("why"), seen, now(), user().id)
    except TaskFault as fault:
        return _refused(task_id, fault, "hand_over")
    return _back(task_id, "handed" if new else "same")


@tasks.post("/<uuid:task_id>/due")
def put_off(task_id: UUID) -> ResponseReturnValue:
    seen = _seen()
    try:
        due_at = _instant(_typed("due"))
        new = task_acts.set_due(*_place(), task_id, due_at, _typed("why"), seen, now(), user().id)
    except TaskFault as fault:
        return _refused(task_id, fault, "put_off")
    return _back(task_id, "due" if new else "same")


@tasks.post("/<uuid:task_id>/done")
def done(task_id: UUID) -> ResponseReturnValue:
    result = _typed("result")
    try:
        service.done(*_place(), task_id, result, f"user:{user().id}", now())
    except TaskFault as fault:
        if fault.reason.params.get("state") == "done" and _is_mine(task_id, result):
            return _back(task_id, "already")
        return _refused(task_id, fault, "done")
    return _back(task_id, "done")


def _is_mine(task_id: UUID, result: str) -> bool:
    """Whether the form was sent twice: the same colleague said the same before."""
    found = viewing.look_at(web().place, task_id, now())
    outcome = found.outcome if found else None
    said = " ".join(result.split())[: service.LONGEST_RESULT]
    return (
        outcome is not None
        and outcome.actor == f"user:{user().id}"
        and outcome.reason.params.get("result") == said
    )


def _asked() -> viewing.Asked:
    args = request.args
    whose = args.get("whose") or "mine"
    if whose not in viewing.WHOSE:
        abort(404)
    return viewing.Asked(
        whose, args.get("kind", "")[:80], args.get("stage", "")[:80], _after(args.get("after"))
    )


def _after(text: str | None) -> tuple[datetime | None, UUID] | None:
    """A place in the list, as the page before wrote it: the due time, if there is one, and the id."""
    if not text:
        return None
    due, _, task_id = text.partition("_")
    try:
        at = datetime.fromisoformat(due) if due else None
        place = at, UUID(task_id)
    except ValueError:
        abort(404)
    if at is not None and at.tzinfo is None:
        abort(404)
    return place


def _seen() -> Seen:
    """What the page showed. A form without it is not one of ours."""
    owner, due = request.form.get("was_owner"), request.form.get("was_due")
    if owner is None or due is None:
        abort(400)
    try:
        return Seen(UUID(owner) if owner else None, datetime.fromisoformat(due) if due else None)
    except ValueError:
        abort(400)


def _instant(text: str) -> datetime:
    """A day and a time on the reader's clock."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone())).astimezone(UTC)
    except (ValueError, OverflowError):
        raise TaskFault(Reason("task.due_unreadable")) from None


def _typed(name: str) -> str:
    return request.form.get(name, "")[:LONGEST].strip()


def _refused(task_id: UUID, fault: TaskFault, act: str) -> ResponseReturnValue:
    if fault.reason.code == "task.unknown":
        abort(404)
    return _page(task_id, fault.reason, act), 422


def _back(task_id: UUID, said: str) -> ResponseReturnValue:
    return redirect(url_for("tasks.show", task_id=task_id, said=said), code=303)


def _page(task_id: UUID, fault: Reason | None = None, act: str = "") -> str:
    found = viewing.look_at(web().place, task_id, now())
    if found is None:
        abort(404)
    said = request.args.get("said", "")
    due = found.task.due_at.astimezone(zone()) if found.task.due_at else None
    return render_template(
        "sales/task.html",
        whole=found,
        fault=fault,
        act=act,
        typed={name: _typed(name) if fault else "" for name in TYPED},
        due=f"{due:%Y-%m-%dT%H:%M}" if due else "",
        said=said if said in SAID else "",
        at=now(),
        here="tasks",
    )


def _place() -> tuple[Database, UUID]:
    return web().database, web().workspace_id
