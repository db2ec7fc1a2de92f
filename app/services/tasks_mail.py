"""What the owner reads in the mail of a task: what to do, why, until when, and the contact's story so far."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from app.core.labels import label_in
from app.core.lifecycle import Lifecycle
from app.core.timing import zone_of
from app.services.sentences import because, headline, moment
from app.store.tables import contact_criteria, scores, tasks, timeline

STORY = 12
TASK_MAIL = "internal/task"
OUR_OWN = frozenset(
    {"event.stage_entered", "event.goal_reached", "event.tagged", "event.task_done", "event.imported"}
)


def contexts(
    connection: Connection, rows: Sequence[Row[Any]], lifecycle: Lifecycle, zone: str, base_url: str
) -> dict[UUID, dict[str, Any]]:
    """By delivery: title, due, lines and url for the mails among `rows` that ask somebody to do something: a
    colleague a task, or a contact to press a button.
    """
    found: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        context = row.context or {}
        if "confirm" in context:
            asked = context["confirm"]
            found[row.id] = {"url": base_url + asked["path"], "due": asked["due"], "lines": asked["topics"]}
        task_id = context.get("task_id")
        if task_id is None:
            continue
        task = connection.execute(select(tasks).where(tasks.c.id == UUID(task_id))).one_or_none()
        if task is not None:
            found[row.id] = _context(connection, task, lifecycle, zone_of(None, zone)[0], base_url)
    return found


def _context(
    connection: Connection, task: Row[Any], lifecycle: Lifecycle, zone: ZoneInfo, base_url: str
) -> dict[str, Any]:
    why = because(task.reason_code, task.reason_params, zone=zone)
    return {
        "title": task.title,
        "body": why,
        "due": moment(task.due_at, zone) if task.due_at else None,
        "url": f"{base_url}/tasks/{task.id}",
        "lines": [
            *task.body.splitlines(),
            f"Why now: {why}.",
            *_known(connection, task, lifecycle),
            *_story(connection, task.contact_id, zone),
        ],
    }


def _known(connection: Connection, task: Row[Any], lifecycle: Lifecycle) -> list[str]:
    """Fit and engagement apart, then each criterion with its answer."""
    lines = []
    now: datetime = task.created_at
    for row in connection.execute(select(scores).where(scores.c.contact_id == task.contact_id)):
        aged = (
            row.value * 0.5 ** ((now - row.as_of).total_seconds() / row.half_life)
            if row.half_life
            else row.value
        )
        lines.append(f"{row.measure.capitalize()}: {aged:.0f}")
    criteria = select(contact_criteria).where(contact_criteria.c.contact_id == task.contact_id)
    for row in connection.execute(criteria):
        known = lifecycle.criteria.get(row.criterion)
        name = label_in(known.label, "en") if known else row.criterion
        lines.append(f"{name}: {row.state}" + (f" ({_shown(row.value)})" if row.value is not None else ""))
    return lines


def _shown(value: Any) -> str:
    return f"{value:,.10g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _story(connection: Connection, contact_id: UUID, zone: ZoneInfo) -> list[str]:
    """The last things that the contact did or was sent; what a machine did or we told ourselves is left out."""
    query = (
        select(timeline)
        .where(
            timeline.c.contact_id == contact_id,
            timeline.c.kind.in_(("event", "stage", "mail_accepted", "consent")),
        )
        .order_by(timeline.c.at.desc(), timeline.c.id.desc())
        .limit(STORY * 10)
    )
    rows = [row for row in connection.execute(query) if _tells(row)][:STORY]
    return [f"{moment(row.at, zone)}: {headline(row.kind, row.code, row.params, zone=zone)}" for row in rows]


def _tells(row: Row[Any]) -> bool:
    if row.kind == "event":
        return bool(row.params.get("verdict") == "human" and row.code not in OUR_OWN)
    return bool(row.kind != "mail_accepted" or row.params.get("template") != TASK_MAIL)
