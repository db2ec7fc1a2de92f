"""Every starter mail in every language on one sheet each, as a browser shows it: `make mails`.

A sheet has a column a language and four rows: 640 and 375 pixels wide, in light and in dark. The sheets go to
`build/mails`, which is no part of the repository: they are there to be looked at before wording or look changes.
"""

import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, sync_playwright

from app.mail import limited
from app.services.authoring import compiling
from config import ROOT
from tests.content.house import LOCALES, House, Sent, address
from tests.support.chromium import find_chromium

SHEETS = ROOT / "build" / "mails"
SCALE = 0.6
NEEDED = "No Chromium. Install it, or name one: TRELLIS_CHROMIUM=… make mails"
Theme = Literal["light", "dark"]
ROWS: tuple[tuple[int, Theme], ...] = ((640, "light"), (375, "light"), (640, "dark"), (375, "dark"))
SHEET = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 12px; background: #888; font: 13px sans-serif; width: max-content }}
h1 {{ font-size: 15px; margin: 0 0 8px }} .row {{ display: flex; gap: 12px; margin-bottom: 12px; align-items: flex-start }}
figure {{ margin: 0 }} img {{ display: block }} figcaption {{ padding: 4px 0; overflow-wrap: anywhere }}
</style><h1>{key}</h1>{rows}"""


def shot(page: Page, mail: Sent, width: int, theme: Theme) -> bytes:
    page.set_viewport_size({"width": width, "height": 400})
    page.emulate_media(color_scheme=theme)
    page.set_content(mail.html, wait_until="load")
    return page.screenshot(full_page=True)


def sheet(
    page: Page, mails: Iterable[Sent], rows: Iterable[tuple[int, Theme]] = ROWS, scale: float = SCALE
) -> bytes:
    """One mail in its languages; a row for each width and theme."""
    mails, parts = list(mails), []
    for width, theme in rows:
        figures = []
        for mail in mails:
            data = base64.b64encode(shot(page, mail, width, theme)).decode()
            caption = escape(f"{mail.locale}: {mail.subject} | {mail.preheader}")
            figures.append(
                f'<figure style="width:{width * scale:.0f}px"><figcaption>{caption}</figcaption>'
                f'<img width="{width * scale:.0f}" src="data:image/png;base64,{data}"></figure>'
            )
        parts.append(f'<div class="row">{"".join(figures)}</div>')
    page.set_viewport_size({"width": 400, "height": 400})
    page.emulate_media(color_scheme="light")
    page.set_content(SHEET.format(key=mails[0].key, rows="".join(parts)), wait_until="load")
    return page.locator("body").screenshot()


def main() -> None:
    """All mails, or those whose key has one of the given words in it: `make mails MAILS=decision`."""
    wanted, chromium = sys.argv[1:], find_chromium()
    if chromium is None:
        sys.exit(NEEDED)
    shutil.rmtree(SHEETS, ignore_errors=True)
    SHEETS.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        sync_playwright() as playwright,
    ):
        # The texts are ours: they need no process of their own each.
        patch.setattr(compiling, "compile_limited", limited._run)
        house = House(Path(folder))
        keys = [key for key in house.keys if not wanted or any(word in key for word in wanted)]
        mails = {locale: house.mails(address("full", locale), keys) for locale in LOCALES}
        # A browser refuses its sandbox to root.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page()
        page.route("**/*", lambda route: route.abort())  # as with images off
        for number, key in enumerate(keys):
            raw = sheet(page, [mails[locale][number] for locale in LOCALES])
            path = SHEETS / f"{key.replace('/', '-')}.png"
            path.write_bytes(raw)
            print(path.relative_to(ROOT))
        browser.close()
        house.close()


if __name__ == "__main__":
    main()
