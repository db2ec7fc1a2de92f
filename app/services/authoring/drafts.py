"""Texts that are being written: one draft a definition, kept until it is published or dropped.

Whoever saves says which text they began with (its `mark`). If somebody else saved another one meanwhile, nothing is
written, and both texts are there to choose from.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from app.core.reasons import Reason
from app.files.sequence_files import LOCALE, MAILS, NAME, path_of, split_source
from app.files.trees import LARGEST
from app.files.variants import join_variants
from app.services.authoring.applying import audit
from app.services.authoring.sources import Source
from app.services.ids import new_id
from app.store import accounts, definitions
from app.store.database import Database

# The mark of a text that is not there yet.
NOTHING = definitions.digest("")
# Of a translated mail all languages are one text; this is how many there may be.
MOST_LOCALES = 30


class DraftFault(Exception):
    """What was asked cannot be done; nothing was written."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Draft:
    """One definition as it is being written; without a draft of its own the texts are those in force.

    `base` is the number of the version it was begun with, `number` that of the one in force (0: none).
    """

    id: UUID
    kind: str
    key: str
    state: str
    source: str
    is_draft: bool
    by: str
    by_id: UUID | None
    at: datetime | None
    base: int
    number: int
    version_id: UUID | None
    live_source: str

    @property
    def texts(self) -> dict[str, str]:
        """By locale; "" is the original."""
        return split_source(self.kind, self.source) if self.source else {"": ""}

    @property
    def live_texts(self) -> dict[str, str]:
        return split_source(self.kind, self.live_source) if self.live_source else {}

    @property
    def is_behind(self) -> bool:
        """Somebody published since the draft was begun."""
        return self.is_draft and self.base != self.number

    @property
    def whole(self) -> str:
        """The mark of all languages together."""
        return definitions.digest(self.source)

    def mark(self, locale: str = "") -> str:
        return definitions.digest(self.texts.get(locale, ""))

    def as_source(self, source: str | None = None) -> Source:
        """The draft, or `source` in its place, as if it stood in files."""
        source = self.source if source is None else source
        locales = split_source(self.kind, source) if self.kind in MAILS else {"": ""}
        files = {locale: path_of(self.kind, self.key, locale=locale) for locale in locales}
        return Source(self.kind, self.key, source, files)


class Overtaken(Exception):
    """Somebody else saved another text meanwhile: `now` is how it stands."""

    def __init__(self, found: Draft) -> None:
        super().__init__(found.key)
        self.now = found


def plain(text: str) -> str:
    """A form sends its lines with CRLF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def open_draft(database: Database, workspace_id: UUID, kind: str, key: str) -> Draft | None:
    with database.read() as connection:
        return _open(connection, workspace_id, kind, key)


def save(
    database: Database,
    workspace_id: UUID,
    kind: str,
    key: str,
    text: str,
    seen: str,
    now: datetime,
    by: UUID,
    locale: str = "",
) -> Draft:
    """Keep `text` as the draft (of one language). Raises Overtaken, and DraftFault where it is too long.

    Saving what is there already changes nothing; the text in force, saved, ends the draft.
    """
    text = plain(text)
    if len(text) > LARGEST:
        raise DraftFault("draft.too_long", most=LARGEST // 1000)
    with database.write() as connection:
        found = _known(connection, workspace_id, kind, key)
        if definitions.digest(text) == found.mark(locale) and locale in found.texts:
            return found
        if seen != found.mark(locale):
            raise Overtaken(found)
        if locale and locale not in found.texts:
            _check_locale(found, locale)
        source = join_variants({**found.texts, locale: text}) if kind in MAILS else text
        _write(connection, workspace_id, found, source, now, by)
        return _known(connection, workspace_id, kind, key)


def put(
    database: Database, workspace_id: UUID, kind: str, key: str, source: str, now: datetime, by: UUID
) -> Draft:
    """An older text as the draft. Raises DraftFault where another draft would be lost by it."""
    with database.write() as connection:
        found = _known(connection, workspace_id, kind, key)
        if found.is_draft and found.source != source:
            raise DraftFault("draft.in_the_way", who=found.by or "?")
        _write(connection, workspace_id, found, source, now, by)
        return _known(connection, workspace_id, kind, key)


def drop(
    database: Database, workspace_id: UUID, kind: str, key: str, seen: str, now: datetime, by: UUID
) -> bool:
    """Forget the draft; what was never published goes with it. False: the draft is another one by now."""
    with database.write() as connection:
        found = _known(connection, workspace_id, kind, key)
        if not found.is_draft:
            return True
        if found.whole != seen:
            return False
        _audit(connection, workspace_id, found, "definition.draft_dropped", now, by)
        definitions.keep_draft(connection, found.id, found.source, **definitions.NO_DRAFT)
        if found.version_id is None:
            definitions.forget(connection, found.id)
        return True


def begin(
    database: Database, workspace_id: UUID, kind: str, key: str, source: str, now: datetime, by: UUID
) -> None:
    """A new definition, as a draft. Raises DraftFault where the name is none, or taken."""
    check_name(kind, key)
    definition_id = new_id(now)
    with database.write() as connection:
        if not definitions.begin(connection, workspace_id, kind, key, definition_id, now):
            raise DraftFault("draft.name_taken", key=key)
        found = _known(connection, workspace_id, kind, key)
        _write(connection, workspace_id, found, source, now, by)


def rebase(database: Database, workspace_id: UUID, kind: str, key: str, number: int) -> bool:
    """The draft is meant to follow version `number`, whatever that changed. False: another one is in force."""
    with database.write() as connection:
        found = _known(connection, workspace_id, kind, key)
        if found.number != number:
            return False
        return definitions.keep_draft(connection, found.id, found.source, draft_base_id=found.version_id)


def check_name(kind: str, key: str) -> None:
    parts = key.split("/") if kind == "template" else [key]
    if (kind == "template" and len(parts) != 2) or not all(NAME.fullmatch(part) for part in parts):
        raise DraftFault("draft.no_name.template" if kind == "template" else "draft.no_name.sequence")


def renamed(source: str, old: str, new: str) -> str:
    """A sequence's text under another name, its comments kept."""
    named = re.compile(rf"^(sequence:[ \t]*)([\"']?){re.escape(old)}\2(?=[ \t]*(?:#|$))", re.M)
    return named.sub(lambda found: f"{found[1]}{new}", source, count=1)


