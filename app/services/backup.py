"""The embedded database and what lies beside it, in one archive; and back again, proven before anything is put in place."""

import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

DATABASES = ("trellis.db", "caught.db")
FOLDERS = ("journal", "imports", "links", "spool")
KEYS = ("secret.key", "encryption.key")
MANIFEST = "manifest.json"
FORM = 1
LARGEST_MANIFEST = 64_000_000
PIECE = 1 << 20
Step = Callable[[str, int, int], None]


class BackupFault(Exception):
    """It cannot be done; nothing was put in place. The message says why and what to do."""


def _quiet(_what: str, _done: int, _all: int) -> None:
    pass


def back_up(
    data: Path, archive: Path, now: datetime, *, keys: bool = False, step: Step = _quiet
) -> dict[str, Any]:
    """Write the archive, also while the engine runs; its manifest. Raises BackupFault.

    The file appears under its name when it is whole, never before.
    """
    if archive.exists():
        raise BackupFault(f"{archive} is there already. Name another file, or move it away.")
    if not (data / DATABASES[0]).exists():
        raise BackupFault(f"There is no {DATABASES[0]} in {data}. See TRELLIS_DATA_DIR.")
    part = archive.with_name(f"{archive.name}.part")
    try:
        with TemporaryDirectory(prefix=".trellis-", dir=archive.parent) as name:
            staged = Path(name)
            for database in DATABASES:
                if (data / database).exists():
                    _copy_database(data / database, staged / database, step)
            for folder in FOLDERS:
                _copy_folder(data / folder, staged / folder)
            for key in KEYS if keys else ():
                if (data / key).exists():
                    shutil.copyfile(data / key, staged / key)
            manifest = _manifest(staged, now, keys)
            _pack(staged, manifest, part, step)
        part.replace(archive)
    except (OSError, sqlite3.Error) as error:
        raise BackupFault(f"The backup was not written: {error}. Nothing is left of it.") from None
    finally:
        part.unlink(missing_ok=True)
    return manifest


def restore(
    data: Path, archive: Path, now: datetime, *, replace: bool = False, knows: Callable[[str], bool] | None = None,
    step: Step = _quiet,
) -> tuple[dict[str, Any], Path | None]:  # fmt: skip
    """Put what an archive holds in the place of what is there; its manifest, and where the old is kept.

    `knows` says whether this release knows a schema. Raises BackupFault; until the archive is proven whole,
    nothing in the data folder changes.
    """
    there = data / DATABASES[0]
    if there.exists() and not replace:
        raise BackupFault(
            f"There is a database in {data}. Say --replace to put it aside and restore in its place."
        )
    try:
        data.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".restoring-", dir=data) as name:
            staged = Path(name)
            manifest = _unpack(archive, staged, step)
            _check_whole(staged, manifest, knows)
            for database in DATABASES:
                _check_unused(data / database)
            kept = _swap(data, staged, manifest, now)
    except (OSError, EOFError, tarfile.TarError, sqlite3.Error) as error:
        raise BackupFault(f"{archive} was not restored: {error}.") from None
    return manifest, kept


def schema_of(database: Path) -> str:
    """The revision that a database was last migrated to."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _copy_database(source: Path, target: Path, step: Step) -> None:
    """SQLite's own way: one consistent picture, while others write."""
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here, pages=2000, progress=lambda _s, left, all_: step(source.name, all_ - left, all_))
        here.execute("PRAGMA journal_mode=DELETE")


def _copy_folder(source: Path, target: Path) -> None:
    """Files that come and go meanwhile are taken as they are, or not at all."""
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        if path.is_symlink() or not path.is_file():
            continue
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(path, place)
        except FileNotFoundError:
            place.unlink(missing_ok=True)


