"""Layout, partials and content become one MJML text; every tag, attribute, address and nesting is checked.

The reader is a strict tokenizer of our own, because the MJML compiler gives no line numbers, lets unknown tags,
attributes and nestings pass, and crashes on input that is too deep.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.mail import checks, tags
from app.mail.chunks import MARK, Chunks, Marked, mark
from app.mail.hrefs import Hrefs
from app.mail.language import Findings, inspect
from app.mail.links import unescape_attribute
from app.mail.source import Problem, TemplateSource

MAX_ELEMENTS = 2_000
MAX_DEPTH = 40
MAX_PROBLEMS = 100
_ATTRIBUTE = r"""[^\s=/>"'<]+(?:\s*=\s*(?:"[^"]*"|'[^']*'))?"""
_TOKEN = re.compile(
    rf"<!--.*?(?:-->|\Z)|<(?P<end>/?)(?P<tag>[A-Za-z][A-Za-z0-9-]*)(?P<attrs>(?:\s+{_ATTRIBUTE})*)\s*(?P<empty>/?)>|[^<]+|<",
    re.S,
)
_ROWS = re.compile(rf"(?:\s|{MARK.pattern}|<!--.*?-->)*<tr\b", re.S)
_LINKS, _LINK = re.compile(r"\blinks\."), re.compile(r"links\.[a-z_]+")
_ALONE = "Write {{ links.unsubscribe }} by itself."
_PAIR = re.compile(r"""([^\s=/>"'<]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?""")


@dataclass(frozen=True, slots=True)
class Open:
    """An element whose end has not come yet.

    `html`: no MJML stands in it; `inline`: a style to be inlined; `rows`: we wrote a <tbody> for it.
    """

    tag: str
    line: int
    html: bool
    inline: bool = False
    rows: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is: a line of a file; `base` is how many elements were open when the file began."""

    where: str
    line: int
    base: int


@dataclass(slots=True)
class Assembly:
    """One compilation in progress: what was read so far, and what is wrong with it."""

    source: TemplateSource
    partials: Mapping[str, str]
    answers: Sequence[tuple[str, str]]
    chunks: Chunks
    hrefs: Hrefs
    problems: list[Problem] = field(default_factory=list)
    found: Findings = field(default_factory=Findings)
    inline_css: list[str] = field(default_factory=list)
    stack: list[Open] = field(default_factory=list)
    elements: int = 0
    contents: int = 0

    def run(self, layout: str) -> str:
        """The whole MJML text, chunks as words and comments."""
        where = f"layouts/{self.source.layout}"
        text = "".join(self.file(layout, where))
        if self.contents != 1 and not self.problems:
            self.report(
                Place(where, 0, 0), "no_content", "the layout has no <trellis-content/>", "Write it once."
            )
        return text

    def report(self, place: Place, code: str, message: str, remedy: str) -> None:
        """Note one problem at a place."""
        self.problems.append(Problem(place.line, code, message, remedy, place.where))

    def file(self, text: str, where: str) -> Iterator[str]:
        """One file's tags in place; it must close what it opens."""
        found = inspect(text, where=where)
        self.found.fields |= found.fields
        self.found.required |= found.required
        self.problems += found.problems
        if found.problems:
            return
        known = len(self.chunks.items)
        marked = mark(text, self.chunks, where, self.problems.append)
        for chunk in self.chunks.items[known:]:
            if _LINKS.search(chunk.code) and (chunk.kind == "block" or not _LINK.fullmatch(chunk.code)):
                place = Place(where, chunk.line, 0)
                self.report(place, "links_alone", "a link's address is part of an expression", _ALONE)
        base = len(self.stack)
        for token in _TOKEN.finditer(marked.text):
            if len(self.problems) >= MAX_PROBLEMS:
                break
            yield from self.token(token, marked, Place(where, marked.line(token.start()), base))
        for left in self.stack[base:]:
            place = Place(where, left.line, base)
            self.report(place, "not_closed", f"<{left.tag}> is not closed", f"Write </{left.tag}>.")
        del self.stack[base:]

    def token(self, token: re.Match[str], marked: Marked, place: Place) -> Iterator[str]:
        if token["tag"] is None:
            yield from self.no_tag(token[0], token.start(), marked, place)
        elif token["end"]:
            yield from self.end(token["tag"].lower(), place)
        else:
            self.elements += 1
            if self.elements > MAX_ELEMENTS or len(self.stack) >= MAX_DEPTH:
                if self.problems[-1:] == [] or self.problems[-1].code != "too_big":
                    self.report(
                        place, "too_big", "too many or too deeply nested elements", "Make the mail simpler."
                    )
            else:
                yield from self.start(token["tag"].lower(), token, place)

    def no_tag(self, text: str, start: int, marked: Marked, place: Place) -> Iterator[str]:
        """Text, a comment (dropped), or a bracket that begins nothing."""
        if text == "<":
            self.report(
                place, "stray_bracket", "a < that begins no tag", "Write &lt; or put quotes around values."
            )
        elif not text.startswith("<!--"):
            first = MARK.search(text)
            line = marked.line(start + first.start()) if first else place.line
            begin = marked.line(start + len(text) - len(text.lstrip()))
            yield self.text(text, replace(place, line=begin), replace(place, line=line))
        elif not text.endswith("-->"):
            self.report(place, "not_closed", "a comment is not closed", "Write -->.")
        elif "[if" in text or "[endif" in text or MARK.search(text):
            self.report(place, "bad_comment", "a comment holds no conditions and no chunks", "Leave it out.")

    def end(self, tag: str, place: Place) -> Iterator[str]:
        if tag in tags.VOID or tag in tags.TRELLIS:
            return
        opened = [item.tag for item in self.stack[place.base :]]
        if not opened or opened[-1] != tag:
            due = f"</{opened[-1]}> is due" if opened else "nothing is open"
            self.report(place, "wrong_end", f"</{tag}> where {due}", "Close in the order of opening.")
            if tag in opened:
                del self.stack[place.base + len(opened) - 1 - opened[::-1].index(tag) :]
            return
        yield f"</tbody></{tag}>" if self.stack.pop().rows else f"</{tag}>"

    def text(self, text: str, place: Place, chunk_place: Place) -> str:
        """Text between tags; chunks become comments, or words where only plain text may stand."""
        top = self.stack[-1] if self.stack else Open("", place.line, False)
        kinds = {self.chunks.of(found).kind for found in MARK.findall(text)}
        for fault in checks.text_faults(MARK.sub("", text), top.tag, top.html, "expr" in kinds):
            self.report(place, *fault)
        if kinds and not top.html and top.tag in tags.NO_BLOCK_INSIDE:
            remedy = "Put it inside a column, or around whole sections that stand in no wrapper."
            self.report(chunk_place, "block_place", f"no condition may stand directly in <{top.tag}>", remedy)
        if kinds and top.tag == "mj-style":
            self.report(chunk_place, "chunk_place", "no chunk may stand in a style", "Write the value.")
        if top.inline:
            self.inline_css.append(text)
            return ""
        if top.tag == "mj-title":
            return MARK.sub(lambda found: self.chunks.word(found[0]), text)
        return MARK.sub(lambda found: f"<!--{self.chunks.word(found[0])}-->", text)

    def start(self, tag: str, token: re.Match[str], place: Place) -> Iterator[str]:
        attributes = self.attributes(tag, token["attrs"], place)
        if tag in tags.TRELLIS:
            yield from self.trellis(tag, attributes, place)
            return
        parent = self.stack[-1] if self.stack else Open("", place.line, False)
        for fault in checks.place_faults(tag, parent.tag, parent.html):
            self.report(place, *fault)
        written = "".join(f' {name}="{value}"' for name, value in attributes.items())
        if token["empty"] or tag in tags.VOID:
            yield f"<{tag}{written} />"
            return
        inside_html = parent.html or (tag in tags.TAGS and tags.TAGS[tag].html)
        inline = tag == "mj-style" and attributes.get("inline") == "inline"
        # Without it, an HTML parser would open a <tbody> behind the loop that makes the rows.
        rows = tag in ("table", "mj-table") and _ROWS.match(token.string, token.end()) is not None
        self.stack.append(Open(tag, place.line, inside_html, inline, rows))
        yield f"<{tag}{written}>{'<tbody>' if rows else ''}"

    def attributes(self, tag: str, text: str, place: Place) -> dict[str, str]:
        """The checked attributes as they are written into the MJML text; addresses become words."""
        written: dict[str, str] = {}
        for match in _PAIR.finditer(text):
            name, raw = match[1].lower(), match[2] if match[2] is not None else match[3]
            if MARK.search(name):
                self.report(place, "chunk_place", "a chunk stands between attributes", "Put it into a value.")
            elif not checks.known_attribute(tag, name):
                self.report(place, "unknown_attribute", f"<{tag}> knows no {name}", "Check the name.")
            elif name in written:
                self.report(place, "twice", f"{name} stands twice on <{tag}>", "Keep one.")
            else:
                written[name] = self.value(tag, name, unescape_attribute(raw or ""), place)
        return written

    def value(self, tag: str, name: str, value: str, place: Place) -> str:
        if name == "href":
            return self.chunks.word(self.hrefs.add(value, place.line, place.where, self.problems.append))
        kinds = {self.chunks.of(found).kind for found in MARK.findall(value)}
        for fault in checks.value_faults(tag, name, value, has_chunk=bool(kinds), has_block="block" in kinds):
            self.report(place, *fault)
        if name in ("src", "background-url") and not self.hrefs.is_picture(value):
            self.report(
                place, "bad_picture", f"{name} is no web picture", "Write https://… or {{ brand.mark }}."
            )
        escaped = html.escape(value, quote=False).replace('"', "&quot;")
        return MARK.sub(lambda found: self.chunks.word(found[0]), escaped)

    def trellis(self, tag: str, attributes: Mapping[str, str], place: Place) -> Iterator[str]:
        """Our own tags: the content's place, a partial, the answer buttons."""
        name = attributes.get("name", "")
        if tag == "trellis-answers":
            yield from self.answer_buttons(attributes, place)
        elif tag == "trellis-content":
            self.contents += 1
            if place.where.startswith("layouts/") and self.contents == 1:
                yield from self.file(self.source.body, "")
            else:
                self.report(
                    place, "no_content", "<trellis-content/> belongs once in the layout", "Remove it."
                )
        elif place.where.startswith("partials/"):
            self.report(place, "partial_in_partial", "a partial holds no partial", "Use it in the mail.")
        elif name in self.partials:
            yield from self.file(self.partials[name], f"partials/{name}")
        else:
            names = ", ".join(sorted(self.partials)) or "none"
            self.report(place, "no_partial", f"there is no partial {name}", f"There is: {names}.")

    def answer_buttons(self, attributes: Mapping[str, str], place: Place) -> Iterator[str]:
        if not self.source.ask or not self.answers:
            remedy = "Write ask: with a criterion that has answers."
            self.report(place, "no_answers", "the template asks nothing", remedy)
        css = attributes.get("css-class", "answer")
        for value, label in self.answers:
            mark_of = self.hrefs.add(f"answer:{value}", place.line, place.where, self.problems.append)
            yield f'<mj-button css-class="{css}" href="{self.chunks.word(mark_of)}">'
            yield f"{html.escape(label)}</mj-button>"
