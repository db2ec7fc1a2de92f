"""What a template that compiles may still do better, or must before it is published."""

import re
from collections.abc import Iterator

from app.mail.compile import MAX_HTML_BYTES, CompiledTemplate
from app.mail.quoted import unquoted
from app.mail.source import Problem, TemplateSource

ROOM_FOR_VALUES = 4_000
_CODE = re.compile("\x01[^\x02]*\x02|\x03[^\x04]*\x04")
_IMAGE = re.compile(r"<(?:mj-image|img)\b[^>]*>", re.I)


def lint_template(compiled: CompiledTemplate, source: TemplateSource) -> tuple[Problem, ...]:
    """Findings about one compiled template; lines are those of its own file, 0 for the whole mail."""
    return tuple(
        sorted(
            [*_marketing(compiled), *_addresses(compiled), *_page(compiled), *_source(compiled, source)],
            key=lambda problem: (problem.line, problem.code),
        )
    )


def _marketing(compiled: CompiledTemplate) -> Iterator[Problem]:
    if compiled.message_class != "marketing":
        return
    if "unsubscribe" not in compiled.specials:
        yield Problem(
            0,
            "no_unsubscribe",
            "no link to unsubscribe",
            'Write <a href="{{ links.unsubscribe }}">Unsubscribe</a>.',
        )
    for name in ("legal_name", "postal_address"):
        if f"\x01 brand.{name} \x02" not in compiled.html:
            yield Problem(
                0,
                f"no_{name}",
                f"the sender's {name.replace('_', ' ')} is missing",
                f"Write {{{{ brand.{name} }}}}.",
            )


def _addresses(compiled: CompiledTemplate) -> Iterator[Problem]:
    for link in compiled.links:
        if link.url_template.lower().startswith("http://"):
            yield Problem(0, "plain_http", f"{link.url_template} is not encrypted", "Write https://.")


def _page(compiled: CompiledTemplate) -> Iterator[Problem]:
    html = unquoted(_CODE.sub("", compiled.html))
    if compiled.size > MAX_HTML_BYTES - ROOM_FOR_VALUES:
        yield Problem(
            0,
            "too_large",
            f"the HTML has {compiled.size} bytes; Gmail cuts at {MAX_HTML_BYTES}",
            "Make it shorter.",
        )
    if not re.search(r"<html[^>]* lang=\"(?!und\")[^\"]+\"", html):
        yield Problem(0, "no_lang", "the page names no language", 'Write <mjml lang="en"> in the layout.')
    if re.search(r"<title>\s*</title>", html) and "<title>\x01" not in compiled.html.replace("=\r\n", ""):
        yield Problem(
            0, "no_title", "the page has no title", "Write <mj-title>{{ mail.subject }}</mj-title>."
        )
    if "{{" in html or "}}" in html or "{%" in html:
        yield Problem(0, "leftover_braces", "braces of a chunk are left over", "Close every {{ }}.")


def _source(compiled: CompiledTemplate, source: TemplateSource) -> Iterator[Problem]:
    if not compiled.preheader:
        yield Problem(
            1, "no_preheader", "no preheader", "Write preheader: with what the subject does not say."
        )
    elif compiled.preheader.casefold() == compiled.subject.casefold():
        line = source.lines.get("preheader", 1)
        yield Problem(line, "same_preheader", "the preheader repeats the subject", "Say something new there.")
    for match in _IMAGE.finditer(source.body):
        if not re.search(r"\balt\s*=", match[0]):
            line = source.body.count("\n", 0, match.start()) + 1
            yield Problem(
                line, "no_alt", "a picture without alt", 'Write alt="…", or alt="" for a mere ornament.'
            )