def _manifest(staged: Path, now: datetime, keys: bool) -> dict[str, Any]:
    files = {
        path.relative_to(staged).as_posix(): {"bytes": path.stat().st_size, "sha256": _digest(path)}
        for path in sorted(staged.rglob("*"))
        if path.is_file()
    }
    return {
        "form": FORM, "made_at": now.isoformat(), "schema": schema_of(staged / DATABASES[0]), "keys": keys,
        "files": files,
    }  # fmt: skip


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _pack(staged: Path, manifest: dict[str, Any], part: Path, step: Step) -> None:
    text = json.dumps(manifest, indent=1).encode()
    with tarfile.open(part, "w:gz", compresslevel=6) as tar:
        head = tarfile.TarInfo(MANIFEST)
        head.size = len(text)
        tar.addfile(head, BytesIO(text))
        for number, name in enumerate(manifest["files"], 1):
            step("archive", number, len(manifest["files"]))
            tar.add(staged / name, name, recursive=False)
    part.chmod(0o600)


def _unpack(archive: Path, staged: Path, step: Step) -> dict[str, Any]:
    with tarfile.open(archive, "r:gz") as tar:
        manifest = _read_manifest(tar)
        wanted = dict(manifest["files"])
        while (member := tar.next()) is not None:
            told = wanted.pop(member.name, None)
            if told is None or not member.isfile() or not _is_ours(member.name):
                raise BackupFault(
                    f"The archive holds “{member.name[:80]}”, which is none of ours. Nothing was restored."
                )
            step("restore", len(manifest["files"]) - len(wanted), len(manifest["files"]))
            place = staged / member.name
            place.parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(member)
            assert source is not None
            digest = sha256()
            with place.open("wb") as file:
                while piece := source.read(PIECE):
                    digest.update(piece)
                    file.write(piece)
            if member.size != told["bytes"] or digest.hexdigest() != told["sha256"]:
                raise BackupFault(f"“{member.name}” is not what was backed up. Take another archive.")
    if wanted:
        raise BackupFault(f"The archive is cut short: “{min(wanted)}” is missing. Take another archive.")
    return manifest


def _read_manifest(tar: tarfile.TarFile) -> dict[str, Any]:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isfile() or first.size > LARGEST_MANIFEST:
        raise BackupFault("This is no backup of Trellis: it does not begin with its manifest.")
    source = tar.extractfile(first)
    assert source is not None
    try:
        found = json.loads(source.read())
        files = found["files"]
        fine = found["form"] == FORM and DATABASES[0] in files
        fine = fine and all(
            isinstance(f["bytes"], int) and isinstance(f["sha256"], str) for f in files.values()
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        fine = False
    if not fine:
        raise BackupFault("The manifest cannot be read. Take another archive, or the release that made it.")
    return dict(found)


def _is_ours(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if name in (*DATABASES, *KEYS):
        return True
    return len(parts) > 1 and parts[0] in FOLDERS and ".." not in parts and "\\" not in name


def _check_whole(staged: Path, manifest: dict[str, Any], knows: Callable[[str], bool] | None) -> None:
    for database in DATABASES:
        if (staged / database).exists():
            with closing(sqlite3.connect(staged / database)) as connection:
                [said] = connection.execute("PRAGMA quick_check(1)").fetchone()
            if said != "ok":
                raise BackupFault(f"{database} in the archive is damaged: {said}. Take another archive.")
    schema = schema_of(staged / DATABASES[0])
    if schema != manifest.get("schema") or (knows is not None and not knows(schema)):
        raise BackupFault(
            f"The schema “{schema[:40]}” is not known here. Restore with the release that made it, or a newer one."
        )


def _check_unused(database: Path) -> None:
    """A database leaves its write-ahead log only while nobody else has it open."""
    if not database.exists():
        return
    with closing(sqlite3.connect(database, timeout=0.5)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.OperationalError:
            raise BackupFault(f"{database.name} is in use. Stop Trellis first, then restore.") from None


def _swap(data: Path, staged: Path, manifest: dict[str, Any], now: datetime) -> Path | None:
    names = [*DATABASES, *FOLDERS, *(KEYS if manifest.get("keys") else ())]
    old = [name for name in names if (data / name).exists()]
    kept = data / f"before-restore-{now:%Y%m%dT%H%M%S}"
    if old:
        kept.mkdir()
        for name in old:
            (data / name).replace(kept / name)
    for name in names:
        if (staged / name).exists():
            (staged / name).replace(data / name)
    return kept if old else None
