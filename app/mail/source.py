"""A template's text as data: its front matter, its body, and what is wrong with it, by line.

Nothing is read from disk here; the caller passes the text. Lines count from 1 in the file as written.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

CLASSES = ("marketing", "service", "internal")
KEYS = (
    "kind", "class", "topics", "subject", "preheader", "layout", "fallbacks", "repeat", "ask", "links",
)  # fmt: skip
MAX_SOURCE_BYTES = 200_000
MAX_FRONT_BYTES = 20_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FIELD = re.compile(r"[a-z]+\.[a-z][a-z0-9_]{0,63}")
_FENCE = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.S | re.M)
MAX_NESTING = 30
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: the line (0 when it concerns the whole), a stable code, what is wrong, what to do.

    `where` names the layout or partial that the line belongs to; empty means the template itself.
    """

    line: int
    code: str
    message: str
    remedy: str
    where: str = ""


class TemplateError(ValueError):
    """A template that cannot be used, with every problem found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.where or 'template'} line {p.line}: {p.message}" for p in problems))


@dataclass(frozen=True, slots=True)
class NamedLink:
    """An entry of `links:`; `to` is a URL that may hold `{{ brand.… }}`."""

    to: str
    topics: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """A parsed template file. `body` keeps the file's line numbers: the front matter became empty lines."""

    key: str
    locale: str
    kind: str
    message_class: str
    topics: tuple[str, ...]
    subject: str
    preheader: str
    layout: str
    fallbacks: Mapping[str, str]
    repeat: bool
    ask: str
    links: Mapping[str, NamedLink]
    body: str
    lines: Mapping[str, int] = field(default_factory=dict)


def variant_for(locale: str, available: Collection[str]) -> str:
    """The best of the available locales: `pt-BR`, then `pt`, then the default, which is the empty string."""
    known = {name.replace("_", "-").lower(): name for name in available}
    parts = locale.replace("_", "-").lower().split("-")
    while parts:
        found = known.get("-".join(parts))
        if found:
            return found
        parts.pop()
    return ""


def files_for(locale: str, files: Mapping[str, str]) -> dict[str, str]:
    """Layouts or partials in the best locale: of `why` and `why.it`, the one to use under the name `why`."""
    variants: dict[str, dict[str, str]] = {}
    for name, text in files.items():
        base, _, variant = name.partition(".")
        variants.setdefault(base, {})[variant] = text
    return {
        base: found[variant_for(locale, found)]
        for base, found in variants.items()
        if variant_for(locale, found) in found
    }


def size_problem(text: str, where: str = "") -> Problem | None:
    """Whether a file is too long to be looked at, or is no text at all."""
    # UTF-8 takes one to four bytes a character, so most need no encoding to be measured.
    if len(text) <= MAX_SOURCE_BYTES:
        broken = next((place for place, char in enumerate(text) if "\ud800" <= char <= "\udfff"), None)
        if broken is not None:
            line = text.count("\n", 0, broken) + 1
            return Problem(
                line, "bad_character", "half a character stands here", "Save the file as UTF-8.", where
            )
        if len(text.encode()) <= MAX_SOURCE_BYTES:
            return None
    return Problem(0, "too_large", f"the file is over {MAX_SOURCE_BYTES} bytes", "Split it in two.", where)


def parse_source(key: str, locale: str, text: str) -> TemplateSource:
    """Read one template file; `locale` is empty for the default. Raises TemplateError with every problem."""
    if problem := size_problem(text):
        raise TemplateError((problem,))
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    fence = _FENCE.match(text)
    if fence is None:
        raise TemplateError(
            (
                Problem(
                    1,
                    "no_front_matter",
                    "the file does not begin with front matter",
                    "Begin with a line ---, then kind, class, topics, subject, preheader, then a line ---.",
                ),
            )
        )
    reader = _Reader(_load(fence.group(1)))
    body = "\n" * text.count("\n", 0, fence.end()) + text[fence.end() :]
    source = reader.source(key, locale, body)
    if locale and not _LOCALE.fullmatch(locale):
        reader.report(
            "kind", "bad_locale", f"{locale} is no locale", "Name the file name.it.mjml or name.pt-BR.mjml."
        )
    if reader.problems:
        raise TemplateError(tuple(reader.problems))
    return source


def _load(text: str) -> CommentedMap:
    if len(text) > MAX_FRONT_BYTES:
        raise TemplateError(
            (
                Problem(
                    1,
                    "bad_yaml",
                    f"the front matter is over {MAX_FRONT_BYTES} bytes",
                    "Put the text below it.",
                ),
            )
        )
    if line := _nested_at(text):
        raise TemplateError((_nested(line),))
    try:
        data = YAML(typ="rt", pure=True).load(text)
    except RecursionError:
        raise TemplateError((_nested(2),)) from None
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        detail = error.problem if isinstance(error, MarkedYAMLError) and error.problem else "not readable"
        line = mark.line + 2 if mark else 1
        raise TemplateError(
            (
                Problem(
                    line,
                    "bad_yaml",
                    f"the front matter is no YAML: {detail}",
                    "Check quotes and indentation.",
                ),
            )
        ) from error
    if not isinstance(data, CommentedMap):
        raise TemplateError(
            (Problem(2, "bad_yaml", "the front matter holds no keys", "Write one key: value a line."),)
        )
    return data


