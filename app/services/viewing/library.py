"""The library as the team sees it: what is there, which mails lead to it, who read it, who has seen everything."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.lifecycle import CONTENT_KINDS
from app.core.pieces import OPEN
from app.files.beside import type_of
from app.files.pieces import PieceText, read_languages, split_piece
from app.services.viewing import Place
from app.services.viewing.people import full_name
from app.store import content
from app.store.views import Found
from app.store.views import library as rows

READERS = 50
_LINK = re.compile(r"library:([a-z0-9][a-z0-9-]{0,62})")


@dataclass(frozen=True, slots=True)
class PieceLine:
    """A piece in force. `people` read it, `files` of them opened its file; `machines` and `unknown` count visits.

    `locales`: "" is the original.
    """

    key: str
    title: str
    kind: str
    content_kind: str
    topics: tuple[str, ...]
    locales: tuple[str, ...]
    mails: tuple[str, ...]
    people: int
    files: int
    machines: int
    unknown: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class PieceFile:
    """`size` in bytes; None: the file is not kept any more."""

    name: str
    media_type: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Reader:
    contact_id: UUID
    name: str
    first_at: datetime
    last_at: datetime
    opened_file: bool


@dataclass(frozen=True, slots=True)
class PiecePage:
    line: PieceLine
    summary: str
    minutes: int
    address: str
    titles: tuple[tuple[str, str], ...]
    files: tuple[PieceFile, ...]
    readers: tuple[Reader, ...]
    version: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Somebody for whom a step had nothing left, when last."""

    contact_id: UUID
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SeenStep:
    """A step that chooses and found nothing left: for how many people, the last ones first."""

    sequence: str
    step: str
    people: int
    last_at: datetime
    who: tuple[Exhausted, ...]


def list_pieces(place: Place) -> tuple[PieceLine, ...]:
    """Every piece in force, by its content kind and title."""
    with place.database.read() as connection:
        found = rows.pieces(connection, place.workspace_id)
        mails = _mails(rows.mails(connection, place.workspace_id))
        readers = rows.readers(connection, place.workspace_id, [row.key for row in found])
    lines = [_line(row.key, _texts(row), mails, readers.get(row.key)) for row in found if _texts(row)]
    order = {kind: place for place, kind in enumerate(CONTENT_KINDS)}
    return tuple(sorted(lines, key=lambda line: (order.get(line.content_kind, len(order)), line.title)))


def look_at(place: Place, key: str) -> PiecePage | None:
    with place.database.read() as connection:
        row = next((row for row in rows.pieces(connection, place.workspace_id) if row.key == key), None)
        texts = _texts(row) if row is not None else {}
        if row is None or not texts:
            return None
        mails = _mails(rows.mails(connection, place.workspace_id))
        readers = rows.readers(connection, place.workspace_id, [key])
        digests = split_piece(row.source)[1]
        kept = content.described(connection, place.workspace_id, set(digests.values()))
        people = rows.who_read(connection, place.workspace_id, key, READERS)
    original = texts[""]
    return PiecePage(
        line=_line(key, texts, mails, readers.get(key)),
        summary=original.summary,
        minutes=original.minutes,
        address=original.address,
        titles=tuple((locale, text.title) for locale, text in texts.items()),
        files=tuple(_file(name, kept.get(digest)) for name, digest in digests.items()),
        readers=tuple(
            Reader(one.contact_id, _name(one), one.first_at, one.last_at, one.files > 0) for one in people
        ),
        version=row.number,
        published_at=row.published_at,
    )


def seen(place: Place, sequence: str | None = None) -> tuple[SeenStep, ...]:
    """The steps that found nothing left for somebody. Raises LookupError where there is no such sequence."""
    with place.database.read() as connection:
        if sequence is not None and not rows.sequence_exists(connection, place.workspace_id, sequence):
            raise LookupError(sequence)
        found = rows.all_seen(connection, place.workspace_id, sequence)
        known = rows.names(connection, list({row.contact_id for row in found}))
    steps: dict[tuple[str, str], dict[UUID, datetime]] = {}
    for row in found:
        if row.contact_id in known:
            times = steps.setdefault((row.sequence, str(row.params.get("step", ""))), {})
            times[row.contact_id] = max(row.at, times.get(row.contact_id, row.at))
    return tuple(_step(*named, times, known) for named, times in sorted(steps.items()))


def _step(key: str, step: str, times: dict[UUID, datetime], known: dict[UUID, Found]) -> SeenStep:
    newest = sorted(times.items(), key=lambda one: one[1], reverse=True)
    who = tuple(Exhausted(contact_id, _name(known[contact_id]), at) for contact_id, at in newest)
    return SeenStep(key, step, len(who), newest[0][1], who)


def _texts(row: Found) -> dict[str, PieceText]:
    texts = read_languages(split_piece(row.source)[0], {})[0]
    return texts if "" in texts else {}


def _mails(found: Iterable[Found]) -> dict[str, list[str]]:
    """The mails by piece: what their texts name."""
    mails: dict[str, list[str]] = {}
    for row in found:
        for key in dict.fromkeys(_LINK.findall(row.source)):
            mails.setdefault(key, []).append(row.key)
    return mails


def _line(key: str, texts: dict[str, PieceText], mails: dict[str, list[str]], read: Any) -> PieceLine:
    original = texts[""]
    people, files, machines, unknown = (
        (read.people, read.files, read.machines, read.unknown) if read is not None else (0, 0, 0, 0)
    )
    return PieceLine(
        key, original.title, original.kind, original.content_kind, original.topics, tuple(texts),
        tuple(mails.get(key, ())), people, files, machines, unknown, original.content_kind == OPEN,
    )  # fmt: skip


def _file(name: str, row: Any) -> PieceFile:
    return PieceFile(name, type_of(name), row.size if row is not None else None)


def _name(row: Any) -> str:
    return full_name(row.first_name, row.last_name, row.shown_as or "")
