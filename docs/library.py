"""The pieces of the library as PDF, beside their texts: `make library`.

A PDF is made anew only when its text or its look has changed. What it was made of is written into it, so a
test can tell whether a PDF still says what its text says.
"""

import os
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, select_autoescape
from playwright.sync_api import Browser, BrowserType, Page, sync_playwright

from app.files.markdown import to_html
from app.files.pieces import PieceText, read_piece
from config import ROOT, Settings
from tests.support.chromium import find_chromium

LIBRARY = ROOT / "sequences" / "library"
LOOK = ROOT / "docs" / "print"
LARGEST = 200_000  # bytes; people open these on a telephone
NEEDED = "No Chromium. Install it, or name one: TRELLIS_CHROMIUM=… make library"
MADE_OF = re.compile(rb"Trellis library ([0-9a-f]{64})")
SIZES = ("9pt", "9.5pt", "10pt", "10.5pt")
_WHEN = re.compile(rb"/(?:Creation|Mod)Date \(D:[^)]*\)")
_ELEMENT = re.compile(rb"(?<=\(node)\d{8}(?=\))")
_CREATOR = re.compile(rb"/Creator \((?:\\.|[^\\)])*\)", re.S)
_PAGES = Environment(autoescape=select_autoescape())


def texts() -> Iterator[tuple[Path, str]]:
    """Every text of the library with its locale, originals first."""
    for path in sorted(LIBRARY.glob("*.md"), key=lambda path: (path.stem.count("."), path.stem)):
        yield path, path.stem.partition(".")[2] or "en"


def digest(path: Path) -> str:
    """What the PDF of this text is made of: the text and the look."""
    parts = [path, LOOK / "piece.html", LOOK / "piece.css"]
    return sha256(b"\0".join(part.read_bytes() for part in parts)).hexdigest()


def made_of(pdf: Path) -> str | None:
    """The digest that stands in a PDF; None: there is none, or no PDF."""
    found = MADE_OF.search(pdf.read_bytes()) if pdf.is_file() else None
    return found.group(1).decode() if found else None


def piece_at(path: Path) -> PieceText:
    """A text read; what a translation leaves out it has from its original. Exits with what is wrong."""
    original = path.with_name(path.stem.partition(".")[0] + ".md")
    first = None if original == path else piece_at(original)
    piece, findings = read_piece(path.name, path.read_text(encoding="utf-8"), first)
    if piece is None:
        sys.exit("\n".join(f"{one.path}:{one.line} {one.message} {one.remedy}" for one in findings))
    return piece


def page(piece: PieceText, locale: str) -> str:
    """The piece as a page to print. Links to other pieces stay as words: a sheet of paper has no address."""
    brand = Settings.model_construct()
    style = (LOOK / "piece.css").read_text(encoding="utf-8")
    foot = f"{brand.brand_legal_name}, {brand.brand_postal_address}"
    for name, words in (("title", piece.title), ("foot", foot)):
        style = style.replace(f"{{{{ {name} }}}}", re.sub(r'(["\\<])', r"\\\1", words))
    text = to_html(piece.body, picture=lambda name: None, piece=lambda key: None)
    template = _PAGES.from_string((LOOK / "piece.html").read_text(encoding="utf-8"))
    return template.render(
        piece=piece, locale=locale, style=style, text=text, name=brand.brand_name,
        home=brand.brand_home,
    )  # fmt: skip


def launch(kind: BrowserType) -> Browser:
    chromium = find_chromium()
    if chromium is None:
        sys.exit(NEEDED)
    # The tags come from the tree for screen readers. Left alone it grows while the PDF is printed, in an order of
    # its own each time.
    arguments = ["--force-renderer-accessibility"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # a browser refuses its sandbox to root
    return kind.launch(executable_path=chromium, args=arguments)


def to_pdf(sheet: Page, html: str, made_of: str) -> bytes:
    """The page on A4, tagged, with title and language, in the largest size that needs no further page."""
    sheet.set_content(html, wait_until="load")
    best = b""
    for size in SIZES:
        sheet.evaluate("size => document.documentElement.style.setProperty('--size', size)", size)
        raw = sheet.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
        if not best or pages(raw) <= pages(best):
            best = raw
    return signed(best, made_of)


def pages(raw: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", raw))


def signed(raw: bytes, made_of: str) -> bytes:
    """Chromium writes its own name and the time into a PDF. What it was made of stands there instead, and no time:
    the same text gives the same bytes. Nothing may move, because a PDF refers to its parts by their place.
    """
    name = f"/Creator (Trellis library {made_of})".encode()
    written = _CREATOR.search(raw)
    if written is None or len(written.group()) < len(name):
        sys.exit("This Chromium leaves no room in a PDF to say what it was made of. Use another.")
    raw = raw.replace(written.group(), name.ljust(len(written.group())), 1)
    raw = _WHEN.sub(lambda found: b" " * len(found.group()), raw)
    # Its elements are numbered on from the page before. Their order counts, so all go down by the same.
    least = min(map(int, _ELEMENT.findall(raw)), default=0)
    return _ELEMENT.sub(lambda found: b"%08d" % (int(found.group()) - least), raw)


def main() -> None:
    stale = [(path, locale) for path, locale in texts() if made_of(path.with_suffix(".pdf")) != digest(path)]
    if not stale:
        return
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        sheet = browser.new_page()
        for path, locale in stale:
            pdf = path.with_suffix(".pdf")
            raw = to_pdf(sheet, page(piece_at(path), locale), digest(path))
            if len(raw) > LARGEST:
                sys.exit(f"{pdf.name} has {len(raw)} bytes, more than {LARGEST}.")
            pdf.write_bytes(raw)
            print(f"sequences/library/{pdf.name}")
        browser.close()


if __name__ == "__main__":
    main()