def _nested_at(text: str) -> int:
    """The line where brackets or dashes stand too deep, or 0. The reader would take the square of the depth in time."""
    depth = 0
    for number, line in enumerate(text.split("\n"), 2):
        for char in line:
            depth += (char in "[{") - (char in "]}" and depth > 0)
            if depth > MAX_NESTING:
                return number
        if len(list(takewhile(lambda word: word in ("-", "?"), line.split()))) > MAX_NESTING:
            return number
    return 0


def _nested(line: int) -> Problem:
    return Problem(line, "bad_yaml", "the front matter is nested too deeply", "Write plain lists.")


class _Reader:
    """Takes typed values out of the front matter and notes what does not fit, with its line."""

    def __init__(self, data: CommentedMap) -> None:
        self.data = data
        self.problems: list[Problem] = []

    def line(self, key: str, data: CommentedMap | None = None) -> int:
        place = (self.data if data is None else data).lc.data or {}
        return int(place[key][0]) + 2 if key in place else 2

    def report(self, key: str, code: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(self.line(key), code, message, remedy))

    def text(self, key: str, *, required: bool, default: str = "") -> str:
        value = self.data.get(key, default)
        if not isinstance(value, str) or (required and not value.strip()):
            self.report(key, "bad_value", f"{key} is missing or no text", f'Write {key}: "…".')
            return default
        return " ".join(value.split())

    def name(self, key: str, *, required: bool, default: str = "") -> str:
        value = self.text(key, required=required, default=default)
        if value and not _NAME.fullmatch(value):
            self.report(
                key, "bad_name", f"{key}: {value} is no name", "Use lower-case letters, digits, - and _."
            )
        return value

    def names(self, key: str, value: Any) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) and _NAME.fullmatch(item) for item in value):
            return tuple(value)
        self.report(
            key, "bad_topics", f"the topics of {key} are no list of names", "Write [pricing, case-study]."
        )
        return ()

    def fallbacks(self) -> dict[str, str]:
        found: dict[str, str] = {}
        value = self.data.get("fallbacks") or {}
        for name, fallback in value.items() if isinstance(value, dict) else [("", None)]:
            if isinstance(name, str) and _FIELD.fullmatch(name) and isinstance(fallback, str | int | float):
                found[name] = str(fallback)
            else:
                self.report(
                    "fallbacks", "bad_fallback", f"fall-back {name!r} is no field with a text",
                    "Write fallbacks: {contact.first_name: there}.",
                )  # fmt: skip
        return found

    def links(self) -> dict[str, NamedLink]:
        value = self.data.get("links") or CommentedMap()
        if not isinstance(value, CommentedMap):
            self.report(
                "links", "bad_link", "links holds no names", 'Write links: {guide: {to: "https://…"}}.'
            )
            return {}
        return {name: link for name in value if (link := self._link(name, value)) is not None}

    def _link(self, name: Any, links: CommentedMap) -> NamedLink | None:
        line, entry = self.line(name, links), links[name]
        if isinstance(entry, str):
            entry = {"to": entry}
        good_name = isinstance(name, str) and _NAME.fullmatch(name)
        if not good_name or not isinstance(entry, dict) or not isinstance(entry.get("to"), str):
            self.problems.append(
                Problem(line, "bad_link", f"link {name} has no address", 'Write guide: {to: "https://…"}.')
            )
            return None
        topics = self.names("links", entry["topics"]) if "topics" in entry else ()
        for extra in set(entry) - {"to", "topics"}:
            self.problems.append(
                Problem(line, "unknown_key", f"link {name} knows no {extra}", "A link has to and topics.")
            )
        return NamedLink(entry["to"].strip(), topics, line)

    def source(self, key: str, locale: str, body: str) -> TemplateSource:
        for extra in [name for name in self.data if name not in KEYS]:
            self.report(extra, "unknown_key", f"unknown key {extra}", f"Known keys: {', '.join(KEYS)}.")
        message_class = self.text("class", required=True)
        if message_class and message_class not in CLASSES:
            self.report(
                "class", "bad_class", f"class {message_class} is unknown", f"One of {', '.join(CLASSES)}."
            )
        repeat = self.data.get("repeat", False)
        if not isinstance(repeat, bool):
            self.report("repeat", "bad_value", "repeat is neither true nor false", "Write repeat: true.")
        return TemplateSource(
            key=key,
            locale=locale,
            kind=self.name("kind", required=True),
            message_class=message_class,
            topics=self.names("topics", self.data.get("topics", [])),
            subject=self.text("subject", required=True),
            preheader=self.text("preheader", required=False),
            layout=self.name("layout", required=False, default="base"),
            fallbacks=self.fallbacks(),
            repeat=repeat is True,
            ask=self.name("ask", required=False),
            links=self.links(),
            body=body,
            lines={name: self.line(name) for name in self.data if isinstance(name, str)},
        )
