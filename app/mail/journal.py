"""What a worker has begun and what it was told, on a disk that outlives its process.

Between "this mail goes out now" and the commit that says how it went, only this file knows. Each record is
one write to a file opened for appending, so it survives `kill -9`. It is not forced to the platter for each
mail: when the *machine* loses power, the last records may be gone. The file then claims less than was done,
so after a power cut what was in hand counts as uncertain. Records hold ids and codes, never an address or the
words of a server.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import get_args
from uuid import UUID

from app.mail.replies import Kind, Outcome, Phase

_REWRITE_ABOVE = 1 << 20
_NOTHING = "-"


class JournalBusy(Exception):
    """Another process writes this worker's journal."""


class JournalDamaged(Exception):
    """A record cannot be read: nothing can be said about what was in hand."""


@dataclass(frozen=True, slots=True)
class JournalState:
    """What the last process of this worker left; `claim_tokens` has both, answered or not."""

    started_unanswered: set[UUID] = field(default_factory=set)
    answered: dict[UUID, Outcome] = field(default_factory=dict)
    claim_tokens: dict[UUID, UUID] = field(default_factory=dict)


class Journal:
    """The journal of the worker named `worker`, in `folder`; safe for the threads of one process."""

    def __init__(self, folder: Path, worker: str) -> None:
        if not worker or worker.startswith(".") or not all(c.isalnum() or c in "-_." for c in worker):
            raise ValueError(
                f"The worker name {worker!r} may hold letters, digits, dot, dash and underscore only."
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{worker}.journal"
        self._guard = threading.Lock()
        self._lock_fd = _locked(folder / f"{worker}.lock", worker)
        self._fd = _opened(self._path)
        self._left_over = os.fstat(self._fd).st_size > 0
        self._unsettled: dict[UUID, bytes] = {}

    def started(self, delivery_id: UUID, claim_token: UUID) -> None:
        """Write down that this mail goes to the server next; OSError when the disk will not take it."""
        self._append(delivery_id, f"S {delivery_id.hex} {claim_token.hex}\n".encode())

    def answered(self, delivery_id: UUID, outcome: Outcome) -> None:
        """Write down how it went, without the server's words."""
        self._append(delivery_id, _answer_line(delivery_id, outcome))

    def unsettled(self) -> JournalState:
        """All that is in the file, to be read at start and then settled before anything is sent.

        It may name deliveries the store has already taken over (a file is emptied only when nothing is in
        hand), so taking over goes by claim token. A last record that was not written to its end counts for
        nothing: its writer died before it could act on it. JournalDamaged when the file cannot be trusted.
        """
        state = JournalState()
        lines = self._path.read_bytes().split(b"\n")[:-1]
        for number, line in enumerate(lines, 1):
            try:
                _take_in(state, line.decode("ascii").split(" "))
            except (ValueError, LookupError) as error:
                raise JournalDamaged(
                    f"{self._path.name}, line {number}, cannot be read. Count the mails this worker had in "
                    "hand as uncertain, then settle the journal."
                ) from error
        return state

    def settle(self, deliveries: Collection[UUID] | None = None) -> None:
        """Forget what the store has taken over: these deliveries, or (None) all there is."""
        with self._guard:
            if deliveries is None:
                self._unsettled.clear()
                self._left_over = False
            for delivery_id in deliveries or ():
                self._unsettled.pop(delivery_id, None)
            if self._left_over:
                return
            if not self._unsettled:
                os.ftruncate(self._fd, 0)
            elif os.fstat(self._fd).st_size > _REWRITE_ABOVE:
                self._rewrite()

    def close(self) -> None:
        """Let another process have the journal."""
        with self._guard:
            os.close(self._fd)
            os.close(self._lock_fd)

    def _append(self, delivery_id: UUID, record: bytes) -> None:
        with self._guard:
            if self._left_over:
                raise RuntimeError("Settle what the last process left in this journal before you send.")
            written = os.write(self._fd, record)
            if written != len(record):
                os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
                raise OSError(f"The disk took only a part of a record of {self._path.name}; free some space.")
            self._unsettled[delivery_id] = self._unsettled.get(delivery_id, b"") + record

    def _rewrite(self) -> None:
        """Keep only what is in hand: a new file beside the old one, put in its place in one step."""
        beside = self._path.with_suffix(".new")
        beside.write_bytes(b"".join(self._unsettled.values()))
        beside.replace(self._path)
        fresh = _opened(self._path)
        os.close(self._fd)
        self._fd = fresh


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(path: Path, worker: str) -> int:
    lock_fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock_fd, 20).decode("ascii", "replace") or "unknown"
        os.close(lock_fd)
        raise JournalBusy(
            f"Worker {worker!r} is already running here (process {holder}). Stop that process, or give this "
            "one another worker name."
        ) from None
    os.ftruncate(lock_fd, 0)
    os.write(lock_fd, str(os.getpid()).encode())
    return lock_fd


def _answer_line(delivery_id: UUID, outcome: Outcome) -> bytes:
    pause = _NOTHING if outcome.retry_after is None else str(int(outcome.retry_after.total_seconds()))
    words = ["A", delivery_id.hex, outcome.kind, outcome.phase, str(outcome.code or _NOTHING)]
    return " ".join([*words, outcome.enhanced or _NOTHING, pause]).encode() + b"\n"


def _take_in(state: JournalState, words: list[str]) -> None:
    """Add one record; ValueError when it is none, KeyError for an answer to what was never begun."""
    delivery_id = UUID(words[1])
    match words:
        case ["S", _, token]:
            state.claim_tokens[delivery_id] = UUID(token)
            state.started_unanswered.add(delivery_id)
            state.answered.pop(delivery_id, None)
        case ["A", _, kind, phase, code, enhanced, pause]:
            state.started_unanswered.remove(delivery_id)
            state.answered[delivery_id] = _outcome(kind, phase, code, enhanced, pause)
        case _:
            raise ValueError(words)


def _outcome(kind: str, phase: str, code: str, enhanced: str, pause: str) -> Outcome:
    kinds: tuple[Kind, ...] = get_args(Kind)
    phases: tuple[Phase, ...] = get_args(Phase)
    return Outcome(
        kinds[kinds.index(kind)],
        phases[phases.index(phase)],
        None if code == _NOTHING else int(code),
        None if enhanced == _NOTHING else enhanced,
        "",
        None if pause == _NOTHING else timedelta(seconds=int(pause)),
    )
