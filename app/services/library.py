"""What is in force: lifecycle, programme, scoring, sequences, templates and pieces, read once per change."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Connection

from app.core.admission import SILENT
from app.core.conditions import Condition, Needs, parse
from app.core.pieces import PieceInfo, piece_of
from app.core.reactions import Rules
from app.core.sequences import Sequence
from app.core.setting import Setting, TemplateInfo
from app.files.pieces import PieceText, info_of, read_languages, split_piece
from app.files.trees import read_document
from app.mail.compile import CompiledTemplate
from app.mail.program import Program
from app.mail.source import variant_for
from app.services.reading import Unreadable, read_rules, read_sequence_text
from app.store import definitions
from app.store.database import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SequenceVersion:
    """One version of a sequence, pinned by the people inside it.

    `state` is the definition's, or `silent` where the sequence belongs to another preset: nobody enters.
    """

    definition_id: UUID
    version_id: UUID
    number: int
    state: str
    sequence: Sequence


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """A template in force: its facts for the engine and the programs of its locales."""

    key: str
    definition_id: UUID
    version_id: UUID
    info: TemplateInfo
    variants: Mapping[str, tuple[UUID, Program]]
    chosen: dict[str, str] = field(default_factory=dict, compare=False)  # by wanted locale, as they come

    def for_locale(self, locale: str) -> tuple[str, UUID, Program]:
        """The best variant for a locale, after the fallback chain: (locale, variant id, program)."""
        chosen = self.chosen.get(locale)
        if chosen is None:
            chosen = self.chosen[locale] = variant_for(locale, self.variants)
        return chosen, *self.variants[chosen]


@dataclass(frozen=True, slots=True)
class PieceVersion:
    """A piece in force: its texts by locale ("" the original) and the digests of its files by name."""

    key: str
    definition_id: UUID
    version_id: UUID
    info: PieceInfo
    texts: Mapping[str, PieceText]
    files: Mapping[str, str]

    def for_locale(self, locale: str) -> tuple[str, PieceText]:
        """The best text for a locale: (its locale, the text)."""
        chosen = variant_for(locale, self.texts)
        return chosen, self.texts[chosen]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A snapshot: whoever holds one decides by one set of rules, whatever is published meanwhile."""

    rules: Rules
    setting: Setting
    sequences: Mapping[str, SequenceVersion] = field(default_factory=dict)
    templates: Mapping[str, TemplateVersion] = field(default_factory=dict)
    by_definition: Mapping[UUID, SequenceVersion] = field(default_factory=dict)
    pieces: Mapping[str, PieceVersion] = field(default_factory=dict)

    def for_stage(self, stage: str) -> list[SequenceVersion]:
        """The running sequences that people enter when they reach `stage`."""
        return [
            found
            for found in self.sequences.values()
            if found.state == "live"
            and found.sequence.stage == stage
            and found.sequence.trigger.on == "stage_entered"
        ]

    def needs(self) -> Needs:
        """What all running sequences together may look at."""
        total = Needs()
        for found in self.sequences.values():
            total = total | found.sequence.needs
        return total


