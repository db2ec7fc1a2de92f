"""The files of imports: personal data of strangers, for nobody else to read, and gone when they were used."""

import os
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from app.services.importing.faults import ImportFault
from app.services.importing.results import owners_only, result_path
from app.services.world import World
from app.store import imports
from config import Settings

FOLDER = "imports"
KEPT = timedelta(days=7)
LARGEST = 200_000_000
_BLOCK = 1 << 20
_AT_WORK = (*imports.OPEN, "undoing")
_UNDECIDED = ("draft", "checking", "checked", "stopped")


def place_of(import_id: UUID) -> Path:
    """Below the data folder."""
    return Path(FOLDER) / f"{import_id}.csv"


def write_upload(settings: Settings, upload: IO[bytes], import_id: UUID) -> Path:
    """Keep an upload, block by block. Raises ImportFault, with no file left, where it is too large."""
    path = settings.data_dir / place_of(import_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    taken = 0
    with open(path, "xb", opener=owners_only) as out:
        while block := upload.read(_BLOCK):
            taken += len(block)
            if taken > LARGEST:
                break
            out.write(block)
    if taken > LARGEST:
        path.unlink()
        raise ImportFault("import.file.large", most=LARGEST // 1_000_000)
    return path


def remove(settings: Settings, import_id: UUID, *, results: bool = True) -> None:
    """The file, and what was said about its rows."""
    path = settings.data_dir / place_of(import_id)
    path.unlink(missing_ok=True)
    if results:
        told = result_path(settings.data_dir, import_id)
        told.unlink(missing_ok=True)
        told.with_suffix(".part").unlink(missing_ok=True)


def forget_files(world: World, now: datetime) -> int:
    """Remove the files of imports a week after their last word, and those that belong to none; how many."""
    before = now - KEPT
    with world.database.read() as connection:
        rows = imports.with_old_files(connection, world.workspace_id, before)
    gone = 0
    for row in rows:
        if row["state"] in _AT_WORK:
            continue
        values: dict[str, Any] = (
            {"state": "cancelled", "finished_at": now} if row["state"] in _UNDECIDED else {}
        )
        with world.database.write() as connection:
            if not imports.change(
                connection, world.workspace_id, row["id"], (row["state"],), removed_at=now, **values
            ):
                continue
            if values:
                imports.forget_rows(connection, row["id"])
        remove(world.settings, row["id"])
        gone += 1
    return gone + _forget_strays(world, before)


def _forget_strays(world: World, before: datetime) -> int:
    """What a crash left behind, or a workspace that is no more."""
    old = [path for path in _files(world.settings) if _kept_at(path) < before]
    if not old:
        return 0
    with world.database.read() as connection:
        wanted = {str(one) for one in imports.with_files(connection)}
    strays = [path for path in old if path.name[:36] not in wanted]
    for path in strays:
        path.unlink(missing_ok=True)
    return len(strays)


def overdue(settings: Settings, now: datetime) -> Collection[Path]:
    """Files that stand a day longer than they may: the engine did not come to remove them."""
    return [path for path in _files(settings) if _kept_at(path) < now - KEPT - timedelta(days=1)]


def _files(settings: Settings) -> list[Path]:
    with suppress(OSError):
        return [path for path in sorted((settings.data_dir / FOLDER).glob("*")) if path.is_file()]
    return []


def _kept_at(path: Path) -> datetime:
    """Ids of ours begin with the instant, in milliseconds; a name that is none of ours says when it was written."""
    with suppress(ValueError):
        return datetime.fromtimestamp((UUID(path.name[:36]).int >> 80) / 1000, UTC)
    with suppress(OSError):
        return datetime.fromtimestamp(os.stat(path).st_mtime, UTC)
    return datetime.max.replace(tzinfo=UTC)
