"""A compiled page as a reader sees it: its words with their colours and sizes, its links, what is hidden."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import html as lxml_html
from lxml.etree import _Element

from app.mail.colours import BLACK, LINK, WHITE, Colour, colour, shorthand_colour

_LENGTH = re.compile(r"([\d.]+)(px|pt|em|rem|%)?")
_HEADINGS = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67, "small": 0.83}
_BOLD = frozenset({"b", "strong", "th", *_HEADINGS} - {"small"})
_UNSEEN = frozenset({"head", "style", "script", "title"})
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.I)


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks at a place: colours, pixels, weight. `picture`: it stands on a picture and no colour."""

    ink: Colour = BLACK
    ground: Colour = WHITE
    size: float = 16.0
    bold: bool = False
    hidden: bool = False
    picture: bool = False

    @property
    def unseen(self) -> bool:
        return self.hidden or self.size == 0

    @property
    def large(self) -> bool:
        """By WCAG: 18 points, or 14 in bold."""
        return self.size >= 24 or (self.bold and self.size >= 18.66)


@dataclass(frozen=True, slots=True)
class Words:
    text: str
    look: Look


@dataclass(slots=True)
class Link:
    """`pieces` are its words; `pictures` the alternative texts of the pictures in it."""

    href: str
    pieces: list[Words] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(" ".join([*(piece.text for piece in self.pieces), *self.pictures]).split())


@dataclass(slots=True)
class Page:
    """`words` in reading order, hidden ones among them."""

    words: list[Words] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def read_page(html: str) -> Page:
    """The page by the styles written into its elements."""
    page = Page()
    body = lxml_html.document_fromstring(html).find("body")
    if body is not None:
        _walk(body, Look(), page, None)
    return page


def declared(style: str) -> dict[str, str]:
    """Property to value: the last one counts, one marked important before others."""
    found: dict[str, str] = {}
    weighty: set[str] = set()
    for declaration in re.split(r";(?![^(]*\))", style):
        name, _, value = declaration.partition(":")
        name = name.strip().lower()
        plain = _IMPORTANT.sub("", value).strip()
        if name and (name not in weighty or plain != value.strip()):
            # Taken out first: a later one stands later, and background-color after background counts.
            found.pop(name, None)
            found[name] = plain
            if plain != value.strip():
                weighty.add(name)
    # What is important comes last, whatever its place.
    return {name: found[name] for name in sorted(found, key=weighty.__contains__)}


def _walk(node: _Element, look: Look, page: Page, link: Link | None) -> None:
    for text, own in _inside(node, look, page, link):
        if text and text.strip(" \t\r\n\xa0\u200b\u200c\u2007\ufeff\u034f\u00ad"):
            words = Words(" ".join(text.split()), own)
            page.words.append(words)
            if link is not None:
                link.pieces.append(words)


def _inside(node: _Element, look: Look, page: Page, link: Link | None) -> Iterator[tuple[str | None, Look]]:
    yield node.text, look
    for child in node:
        if isinstance(child.tag, str) and child.tag not in _UNSEEN:
            _child(child, look, page, link)
        yield child.tail, look


def _child(node: _Element, look: Look, page: Page, link: Link | None) -> None:
    if node.tag == "a" and node.get("href"):
        link = Link(node.get("href") or "")
        page.links.append(link)
    elif node.tag == "img" and link is not None:
        link.pictures.append(node.get("alt") or "")
    _walk(node, _look(node, look), page, link)


def _look(node: _Element, around: Look) -> Look:
    tag = str(node.tag)
    styles = declared(node.get("style") or "")
    look = replace(around, bold=around.bold or tag in _BOLD, size=around.size * _HEADINGS.get(tag, 1.0))
    if tag == "a" and node.get("href"):
        look = replace(look, ink=LINK)
    if (given := node.get("bgcolor")) and (ground := colour(given, look.ground)):
        look = replace(look, ground=ground, picture=False)
    for name, value in styles.items():
        look = _styled(look, around, name, value.lower())
    return look


def _styled(look: Look, around: Look, name: str, value: str) -> Look:
    if name == "color":
        ink = around.ink if value == "inherit" else colour(value, look.ground)
        return replace(look, ink=ink) if ink else look
    if name in ("background", "background-color"):
        ground = shorthand_colour(value, around.ground)
        if ground is not None and value != "transparent":
            return replace(look, ground=ground, picture=False)
        return replace(look, picture=True) if "url(" in value else look
    if name == "background-image" and "url(" in value:
        return replace(look, picture=look.ground == around.ground)
    if name == "font-size":
        return replace(look, size=_pixels(value, around.size))
    if name == "font-weight":
        return replace(look, bold=value in ("bold", "bolder", "600", "700", "800", "900"))
    if (name, value) in {("display", "none"), ("visibility", "hidden"), ("opacity", "0")}:
        return replace(look, hidden=True)
    return look


def _pixels(value: str, around: float) -> float:
    match = _LENGTH.fullmatch(value)
    if match is None:
        return around
    number, unit = float(match[1]), match[2] or "px"
    return number * {"px": 1.0, "pt": 4 / 3, "em": around, "rem": 16.0, "%": around / 100}[unit]
