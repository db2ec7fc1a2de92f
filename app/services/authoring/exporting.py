"""What is in force, written back into files byte for byte."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from app.files.findings import FileFinding
from app.files.pieces import split_piece
from app.files.sequence_files import TRANSLATED, path_of, split_source
from app.services.authoring.applying import Refused, audit
from app.services.authoring.planning import read_text
from app.services.authoring.sources import Name, Sources, in_force, load_folder
from app.store import authoring, content, definitions
from app.store.database import Database


def export(
    database: Database,
    workspace_id: UUID,
    folder: Path,
    now: datetime,
    *,
    of_record: bool = False,
    force: bool = False,
) -> list[str]:
    """Write every definition in force below `folder`; the paths of the files that were written.

    Files that say the same already are left alone. Raises Refused, with nothing written, where a file there
    was changed since it was last exported or applied, unless `force`. `of_record`: the folder is the one that
    `apply` reads, so from now on file and database agree.
    """
    with database.read() as connection:
        live = {
            name: row for name, row in in_force(connection, workspace_id).items() if row.state != "archived"
        }
        agreed = authoring.in_files(connection, workspace_id)
    there = load_folder(folder) if folder.is_dir() else Sources()
    if not force and (findings := list(_edited(live, there, agreed))):
        raise Refused(findings)
    written: list[str] = []
    for name, row in live.items():
        before = there.by_name.get(name)
        for path, text in _files(row, before.path if before else agreed.get(str(row.id), {}).get("path", "")):
            if _write(folder / path, text.encode()):
                written.append(path)
        for path, raw in _beside(database, workspace_id, row):
            if _write(folder / path, raw):
                written.append(path)
    if of_record:
        _note_agreed(database, workspace_id, live, load_folder(folder), agreed, now)
    return written


def _edited(
    live: Mapping[Name, definitions.Live], there: Sources, agreed: Mapping[str, Mapping[str, Any]]
) -> Iterator[FileFinding]:
    for name, row in live.items():
        source = there.by_name.get(name)
        if source is None:
            continue
        digest = definitions.digest(source.text)
        if digest not in (row.digest, agreed.get(str(row.id), {}).get("digest")):
            yield FileFinding(
                source.path, 1, "error", "This file was changed and not applied.",
                "Apply it, keep a copy of it, or write over it with `export --force`.",
            )  # fmt: skip


def _files(row: definitions.Live, path: str) -> Iterator[tuple[str, str]]:
    """The files of one definition: path in the content folder, and text."""
    if row.kind in TRANSLATED:
        for locale, text in split_source(row.kind, row.source).items():
            yield path_of(row.kind, row.key, locale=locale), text
    elif row.kind == "sequence":
        yield path or path_of(row.kind, row.key, folder=_folder(row)), row.source
    else:
        yield path_of(row.kind, row.key), row.source


def _beside(database: Database, workspace_id: UUID, row: definitions.Live) -> Iterator[tuple[str, bytes]]:
    """The files of a piece, as far as they are kept: path in the content folder, and bytes."""
    if row.kind != "piece":
        return
    folder = path_of(row.kind, row.key).rpartition("/")[0]
    for name, digest in split_piece(row.source)[1].items():
        with database.read() as connection:
            raw = content.data_of(connection, workspace_id, digest)
        if raw is not None:
            yield f"{folder}/{name}", raw


def _folder(row: definitions.Live) -> str:
    """The folder of a sequence that never had a file: that of most of its mails, else its stage."""
    sequence = read_text(row.source)
    if sequence is None:
        return ""
    mails = Counter(key.partition("/")[0] for keys in sequence.templates().values() for key in keys)
    return mails.most_common(1)[0][0] if mails else sequence.stage


def _write(path: Path, raw: bytes) -> bool:
    if path.is_file() and path.read_bytes() == raw:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(raw)
    part.replace(path)
    return True


def _note_agreed(
    database: Database,
    workspace_id: UUID,
    live: Mapping[Name, definitions.Live],
    there: Sources,
    agreed: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> None:
    with database.write() as connection:
        for name, row in live.items():
            path = there.by_name[name].path
            if agreed.get(str(row.id), {}).get("digest") != row.digest:
                detail = {"digest": row.digest, "path": path}
                audit(
                    connection, workspace_id, None, authoring.EXPORTED, "definition", str(row.id), now, detail
                )
