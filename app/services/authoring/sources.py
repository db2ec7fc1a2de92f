"""The texts of all definitions, from a content folder or as they are in force in the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from app.files.beside import Beside
from app.files.findings import FileFinding
from app.files.pieces import split_piece
from app.files.sequence_files import (
    KINDS,
    MAILS,
    SINGLE,
    TRANSLATED,
    Source,
    path_of,
    read_folder,
    split_source,
)
from app.store import definitions

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sources:
    """By (kind, key), in the order in which they are applied; `findings` tell of files that could not be taken."""

    by_name: Mapping[Name, Source] = field(default_factory=dict)
    findings: tuple[FileFinding, ...] = ()

    def of(self, kind: str) -> list[Source]:
        return [source for source in self.by_name.values() if source.kind == kind]

    def over(self, other: "Sources") -> "Sources":
        """These and, where they have none of a name, those of `other`."""
        names = sorted({*self.by_name, *other.by_name}, key=lambda name: (KINDS.index(name[0]), name[1]))
        return Sources({name: self.by_name.get(name) or other.by_name[name] for name in names}, self.findings)


def load_folder(content_dir: Path) -> Sources:
    """What stands in `content_dir`/sequences and `content_dir`/email_templates."""
    folder = read_folder(content_dir)
    return Sources({(source.kind, source.key): source for source in folder.sources}, folder.findings)


def in_force(connection: Connection, workspace_id: UUID) -> dict[Name, definitions.Live]:
    """Every definition that was ever published, by (kind, key); those put away have the state archived."""
    return {
        (row.kind, row.key): row
        for row in definitions.live(connection, workspace_id)
        if row.version_id is not None and row.kind in KINDS
    }


def as_sources(live: Mapping[Name, definitions.Live], paths: Mapping[UUID, str] | None = None) -> Sources:
    """What is in force, as if it stood in files (`paths`: which, by definition). What was put away is left out."""
    found = {
        name: Source(*name, row.source, _places(row, (paths or {}).get(row.id)), _beside(row))
        for name, row in live.items()
        if row.state != "archived"
    }
    return Sources(dict(sorted(found.items(), key=lambda pair: (KINDS.index(pair[0][0]), pair[0][1]))))


def texts_of(source: Source) -> Mapping[str, str]:
    """The file texts of a source by locale ("" the original)."""
    return split_source(source.kind, source.text)


def _places(row: definitions.Live, path: str | None) -> dict[str, str]:
    if row.kind not in TRANSLATED:
        return {"": path or path_of(row.kind, row.key)}
    locales = split_source(row.kind, row.source)
    return {locale: path_of(row.kind, row.key, locale=locale) for locale in locales}


def _beside(row: definitions.Live) -> dict[str, Beside]:
    if row.kind != "piece":
        return {}
    return {name: Beside(name, digest) for name, digest in split_piece(row.source)[1].items()}


__all__ = [
    "KINDS",
    "MAILS",
    "SINGLE",
    "Name",
    "Source",
    "Sources",
    "as_sources",
    "in_force",
    "load_folder",
    "texts_of",
]
