"""Template source → compiled template: checked, compiled by MJML, links taken out, both parts encoded.

Everything slow or dangerous happens here, once a version; use `app.mail.limited.compile_limited` for text that
people wrote, because the MJML compiler can crash its process.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import Any

import css_inline
import mjml

from app.mail.assemble import Assembly
from app.mail.chunks import Chunk, Chunks, mark
from app.mail.hrefs import Hrefs
from app.mail.language import inspect
from app.mail.links import Link
from app.mail.quoted import clean_body, clean_line, quoted
from app.mail.source import Problem, TemplateError, TemplateSource
from app.mail.text import text_of

FORMAT = 1
MAX_HTML_BYTES = 102_000
_PREHEADER_STYLE = "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all"
_PIXEL_STYLE = "display:block;border:0;width:1px;height:1px"
_BARE_SPECIAL = re.compile(r"links\.([a-z_]+)")


@dataclass(frozen=True, slots=True)
class CompiledTemplate:
    """A template version ready to load; plain data, safe to store as JSON.

    The programs are Jinja text with private delimiters; the literals of `html` and `text` are
    quoted-printable. `required` are the fields that stop a mail when they are empty.
    """

    format: int
    key: str
    locale: str
    kind: str
    message_class: str
    topics: tuple[str, ...]
    repeat: bool
    ask: str
    subject: str
    preheader: str
    html: str
    text: str
    links: tuple[Link, ...]
    specials: tuple[str, ...]
    answers: tuple[str, ...]
    fields: tuple[str, ...]
    required: tuple[str, ...]
    fallbacks: Mapping[str, str]
    size: int
    warnings: tuple[Problem, ...]

    def to_json(self) -> str:
        """A stable text: the same template always gives the same bytes."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    def with_warnings(self, warnings: tuple[Problem, ...]) -> "CompiledTemplate":
        """The same template with what lint found."""
        return replace(self, warnings=warnings)

    @classmethod
    def from_json(cls, text: str) -> "CompiledTemplate":
        """The template out of `to_json`. Raises ValueError for another format."""
        data: dict[str, Any] = json.loads(text)
        if data.get("format") != FORMAT:
            raise ValueError(f"compiled template of format {data.get('format')}: compile it again")
        data["links"] = tuple(Link(**{**link, "topics": tuple(link["topics"])}) for link in data["links"])
        data["warnings"] = tuple(Problem(**problem) for problem in data["warnings"])
        for name in ("topics", "specials", "answers", "fields", "required"):
            data[name] = tuple(data[name])
        return cls(**data)


def compile_template(
    source: TemplateSource,
    *,
    layout: str,
    partials: Mapping[str, str],
    answers: Sequence[tuple[str, str]] = (),
    brand_sample: Mapping[str, str],
    default_locale: str = "en",
) -> CompiledTemplate:
    """Compile one template. `answers` are (value, label) in the template's language; `brand_sample` holds the
    sender's real settings, against which link addresses are checked. Raises TemplateError with every problem.
    """
    # Made of all the text that goes in, so that none of it can hold a word that looks like a chunk.
    everything = "\0".join([source.body, source.preheader, layout, *partials.values()])
    chunks = Chunks(blake2b(everything.encode(), digest_size=6).hexdigest())
    hrefs = Hrefs(source, dict(answers), brand_sample, chunks)
    assembly = Assembly(source, partials, answers, chunks, hrefs)
    _check_lines(source, assembly)
    text = assembly.run(_plain_text(layout))
    if assembly.problems:
        raise TemplateError(tuple(assembly.problems))
    assembly.found.fields |= hrefs.found.fields
    assembly.found.required |= hrefs.found.required
    markup = _run_mjml(_with_lang(text, source.locale or default_locale, chunks))
    inlined = _inline(markup, "".join(assembly.inline_css))
    text = text_of(inlined, chunks)
    page = _with_extras(inlined, source, chunks)
    lost = chunks.lost(page)
    if lost:
        raise TemplateError(tuple(_lost(chunk) for chunk in lost))
    return _compiled(source, assembly, page, text, default_locale)


