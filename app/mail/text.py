"""The text part, made once from the compiled HTML: readable without any markup, with the same links.

A link reads `label: address` where it ends a line and `label <address>` within one (RFC 3986, appendix C).
"""

import re

from lxml import html as lxml_html
from lxml.etree import _Comment, _Element

from app.mail.chunks import Chunk, Chunks

_SKIP = frozenset({"head", "style", "script", "title"})
_PARAGRAPH = frozenset(
    [
        "p",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "dl",
        "blockquote",
        "pre",
        "table",
        "td",
        "th",
    ]
)
_LINE = frozenset(["tr", "li", "dt", "dd"])
_OPEN, _CLOSE, _BREAK, _EDGE, _GAP, _CELL = "\x0e", "\x0f", "\x10", "\x11", "\x12", "\x13"
_IN_DATA = {"tr": _EDGE, "td": _CELL, "th": _CELL, "p": " ", "div": " ", "li": " "}
_HIDDEN = re.compile(r"display\s*:\s*none", re.I)


def text_of(html: str, chunks: Chunks) -> str:
    """The readable text of compiled HTML; chunks stay in it as words."""
    writer = _Writer(chunks)
    body = lxml_html.document_fromstring(html).find("body")
    if body is not None:
        writer.element(body, in_data=False)
    return _links(_layout("".join(writer.out), chunks))


def _layout(raw: str, chunks: Chunks) -> str:
    """Marks become line ends: a gap is an empty line, an edge at most one line end, a break always one."""
    raw = re.sub(r"[ \t\n\r\f\u00a0\u2000-\u200a]+", " ", raw)
    raw = re.sub(rf"[ {_CELL}]*([{_BREAK}{_EDGE}{_GAP}])[ {_CELL}]*", r"\1", raw)
    raw = re.sub(rf" *{_CELL}[ {_CELL}]*", " | ", raw)
    raw = re.sub(rf"[{_BREAK}{_EDGE}]*{_GAP}[{_BREAK}{_EDGE}{_GAP}]*", "\n\n", raw)
    raw = re.sub(rf"{_EDGE}+", "\n", raw).replace(_BREAK, "\n")
    # A condition alone on its line takes line ends along, so that nothing is left when it fails.
    alone = re.compile(rf"(\n*)(?m:^)((?:{chunks.words().pattern})+)(\n+)")

    def attach(match: re.Match[str]) -> str:
        before, words, after = match[1], match[2], match[match.lastindex or 0]
        if not _all_blocks(words, chunks):
            return match[0]
        if not match.start():
            return words
        # What the end of a loop leaves over stands after it; what a condition leaves over stands inside it.
        loop_end = _end_of_loops(words, chunks)
        rest = "\n" * max(0, len(after) - len(before))
        return before + words[:loop_end] + rest + words[loop_end:]

    return alone.sub(attach, raw.strip())


def _links(text: str) -> str:
    text = re.sub(rf"(?m){_OPEN}([^{_OPEN}{_CLOSE}\n]*){_CLOSE}$", r": \1", text)
    text = re.sub(rf" ?{_OPEN}([^{_OPEN}{_CLOSE}\n]*){_CLOSE}", r" <\1>", text)
    text = re.sub(r"(?m)^: |[ \t]+$", "", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _all_blocks(words: str, chunks: Chunks) -> bool:
    return all(isinstance(part, str) or part.kind == "block" for part in chunks.split(words))


def _end_of_loops(words: str, chunks: Chunks) -> int:
    end = 0
    for match in chunks.words().finditer(words):
        if any(isinstance(part, Chunk) and part.code == "endfor" for part in chunks.split(match[0])):
            end = match.end()
    return end


class _Writer:
    """Walks the tree and writes words, line marks and link marks; `in_data`: inside a table of figures."""

    def __init__(self, chunks: Chunks) -> None:
        self.out: list[str] = []
        self.chunks = chunks
        self.word = chunks.words()

    def element(self, node: _Element, in_data: bool) -> None:
        if isinstance(node, _Comment):
            if self.word.fullmatch(f"<!--{node.text}-->"):
                self.out.append(str(node.text))
            return
        tag = node.tag if isinstance(node.tag, str) else ""
        if not tag or tag in _SKIP or _HIDDEN.search(node.get("style") or ""):
            return
        if tag == "a":
            self.link(node, in_data)
        elif tag == "table" and in_data:
            self.out.append(" ".join(str(text) for text in node.itertext() if isinstance(text, str)))
        elif tag == "img":
            self.out.append(node.get("alt") or "")
        elif tag == "br":
            self.out.append(_BREAK)
        else:
            self.block(node, tag, in_data)

    def block(self, node: _Element, tag: str, in_data: bool) -> None:
        edge = _GAP if tag in _PARAGRAPH else _EDGE if tag in _LINE else ""
        if in_data:
            edge = _IN_DATA.get(tag, "")
        self.out.append(edge)
        if tag == "li":
            self.out.append("- ")
        self.inside(node, in_data or (tag == "table" and node.get("role") != "presentation"))
        self.out.append(edge)

    def inside(self, node: _Element, in_data: bool) -> None:
        self.out.append(node.text or "")
        for child in node:
            self.element(child, in_data)
            self.out.append(child.tail or "")

    def link(self, node: _Element, in_data: bool) -> None:
        start = len(self.out)
        self.inside(node, in_data)
        label = re.sub(rf"[{_GAP}{_EDGE}{_BREAK}\s]+", " ", "".join(self.out[start:])).strip()
        del self.out[start:]
        href = node.get("href") or ""
        parts = [part for part in self.chunks.split(href) if not isinstance(part, str)]
        shown = bool(parts) and parts[0].shown
        self.out.append(f"{label}{_OPEN}{href}{_CLOSE}" if shown else label)