def _check_locale(found: Draft, locale: str) -> None:
    if not LOCALE.fullmatch(locale):
        raise DraftFault("draft.no_locale", locale=locale[:20])
    if len(found.texts) >= MOST_LOCALES:
        raise DraftFault("draft.locales_full", most=MOST_LOCALES)


def _known(connection: Connection, workspace_id: UUID, kind: str, key: str) -> Draft:
    found = _open(connection, workspace_id, kind, key)
    if found is None:
        raise DraftFault("draft.unknown", key=key[:80])
    return found


def _open(connection: Connection, workspace_id: UUID, kind: str, key: str) -> Draft | None:
    row = definitions.find(connection, workspace_id, kind, key)
    if row is None:
        return None
    live = definitions.version(connection, row.live_version_id) if row.live_version_id else None
    base = live
    if row.draft_source is not None and row.draft_base_id != row.live_version_id:
        base = definitions.version(connection, row.draft_base_id) if row.draft_base_id else None
    author = accounts.by_id(connection, row.draft_by) if row.draft_by else None
    return _draft(row, live, base, author["name"] if author else "")


def _draft(row: Row[Any], live: Row[Any] | None, base: Row[Any] | None, by: str) -> Draft:
    is_draft = row.draft_source is not None
    live_source = live.source if live is not None else ""
    return Draft(
        row.id, row.kind, row.key, row.state, row.draft_source if is_draft else live_source, is_draft, by, row.draft_by,
        row.draft_at, base.number if base is not None else 0, live.number if live is not None else 0,
        row.live_version_id, live_source,
    )  # fmt: skip


def _write(
    connection: Connection, workspace_id: UUID, found: Draft, source: str, now: datetime, by: UUID
) -> None:
    before = found.source if found.is_draft else None
    if source == found.live_source and found.version_id is not None:
        definitions.keep_draft(connection, found.id, before, **definitions.NO_DRAFT)
        return
    base = {} if found.is_draft else {"draft_base_id": found.version_id}
    kept = definitions.keep_draft(
        connection, found.id, before, draft_source=source, draft_by=by, draft_at=now, **base
    )
    if not kept:
        raise Overtaken(_known(connection, workspace_id, found.kind, found.key))
    # One entry for whoever begins or takes over, not one for each pause in typing.
    if not found.is_draft or found.by_id != by:
        _audit(connection, workspace_id, found, "definition.drafted", now, by)


def _audit(
    connection: Connection, workspace_id: UUID, found: Draft, action: str, now: datetime, by: UUID
) -> None:
    detail = {"kind": found.kind, "key": found.key}
    audit(connection, workspace_id, by, action, "definition", str(found.id), now, detail)
