"""The text in force, what is wrong with another one and what it would change, and putting that in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.core.lifecycle import read_lifecycle
from app.core.programme import read_programme
from app.core.reading import Finding
from app.core.reasons import Reason
from app.core.scoring import read_scoring
from app.core.timing import Calendar
from app.files.findings import FileFinding
from app.files.sequence_files import path_of
from app.files.trees import LARGEST, Document, read_document
from app.services.authoring.applying import Refused, apply, own_errors
from app.services.authoring.looking import look_over_live
from app.services.authoring.sources import Source, Sources
from app.services.reading import Unreadable
from app.services.rules.changes import Change, changes
from app.services.rules.effects import MOST_PEOPLE, Effect, effects
from app.services.world import World
from app.store import definitions
from app.store.rules import agreed, versions_of

# The rooms of the pages, by the definition whose text they change.
KINDS: Mapping[str, str] = {"programme": "lifecycle", "lifecycle": "lifecycle", "scoring": "scoring"}
LONGEST_NOTE = 300


class RulesFault(Exception):
    """What was asked cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Text:
    """What is in force: `number` is its version, `tree` what it says, `versions` the newest first."""

    kind: str
    source: str
    number: int
    document: Document
    versions: Sequence[Row[Any]]

    @property
    def tree(self) -> Mapping[str, Any]:
        return self.document.tree if isinstance(self.document.tree, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a text would do in place of the one in force. `findings` are its own, errors first."""

    text: str
    base: int
    findings: tuple[FileFinding, ...]
    changes: tuple[Change, ...]
    effects: tuple[Effect, ...]

    @property
    def errors(self) -> list[FileFinding]:
        return [one for one in self.findings if one.level == "error"]


def open_text(world: World, room: str) -> Text:
    """Raises RulesFault where nothing was published yet."""
    kind = KINDS[room]
    with world.database.read() as connection:
        found = next(iter(definitions.live(connection, world.workspace_id, kind)), None)
        if found is None or found.version_id is None:
            raise RulesFault("rules.none")
        versions = versions_of(connection, found.id)
    return Text(kind, found.source, found.number, read_document(found.source), versions)


def agreed_to(world: World) -> tuple[dict[str, int], int]:
    """Of the newest contacts how many agreed to each topic, and how many were looked at."""
    with world.database.read() as connection:
        return agreed(connection, world.workspace_id, MOST_PEOPLE)


def version(world: World, room: str, number: int) -> Row[Any] | None:
    """One version with its text."""
    kind = KINDS[room]
    with world.database.read() as connection:
        found = definitions.find(connection, world.workspace_id, kind, kind)
        rows = definitions.versions(connection, found.id) if found is not None else ()
    return next((row for row in rows if row.number == number), None)


def quick(room: str, text: str, preset: str | None) -> list[FileFinding]:
    """What is wrong with a text by itself, while it is typed."""
    document = read_document(plain(text))
    node = document.node()
    if not node.failed and KINDS[room] == "scoring":
        read_scoring(node, 1)
    elif not node.failed:
        read_lifecycle(node, preset)
        read_programme(node.get("programme"), Calendar())
    return _told(KINDS[room], document, node.findings)


def look(world: World, room: str, text: str, base: int, now: datetime) -> Looked:
    """What would come of publishing `text`. Nothing is changed. Raises RulesFault."""
    kind, text = KINDS[room], plain(text)
    live = open_text(world, room)
    if base != live.number:
        raise RulesFault("rules.overtaken", base=base, number=live.number)
    if len(text) > LARGEST:
        raise RulesFault("rules.too_long", most=LARGEST // 1000)
    sources = _sources(kind, text)
    checked = look_over_live(world.database, world.workspace_id, sources, world.settings, now)
    errors = own_errors(world.database, world.workspace_id, sources, checked, world.settings, now)
    path = path_of(kind, kind)
    findings = tuple(dict.fromkeys((*errors, *(one for one in checked.faults if one.file == path))))
    books = checked.books
    if errors or books.scoring is None or not books.lifecycle.stages:
        return Looked(text, base, findings, (), ())
    try:
        rules = world.library.catalogue(now).rules
    except Unreadable as error:
        raise RulesFault("rules.unreadable", said=str(error)) from None
    found = tuple(changes(rules, books.lifecycle, books.programme, books.scoring))
    told = effects(world, rules, books, now) if found else ()
    return Looked(text, base, findings, found, tuple(told))


def publish(world: World, room: str, text: str, base: int, note: str, now: datetime, by: UUID) -> int | None:
    """Put the text in force: the number of the version. None: it says what is in force already.

    Raises Refused where it has errors, and RulesFault where another version was published meanwhile.
    """
    kind, text = KINDS[room], plain(text)
    live = open_text(world, room)
    if text == live.source:
        return None
    if base != live.number:
        raise RulesFault("rules.overtaken", base=base, number=live.number)
    if len(text) > LARGEST:
        raise RulesFault("rules.too_long", most=LARGEST // 1000)
    applied = apply(
        world.database, world.workspace_id, _sources(kind, text), world.settings, now, author_id=by,
        note=" ".join(note.split())[:LONGEST_NOTE] or None, base=base, from_files=False,
    )  # fmt: skip
    return next((one.number for one in applied.published if one.kind == kind), None)


def plain(text: str) -> str:
    """A form sends its lines with CRLF."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if not text or text.endswith("\n") else f"{text}\n"


def _sources(kind: str, text: str) -> Sources:
    return Sources({(kind, kind): Source(kind, kind, text, {"": path_of(kind, kind)})})


def _told(kind: str, document: Document, findings: Sequence[Finding]) -> list[FileFinding]:
    path = path_of(kind, kind)
    told = [
        FileFinding(path, document.marks.line(one.path), one.level, one.message, one.remedy)
        for one in findings
    ]
    return sorted(dict.fromkeys(told), key=lambda one: (one.level != "error", one.line))


__all__ = [
    "KINDS",
    "Looked",
    "Refused",
    "RulesFault",
    "Text",
    "look",
    "open_text",
    "publish",
    "quick",
    "version",
]
