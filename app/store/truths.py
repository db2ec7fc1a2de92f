"""How far each check has come and what it found, kept between two runs."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, tuple_, update

from app.store import ledger
from app.store.hints import said
from app.store.tables import contacts, truth_checks, truth_findings
from app.store.views import Found

OPEN = "gone_at IS NULL"


def checks(connection: Connection, workspace_id: UUID) -> dict[str, Found]:
    """By rule, how far it has come. A rule that was never asked is not in it."""
    query = select(truth_checks).where(truth_checks.c.workspace_id == workspace_id)
    return {row.rule: row for row in connection.execute(query)}


def note_check(connection: Connection, workspace_id: UUID, rule: str, values: Mapping[str, Any]) -> None:
    row = {"workspace_id": workspace_id, "rule": rule, "whole_at": None, "whole_looked": 0, **values}
    if ledger.insert_new(connection, truth_checks, [row]) == 0:
        connection.execute(
            update(truth_checks)
            .where(truth_checks.c.workspace_id == workspace_id, truth_checks.c.rule == rule)
            .values(**values)
        )


def open_subjects(connection: Connection, workspace_id: UUID, rule: str, limit: int) -> list[UUID]:
    """Rows that were wrong when they were last looked at, those longest not looked at first."""
    f = truth_findings.c
    query = (
        select(f.subject)
        .where(f.workspace_id == workspace_id, f.rule == rule, said(truth_findings, OPEN))
        .order_by(f.last_seen_at)
        .limit(limit)
    )
    return list(dict.fromkeys(connection.execute(query).scalars()))


def is_known(connection: Connection, workspace_id: UUID, rule: str) -> bool:
    """Whether the rule has a finding that stands."""
    f = truth_findings.c
    query = select(f.id).where(f.workspace_id == workspace_id, f.rule == rule, said(truth_findings, OPEN))
    return connection.execute(query.limit(1)).first() is not None


def note_findings(connection: Connection, rows: list[dict[str, Any]]) -> int:
    """Findings are written once; one that is seen again (or is back) says when it was seen last. How many are new."""
    new = ledger.insert_new(connection, truth_findings, rows)
    f = truth_findings.c
    for row in rows if new < len(rows) else ():
        connection.execute(
            update(truth_findings)
            .where(
                f.workspace_id == row["workspace_id"], f.rule == row["rule"], f.fault == row["fault"],
                f.subject == row["subject"],
            )
            .values(last_seen_at=row["last_seen_at"], gone_at=None)
        )  # fmt: skip
    return new


def close_findings(
    connection: Connection, workspace_id: UUID, rule: str, looked: Iterable[UUID],
    wrong: Iterable[tuple[UUID, str]], now: datetime,
) -> int:  # fmt: skip
    """Findings of rows that were looked at and are as they must be by now; how many."""
    f = truth_findings.c
    stays = list(wrong)
    query = update(truth_findings).where(
        f.workspace_id == workspace_id, f.rule == rule, f.gone_at.is_(None), f.subject.in_(list(looked))
    )
    if stays:
        query = query.where(tuple_(f.subject, f.fault).not_in(stays))
    return connection.execute(query.values(gone_at=now)).rowcount


def open_counts(connection: Connection, workspace_id: UUID) -> dict[tuple[str, str], int]:
    """How many rows are wrong, by rule and fault."""
    f = truth_findings.c
    query = (
        select(f.rule, f.fault, func.count())
        .where(f.workspace_id == workspace_id, said(truth_findings, OPEN))
        .group_by(f.rule, f.fault)
    )
    return {(rule, fault): count for rule, fault, count in connection.execute(query)}


def open_findings(connection: Connection, workspace_id: UUID, rule: str | None, limit: int) -> list[Found]:
    """What is wrong, the newest first, with the contact's name."""
    f = truth_findings.c
    query = (
        select(truth_findings, contacts.c.first_name, contacts.c.last_name)
        .join(contacts, contacts.c.id == f.contact_id, isouter=True)
        .where(f.workspace_id == workspace_id, said(truth_findings, OPEN))
        .order_by(f.first_seen_at.desc(), f.id.desc())
        .limit(limit)
    )
    return list(connection.execute(query if rule is None else query.where(f.rule == rule)))
