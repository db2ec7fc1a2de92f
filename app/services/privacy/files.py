"""An erased person in the files of the data folder: caught mails, spooled hits, imported files, whatever else.

Files this does not know how to mend are told by name, so that nothing stays behind unseen.
"""

import csv
import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from email.parser import BytesHeaderParser
from hashlib import file_digest
from pathlib import Path
from typing import TextIO
from uuid import UUID

from app.core.tokens import token_of_local_part
from app.services.importing.results import result_path
from app.services.previewing import FOLDER as PREVIEWS
from app.services.world import World
from app.store import erasing
from app.store.caught import CaughtMail, CaughtMails

CAUGHT = "caught.db"
# Whole messages, and uploads that were only looked at: one that names the person goes.
WHOLE = ("inbound", PREVIEWS)
# Databases are emptied as databases; the others hold keys, ids and our own texts.
OTHERS = (".db", ".db-wal", ".db-shm", ".key", ".lock", ".journal")
_BLOCK = 1 << 20


def search_files(world: World, contact_ids: Collection[UUID], addresses: Collection[str]) -> tuple[str, ...]:
    """Take the person out of every file below the data folder; the files that still name them."""
    folder = world.settings.data_dir
    wanted = tuple(address.casefold() for address in addresses)
    _caught(world, contact_ids, wanted)
    _imports(world, wanted)
    marks = tuple(str(one) for one in contact_ids) + wanted
    for path in sorted((folder / "spool").glob("*")):
        _spooled(path, marks)
    for name in WHOLE:
        for path in sorted((folder / name).rglob("*")):
            if path.is_file() and _names(path, wanted):
                path.unlink(missing_ok=True)
    left = [path for path in _files(folder) if _names(path, wanted)]
    return tuple(path.relative_to(folder).as_posix() for path in left)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.endswith(OTHERS):
            yield path


def _names(path: Path, wanted: Collection[str]) -> bool:
    """Whether an address stands in the file as bytes, in any case of its letters."""
    needles = [spelled for one in wanted for spelled in {one.encode(), one.encode("utf-16-le")}]
    keep = max(map(len, needles), default=1)
    try:
        with path.open("rb") as file:
            before = b""
            while block := file.read(_BLOCK):
                seen = (before + block).lower()
                if any(needle in seen for needle in needles):
                    return True
                before = seen[-keep:]
    except OSError:
        return False
    return False


def _caught(world: World, contact_ids: Collection[UUID], wanted: Collection[str]) -> None:
    """Mails to, from or naming the person, and those to colleagues about them."""
    path = world.settings.data_dir / CAUGHT
    if not path.exists():
        return
    mails = CaughtMails(path)
    try:
        with world.database.read() as connection:
            theirs = erasing.mails_of(connection, contact_ids)
        for address in wanted:
            mails.erase(address)
        mails.erase_where(_sent_as(world, theirs))
    finally:
        mails.close()


def _sent_as(world: World, theirs: Collection[UUID]) -> Callable[[CaughtMail], bool]:
    def about_them(mail: CaughtMail) -> bool:
        message_id = str(BytesHeaderParser().parsebytes(mail.raw).get("Message-ID", ""))
        for local in (mail.summary.envelope_from, message_id.strip("<> ")):
            opened = world.keyring.open_envelope(token_of_local_part(local.partition("@")[0]))
            if opened is not None and opened.delivery in theirs:
                return True
        return False

    return about_them


def _spooled(path: Path, marks: tuple[str, ...]) -> None:
    """Lines about the person go. A file that a process still writes to is drained soon, and holds nobody then:
    hits of somebody who was erased are not taken in."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with os.fdopen(os.dup(handle), "r+b") as file:
            lines = file.readlines()
            kept = [line for line in lines if not any(mark.encode() in line.lower() for mark in marks)]
            if len(kept) < len(lines):
                file.seek(0)
                file.writelines(kept)
                file.truncate()
    except BlockingIOError:
        return
    finally:
        os.close(handle)


def _imports(world: World, wanted: Collection[str]) -> None:
    """The person's rows in the files that were imported, and in what was said about them."""
    with world.database.read() as connection:
        rows = erasing.import_files(connection, world.workspace_id)
    for row in rows:
        path = world.settings.data_dir / row.path
        encoding, delimiter = row.format["encoding"], row.format["delimiter"]
        if not path.exists() or not _names_in(path, encoding, wanted):
            continue
        numbers = _blank(path, encoding, delimiter, wanted, whole=False)
        results = result_path(world.settings.data_dir, row.id)
        if results.exists():
            _blank(results, "utf-8-sig", delimiter, wanted, whole=True)
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        with world.database.write() as connection:
            erasing.rows_blanked(connection, row.id, numbers, digest)


def _names_in(path: Path, encoding: str, wanted: Collection[str]) -> bool:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return any(one in line.casefold() for line in file for one in wanted)


def _blank(path: Path, encoding: str, delimiter: str, wanted: Collection[str], *, whole: bool) -> list[int]:
    """Empty the cells of rows with the person in them, or leave the rows out (`whole`); their numbers from 1."""
    half, numbers = path.with_name(f".{path.name}.part"), []
    with (
        path.open(encoding=encoding, errors="replace", newline="") as source,
        half.open("w", encoding=encoding, errors="replace", newline="") as target,
    ):
        out = csv.writer(target, delimiter=delimiter)
        for number, (cells, raw) in enumerate(_rows(source, delimiter), 1):
            if any(one in part.casefold() for part in cells or [raw] for one in wanted):
                numbers.append(number)
                if whole:
                    continue
                cells = [""] * max(len(cells), 1)
            if cells:
                out.writerow(cells)
            else:
                target.write(raw)
    os.replace(half, path)
    return numbers


def _rows(source: TextIO, delimiter: str) -> Iterator[tuple[list[str], str]]:
    """Each row's cells and its text as it stands, numbered as an import numbers them: a runaway quote is
    one row without cells. The limit on a cell is the process's and stays as it is."""
    raw: list[str] = []

    def lines() -> Iterator[str]:
        for line in source:
            raw.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=delimiter)
    while True:
        raw.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = []
        yield cells, "".join(raw)
