"""Hits on a disk before anybody is answered: the database may be busy or down, and `kill -9` loses none.

One line of JSON a hit, one write a line. A writer locks its file for the moment of each write, and whoever
drains a file locks it until it is removed; a writer that finds its file locked or gone begins another one
and never waits. So a file is drained while its writer lives, and the kernel lets go of the locks of the dead.
"""

import contextlib
import fcntl
import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

LONGEST = 8_000
KINDS = frozenset({"open", "click", "page", "read", "file"})
UNREADABLE = "unreadable.lines"
# PostgreSQL takes no NUL and no half of a surrogate pair in a text.
_NOT_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_SMALL = 2**31


@dataclass(frozen=True, slots=True)
class RawHit:
    """What came over the wire, unjudged. `id` is a uuid7 made on arrival and `at` an ISO instant in UTC.

    `link` is the number of the link; 0 is the pixel, below it are our own pages. A piece of the library that is
    read, or whose file is opened, has the number of the link that leads there.
    """

    id: str
    kind: str
    method: str
    at: str
    delivery: str | None
    contact: str | None
    variant: str | None
    link: int | None
    address: str
    user_agent: str
    headers: dict[str, str] = field(default_factory=dict)


class Spool:
    """The spool of one process in `folder`. Safe for its threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._fd: int | None = None
        self._pid = os.getpid()

    def add(self, hit: RawHit) -> None:
        """Write a hit down. Raises OSError where the disk does not take it."""
        line = json.dumps(asdict(hit), ensure_ascii=True, separators=(",", ":")).encode()
        if len(line) > LONGEST:
            slim = {**asdict(hit), "headers": {}, "user_agent": hit.user_agent[:500]}
            line = json.dumps(slim, ensure_ascii=True, separators=(",", ":")).encode()
        with self._lock:
            handle = self._mine()
            try:
                if os.write(handle, line + b"\n") <= len(line):
                    # Half a line: the next hit must not be glued to it.
                    raise OSError("the spool took only a part of a hit")
                fcntl.flock(handle, fcntl.LOCK_UN)
            except OSError:
                self._end()
                raise

    def turn(self) -> None:
        """End the file written so far, so that it may be drained; the next hit begins a new one."""
        with self._lock:
            self._end()

    def finished(self) -> Iterator[Path]:
        """All files, each locked while it is looked at: a living writer goes on in another one.

        A file is removed when the caller comes back for the next one, so an error keeps it for another
        time. Two that drain at once read no file together.
        """
        for path in sorted(self._folder.glob("*.hits")):
            try:
                handle = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                if _locked(handle) and os.fstat(handle).st_nlink:
                    yield path
                    path.unlink(missing_ok=True)
            finally:
                os.close(handle)

    def keep_unreadable(self, line: str) -> None:
        """Put a line that is no hit aside, for a person to look at."""
        with (self._folder / UNREADABLE).open("a", encoding="utf-8", errors="replace") as file:
            file.write(line.rstrip("\n")[:LONGEST] + "\n")

    def forget_unreadable(self, before: datetime) -> None:
        """Remove the lines put aside, when none was added since `before`: there may be people in them."""
        path = self._folder / UNREADABLE
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before.timestamp():
                path.unlink()

    def _mine(self) -> int:
        """A file of this process, locked: the present one, or a new one where somebody drains or has drained it."""
        if self._pid != os.getpid():
            # A copy made by fork would share the lock of the first.
            self._end()
            self._pid = os.getpid()
        while True:
            if self._fd is None:
                path = self._folder / f"{os.getpid()}-{os.urandom(6).hex()}.hits"
                self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            if _locked(self._fd) and os.fstat(self._fd).st_nlink:
                return self._fd
            self._end()

    def _end(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def read_hits(path: Path) -> Iterator[RawHit | str]:
    """The hits of a finished file; a line that is none comes as it stands."""
    with path.open("r", encoding="ascii", errors="replace", newline="\n") as file:
        for line in file:
            yield _read(line) or line


def _read(line: str) -> RawHit | None:
    """The hit in a line, its texts cleaned; None when it is not whole or not one of ours."""
    try:
        data = json.loads(line)
        hit = RawHit(**{name: _cleaned(value) for name, value in data.items()})
        UUID(hit.id)
        whole = datetime.fromisoformat(hit.at).tzinfo is not None and hit.kind in KINDS
        texts = (
            isinstance(hit.method, str) and isinstance(hit.address, str) and isinstance(hit.user_agent, str)
        )
        number = hit.link is None or (type(hit.link) is int and abs(hit.link) < _SMALL)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return hit if whole and texts and number and isinstance(hit.headers, dict) else None


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _NOT_TEXT.sub("", value)
    if isinstance(value, dict):
        return {str(_cleaned(name)): str(_cleaned(each)) for name, each in value.items()}
    return value


def uuid_of(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except (ValueError, TypeError, AttributeError):
        return None


def _locked(handle: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
