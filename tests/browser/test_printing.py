"""Pieces of the library as PDF, printed by a real browser."""

from playwright.sync_api import Browser

from app.files.pieces import read_piece
from docs.library import launch, page, pages, to_pdf

TEXT = """\
---
title: A "b" <c> \\d
kind: sheet
content kind: discovery
topics: [billing]
summary: S
---
- [ ] e
"""


def test_the_same_text_gives_the_same_bytes(chromium: Browser) -> None:
    piece, findings = read_piece("x.md", TEXT)
    assert piece is not None, findings
    html = page(piece, "nl")
    assert '<ul class="boxes">' in html
    browser = launch(chromium.browser_type)
    sheet = browser.new_page()
    first, _, second = (to_pdf(sheet, one, "0" * 64) for one in (html, "<p>Another one", html))
    browser.close()
    assert first == second
    assert pages(first) == 1
    assert b"/Lang (nl)" in first
    assert b'/Title (A "b" <c> \\\\d)' in first
