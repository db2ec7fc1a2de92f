"""Who may be given tasks, whose turn it is, and tasks whose owner works here no more."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from app.core.assignment import Colleague, Turns
from app.store import ledger
from app.store.tables import contacts, task_turns, tasks, users


def team(connection: Connection, workspace_id: UUID) -> list[Colleague]:
    """Everybody with an account, in the order in which they came."""
    u = users.c
    query = (
        select(u.id, u.email, u.name, u.role, u.disabled_at, u.away_until)
        .where(u.workspace_id == workspace_id)
        .order_by(u.id)
    )
    return [
        Colleague(row.id, row.email, row.name, row.role, row.disabled_at is not None, row.away_until)
        for row in connection.execute(query)
    ]


def owner_of(connection: Connection, contact_id: UUID, *, hold: bool = False) -> UUID | None:
    """Whose contact it is. `hold`: and stays so until the transaction ends."""
    query = select(contacts.c.owner_id).where(contacts.c.id == contact_id)
    return connection.execute(query.with_for_update(key_share=True) if hold else query).scalar_one_or_none()


def turns(connection: Connection, workspace_id: UUID, *, hold: bool = False) -> dict[str, Turns]:
    """By rule. `hold`: nobody else takes a turn until the transaction ends."""
    if hold:
        ledger.insert_new(connection, task_turns, [{"workspace_id": workspace_id, "turns": {}}])
    query = select(task_turns.c.turns).where(task_turns.c.workspace_id == workspace_id)
    found = connection.execute(query.with_for_update() if hold else query).scalar_one_or_none() or {}
    return {
        rule: Turns(one["number"], {UUID(who): number for who, number in one["last"].items()})
        for rule, one in found.items()
    }


def keep_turns(
    connection: Connection, workspace_id: UUID, found: Mapping[str, Turns], rules: Collection[str]
) -> None:
    """Turns of what is no rule any more are forgotten."""
    kept = {
        rule: {"number": one.number, "last": {str(who): number for who, number in one.last.items()}}
        for rule, one in found.items()
        if rule in rules
    }
    connection.execute(update(task_turns).where(task_turns.c.workspace_id == workspace_id).values(turns=kept))


def give(connection: Connection, task_id: UUID, owner_id: UUID | None, code: str, rule: str | None) -> None:
    connection.execute(
        update(tasks)
        .where(tasks.c.id == task_id)
        .values(owner_id=owner_id, assigned_code=code, assigned_rule=rule)
    )


def own(connection: Connection, contact_id: UUID, before: UUID | None, owner_id: UUID, now: Any) -> bool:
    """The contact becomes theirs. False: it became somebody else's meanwhile."""
    c = contacts.c
    done = connection.execute(
        update(contacts)
        .where(c.id == contact_id, c.owner_id.is_(None) if before is None else c.owner_id == before)
        .values(owner_id=owner_id, updated_at=now, revision=c.revision + 1, judge_due_at=now)
    )
    return done.rowcount == 1


def left_behind(
    connection: Connection, workspace_id: UUID, limit: int, *, hold: bool = False
) -> list[Row[Any]]:
    """Open tasks of colleagues who are shut out, the oldest first, with the name of whose each was.

    `hold`: those that another worker has in hand are left to it.
    """
    query: Any = (
        select(tasks, users.c.name.label("owner_name"))
        .join(users, users.c.id == tasks.c.owner_id)
        .where(
            tasks.c.workspace_id == workspace_id, tasks.c.state == "open", users.c.disabled_at.is_not(None)
        )
        .order_by(tasks.c.id)
        .limit(limit)
    )  # fmt: skip
    if hold:
        query = query.with_for_update(of=tasks, skip_locked=True)
    return list(connection.execute(query).all())


def count_open(connection: Connection, workspace_id: UUID, owner_id: UUID) -> int:
    t = tasks.c
    mine = (t.workspace_id == workspace_id, t.state == "open", t.owner_id == owner_id)
    query = select(func.count()).select_from(tasks).where(*mine)
    return int(connection.execute(query).scalar_one())
