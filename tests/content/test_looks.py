"""Each mail in each language in Chromium: on a desk and on a telephone, in light and in dark, without images."""

from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.content.house import HOME, KINDS, LOCALES, House, Sent, address

pytestmark = [pytest.mark.prove, pytest.mark.browser]
WIDTHS = (640, 375)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

# What is wrong with the page as it stands: a list of sentences.
FAULTS = """
() => {
  const faults = [], width = window.innerWidth, pieces = [];
  if (document.documentElement.scrollWidth > width) faults.push(`scrolls sideways to ${document.documentElement.scrollWidth}`);

  const rgb = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3])).concat([1]);
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgb(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => { const s = c / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const words = node.textContent.trim(), parent = node.parentElement;
    if (!words) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 0.5 && box.height > 0.5);
    if (!boxes.length) continue;
    const style = getComputedStyle(parent), behind = ground(parent);
    const ratio = contrast(over(rgb(style.color), behind), behind);
    if (ratio < 4.5) faults.push(`“${words.slice(0, 40)}” has contrast ${ratio.toFixed(2)}: ${style.color} on ${behind}`);
    if (parseFloat(style.fontSize) < 13) faults.push(`“${words.slice(0, 40)}” is ${style.fontSize} high`);
    for (const word of node.textContent.matchAll(/[\\p{L}\\p{N}]+/gu)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].filter((box) => box.width > 0.5).map((box) => Math.round(box.top)));
      if (lines.size > 1) faults.push(`“${word[0]}” is broken in two`);
    }
    if (parent.closest('.foot a') && boxes.length > 1) faults.push(`“${words}” takes two lines`);
    for (const box of boxes) {
      if (box.left < -0.5 || box.right > width + 0.5) faults.push(`“${words.slice(0, 40)}” runs out of the page`);
      for (let at = parent; at && at !== document.body; at = at.parentElement) {
        const edge = at.getBoundingClientRect(), flow = getComputedStyle(at).overflow;
        const out = box.right > edge.right + 1 || box.left < edge.left - 1 || box.bottom > edge.bottom + 1;
        if (out && flow !== 'visible') faults.push(`“${words.slice(0, 40)}” is cut off`);
        // What stands in a cell stays in it, also where nothing is cut.
        if (at.tagName === 'TD' && (box.right > edge.right + 1 || box.left < edge.left - 1))
          faults.push(`“${words.slice(0, 40)}” runs out of its cell`);
      }
      pieces.push([words.slice(0, 30), box]);
    }
  }
  pieces.forEach(([one, a], place) => pieces.slice(place + 1).forEach(([other, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 3) faults.push(`“${one}” and “${other}” overlap`);
  }));

  for (const link of document.querySelectorAll('.btn a, .answer a')) {
    const range = document.createRange();
    range.selectNodeContents(link);
    const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
    const box = link.getBoundingClientRect();
    if (lines.size > 2) faults.push(`button “${link.innerText}” has ${lines.size} lines`);
    if (box.height < 40) faults.push(`button “${link.innerText}” is ${box.height} high`);
  }
  return [...new Set(faults)];
}
"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page()
    yield opened
    opened.close()


def faults(page: Page, mails: list[Sent]) -> list[str]:
    """What a reader would see that is wrong, for every width and theme."""
    asked: list[str] = []

    def refuse(route: Any) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/*", refuse)
    found: dict[str, None] = {}
    for mail in mails:
        asked.clear()
        page.set_content(mail.html, wait_until="load")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 700})
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                found |= {f"{mail}, {width} {theme}: {one}": None for one in page.evaluate(FAULTS)}
        # The pixel is the one thing that a mail may ask for, of our own server, where opens are counted.
        pixel = mail.html.count("<img")
        own = [url for url in asked if url.startswith(f"{HOME}/c/") and urlsplit(url).path.endswith("/0")]
        if len(asked) != len(own) or pixel > 1 or len(own) > pixel:
            found[f"{mail} loads {asked}"] = None
    page.unroute("**/*")
    return list(found)


def test_every_mail_in_every_language_looks_as_it_should(page: Page, full: list[Sent], house: House) -> None:
    assert faults(page, full) == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "full"])
def test_no_name_breaks_a_mail(page: Page, house: House, kind: str) -> None:
    """Nobody's name, a very long one, names in other scripts and from right to left."""
    mails = [one for locale in LOCALES for one in house.mails(address(kind, locale))]
    assert faults(page, mails) == []


def test_a_broken_page_is_told(page: Page, full: list[Sent]) -> None:
    """So that the looks above are known to look."""
    mail = full[0]
    broken = mail.html.replace(
        "</body>",
        '<div style="width: 900px">wide</div><p style="color: #999">pale</p><div style="height: 4px; overflow: hidden">cut</div>'
        '<div style="width: 40px; word-break: break-word">unbreakable</div><p style="margin: 0">below</p><p style="margin: -20px 0 0">above</p><img src="https://elsewhere.example/x.png">'
        '<div class="btn" style="width: 60px"><a href="#">a button of many words and lines</a></div></body>',
    )  # fmt: skip
    said = "\n".join(faults(page, [_changed(mail, broken)]))
    for word in (
        "scrolls sideways",
        "contrast 2.",
        "cut off",
        "overlap",
        "lines",
        "broken in two",
        "elsewhere.example",
    ):
        assert word in said, word


def _changed(mail: Sent, html: str) -> Sent:
    changed = Sent(mail.key, mail.who, mail.wanted, mail.locale, mail.compiled, mail.raw)
    changed.__dict__["html"] = html
    return changed
