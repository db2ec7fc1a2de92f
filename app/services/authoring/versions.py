"""The versions of a definition, and two of its texts held side by side, line by line."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.files.sequence_files import split_source
from app.store import definitions
from app.store.database import Database

PAGE = 30
AROUND = 3


@dataclass(frozen=True, slots=True)
class VersionLine:
    """`author` is empty for the shell."""

    number: int
    at: datetime
    author: str
    note: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class DiffLine:
    """`how`: same, added, removed, or gap where lines that are the same are left out. Numbers count from 1."""

    how: str
    text: str = ""
    old: int | None = None
    new: int | None = None


def list_versions(
    database: Database, workspace_id: UUID, kind: str, key: str, below: int | None = None
) -> tuple[list[VersionLine], int | None]:
    """A page of versions, newest first, and below which number the older ones go on (None: there are none)."""
    with database.read() as connection:
        found = definitions.find(connection, workspace_id, kind, key)
        rows = definitions.version_lines(connection, found.id, below, PAGE + 1) if found is not None else []
    lines = [
        VersionLine(
            row.number, row.published_at, row.author or "", row.note or "", row.id == found.live_version_id
        )
        for row in rows[:PAGE]
        if found is not None
    ]
    return lines, lines[-1].number if len(rows) > PAGE else None


def source_of(database: Database, workspace_id: UUID, kind: str, key: str, number: int) -> str | None:
    """The text of one version."""
    with database.read() as connection:
        found = definitions.find(connection, workspace_id, kind, key)
        row = definitions.numbered(connection, found.id, number) if found is not None else None
    return row.source if row is not None else None


def compare(kind: str, old: str, new: str) -> dict[str, list[DiffLine]]:
    """What differs between two sources, by locale ("" the original); texts that say the same are left out."""
    before = split_source(kind, old) if old else {}
    after = split_source(kind, new) if new else {}
    return {
        locale: lines
        for locale in sorted({*before, *after})
        if (lines := compare_texts(before.get(locale, ""), after.get(locale, "")))
    }


def compare_texts(old: str, new: str) -> list[DiffLine]:
    """Line by line with a few lines around each change; empty where both say the same."""
    first, second = old.splitlines(), new.splitlines()
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    found: list[DiffLine] = []
    for number, group in enumerate(matcher.get_grouped_opcodes(AROUND)):
        if number or group[0][1]:
            found.append(DiffLine("gap"))
        for how, start, end, new_start, new_end in group:
            found += _lines(how, first, second, (start, end), (new_start, new_end))
    return found


def _lines(
    how: str, first: list[str], second: list[str], old: tuple[int, int], new: tuple[int, int]
) -> Iterator[DiffLine]:
    if how == "equal":
        for left, right in zip(range(*old), range(*new), strict=True):
            yield DiffLine("same", first[left], left + 1, right + 1)
        return
    for number in range(*old):
        yield DiffLine("removed", first[number], number + 1, None)
    for number in range(*new):
        yield DiffLine("added", second[number], None, number + 1)
