"""A colleague takes a task, hands it over or moves its time: told on the timeline, by mail, and in the audit log.

What the page showed comes along with each act: of two people who act on the same task the second one is told
what the first one did, and nothing is overruled unseen. Doing the same again changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.engine import Row

from app.core import keys
from app.core.reasons import Reason
from app.services.accounts import ROLES
from app.services.assigning import BY_HAND
from app.services.tasks import TaskFault, call_back_mails, mail_to
from app.services.tasks_mail import TASK_MAIL
from app.services.timeline import line
from app.services.users import audit
from app.store import accounts, ledger
from app.store.database import Database
from app.store.tables import definitions, deliveries, tasks

LONGEST_WHY = 500
FARTHEST = timedelta(days=5 * 366)
TAKES_TASKS = ROLES[1:]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page showed when it was opened."""

    owner_id: UUID | None
    due_at: datetime | None


def take(database: Database, workspace_id: UUID, task_id: UUID, seen: Seen, now: datetime, by: UUID) -> bool:
    """Make the task the colleague's own. False: it was theirs already. Raises TaskFault."""
    return _give(database, workspace_id, task_id, by, "", seen, now, by)


def hand_over(
    database: Database,
    workspace_id: UUID,
    task_id: UUID,
    owner_id: UUID,
    why: str,
    seen: Seen,
    now: datetime,
    by: UUID,
) -> bool:
    """Give the task to a colleague, who is told by mail. False: it was theirs already. Raises TaskFault."""
    return _give(database, workspace_id, task_id, owner_id, _one_line(why), seen, now, by)


def set_due(
    database: Database,
    workspace_id: UUID,
    task_id: UUID,
    due_at: datetime,
    why: str,
    seen: Seen,
    now: datetime,
    by: UUID,
) -> bool:
    """Move the time until when it is to be done. False: it was that already. Raises TaskFault."""
    why = _one_line(why)
    if not why:
        raise TaskFault(Reason("task.why_missing"))
    if not now < due_at < now + FARTHEST:
        raise TaskFault(Reason("task.due_past"))
    with database.write() as connection:
        task = _open(connection, workspace_id, task_id)
        if task.due_at == due_at:
            return False
        _change(connection, task, seen, due_at=due_at)
        told = {"title": task.title, "due": due_at.isoformat(), "why": why}
        _tell(connection, task, Reason("task.due_moved", told), now, by)
        detail = {"from": _when(task.due_at), "to": due_at.isoformat()}
        audit(connection, workspace_id, task.id, "task.due_moved", detail, now, by, "task")
    return True


def _give(
    database: Database,
    workspace_id: UUID,
    task_id: UUID,
    to: UUID,
    why: str,
    seen: Seen,
    now: datetime,
    by: UUID,
) -> bool:
    with database.write() as connection:
        task = _open(connection, workspace_id, task_id)
        colleague = accounts.by_id(connection, to)
        if colleague is None or colleague["workspace_id"] != workspace_id:
            raise TaskFault(Reason("task.colleague_unknown"))
        if colleague["disabled_at"] is not None or colleague["role"] not in TAKES_TASKS:
            raise TaskFault(Reason("task.colleague_cannot", {"name": colleague["name"]}))
        if task.owner_id == to:
            return False
        _change(connection, task, seen, owner_id=to, assigned_code=BY_HAND.code, assigned_rule=None)
        code = "task.taken" if to == by else "task.handed_over" if why else "task.handed_over_so"
        told = {"title": task.title, "name": colleague["name"], "why": why}
        _tell(connection, task, Reason(code, told), now, by)
        readdress(connection, task, to if to != by else None, now)
        detail = {"from": str(task.owner_id) if task.owner_id else None, "to": str(to)}
        action = "task.taken" if to == by else "task.handed_over"
        audit(connection, workspace_id, task.id, action, detail, now, by, "task")
    return True


def readdress(connection: Connection, task: Row[Any], to: UUID | None, now: datetime) -> None:
    """Mails of the task to whoever had it stay here if they still can; `to` gets one of their own."""
    call_back_mails(connection, task, Reason("task.handed_over_meanwhile"), now)
    if to is not None and _has_mail(connection, task.workspace_id):
        key = keys.mail_of_task(f"{task.dedupe_key}:{to}:{now.isoformat()}")
        mail = mail_to(task.workspace_id, task.contact_id, to, task._asdict(), now, key)
        ledger.insert_new(connection, deliveries, [mail])


def _has_mail(connection: Connection, workspace_id: UUID) -> bool:
    """Whether the template of a task's mail is published."""
    d = definitions.c
    live = select(d.id).where(
        d.workspace_id == workspace_id, d.kind == "template", d.key == TASK_MAIL, d.live_version_id.is_not(None)
    )  # fmt: skip
    return connection.execute(live).first() is not None


def _open(connection: Connection, workspace_id: UUID, task_id: UUID) -> Row[Any]:
    query = select(tasks).where(tasks.c.id == task_id, tasks.c.workspace_id == workspace_id)
    task = connection.execute(query).one_or_none()
    if task is None:
        raise TaskFault(Reason("task.unknown", {"task": str(task_id)}))
    if task.state != "open":
        raise TaskFault(Reason("task.not_open", {"state": task.state}))
    return task


def _change(connection: Connection, task: Row[Any], seen: Seen, **values: Any) -> None:
    """Only where it is still what the page showed."""
    done = connection.execute(
        update(tasks)
        .where(
            tasks.c.id == task.id,
            tasks.c.state == "open",
            tasks.c.owner_id == seen.owner_id,
            tasks.c.due_at == seen.due_at,
        )
        .values(**values)
    )
    if done.rowcount == 0:
        raise TaskFault(Reason("task.stale"))


def _tell(connection: Connection, task: Row[Any], reason: Reason, now: datetime, by: UUID) -> None:
    told = line(
        task.workspace_id, task.contact_id, "task", reason, now, actor=f"user:{by}",
        enrollment_id=task.enrollment_id,
    )  # fmt: skip
    ledger.add_timeline(connection, [told])


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST_WHY]


def _when(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
