"""Who is at work on the demo: its ticks side by side, its making and its removal alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "demo.lock"


class DemoBusy(Exception):
    """Another process is making or removing the demo."""


@contextmanager
def held(data_dir: Path, *, wait: bool = False) -> Iterator[Path]:
    """Alone on the demo; `wait` lets ticks that have begun come to their end. Raises DemoBusy."""
    data_dir.mkdir(0o700, parents=True, exist_ok=True)
    while True:
        path = data_dir / LOCK
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it before may have taken the file away with the demo.
            if os.fstat(handle).st_nlink:
                yield path
                return
        except BlockingIOError:
            raise DemoBusy from None
        finally:
            os.close(handle)


def ready(data_dir: Path) -> None:
    """There is something to hold, where the demo came with a copied database."""
    (data_dir / LOCK).touch(0o600)


@contextmanager
def running(data_dir: Path) -> Iterator[bool]:
    """Whether a tick of the demo may run now; while it does, nobody removes the demo."""
    try:
        handle = os.open(data_dir / LOCK, os.O_RDWR)
    except OSError:
        yield False
        return
    try:
        yield _shared(handle)
    finally:
        os.close(handle)


def _shared(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(handle).st_nlink > 0
