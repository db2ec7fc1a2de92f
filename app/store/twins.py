"""Contacts who may be one person, found along indexes and within bounds."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, func, or_, select

from app.store.tables import contacts, identities

# As many are looked at, so that a common name costs no more than a rare one.
_LOOKED_AT = 50


def twins(
    connection: Connection, workspace_id: UUID, row: Row[Any], locals_: Sequence[str]
) -> dict[UUID, set[str]]:
    """Contacts who may be the same person, with what speaks for it: `name` (and company, where both have one),
    `address` (what stands before the @).
    """
    c, found = contacts.c, dict[UUID, set[str]]()
    alive = (c.workspace_id == workspace_id, c.erased_at.is_(None), c.merged_into.is_(None), c.id != row.id)
    if row.first_name and row.last_name:
        named = select(c.id).where(
            *alive,
            func.lower(c.last_name) == func.lower(row.last_name),
            func.lower(c.first_name) == func.lower(row.first_name),
        )
        if row.company_id is not None:
            named = named.where(or_(c.company_id == row.company_id, c.company_id.is_(None)))
        for who in connection.execute(named.limit(_LOOKED_AT)).scalars():
            found.setdefault(who, set()).add("name")
    for local in locals_:
        i, begin = identities.c, f"{local}@"
        # Each database has its own way along the index. "A" follows "@": between them is this mailbox anywhere.
        sqlite = connection.dialect.name == "sqlite"
        begins = (
            and_(i.value >= begin, i.value < f"{local}A")
            if sqlite
            else i.value.startswith(begin, autoescape=True)
        )
        like = select(i.contact_id).where(i.workspace_id == workspace_id, i.kind == "email", begins)
        same = select(c.id).where(*alive, c.id.in_(like.limit(_LOOKED_AT)))
        for who in connection.execute(same).scalars():
            found.setdefault(who, set()).add("address")
    return found
