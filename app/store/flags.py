"""Addresses that were not looked at yet, and domains whose mail hosts are to be asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text, update

from app.store import ledger
from app.store.hints import within
from app.store.tables import contact_tags, contacts, domain_checks, identities, suppressions
from app.store.views import Found

NEW = "identities.kind = 'email' AND identities.flag IS NULL"


def unlooked(connection: Connection, workspace_id: UUID, limit: int) -> list[Found]:
    i = identities.c
    query = (
        select(i.id, i.contact_id, i.value).where(within(identities, workspace_id), text(NEW)).limit(limit)
    )
    return list(connection.execute(query))


def of_domain(connection: Connection, workspace_id: UUID, domain: str, limit: int) -> list[Found]:
    """Addresses of one domain."""
    i = identities.c
    query = select(i.id, i.contact_id, i.value, i.flag).where(
        i.workspace_id == workspace_id, i.kind == "email", i.value.endswith(f"@{domain}", autoescape=True)
    )
    return list(connection.execute(query.limit(limit)))


def set_flag(connection: Connection, ids: Sequence[UUID], flag: str, suggestion: str | None = None) -> None:
    connection.execute(
        update(identities).where(identities.c.id.in_(ids)).values(flag=flag, suggestion=suggestion)
    )


def add_tag(connection: Connection, workspace_id: UUID, contact_id: UUID, tag: str, now: datetime) -> bool:
    """Whether the contact did not have it."""
    row = {"contact_id": contact_id, "tag": tag, "workspace_id": workspace_id, "added_at": now}
    if ledger.insert_new(connection, contact_tags, [row]) == 0:
        return False
    connection.execute(
        update(contacts)
        .where(contacts.c.id == contact_id)
        .values(revision=contacts.c.revision + 1, judge_due_at=now, updated_at=now)
    )
    return True


def add_domains(connection: Connection, workspace_id: UUID, domains: Sequence[str], now: datetime) -> None:
    rows = [
        {"workspace_id": workspace_id, "domain": one, "takes_mail": "unknown", "due_at": now, "failures": 0}
        for one in sorted(set(domains))
    ]
    ledger.insert_new(connection, domain_checks, rows)


def due_domains(connection: Connection, workspace_id: UUID, now: datetime, limit: int) -> list[Found]:
    c = domain_checks.c
    query = select(domain_checks).where(c.workspace_id == workspace_id, c.due_at <= now)
    return list(connection.execute(query.order_by(c.due_at, c.domain).limit(limit)))


def without_mail(connection: Connection, workspace_id: UUID) -> frozenset[str]:
    """The domains that said they take no mail."""
    c = domain_checks.c
    query = select(c.domain).where(c.workspace_id == workspace_id, c.takes_mail == "no")
    return frozenset(connection.execute(query).scalars())


def note_domain(connection: Connection, workspace_id: UUID, domain: str, values: dict[str, Any]) -> None:
    c = domain_checks.c
    connection.execute(
        update(domain_checks).where(c.workspace_id == workspace_id, c.domain == domain).values(**values)
    )


def lift_domain(
    connection: Connection, workspace_id: UUID, digest: str, source: str, why: str, now: datetime
) -> None:
    s = suppressions.c
    connection.execute(
        update(suppressions)
        .where(
            s.workspace_id == workspace_id, s.scope == "domain", s.value_hash == digest, s.source == source,
            s.lifted_at.is_(None),
        )
        .values(lifted_at=now, lifted_why=why)
    )  # fmt: skip
