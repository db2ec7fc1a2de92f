"""Whether a mail can be read: contrast of each text on its ground, in dark mode too, and no hidden way out."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import css_inline

from app.mail.colours import contrast, written
from app.mail.page import Link, Look, Page, Words, read_page
from app.mail.places import Places
from app.mail.source import Problem

ENOUGH, ENOUGH_LARGE = 4.5, 3.0
# Below this many pixels nobody reads a link, and below this contrast nobody sees it.
SMALLEST, FAINTEST = 9.0, 2.0
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>", re.S | re.I)
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.S)


class _Sheets(NamedTuple):
    """The rules of a page's style sheets: those for everybody, and those for dark mode."""

    plain: str
    dark: str


def look_problems(html: str, places: Places, must_leave: bool) -> Iterator[Problem]:
    """`html` with its chunks as `{{ code }}`; `must_leave`: it needs a link to unsubscribe that is seen."""
    told: set[tuple[str, str]] = set()
    for mode, page in _modes(html):
        yield from _contrasts(page, mode, places, told)
        if must_leave:
            yield from _way_out(page, mode, places)


def _modes(html: str) -> Iterator[tuple[str, Page]]:
    """The page where style sheets are dropped, where they are read, and in dark mode if it has one."""
    sheets = _sheets(html)
    yield "", read_page(html)
    for mode, rules in ((" where style sheets are read", sheets.plain), (" in dark mode", sheets.dark)):
        if not rules.strip():
            continue
        css = sheets.plain + rules if rules is sheets.dark else rules
        try:
            inlined = css_inline.inline(
                html,
                extra_css=css,
                inline_style_tags=False,
                keep_style_tags=True,
                load_remote_stylesheets=False,
            )
        except (ValueError, css_inline.InlineError):
            continue
        yield mode, read_page(inlined)


def _sheets(html: str) -> _Sheets:
    plain: list[str] = []
    dark: list[str] = []
    for style in _STYLE.findall(html):
        for prelude, body in _rules(_COMMENT.sub("", style)):
            if "prefers-color-scheme" in prelude and "dark" in prelude:
                dark.append(body)
            elif not prelude.startswith("@"):
                plain.append(f"{prelude} {{{body}}}\n")
    return _Sheets("".join(plain), "".join(dark))


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """What stands before each outermost brace, and within it."""
    depth, start, prelude = 0, 0, ""
    for match in re.finditer(r"[{}]", css):
        if match[0] == "{":
            if depth == 0:
                prelude, start = css[start : match.start()].rsplit(";", 1)[-1].strip(), match.end()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield prelude, css[start : match.start()]
                start = match.end()


def _contrasts(page: Page, mode: str, places: Places, told: set[tuple[str, str]]) -> Iterator[Problem]:
    for words in page.words:
        look = words.look
        pair = (written(look.ink), written(look.ground))
        if look.unseen or pair in told:
            continue
        line, where = places.of(words.text)
        if look.picture:
            told.add(pair)
            yield Problem(
                line, "text_on_picture", f"“{_short(words)}” stands on a picture without a colour behind it",
                "Set background-color too: many programs show no pictures.", where,
            )  # fmt: skip
            continue
        least = ENOUGH_LARGE if look.large else ENOUGH
        if (found := contrast(look.ink, look.ground)) < least:
            told.add(pair)
            message = (
                f"“{_short(words)}” is hard to read{mode}: {pair[0]} on {pair[1]}, contrast {found:.1f} to 1"
            )
            yield Problem(line, "contrast", message, f"Choose colours with at least {least:g} to 1.", where)


def _way_out(page: Page, mode: str, places: Places) -> Iterator[Problem]:
    links = [link for link in page.links if "l_unsubscribe" in link.href]
    if links and not any(map(_seen, links)):
        line, where = places.of("{{ links.unsubscribe }}")
        yield Problem(
            line, "hidden_unsubscribe", f"the link to unsubscribe cannot be seen{mode}",
            "Give it words, at least 12px high, in a colour that stands out.", where,
        )  # fmt: skip


def _seen(link: Link) -> bool:
    return any(_legible(piece.look) for piece in link.pieces)


def _legible(look: Look) -> bool:
    return not look.unseen and look.size >= SMALLEST and contrast(look.ink, look.ground) >= FAINTEST


def _short(words: Words) -> str:
    return words.text if len(words.text) <= 40 else words.text[:39].rstrip() + "…"
