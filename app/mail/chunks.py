"""Jinja inside MJML: each chunk is lifted out before anything parses the markup, and put back at the end.

While the markup is read a chunk is one private-use character, so positions stay simple. For the MJML compiler it
becomes a comment where text stands and a bare word where a value stands: `<` in a condition never reaches a
parser, and a loop around table rows is never moved out of its table.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from app.mail.language import lex
from app.mail.source import Problem, TemplateError

Kind = Literal["expr", "block", "link"]
FIRST, LAST = 0xE000, 0xF8FF
_OUTLOOK = re.compile(r"<!--\[if (?:(?!<!\[endif\]).)*<!\[endif\]-->", re.S)
MARK = re.compile(f"[{chr(FIRST)}-{chr(LAST)}]")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of template code: the inside of `{{ }}` or `{% %}`, or the whole address of a link.

    `shown` is what the text part prints after a link's label: nothing, or the chunk itself.
    """

    kind: Kind
    code: str
    line: int
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Marked:
    """A file's text with chunks as marks; `anchors` map positions back to the file's lines."""

    text: str
    anchors: tuple[tuple[int, int], ...]

    def line(self, position: int) -> int:
        """The line in the file as written."""
        start, line = self.anchors[bisect_right(self.anchors, (position, 1 << 30)) - 1]
        return line + self.text.count("\n", start, position)


@dataclass(slots=True)
class Chunks:
    """All chunks of one compilation; `nonce` makes their words unlike any word of the template."""

    nonce: str
    items: list[Chunk] = field(default_factory=list)
    absorbed: set[int] = field(default_factory=set)

    def add(self, chunk: Chunk) -> str:
        """The mark of a new chunk."""
        if len(self.items) > LAST - FIRST:
            raise TemplateError(
                (
                    Problem(
                        chunk.line, "too_big", "too many pieces of template code", "Make the mail simpler."
                    ),
                )
            )
        self.items.append(chunk)
        return chr(FIRST + len(self.items) - 1)

    def of(self, mark: str) -> Chunk:
        """The chunk behind a mark."""
        return self.items[ord(mark) - FIRST]

    def absorb(self, mark: str) -> Chunk:
        """The chunk behind a mark that became part of an address and needs no place of its own."""
        self.absorbed.add(ord(mark) - FIRST)
        return self.of(mark)

    def word(self, mark: str) -> str:
        """The chunk as a bare word."""
        return f"trl{self.nonce}{ord(mark) - FIRST:x}z"

    def words(self) -> re.Pattern[str]:
        """Matches every word, with or without its comment."""
        return re.compile(rf"<!--trl{self.nonce}([0-9a-f]+)z-->|trl{self.nonce}([0-9a-f]+)z")

    def split(self, text: str) -> list[str | Chunk]:
        """The compiled text as literals and chunks in turn."""
        parts: list[str | Chunk] = []
        start = 0
        for match in self.words().finditer(text):
            parts += [text[start : match.start()], self.items[int(match[1] or match[2], 16)]]
            start = match.end()
        return [*parts, text[start:]]

    def lost(self, text: str) -> list[Chunk]:
        """Chunks that the compiled text no longer holds, or holds inside an Outlook comment, which their own
        comment would end; and blocks that it holds twice or out of order."""
        seen = self._numbers(text)
        blocks = [number for number in seen if self.items[number].kind == "block"]
        bad = set(range(len(self.items))) - set(seen) - self.absorbed
        if blocks != sorted(set(blocks)):
            bad |= set(blocks)
        for outlook in _OUTLOOK.finditer(text):
            bad |= set(self._numbers("".join(re.findall("<!--trl.*?-->", outlook[0]))))
        return [self.items[number] for number in sorted(bad)]

    def _numbers(self, text: str) -> list[int]:
        return [int(match[1] or match[2], 16) for match in self.words().finditer(text)]


def mark(text: str, chunks: Chunks, where: str, report: Callable[[Problem], None]) -> Marked:
    """Replace each Jinja chunk of a checked file by its mark, with the file's lines kept findable."""
    if MARK.search(text):
        report(
            Problem(0, "private_character", "the file holds private-use characters", "Remove them.", where)
        )
        text = MARK.sub("", text)
    out: list[str] = []
    anchors = [(0, 1)]
    size, code, begun = 0, "", 0
    for line, kind, value in lex(text):
        if kind == "data":
            anchors.append((size, line))
            out.append(value)
            size += len(value)
        elif kind in ("variable_begin", "block_begin"):
            code, begun = "", line
        elif kind in ("variable_end", "block_end"):
            chunk = Chunk("expr" if kind == "variable_end" else "block", code.strip(), begun)
            anchors.append((size, begun))
            out.append(chunks.add(chunk))
            size += 1
        elif kind.startswith("raw"):
            report(Problem(line, "jinja_refused", "raw is not available", "Write the text plainly.", where))
        else:
            code += value
    return Marked("".join(out), tuple(anchors))
