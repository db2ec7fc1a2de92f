"""Open tasks of colleagues who are shut out: assigned again by the rules, told in the story, the log and by mail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from app.core.reasons import Reason
from app.services import assigning
from app.services.ids import new_id
from app.services.library import Catalogue
from app.services.task_acts import readdress
from app.services.timeline import line
from app.services.world import World
from app.store import accounts, ledger
from app.store import assigning as store

BATCH = 50


def reassign(world: World, now: datetime, by: UUID | None = None, limit: int = BATCH) -> int:
    """A batch of them in one transaction; how many. Doing it again changes nothing, as they are others' then.

    `by` is who shut the colleague out; None: the engine found them.
    """
    with world.database.read() as connection:
        if not store.left_behind(connection, world.workspace_id, 1):
            return 0
    catalogue = world.library.catalogue(now)
    with world.database.write() as connection:
        left = store.left_behind(connection, world.workspace_id, limit, hold=True)
        for task in left:
            _one(connection, world, catalogue, task, now, by)
    return len(left)


def reassign_all(world: World, now: datetime, by: UUID | None = None) -> int:
    """Batch after batch until nobody who is shut out has an open task."""
    count = 0
    while done := reassign(world, now, by):
        count += done
    return count


def open_tasks(world: World, user_id: UUID) -> int:
    """How many would be assigned again if they were shut out."""
    with world.database.read() as connection:
        return store.count_open(connection, world.workspace_id, user_id)


def _one(
    connection: Connection, world: World, catalogue: Catalogue, task: Row[Any], now: datetime, by: UUID | None
) -> None:
    assigned = assigning.assign(connection, world, catalogue, task.contact_id, now)
    to = assigned.owner.id if assigned.owner else None
    store.give(connection, task.id, to, assigned.reason.code, assigned.by_rule)
    left = Reason("task.left_behind", {"title": task.title, "gone": task.owner_name})
    actor = f"user:{by}" if by else "engine"
    ledger.add_timeline(
        connection,
        [
            line(world.workspace_id, task.contact_id, "task", reason, now, actor=actor, enrollment_id=task.enrollment_id)
            for reason in (left, assigning.told(assigned, task.title))
        ],
    )  # fmt: skip
    readdress(connection, task, to, now)
    accounts.audit(
        connection,
        {
            "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by,
            "action": "task.reassigned", "subject_kind": "task", "subject": str(task.id),
            "detail": {
                "from": str(task.owner_id), "to": str(to) if to else None, "rule": assigned.by_rule,
                "through": "page" if by else "engine",
            },
        },
    )  # fmt: skip