def _plain_text(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _check_lines(source: TemplateSource, assembly: Assembly) -> None:
    for key, value in (("subject", source.subject), ("preheader", source.preheader)):
        found = inspect(value, line=source.lines.get(key, 1) - 1)
        assembly.problems += found.problems
        if any(name.startswith("links.") or name == "mail.subject" for name in found.fields):
            remedy = "Put it into the mail itself."
            assembly.problems.append(
                Problem(
                    source.lines.get(key, 1), "field_place", f"{key} holds no link and no subject", remedy
                )
            )
        assembly.found.fields |= found.fields
        assembly.found.required |= found.required
    assembly.found.fields["mail.subject"] = None


def _with_lang(text: str, locale: str, chunks: Chunks) -> str:
    """The layout says language and title; what it leaves out comes from the template."""
    opening = re.search(r"<mjml\b[^>]*>", text)
    if opening and " lang=" not in opening[0]:
        text = text.replace("<mjml", f'<mjml lang="{html.escape(locale)}"', 1)
    if "<mj-title>" in text:
        return text
    title = f"<mj-title>{chunks.word(chunks.add(Chunk('expr', 'mail.subject', 0)))}</mj-title>"
    if "<mj-head>" in text:
        return text.replace("<mj-head>", f"<mj-head>{title}", 1)
    return text.replace("<mj-body", f"<mj-head>{title}</mj-head><mj-body", 1)


def _run_mjml(text: str) -> str:
    try:
        return str(mjml.mjml2html(text, fonts={}, social_icon_origin="https://invalid.invalid/"))
    except ValueError as error:
        raise TemplateError(
            (Problem(0, "mjml", f"the MJML compiler says: {error}", "Check tags and nesting."),)
        ) from error


def _inline(page: str, css: str) -> str:
    if not css.strip():
        return page
    try:
        return css_inline.inline(
            page, extra_css=css, inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False
        )
    except (ValueError, css_inline.InlineError) as error:
        raise TemplateError((Problem(0, "css", f"the inline style: {error}", "Check the style."),)) from error


def _with_extras(page: str, source: TemplateSource, chunks: Chunks) -> str:
    """Hidden preheader at the start of the body, pixel at its end, where tracking is on."""
    preheader = mark(source.preheader, chunks, "", lambda _problem: None).text if source.preheader else ""
    if preheader:
        hidden = "".join(
            chunks.word(char) if "\ue000" <= char <= "\uf8ff" else html.escape(char) for char in preheader
        )
        start = re.search(r"<body[^>]*>", page)
        place = start.end() if start else 0
        page = f'{page[:place]}<div style="{_PREHEADER_STYLE}">{hidden}</div>{page[place:]}'
    begin, address, end = (
        chunks.word(chunks.add(chunk))
        for chunk in (Chunk("block", "if px", 0), Chunk("link", "px", 0), Chunk("block", "endif", 0))
    )
    pixel = (
        f'<!--{begin}--><img src="{address}" alt="" width="1" height="1" style="{_PIXEL_STYLE}"><!--{end}-->'
    )
    place = page.rindex("</body>")
    return page[:place] + pixel + page[place:].rstrip() + "\n"


def _lost(chunk: Chunk) -> Problem:
    return Problem(
        chunk.line,
        "chunk_lost",
        f"the compiler drops or moves {{{chunk.code}}}",
        "Put it into mj-text, or around a whole section.",
    )


def _compiled(
    source: TemplateSource, assembly: Assembly, page: str, text: str, default_locale: str
) -> CompiledTemplate:
    chunks, found = assembly.chunks, assembly.found
    parts = chunks.split(page)
    size = sum(len(part.encode()) for part in parts if isinstance(part, str))
    return CompiledTemplate(
        format=FORMAT,
        key=source.key,
        locale=source.locale or default_locale,
        kind=source.kind,
        message_class=source.message_class,
        topics=source.topics,
        repeat=source.repeat,
        ask=source.ask,
        subject=_line_program(source.subject),
        preheader=_line_program(source.preheader),
        html=_program(parts),
        text=_program(chunks.split(text)),
        links=tuple(assembly.hrefs.links),
        specials=tuple(sorted(assembly.hrefs.specials)),
        answers=tuple(assembly.hrefs.answered),
        fields=tuple(found.fields),
        required=tuple(
            name for name in found.required if name not in source.fallbacks and _comes_from_data(name)
        ),
        fallbacks=dict(source.fallbacks),
        size=size,
        warnings=(),
    )


def _comes_from_data(name: str) -> bool:
    return name != "mail.subject" and not name.startswith("links.")


def _code(chunk: Chunk) -> str:
    if chunk.kind == "block":
        return f"\x03 {chunk.code} \x04"
    special = _BARE_SPECIAL.fullmatch(chunk.code)
    return f"\x01 {f'l_{special[1]}' if special else chunk.code} \x02"


def _program(parts: Sequence[str | Chunk]) -> str:
    return "".join(quoted(clean_body(part)) if isinstance(part, str) else _code(part) for part in parts)


def _line_program(value: str) -> str:
    chunks = Chunks("0")
    marked = mark(value, chunks, "", lambda _problem: None).text
    return "".join(
        _code(chunks.of(char)) if "\ue000" <= char <= "\uf8ff" else char for char in _keep_edges(marked)
    )


def _keep_edges(text: str) -> str:
    return clean_line(text)
