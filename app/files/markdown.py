"""Markdown as people write it to HTML that holds nothing else: no raw HTML, no scripts, no strangers' pictures."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.files.findings import Level

TAGS = {
    "a", "blockquote", "br", "code", "div", "em", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}, "div": {"class", "tabindex"}, "td": {"class"},
    "th": {"class"}, "ul": {"class"},
}  # fmt: skip
CLASSES = ("wide", "left", "right", "center", "boxes")
PIECE = "library:"
# Lists and quotations deeper than this are no text for people, and cost the reader time.
DEEPEST = 20
BOX = "[ ] "
_WEB = re.compile(r"https?://[^\s/?#\\@]+(?:[/?#]\S*)?", re.I)
_MAIL = re.compile(r"mailto:[^\s:/]+", re.I)
_PIECE = re.compile(r"library:[a-z0-9][a-z0-9-]{0,62}")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>|<!--")

# `validateLink` refuses silently; here every address is read, judged and told.
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST}).enable(
    ["table", "strikethrough"]
)
_MARKDOWN.validateLink = lambda url: True  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a Markdown text; `line` counts from 1 in that text."""

    line: int
    level: Level
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Read:
    """What a text refers to: names of pictures and of pieces, each with its first line; and its faults."""

    pictures: dict[str, int]
    pieces: dict[str, int]
    faults: tuple[Fault, ...]


def read_markdown(text: str) -> Read:
    """Look a text through. Nothing is raised."""
    pictures: dict[str, int] = {}
    pieces: dict[str, int] = {}
    faults: list[Fault] = []
    for line, token in _inline(_MARKDOWN.parse(text)):
        if token.type == "image":
            src = str(token.attrs.get("src", ""))
            pictures.setdefault(src, line)
            if not token.content.strip():
                faults.append(
                    Fault(line, "warning", f"The picture “{src}” has no words.", "Say in [ ] what it shows.")
                )
        elif token.type == "link_open":
            href = str(token.attrs.get("href", ""))
            if _PIECE.fullmatch(href):
                pieces.setdefault(href.removeprefix(PIECE), line)
            elif not is_address(href):
                remedy = "Write https://…, mailto:… or library:piece."
                faults.append(Fault(line, "error", f"“{href[:80]}” is no address.", remedy))
        elif token.type == "text" and _TAG.search(token.content):
            faults.append(
                Fault(line, "warning", "HTML is shown as it stands here.", "Write it in Markdown, or in `code`.")
            )  # fmt: skip
    return Read(pictures, pieces, tuple(faults))


def is_address(href: str) -> bool:
    """Whether a link of a text may lead there."""
    return any(shape.fullmatch(href) for shape in (_WEB, _MAIL, _PIECE))


def to_html(text: str, picture: Callable[[str], str | None], piece: Callable[[str], str | None]) -> str:
    """The text as clean HTML whose headings begin at h2. `picture` and `piece` give the address of a name, or None:
    then the picture's words stay, and the link's.
    """
    tokens = _MARKDOWN.parse(text)
    _headings(tokens)
    _boxes(tokens)
    for token in tokens:
        if "style" in token.attrs:
            # Pages allow no style in the text: the side a column leans to becomes a class.
            token.attrs["class"] = str(token.attrs.pop("style")).removeprefix("text-align:")
        if token.children:
            token.children = list(_resolved(token.children, picture, piece))
    html = str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))
    html = html.replace("<table>", '<div class="wide" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    return nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, url_schemes={"http", "https", "mailto"}, link_rel=None,
        attribute_filter=_kept,
    )  # fmt: skip


def _kept(tag: str, attribute: str, value: str) -> str | None:
    return None if attribute == "class" and value not in CLASSES else value


def _headings(tokens: Sequence[Token]) -> None:
    """The page has the one h1; what stands highest in the text comes right below it."""
    heads = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    top = min((int(token.tag[1]) for token in heads), default=2)
    for token in heads:
        token.tag = f"h{min(int(token.tag[1]) - top + 2, 6)}"


def _boxes(tokens: Sequence[Token]) -> None:
    """A list whose points begin with [ ] is one to tick off: the page draws the boxes."""
    lists: list[Token] = []
    for place, token in enumerate(tokens):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(token)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open" and lists[-1].tag == "ul":
            words = tokens[place + 2].children or () if tokens[place + 1].type == "paragraph_open" else ()
            if words and words[0].content.startswith(BOX):
                words[0].content = words[0].content.removeprefix(BOX)
                lists[-1].attrs["class"] = "boxes"


def _resolved(
    children: Sequence[Token], picture: Callable[[str], str | None], piece: Callable[[str], str | None]
) -> Iterator[Token]:
    opened: list[bool] = []
    for token in children:
        if token.type == "image":
            src = picture(str(token.attrs.get("src", "")))
            if src is None:
                yield Token("text", "", 0, content=token.content)
                continue
            token.attrs["src"] = src
        elif token.type == "link_open":
            href = str(token.attrs.get("href", ""))
            to = piece(href.removeprefix(PIECE)) if _PIECE.fullmatch(href) else href
            opened.append(to is not None and is_address(href))
            if not opened[-1]:
                continue
            token.attrs["href"] = to or ""
        elif token.type == "link_close" and not opened.pop():
            continue
        yield token


def _inline(tokens: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    """Every piece of running text with the line its block begins at."""
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        for child in token.children or ():
            yield line, child
            if child.type in ("softbreak", "hardbreak"):
                line += 1
