"""What a template that compiles may still do better, or must before it is published."""

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape

from app.mail.clients import client_problems
from app.mail.compile import MAX_HTML_BYTES, CompiledTemplate
from app.mail.lint_looks import look_problems
from app.mail.lint_words import line_problems, link_problems, text_problems
from app.mail.page import read_page
from app.mail.places import Place, Places
from app.mail.quoted import quoted, unquoted
from app.mail.source import Problem, TemplateSource

ROOM_FOR_VALUES = 4_000
LARGE_BYTES = 80_000
# Gmail drops a style sheet that is longer.
MAX_STYLE_BYTES = 16_384
# Without these nothing is published, although it compiles.
MUST = frozenset({
    "no_unsubscribe", "hidden_unsubscribe", "no_legal_name", "no_postal_address", "leftover_braces",
})  # fmt: skip
# True, and no fault: what looks plainer in some programs.
NOTES = frozenset({"client_note"})
_CODE = re.compile("\x01 ([^\x02]*) \x02|\x03[^\x04]*\x04")
_IMAGE = re.compile(r"<(mj-image|img)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.I)
_PARTIAL = re.compile(r"<trellis-partial\b[^>]*\bname\s*=\s*[\"']([^\"']+)[\"']")


def lint_template(
    compiled: CompiledTemplate, source: TemplateSource, files: Mapping[str, str] | None = None
) -> tuple[Problem, ...]:
    """Findings about one compiled template; line 0 is the whole mail. `files` are its layout and the partials
    there are, as `layouts/base` and `partials/why`.
    """
    used = _used(source, files or {})
    places = Places(used)
    html = unquoted(_shown(compiled.html, escape))
    must_leave = compiled.message_class == "marketing"
    found = [
        *_marketing(compiled),
        *_addresses(compiled, source, places, used),
        *_page(compiled),
        *_preheader(compiled, source),
        *_images(used),
        *line_problems(source),
        *link_problems(read_page(html), places),
        *look_problems(html, places, must_leave),
        *text_problems(compiled, unquoted(_shown(compiled.text, str)), _has_pictures(used)),
        *client_problems(used),
    ]
    return tuple(
        sorted(dict.fromkeys(found), key=lambda problem: (problem.where, problem.line, problem.code))
    )


def _used(source: TemplateSource, files: Mapping[str, str]) -> dict[str, str]:
    """The mail itself, its layout and the partials they name."""
    layout = f"layouts/{source.layout}"
    used = {"": source.body} | ({layout: files[layout]} if layout in files else {})
    for name in _PARTIAL.findall("".join(used.values())):
        if (partial := f"partials/{name}") in files:
            used[partial] = files[partial]
    return used


def _shown(program: str, write: Callable[[str], str]) -> str:
    """The program with its fields as `{{ name }}`, and without its conditions: every branch is read."""
    return _CODE.sub(lambda match: quoted(write(f"{{{{ {match[1]} }}}}")) if match[1] else "", program)


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


def _addresses(
    compiled: CompiledTemplate, source: TemplateSource, places: Places, used: Mapping[str, str]
) -> Iterator[Problem]:
    named = {link.to: Place(link.line, "") for link in source.links.values()}
    for link in compiled.links:
        if link.url_template.lower().startswith("http://"):
            line, where = named.get(link.url_template) or places.of(link.url_template)
            yield Problem(
                line, "plain_http", f"{link.url_template} is not encrypted", "Write https://.", where
            )
    for where, text in used.items():
        for match in re.finditer(r"\ssrc\s*=\s*[\"'](http://[^\"']*)", text, re.I):
            line = text.count("\n", 0, match.start(1)) + 1
            yield Problem(line, "plain_http", f"{match[1]} is not encrypted", "Write https://.", where)


def _page(compiled: CompiledTemplate) -> Iterator[Problem]:
    html = unquoted(_CODE.sub("", compiled.html))
    yield from _sizes(compiled, html)
    if not re.search(r"<html[^>]* lang=\"(?!und\")[^\"]+\"", html):
        yield Problem(0, "no_lang", "the page names no language", 'Write <mjml lang="en"> in the layout.')
    if re.search(r"<title>\s*</title>", html) and "<title>\x01" not in compiled.html.replace("=\r\n", ""):
        yield Problem(
            0, "no_title", "the page has no title", "Write <mj-title>{{ mail.subject }}</mj-title>."
        )
    if "{{" in html or "}}" in html or "{%" in html:
        yield Problem(0, "leftover_braces", "braces of a chunk are left over", "Close every {{ }}.")


def _sizes(compiled: CompiledTemplate, html: str) -> Iterator[Problem]:
    what = f"the HTML has {compiled.size} bytes; Gmail cuts at {MAX_HTML_BYTES}"
    if compiled.size > MAX_HTML_BYTES - ROOM_FOR_VALUES:
        yield Problem(0, "too_large", what, "Make it shorter.")
    elif compiled.size > LARGE_BYTES:
        yield Problem(0, "large", what, "Make it shorter before it grows.")
    longest = max(
        (len(style.encode()) for style in re.findall(r"<style[^>]*>(.*?)</style>", html, re.S)), default=0
    )
    if longest > MAX_STYLE_BYTES:
        what = f"a style sheet has {longest} bytes; Gmail drops those over {MAX_STYLE_BYTES}"
        yield Problem(0, "large_style", what, 'Write fewer rules, or <mj-style inline="inline">.')


def _preheader(compiled: CompiledTemplate, source: TemplateSource) -> Iterator[Problem]:
    if not compiled.preheader:
        yield Problem(
            1, "no_preheader", "no preheader", "Write preheader: with what the subject does not say."
        )
    elif compiled.preheader.casefold() == compiled.subject.casefold():
        line = source.lines.get("preheader", 1)
        yield Problem(line, "same_preheader", "the preheader repeats the subject", "Say something new there.")


def _has_pictures(used: Mapping[str, str]) -> bool:
    return any(_IMAGE.search(text) for text in used.values())


def _images(used: Mapping[str, str]) -> Iterator[Problem]:
    for where, text in used.items():
        for match in _IMAGE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if not re.search(r"\balt\s*=", match[0]):
                remedy = 'Write alt="…", or alt="" for a mere ornament.'
                yield Problem(line, "no_alt", "a picture without alt", remedy, where)
            if match[1].lower() == "img" and not re.search(r"\swidth\s*=", match[0]):
                remedy = 'Write width="…" in pixels: Outlook takes the file\'s own.'
                yield Problem(line, "no_width", "a picture without width", remedy, where)
