"""Open tasks of all contacts, somebody's own first and the most pressing first among them."""

from uuid import UUID

from sqlalchemy import Connection, case, false, func, select

from app.store.tables import contacts, identities, tasks, users
from app.store.views import Found

_OPEN = tasks.c.state == "open"


def open_tasks(
    connection: Connection, workspace_id: UUID, owner_id: UUID | None, limit: int, *, only: bool = False
) -> list[Found]:
    """With the contact's names and address and the owner's name; `only`: none but those of `owner_id`."""
    whose = tasks.c.owner_id == owner_id if owner_id is not None else false()
    query = (
        select(
            tasks.c.id, tasks.c.title, tasks.c.kind, tasks.c.due_at, tasks.c.contact_id, tasks.c.reason_code,
            tasks.c.reason_params, contacts.c.first_name, contacts.c.last_name,
            identities.c.shown_as.label("address"), users.c.email.label("owner"), users.c.name.label("owner_name"),
        )
        .join(contacts, contacts.c.id == tasks.c.contact_id)
        .outerjoin(
            identities,
            (identities.c.contact_id == tasks.c.contact_id)
            & (identities.c.kind == "email")
            & identities.c.is_primary.is_(True),
        )
        .outerjoin(users, users.c.id == tasks.c.owner_id)
        .where(tasks.c.workspace_id == workspace_id, _OPEN)
        .order_by(
            case((whose, 0), else_=1), tasks.c.due_at.is_(None), tasks.c.due_at, tasks.c.id
        )
        .limit(limit)
    )  # fmt: skip
    if only:
        query = query.where(whose)
    return list(connection.execute(query))


def count_open(connection: Connection, workspace_id: UUID) -> int:
    query = select(func.count()).select_from(tasks).where(tasks.c.workspace_id == workspace_id, _OPEN)
    return connection.execute(query).scalar_one()