class Library:
    """The catalogue of one workspace, renewed when something was published, paused or archived."""

    def __init__(self, database: Database, workspace_id: UUID, preset: str | None = None) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._preset = preset
        self._lock = threading.Lock()
        self._stamp: object = None
        self._catalogue: Catalogue | None = None
        self._pinned: dict[UUID, SequenceVersion] = {}
        self._templates: dict[UUID, TemplateVersion] = {}
        self._pieces: dict[UUID, PieceVersion] = {}

    def catalogue(self, now: datetime) -> Catalogue:
        """What is in force. Raises Unreadable where a published text cannot be read by this release."""
        with self._lock, self._database.read() as connection:
            # Holidays are looked up some years around the present one, so a new year renews them too.
            stamp = (now.year, definitions.stamp(connection, self._workspace_id))
            if self._catalogue is None or stamp != self._stamp:
                self._catalogue = self._load(connection, now)
                self._stamp = stamp
            return self._catalogue

    def pinned(self, version_id: UUID) -> SequenceVersion:
        """The version somebody inside is pinned to, live or older."""
        found = self._pinned.get(version_id)
        if found is None:
            with self._database.read() as connection:
                row = definitions.version(connection, version_id)
            if row is None:
                raise Unreadable(f"There is no sequence version {version_id}.")
            found = SequenceVersion(
                row.definition_id, version_id, row.number, row.state, read_sequence_text(row.key, row.source)
            )
            self._pinned[version_id] = found
        return found

    def _load(self, connection: Connection, now: datetime) -> Catalogue:
        live = [row for row in definitions.live(connection, self._workspace_id) if row.version_id is not None]
        of_kind = {(row.kind, row.key): row for row in live}
        lifecycle, scoring = of_kind.get(("lifecycle", "lifecycle")), of_kind.get(("scoring", "scoring"))
        segments = {row.key: _segment(row) for row in live if row.kind == "segment"}
        rules = read_rules(lifecycle, scoring, segments, self._preset, now)
        templates = self._read_templates(
            connection, [row for row in live if row.kind == "template" and row.state == "live"]
        )
        preset = rules.lifecycle.key
        sequences = {row.key: self._sequence(row, preset) for row in live if row.kind == "sequence"}
        read = [self._piece(row) for row in live if row.kind == "piece" and row.state == "live"]
        pieces = {piece.key: piece for piece in read if piece is not None}
        setting = Setting(
            lifecycle=rules.lifecycle,
            programme=rules.programme,
            templates={key: template.info for key, template in templates.items()},
            segments=segments,
            pieces={key: piece.info for key, piece in pieces.items()},
        )
        by_definition = {found.definition_id: found for found in sequences.values()}
        return Catalogue(rules, setting, sequences, templates, by_definition, pieces)

    def _sequence(self, row: definitions.Live, preset: str) -> SequenceVersion:
        assert row.version_id is not None
        before = self._pinned.get(row.version_id)
        sequence = before.sequence if before else read_sequence_text(row.key, row.source)
        state = row.state if sequence.belongs_to(preset) or row.state == "archived" else SILENT
        found = SequenceVersion(row.id, row.version_id, row.number, state, sequence)
        self._pinned[row.version_id] = found
        return found

    def _piece(self, row: definitions.Live) -> PieceVersion | None:
        """None where this release cannot read it: no mail stops for a page."""
        assert row.version_id is not None
        found = self._pieces.get(row.version_id)
        if found is None:
            sources, files = split_piece(row.source)
            texts, findings = read_languages(sources, {})
            if "" not in texts:
                log.error(
                    "library.unreadable_piece", piece=row.key, findings=[str(one) for one in findings][:5]
                )
                return None
            found = PieceVersion(row.key, row.id, row.version_id, info_of(row.key, texts), texts, files)
            self._pieces[row.version_id] = found
        return found

    def _read_templates(
        self, connection: Connection, live: list[definitions.Live]
    ) -> dict[str, TemplateVersion]:
        """What was read before stays as it was; the others are fetched together."""
        variants = definitions.variants(connection, [row.version_id for row in live if row.version_id])
        found, fresh = {}, []
        for row in live:
            assert row.version_id is not None
            before, ids = (
                self._templates.get(row.version_id),
                {one.id for one in variants.get(row.version_id, ())},
            )
            if before is not None and ids == {variant_id for variant_id, _ in before.variants.values()}:
                found[row.key] = before
            else:
                fresh.append((row, variants.get(row.version_id, [])))
        texts = definitions.compiled(connection, [one.id for _, rows in fresh for one in rows])
        for row, rows in fresh:
            found[row.key] = self._template(
                row, {one.locale: (one.id, CompiledTemplate.from_json(texts[one.id])) for one in rows}
            )
        return found

    def _template(
        self, row: definitions.Live, compiled: Mapping[str, tuple[UUID, CompiledTemplate]]
    ) -> TemplateVersion:
        assert row.version_id is not None
        if "" not in compiled:
            raise Unreadable(f"The template {row.key} was never compiled; run `trellis sequences apply`.")
        found = TemplateVersion(
            row.key,
            row.id,
            row.version_id,
            _info(row.key, compiled[""][1]),
            {
                locale: (variant_id, Program.load(template))
                for locale, (variant_id, template) in compiled.items()
            },
        )
        self._templates[row.version_id] = found
        return found


def _info(key: str, compiled: CompiledTemplate) -> TemplateInfo:
    return TemplateInfo(
        key=key,
        content_kind=compiled.kind,
        message_class=compiled.message_class,
        topics=tuple(compiled.topics),
        repeat=compiled.repeat,
        ask=compiled.ask or None,
        pieces=tuple(
            dict.fromkeys(piece for link in compiled.links if (piece := piece_of(link.url_template)))
        ),
    )


def _segment(row: definitions.Live) -> Condition:
    document = read_document(row.source)
    node = document.node()
    wanted = node.need("if", "Give the condition of the segment.")
    condition = parse(wanted) if wanted else None
    if condition is None or node.failed:
        raise Unreadable(f"The segment {row.key} cannot be read.")
    return condition


class StillLibrary(Library):
    """For a house in which nothing is published while it is open: the catalogue is looked up once a year of its time."""

    _year: int | None = None

    def catalogue(self, now: datetime) -> Catalogue:
        if self._catalogue is None or now.year != self._year:
            self._year = now.year
            return super().catalogue(now)
        return self._catalogue
