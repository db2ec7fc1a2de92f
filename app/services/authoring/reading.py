"""All sources read into core values, with every fault at its file and line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from app.core.conditions import Condition, parse
from app.core.labels import read_labels
from app.core.lifecycle import Lifecycle, read_lifecycle, read_presets
from app.core.programme import Programme, read_programme
from app.core.reading import Finding, Node
from app.core.scoring import ScoringModel, read_scoring
from app.core.sequences import Sequence, read_sequence
from app.core.setting import Setting, TemplateInfo
from app.core.timing import Calendar
from app.files.findings import FileFinding, Level
from app.files.pieces import PieceText, info_of, read_languages
from app.files.trees import Document, read_document
from app.mail.source import Problem, TemplateError, TemplateSource, parse_source
from app.services.authoring.sources import Source, Sources, texts_of
from app.services.calendars import calendar_for, unknown_countries

T = TypeVar("T")
# Holidays are looked up from last year to three years ahead.
YEARS = (-1, 3)


@dataclass(slots=True)
class Books:
    """What the sources say. A source that cannot be read is missing here and told in `findings`.

    `lifecycle` is the preset in use, one of `presets`.
    """

    lifecycle: Lifecycle
    programme: Programme
    presets: Mapping[str, Lifecycle] = field(default_factory=dict)
    scoring: ScoringModel | None = None
    segments: dict[str, Condition] = field(default_factory=dict)
    sequences: dict[str, Sequence] = field(default_factory=dict)
    templates: dict[str, dict[str, TemplateSource]] = field(default_factory=dict)
    pieces: dict[str, dict[str, PieceText]] = field(default_factory=dict)
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    findings: list[FileFinding] = field(default_factory=list)

    def setting(self, presents: Mapping[str, tuple[str, ...]]) -> Setting:
        """`presents`: the pieces that each template's links lead to."""
        infos = {
            key: template_info(texts[""], presents.get(key, ()))
            for key, texts in self.templates.items()
            if "" in texts
        }
        pieces = {key: info_of(key, texts) for key, texts in self.pieces.items()}
        return Setting(self.lifecycle, self.programme, infos, self.segments, pieces)

    def setting_of(self, sequence: Sequence, ours: Setting) -> Setting:
        """`ours`, with the lifecycle that the sequence is written for."""
        return replace(ours, lifecycle=self.presets.get(sequence.preset or "", self.lifecycle))

    def tell(self, source: Source, findings: list[Finding] | tuple[Finding, ...]) -> None:
        marks = self.documents[source.kind, source.key].marks
        self.findings += [
            FileFinding(source.path, marks.line(one.path), one.level, one.message, one.remedy)
            for one in findings
        ]


def read_sources(sources: Sources, preset: str | None, now: datetime) -> Books:
    """Read everything; what is broken is told and left out, so that the rest is checked all the same."""
    books = Books(Lifecycle("", {}), Programme(), findings=list(sources.findings))
    for kind in ("lifecycle", "scoring"):
        if (kind, kind) not in sources.by_name:
            books.findings.append(
                FileFinding(
                    f"sequences/{kind}.yaml",
                    1,
                    "error",
                    "This file is missing.",
                    "Take the one Trellis comes with.",
                )
            )
    for source in sources.by_name.values():
        match source.kind:
            case "lifecycle":
                _lifecycle(source, books, preset or None, now)
            case "scoring":
                books.scoring = _read(source, books, lambda node: read_scoring(node, 1))
            case "segment":
                _segment(source, books)
            case "piece":
                _piece(source, books)
            case "template":
                _template(source, books)
            case "sequence":
                _sequence(source, books)
    return books


def template_info(source: TemplateSource, pieces: tuple[str, ...] = ()) -> TemplateInfo:
    return TemplateInfo(
        source.key,
        source.kind,
        source.message_class,
        source.topics,
        source.repeat,
        source.ask or None,
        pieces,
    )


def problem_finding(path: str, problem: Problem, level: Level = "error") -> FileFinding:
    """A template's problem as a line for a person."""
    message = problem.message[:1].upper() + problem.message[1:]
    if not message.endswith((".", "?", ":")):
        message += "."
    return FileFinding(path, max(problem.line, 1), level, message, problem.remedy)


def _read(source: Source, books: Books, read: Callable[[Node], T]) -> T | None:
    document = read_document(source.text)
    books.documents[source.kind, source.key] = document
    node = document.node()
    value = None if node.failed else read(node)
    books.tell(source, node.findings)
    return None if node.failed else value


def _lifecycle(source: Source, books: Books, preset: str | None, now: datetime) -> None:
    def read(node: Node) -> tuple[Lifecycle, Programme, Mapping[str, Lifecycle]]:
        lifecycle = read_lifecycle(node, preset)
        presets = read_presets(Node(node.value))  # its faults are told already
        part = node.get("programme")
        countries = read_programme(Node(part.value, part.path) if part else None, Calendar()).holidays_of
        years = range(now.year + YEARS[0], now.year + YEARS[1])
        for country in unknown_countries(countries):
            place = Node(None, ("programme", "holidays of"), node.findings)
            place.warn(f"No holidays are known of “{country}”.", "Its days count as working days.")
        return lifecycle, read_programme(part, calendar_for(countries, years)), presets

    found = _read(source, books, read)
    if found is not None:
        books.lifecycle, books.programme, books.presets = found


def _segment(source: Source, books: Books) -> None:
    def read(node: Node) -> Condition | None:
        node.keys(("segment", "label", "if"))
        _named(node, "segment", source)
        read_labels(node.get("label"), source.key)
        condition = node.need("if", "Give the condition of the segment.")
        return parse(condition) if condition else None

    condition = _read(source, books, read)
    if condition is not None:
        books.segments[source.key] = condition


def _sequence(source: Source, books: Books) -> None:
    def read(node: Node) -> Sequence | None:
        sequence = read_sequence(node)
        _named(node, "sequence", source)
        return sequence

    sequence = _read(source, books, read)
    if sequence is not None:
        books.sequences[source.key] = sequence


def _named(node: Node, word: str, source: Source) -> None:
    name = node.get(word)
    if name is not None and isinstance(name.value, str) and name.value != source.key:
        name.error(
            f"This {word} is called “{name.value}”, its file “{source.key}”.", "Give both the same name."
        )


def _piece(source: Source, books: Books) -> None:
    texts, findings = read_languages(texts_of(source), source.files)
    books.findings += findings
    if "" in texts:
        books.pieces[source.key] = texts


def _template(source: Source, books: Books) -> None:
    texts: dict[str, TemplateSource] = {}
    for locale, text in texts_of(source).items():
        try:
            texts[locale] = parse_source(source.key, locale, text)
        except TemplateError as error:
            path = source.files.get(locale, source.path)
            books.findings += [problem_finding(path, problem) for problem in error.problems]
    if "" in texts:
        books.templates[source.key] = texts
        books.findings += _variants(source, texts)


def _variants(source: Source, texts: Mapping[str, TemplateSource]) -> list[FileFinding]:
    """A translation says the same as its original of all that is not language."""
    original = texts[""]
    found = []
    for locale, text in texts.items():
        for name in ("kind", "message_class", "ask", "repeat"):
            if getattr(text, name) != getattr(original, name):
                word = "class" if name == "message_class" else name
                found.append(
                    FileFinding(
                        source.files.get(locale, source.path), text.lines.get(word, 1), "error",
                        f"“{word}” differs from the original.", "Give all translations the same one.",
                    )
                )  # fmt: skip
    return found
