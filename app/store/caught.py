"""Mails the built-in catcher took instead of a provider, in an SQLite file of their own.

The file is apart from the main database so that a demo's mails neither slow it nor travel with its backups.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.store.caught_parts import head

_SCHEMA = """
CREATE TABLE IF NOT EXISTS caught (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    envelope_from TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    from_header TEXT NOT NULL,
    to_header TEXT NOT NULL,
    sent_at INTEGER,
    received_at INTEGER NOT NULL,
    search_text TEXT NOT NULL,
    size INTEGER NOT NULL,
    raw BLOB NOT NULL
)
"""
_SUMMARY = "id, envelope_from, recipients, subject, from_header, to_header, sent_at, received_at, size"
_MATCHES = "(:search IS NULL OR instr(search_text, :search) > 0)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ADDRESS_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_`{|}~-"


@dataclass(frozen=True, slots=True)
class CaughtSummary:
    """One line of the list of caught mails; `size` in bytes."""

    id: int
    envelope_from: str
    recipients: tuple[str, ...]
    subject: str
    from_header: str
    to_header: str
    sent_at: datetime | None
    received_at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """A caught mail with its bytes as they came."""

    summary: CaughtSummary
    raw: bytes


@dataclass(frozen=True, slots=True)
class NewlyCaught:
    """A mail to keep."""

    envelope_from: str
    recipients: tuple[str, ...]
    raw: bytes
    received_at: datetime


class CaughtMails:
    """The file at `path`; one instance may be shared by all threads of a process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for setting in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "secure_delete = ON",
            "busy_timeout = 5000",
        ):
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute(_SCHEMA)

    def add(self, envelope_from: str, recipients: Sequence[str], raw: bytes, received_at: datetime) -> int:
        """Keep one mail; its number."""
        return self.add_all([NewlyCaught(envelope_from, tuple(recipients), raw, received_at)])[0]

    def add_all(self, mails: Sequence[NewlyCaught]) -> list[int]:
        """Keep all of them or none, in one transaction; their numbers, in order."""
        rows = [_row(mail) for mail in mails]
        columns = (
            "envelope_from, recipients, subject, from_header, to_header, sent_at, received_at, search_text"
        )
        insert = (
            f"INSERT INTO caught ({columns}, size, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
        )
        with self._writing() as database:
            return [database.execute(insert, row).fetchone()[0] for row in rows]

    def page(
        self, before: int | None = None, limit: int = 50, search: str | None = None
    ) -> list[CaughtSummary]:
        """The newest mails, those with a number below `before` only; `search` in subject and addresses."""
        below = "(:before IS NULL OR id < :before)"
        query = f"SELECT {_SUMMARY} FROM caught WHERE {below} AND {_MATCHES} ORDER BY id DESC LIMIT :limit"
        wanted = {"before": before, "search": _folded(search), "limit": limit}
        with self._lock:
            rows = self._database.execute(query, wanted).fetchall()
        return [_summary(row) for row in rows]

    def get(self, mail_id: int) -> CaughtMail | None:
        """The mail of that number, or None."""
        with self._lock:
            row = self._database.execute(
                f"SELECT {_SUMMARY}, raw FROM caught WHERE id = ?", (mail_id,)
            ).fetchone()
        return CaughtMail(_summary(row[:-1]), row[-1]) if row else None

    def count(self, search: str | None = None) -> int:
        """How many mails there are, or match."""
        query = f"SELECT count(*) FROM caught WHERE {_MATCHES}"
        with self._lock:
            return int(self._database.execute(query, {"search": _folded(search)}).fetchone()[0])

    def clear(self) -> int:
        """Remove every mail; how many there were. Numbers go on where they were."""
        with self._writing() as database:
            removed = database.execute("DELETE FROM caught").rowcount
        self._empty_log()
        return removed

    def erase(self, address: str) -> int:
        """Remove every mail that was sent to or from `address`, or names it in its text; how many.

        The text is searched as it stands, quoted-printable line breaks undone; our own mails use no base64.
        """
        wanted = address.casefold()
        with self._writing() as database:
            rows = database.execute("SELECT id, search_text, raw FROM caught ORDER BY id")
            doomed = [(number,) for number, words, raw in rows if _names(wanted, words, raw)]
            database.executemany("DELETE FROM caught WHERE id = ?", doomed)
        self._empty_log()
        return len(doomed)

    def erase_where(self, doomed: Callable[[CaughtMail], bool]) -> int:
        """Remove the mails of which `doomed` says so; how many."""
        with self._lock:
            numbers = [row[0] for row in self._database.execute("SELECT id FROM caught ORDER BY id")]
        found = [(mail.summary.id,) for mail in map(self.get, numbers) if mail is not None and doomed(mail)]
        with self._writing() as database:
            database.executemany("DELETE FROM caught WHERE id = ?", found)
        self._empty_log()
        return len(found)

    def close(self) -> None:
        """Close the file; the instance is of no use afterwards."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _empty_log(self) -> None:
        """What was removed must not live on in the write-ahead log."""
        with self._lock:
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _row(mail: NewlyCaught) -> tuple[object, ...]:
    seen = head(mail.raw)
    envelope_from, *recipients = [_storable(address) for address in (mail.envelope_from, *mail.recipients)]
    words = [seen.subject, seen.from_header, seen.to_header, envelope_from, *recipients]
    return (
        envelope_from,
        json.dumps(recipients),
        seen.subject,
        seen.from_header,
        seen.to_header,
        None if seen.sent_at is None else _micros(seen.sent_at),
        _micros(mail.received_at),
        "\n".join(words).casefold(),
        len(mail.raw),
        mail.raw,
    )


def _storable(address: str) -> str:
    """Bytes of an envelope that were no UTF-8 arrive as lone surrogates, which no column takes."""
    return address.encode("utf-8", "replace").decode()


def _summary(row: tuple[object, ...]) -> CaughtSummary:
    number, envelope_from, recipients, subject, from_header, to_header, sent_at, received_at, size = row
    return CaughtSummary(
        int(str(number)),
        str(envelope_from),
        tuple(json.loads(str(recipients))),
        str(subject),
        str(from_header),
        str(to_header),
        None if sent_at is None else _at(sent_at),
        _at(received_at),
        int(str(size)),
    )


def _names(wanted: str, search_text: str, raw: bytes) -> bool:
    text = raw.replace(b"=\r\n", b"").decode("utf-8", "replace").casefold()
    return _holds(wanted.encode(), search_text.encode()) or _holds(wanted.encode(), text.encode())


def _holds(wanted: bytes, text: bytes) -> bool:
    """`wanted` stands in `text` as a whole address, not as the end or the beginning of a longer one."""
    start = text.find(wanted)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(wanted) :][:2]
        longer = after[:1].isalnum() or after[:1] == b"-" or (after[:1] == b"." and after[1:].isalnum())
        if not longer and (not before or before not in _ADDRESS_BYTES):
            return True
        start = text.find(wanted, start + 1)
    return False


def _folded(search: str | None) -> str | None:
    return search.strip().casefold() or None if search else None


def _micros(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("An instant needs its zone.")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _at(micros: object) -> datetime:
    return _EPOCH + timedelta(microseconds=int(str(micros)))
