"""The audit log for whoever must know who did what: found by person, action and time, and taken along as CSV."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from io import StringIO
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.services.importing.results import safe
from app.store import audit as store
from app.store.audit import Asked as Asked
from app.store.database import Database

PAGE = 50
BATCH = 1000
TITLES = (
    "id",
    "at",
    "who",
    "address",
    "program_of",
    "action",
    "subject_kind",
    "subject",
    "subject_name",
    "detail",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `who` is empty for the shell and the engine; of a `program` it is the name of its token, which
    `maker` made, empty at the shell."""

    id: UUID
    at: datetime
    user_id: UUID | None
    who: str
    address: str
    action: str
    kind: str
    subject: str
    subject_name: str
    detail: dict[str, Any]
    program: bool = False
    maker: str = ""


def find(
    database: Database, workspace_id: UUID, asked: Asked, limit: int = PAGE
) -> tuple[list[Entry], UUID | None]:
    """The newest entries that fit, and from where the older ones go on (None: there are none)."""
    with database.read() as connection:
        rows = store.find(connection, workspace_id, asked, limit + 1)
        names = store.names(connection, workspace_id)
        programs = store.programs(connection, workspace_id)
    entries = [_entry(row, names, programs) for row in rows[:limit]]
    return entries, entries[-1].id if len(rows) > limit else None


def choices(database: Database, workspace_id: UUID) -> tuple[list[str], dict[str, str]]:
    """The actions and the people to choose from."""
    with database.read() as connection:
        names = store.names(connection, workspace_id)
        return store.actions(connection, workspace_id), dict(sorted(names.items(), key=lambda one: one[1]))


def as_csv(database: Database, workspace_id: UUID, asked: Asked) -> Iterator[str]:
    """All that fit, piece by piece, safe to open in a spreadsheet."""
    yield _line(TITLES)
    older = asked.older_than
    while True:
        found, older = find(database, workspace_id, replace(asked, older_than=older), BATCH)
        yield "".join(_line(_cells(one)) for one in found)
        if older is None:
            return


def _cells(one: Entry) -> tuple[str, ...]:
    detail = json.dumps(one.detail, ensure_ascii=False, sort_keys=True)
    return (
        str(one.id), one.at.isoformat(), one.who, one.address, (one.maker or "shell") if one.program else "",
        one.action, one.kind, one.subject, one.subject_name, detail,
    )  # fmt: skip


def _line(cells: tuple[str, ...]) -> str:
    out = StringIO()
    csv.writer(out).writerow([safe(cell) for cell in cells])
    return out.getvalue()


def _entry(row: Row[Any], names: dict[str, str], programs: dict[str, tuple[str, str]]) -> Entry:
    detail = row.detail or {}
    kind, _, token = str(detail.get("by", "")).partition(":")
    program = programs.get(token) if kind == "api" else None
    if program is not None:
        detail = {name: what for name, what in detail.items() if name != "by"}
    who, maker = program or (row.name or "", "")
    return Entry(
        row.id, row.at, row.user_id, who, row.email or "", row.action, row.subject_kind, row.subject,
        names.get(row.subject, "") if row.subject_kind == "user" else "", detail, program is not None, maker,
    )  # fmt: skip
