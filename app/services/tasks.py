"""Tasks for people: one row each, told to the owner by mail where that is wanted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.engine import Row

from app.core import keys
from app.core.effects import CreateTask
from app.core.enrollments import Enrollment
from app.core.ids import content_id
from app.core.reasons import Reason
from app.services import assigning
from app.services.hook_subscriptions import Told, tell
from app.services.ids import new_id
from app.services.library import Catalogue
from app.services.tasks_mail import TASK_MAIL
from app.services.timeline import line
from app.services.users import audit
from app.services.world import World
from app.store import assigning as store
from app.store import ledger
from app.store.database import Database
from app.store.tables import deliveries, tasks

LONGEST_RESULT = 500
# Mails that have not left our hands yet.
_HELD = ("queued", "deferred", "claimed")


def create(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    contact_id: UUID,
    task: CreateTask,
    enrollment: Enrollment | None,
    now: datetime,
    *,
    body: str = "",
    reader: UUID | None = None,
    mail_context: Mapping[str, Any] | None = None,
    owner: UUID | None = None,
) -> bool:
    """Make the task for `owner`, else for whom the rules name; the same key makes it once and takes one turn.

    Its mail goes to whose it is, else to `reader`; what `mail_context` holds travels with it.
    """
    key = f"{contact_id}:{task.key}"
    row: dict[str, Any] = {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": contact_id, "owner_id": None,
        "kind": task.kind, "title": task.title, "body": body, "due_at": task.due_at, "state": "open",
        "dedupe_key": key, "enrollment_id": enrollment.id if enrollment else None,
        "reason_code": task.reason.code, "reason_params": dict(task.reason.params), "created_at": now,
    }  # fmt: skip
    if ledger.insert_new(connection, tasks, [row]) == 0:
        return False
    assigned = assigning.assign(connection, world, catalogue, contact_id, now, owner)
    to_whom = assigned.owner.id if assigned.owner else None
    store.give(connection, row["id"], to_whom, assigned.reason.code, assigned.by_rule)
    params = {
        **task.reason.params,
        "title": task.title,
        "due": task.due_at.isoformat() if task.due_at else None,
    }
    told = line(
        world.workspace_id, contact_id, "task", Reason(task.reason.code, params), now,
        enrollment_id=enrollment.id if enrollment else None,
    )  # fmt: skip
    lines = [told]
    if assigned.tells:
        why = assigning.told(assigned, task.title)
        lines.append(
            line(world.workspace_id, contact_id, "task", why, now, enrollment_id=told["enrollment_id"])
        )
    ledger.add_timeline(connection, lines)
    tell(connection, world.workspace_id, Told(contact_id, "task_made", row["id"], now, task.kind), now)
    to = to_whom or reader
    if task.by_mail and to is not None and TASK_MAIL in catalogue.templates:
        mail = mail_to(world.workspace_id, contact_id, to, row, now, keys.mail_of_task(key))
        mail["context"] = {**mail["context"], **(mail_context or {})}
        ledger.insert_new(connection, deliveries, [mail])
    return True


class TaskFault(Exception):
    """The task cannot be marked as done; nothing was written."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def done(
    database: Database, workspace_id: UUID, task_id: UUID, result: str, actor: str, now: datetime
) -> None:
    """Mark an open task as done, with what came of it; a `task_done` event of its kind tells the engine.

    `actor` is "user:<id>" or "system". Its mail, if it has not left yet, stays here. Raises TaskFault.
    """
    result = " ".join(result.replace("\0", "").split())[:LONGEST_RESULT]
    if not result:
        raise TaskFault(Reason("task.result_missing"))
    with database.write() as connection:
        mine = (tasks.c.id == task_id, tasks.c.workspace_id == workspace_id)
        task = connection.execute(select(tasks).where(*mine)).one_or_none()
        if task is None:
            raise TaskFault(Reason("task.unknown", {"task": str(task_id)}))
        ended = {"state": "done", "ended_at": now}
        if (
            connection.execute(update(tasks).where(*mine, tasks.c.state == "open").values(**ended)).rowcount
            == 0
        ):
            raise TaskFault(Reason("task.not_open", {"state": task.state}))
        reason = Reason("task.done", {"title": task.title, "result": result, "task": str(task_id)})
        told = line(
            workspace_id, task.contact_id, "task", reason, now, actor=actor, enrollment_id=task.enrollment_id
        )
        ledger.add_timeline(connection, [told])
        ledger.add_events(connection, [_done_event(task, result, now)])
        call_back_mails(connection, task, Reason("task.done_meanwhile"), now)
        kind, _, who = actor.partition(":")
        by = UUID(who) if kind == "user" and who else None
        detail = {"kind": task.kind, **({"by": actor} if kind == "api" else {})}
        audit(connection, workspace_id, task.id, "task.done", detail, now, by, "task")


def call_back_mails(connection: Connection, task: Row[Any], reason: Reason, now: datetime) -> None:
    """Mails of the task that have not left our hands yet are sent no more."""
    d = deliveries.c
    held = select(d.id, d.context).where(
        d.contact_id == task.contact_id, d.state.in_(_HELD), d.template == TASK_MAIL
    )
    ids = [row.id for row in connection.execute(held) if (row.context or {}).get("task_id") == str(task.id)]
    if ids:
        connection.execute(
            update(deliveries)
            .where(d.id.in_(ids), d.state.in_(_HELD))
            .values(
                state="cancelled", ended_at=now, reason_code=reason.code, reason_params={}, claimed_by=None,
                claim_token=None, claimed_until=None,
            )
        )  # fmt: skip


def _done_event(task: Row[Any], result: str, now: datetime) -> dict[str, Any]:
    return {
        "id": content_id(now, "task", str(task.id)), "workspace_id": task.workspace_id, "contact_id": task.contact_id,
        "kind": "task_done", "subject": task.kind, "topics": "", "verdict": "human", "source": "user",
        "enrollment_id": task.enrollment_id, "occurred_at": now, "received_at": now, "failures": 0,
        "payload": {"task": str(task.id), "title": task.title, "result": result},
    }  # fmt: skip


def mail_to(
    workspace_id: UUID, contact_id: UUID, owner: UUID, task: Mapping[str, Any], now: datetime, key: str,
    due_at: datetime | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The row of a task's mail to `owner`; `key` makes it once."""
    return {
        "id": new_id(now), "workspace_id": workspace_id, "contact_id": contact_id,
        "recipient_user_id": owner, "dedupe_key": key,
        "message_class": "internal", "content_kind": "internal", "template": TASK_MAIL, "priority": 90,
        "once": False, "state": "queued", "due_at": due_at or now, "planned_at": now, "attempts": 0,
        "reason_code": task["reason_code"], "reason_params": task["reason_params"],
        "context": {"task_id": str(task["id"])},
    }  # fmt: skip
