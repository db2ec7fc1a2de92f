"""Which styles and pictures the large mail programs do not show, as tested by caniemail.com (2019 to 2024).

Only what an author can write here: tags such as video, svg and form are refused by the compiler already.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.mail.source import Problem

GMAIL, OUTLOOK, APPLE, YAHOO, LIVE = "Gmail", "Outlook for Windows", "Apple Mail", "Yahoo", "Outlook.com"
LARGE = (GMAIL, OUTLOOK, APPLE, YAHOO, LIVE)


@dataclass(frozen=True, slots=True)
class Feature:
    """`name` as written, where it fails, what to write; `harmless`: the mail reads well without it."""

    name: str
    pattern: str
    fails_in: tuple[str, ...]
    remedy: str
    harmless: bool = False


_TABLES = "Use mj-section and mj-column."
STYLES = (
    Feature("position", r"(?<![-\w])position\s*:\s*+(?!static)", (GMAIL, OUTLOOK, YAHOO, LIVE), _TABLES),
    Feature("display: flex", r"display\s*:\s*(?:inline-)?flex", (OUTLOOK,), _TABLES),
    Feature("display: grid", r"display\s*:\s*(?:inline-)?grid", (GMAIL, OUTLOOK, YAHOO), _TABLES),
    Feature("float", r"(?<![-\w])float\s*:\s*+(?!none)", (OUTLOOK,), "Use mj-column, or align on a table or img."),
    Feature("object-fit", r"object-fit\s*:", (OUTLOOK, YAHOO), "Cut the picture to its size."),
    Feature(
        "a custom property", r"(?<![-\w])--[a-z][\w-]*\s*:|var\s*\(", (GMAIL, OUTLOOK, YAHOO, LIVE), "Write the value."
    ),
    Feature("a negative margin", r"margin[a-z-]*\s*:[^;}\"']*(?<![\w.])-\d", (GMAIL, OUTLOOK, LIVE), "Use less padding."),
    Feature(
        "a gradient", r"(?:linear|radial|conic)-gradient\s*\(", (OUTLOOK, YAHOO, LIVE), "Set a background-color before it."
    ),
    Feature("opacity", r"(?<![-\w])opacity\s*:\s*+(?!1\b)", (OUTLOOK, YAHOO), "Choose a paler colour."),
    Feature("max-width", r"(?<![-\w(])max-width\s*:", (OUTLOOK,), "Set width too."),
    Feature("a web font", r"@font-face", (GMAIL, OUTLOOK, YAHOO, LIVE), "Name fonts that readers have."),
    Feature("@import", r"@import", (GMAIL, OUTLOOK, YAHOO, LIVE), "Write the rules here."),
    Feature("animation", r"@keyframes|(?<![-\w])animation[a-z-]*\s*:", (GMAIL, OUTLOOK), "Use none.", True),
    Feature("border-radius", r"border-radius\s*[:=]", (OUTLOOK,), "Corners are square there.", True),
    Feature("box-shadow", r"box-shadow\s*:", (GMAIL, OUTLOOK, YAHOO), "There is no shadow there.", True),
    Feature(":hover", r":hover\b", (OUTLOOK,), "Say nothing by colour on hover alone.", True),
    Feature(
        "@media", r"@media\b", (OUTLOOK, "Gmail with other accounts"), "The mail must read well without it.", True
    ),
)  # fmt: skip
PICTURES = (
    Feature("an SVG picture", r"\.svg(?:[?#]|$)", (GMAIL, OUTLOOK), "Save it as PNG."),
    Feature("a WebP picture", r"\.webp(?:[?#]|$)", (OUTLOOK,), "Save it as PNG or JPEG."),
    Feature("an AVIF picture", r"\.avif(?:[?#]|$)", (GMAIL, OUTLOOK, YAHOO, LIVE), "Save it as PNG or JPEG."),
)
_STYLED = re.compile(
    r"<mj-style\b[^>]*>(?P<sheet>.*?)</mj-style>|\sstyle\s*=\s*(?:\"(?P<one>[^\"]*)\"|'(?P<two>[^']*)')"
    r"|(?P<attribute>\sborder-radius=)",
    re.S,
)
_PICTURE = re.compile(r"\s(?:src|background-url)\s*=\s*[\"']([^\"']*)[\"']")
_COMMENT = re.compile(r"/\*.*?\*/|<!--.*?-->", re.S)


def client_problems(files: Mapping[str, str]) -> Iterator[Problem]:
    """One finding for each feature and file, at its first line. Files by the name problems give them."""
    for where, text in files.items():
        text = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        told: set[str] = set()
        for feature, place in sorted([*_styles(text), *_pictures(text)], key=lambda pair: pair[1]):
            if feature.name not in told:
                told.add(feature.name)
                yield _problem(feature, text.count("\n", 0, place) + 1, where)


def _styles(text: str) -> Iterator[tuple[Feature, int]]:
    for styled in _STYLED.finditer(text):
        group = str(styled.lastgroup)
        for feature in STYLES:
            for found in re.finditer(feature.pattern, styled[group], re.I):
                yield feature, styled.start(group) + found.start()
                break


def _pictures(text: str) -> Iterator[tuple[Feature, int]]:
    for picture in _PICTURE.finditer(text):
        for feature in PICTURES:
            if re.search(feature.pattern, picture[1], re.I):
                yield feature, picture.start(1)


def _problem(feature: Feature, line: int, where: str) -> Problem:
    code = "client_note" if feature.harmless else "client_support"
    clients = " and ".join(
        [", ".join(feature.fails_in[:-1]), feature.fails_in[-1]] if feature.fails_in[1:] else feature.fails_in
    )
    share = f"{sum(name in LARGE for name in feature.fails_in)} of {len(LARGE)} large programs"
    return Problem(line, code, f"{feature.name} does not work in {clients} ({share})", feature.remedy, where)
