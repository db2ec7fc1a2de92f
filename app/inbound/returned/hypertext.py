"""The text of an HTML part, in one pass over it."""

import html
import re

BREAKS = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "table", "hr", "pre", "blockquote", "dt", "dd", "title"}
    | {f"h{level}" for level in range(1, 7)}
)
SPACES = re.compile(r"[ \t\xa0]{2,100}")
EMPTY = re.compile(r"\n[ \t]*+\n(?:[ \t]*+\n)++")


def text_of_html(source: str) -> str:
    """Lines of text: block elements break them, scripts and styles are left out, quotes begin with `>`."""
    pieces: list[str] = []
    lower = source.lower()
    # `ẞ` and a few others change their length in lower case; then places would not agree.
    if len(lower) != len(source):
        lower = source
    at, end, quotes = 0, len(source), 0
    while at < end:
        opening = source.find("<", at)
        if opening < 0:
            pieces.append(source[at:])
            break
        pieces.append(source[at:opening])
        closing = source.find(">", opening)
        if closing < 0:
            break
        name = lower[opening + 1 : min(closing, opening + 20)].split(None, 1)
        tag = name[0].rstrip("/") if name else ""
        at = closing + 1
        if tag in ("script", "style", "head") or tag.startswith("!--"):
            stop = "-->" if tag.startswith("!--") else f"</{tag}"
            found = lower.find(stop, opening)
            if found < 0 and tag != "head":
                break
            at = at if found < 0 else found + len(stop)
        elif tag.lstrip("/") in BREAKS:
            if tag == "blockquote":
                quotes += 1
            elif tag == "/blockquote":
                quotes = max(0, quotes - 1)
            pieces.append("\n" + ">" * min(quotes, 5) + (" " if quotes else ""))
        elif tag in ("td", "th"):
            pieces.append(" ")
    text = html.unescape("".join(pieces))
    return EMPTY.sub("\n\n", SPACES.sub(" ", text))
