"""A compiled template in memory, and the one renderer: what leaves, what is previewed and what is shown on the
web all come out of `Program.render`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from jinja2.exceptions import TemplateError as JinjaError

from app.core.pieces import piece_of
from app.mail.compile import MAX_HTML_BYTES, CompiledTemplate
from app.mail.language import LISTS, MAX_LOOP
from app.mail.links import Link, Urls, destination, with_utm
from app.mail.quoted import (
    SOFT,
    Encoded,
    clean_line,
    html_value,
    line_value,
    quoted,
    text_value,
    unquoted,
    without_holes,
)
from app.mail.sandbox import MissingField, RenderError, Sandbox, compile_program

Context = Mapping[str, Mapping[str, Any]]
MAX_SUBJECT = 250
_HTML, _TEXT, _LINE = Sandbox(html_value), Sandbox(text_value), Sandbox(line_value)
_NOWHERE: Mapping[str, Any] = {}
PREVIEW_URLS = Urls(
    hit="https://preview.invalid/link",
    unsubscribe="https://preview.invalid/unsubscribe",
    preferences="https://preview.invalid/preferences",
    why="https://preview.invalid/why",
    web_view="https://preview.invalid/view",
    answer="https://preview.invalid/answer",
    referral="https://preview.invalid/referral",
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail's subject as text, and its two parts in quoted-printable ASCII with CRLF."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail to look at, decoded; it holds no live token."""

    subject: str
    preheader: str
    text: str
    html: str


class _Field(NamedTuple):
    """One field of the flat values: its name where printed, where asked about, and in the context."""

    printed: str
    asked: str
    key: str
    fallback: str | None
    is_list: bool


class Program:
    """A loaded template. Loading costs milliseconds, rendering microseconds; safe to share between threads."""

    def __init__(self, compiled: CompiledTemplate) -> None:
        self.compiled = compiled
        # Set when a first mail of this template was read in full before it left.
        self.proven = False
        fallbacks = {"mail.locale": compiled.locale, **compiled.fallbacks}
        number = {name: place for place, name in enumerate(compiled.fields)}
        self._names = {f"f{place}": name for name, place in number.items()}
        roots: dict[str, list[_Field]] = {}
        for name, place in number.items():
            root, _, key = name.partition(".")
            if name != "mail.subject" and root != "links":
                field = _Field(f"f{place}", f"r{place}", key, fallbacks.get(name), name in LISTS)
                roots.setdefault(root, []).append(field)
        self._fields = tuple((root, tuple(fields)) for root, fields in roots.items())
        self._subject_name = f"f{number['mail.subject']}"
        self._links = tuple((f"u{link.number}", f"/{link.number}{SOFT}", link) for link in compiled.links)
        self._answers = tuple((f"a{place}", value) for place, value in enumerate(compiled.answers))
        both = compiled.html + compiled.text
        self._specials = tuple(name for name in _SPECIALS if f"l_{name} " in both)
        self._subject = _joined(compile_program(_LINE, compiled.subject, number))
        self._preheader = _joined(compile_program(_LINE, compiled.preheader, number))
        self._html = _joined(compile_program(_HTML, compiled.html, number))
        text = _joined(compile_program(_TEXT, compiled.text, number))
        # Only a loop can end in empty lines that the compiler did not see; looking for them costs.
        self._text = (lambda values: without_holes(text(values))) if "\x03 for " in compiled.text else text

    @classmethod
    def load(cls, compiled: CompiledTemplate) -> "Program":
        """The running form of a compiled template."""
        return cls(compiled)

    def render(self, context: Context, urls: Urls, *, track: bool) -> Rendered:
        """One contact's mail. `context` maps contact, company, sender, brand, mail, task and ask to plain values.

        Raises MissingField, or RenderError with a code, when this mail must not be sent.
        """
        values = self._values(context, urls, track)
        try:
            subject = self._line(values)
            html, text = self._html(values), self._text(values)
        except MissingField as missing:
            raise MissingField(self._names.get(missing.name, missing.name)) from None
        except RenderError:
            raise
        except (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AssertionError) as error:
            raise RenderError("render_failed", detail=str(error)[:200]) from error
        if len(html) > MAX_HTML_BYTES and len(unquoted(html).encode()) > MAX_HTML_BYTES:
            raise RenderError("html_too_large", limit=MAX_HTML_BYTES)
        return Rendered(subject, text, html)

    def render_preview(self, context: Context, urls: Urls = PREVIEW_URLS) -> Preview:
        """The same mail by the same renderer, decoded, untracked, with addresses that lead nowhere."""
        rendered = self.render(context, urls, track=False)
        values = self._values(context, urls, False)
        values[self._subject_name] = rendered.subject
        return Preview(
            rendered.subject, self._preheader(values), unquoted(rendered.text), unquoted(rendered.html)
        )

    def _line(self, values: dict[str, Any]) -> str:
        subject = clean_line(self._subject(values))
        if not subject:
            raise RenderError("empty_subject")
        subject = subject if len(subject) <= MAX_SUBJECT else subject[: MAX_SUBJECT - 1].rstrip() + "…"
        values[self._subject_name] = subject
        return subject

    def _values(self, context: Context, urls: Urls, track: bool) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for root, fields in self._fields:
            data = context.get(root, _NOWHERE)
            for printed, asked, key, fallback, is_list in fields:
                value = data.get(key)
                if value is None or value == "" or (value.__class__ is str and value.isspace()):
                    if fallback is not None:
                        values[printed] = fallback
                elif is_list:
                    values[printed] = list(value)[:MAX_LOOP] if isinstance(value, list | tuple) else []
                    values[asked] = values[printed]
                else:
                    values[printed] = values[asked] = value
        for name in self._specials:
            values[f"l_{name}"] = Encoded(quoted(getattr(urls, name)))
        for variable, answer in self._answers:
            values[variable] = Encoded(quoted(f"{urls.answer}/{answer}"))
        self._addresses(values, context, urls, track)
        return values

    def _addresses(self, values: dict[str, Any], context: Context, urls: Urls, track: bool) -> None:
        if track:
            start = _open_line(urls.hit)
            for variable, ending, _link in self._links:
                values[variable] = Encoded(start + ending)
            values["px"] = Encoded(f"{start}/0{SOFT}")
        elif self._links:
            brand = tuple(context.get("brand", _NOWHERE).items())
            for variable, _ending, link in self._links:
                values[variable] = _direct(link, brand, urls.campaign, urls.content, self.compiled.locale)


_SPECIALS = ("unsubscribe", "preferences", "why", "web_view", "referral")


@lru_cache(maxsize=4096)
def _direct(link: Link, brand: tuple[tuple[str, Any], ...], campaign: str, content: str, locale: str) -> str:
    try:
        url = destination(link.url_template, dict(brand))
        # Our own page wants no label, but to know in which language it is read.
        return f"{url}?lang={locale}" if piece_of(link.url_template) else with_utm(url, campaign, content)
    except ValueError as error:
        raise RenderError("bad_destination", link=link.number) from error


def _open_line(url: str) -> str:
    """The address encoded, with room for a link number on its last line."""
    encoded = quoted(url)[: -len(SOFT)]
    return encoded if len(encoded) - encoded.rfind("\n") < 70 else encoded + SOFT


def _joined(run: Callable[[dict[str, Any]], Iterator[str]]) -> Callable[[dict[str, Any]], str]:
    join = "".join

    def joined(values: dict[str, Any]) -> str:
        return join(run(values))

    return joined
