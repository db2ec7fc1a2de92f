"""No page has a fault that axe finds (WCAG 2.2 AA, with targets of 24 pixels): the team's and the recipients', wide and
narrow, light and dark. Every page has a frame that one can find one's way in, and none asks another machine for anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from app.store.database import Database
from tests.browser.conftest import Site as Seeded
from tests.browser.windows import Windows, served, sign_in
from tests.security import conftest as attacked

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The mail in the frame of the catcher is not ours to judge; texts, files and parts that htmx swaps in are no pages.
NOT_PAGES = ("static", "catcher.html", "returned.raw", "account.sign_out", "imports.progress")
# Looked at with every run; all the others in the deep rounds.
OFTEN = ("contacts.show", "checking.show", "suppressions.begin", "keys.show", "recipients.join")
NOWHERE = "/nowhere"
MOVED = (301, 302, 303, 308)
BEFORE_SIGN_IN = ("/sign-in", "/forgot", "/invited", "/reset", NOWHERE)
OF_MAILS = re.compile(r"http://[^ ]*/(catcher|returned)/|.*sandboxed")
WIDTHS = (360, 390, 2560)
FRAME = """() => {
    const count = selector => document.querySelectorAll(selector).length;
    const found = ["h1", "main", "title"].filter(name => count(name + ":not(svg *)") !== 1).map(name => `${count(name)} ${name}`);
    if (!document.title.split("·")[0].trim()) found.push("a title without words of its own");
    if (!document.documentElement.lang) found.push("no language");
    return found;
}"""
SHOWS = """() => {
    const here = document.activeElement, box = here.getBoundingClientRect(), drawn = getComputedStyle(here);
    const ring = drawn.outlineStyle !== "none" && parseFloat(drawn.outlineWidth) >= 2;
    return here !== document.body && ring && box.top >= 0 && box.left >= 0 && box.width >= 24 && box.height >= 24;
}"""
LOOKS = [(1440, "light"), (390, "dark"), (1440, "dark"), (390, "light")]
# With much in them: a contact with a story, a sequence with people inside, lists with more than a page.
SEEDED = ("/", "/tasks?whose=all", "/contacts", "/contacts/PERSON", "/sequences", "/sequences/discovery-guide", "/check?of=live",
          "/catcher", "/catcher/1", "/health", "/suppressions", "/deliveries", "/senders")  # fmt: skip

caught = attacked.caught


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@dataclass
class Every:
    """Every page that answers a GET, by its path, and where the server listens."""

    base: str
    paths: dict[str, str]


@pytest.fixture
def every(database: Database, tmp_path: Path, caught: Any) -> Iterator[Every]:
    site = attacked.site.__wrapped__(database, tmp_path, caught)  # type: ignore[attr-defined]
    paths = {name: path for name, path in site.paths().items() if name not in NOT_PAGES}
    with served(site.app) as base:
        yield Every(base, paths)


def faults(page: Page, path: str, looks: list[tuple[int, str]]) -> list[str]:
    """What is wrong with one page: its frame, its width, and what axe finds in each look."""
    answer = page.context.request.get(path, max_redirects=0)
    if answer.status >= 400 and path != NOWHERE:
        return [f"{path}: {answer.status}"]
    if answer.status in MOVED or "text/html" not in answer.headers.get("content-type", ""):
        return []  # a file, a picture, or the way to another page
    if "sandbox" in answer.headers.get("content-security-policy", ""):
        return []  # a mail, in which no script runs
    page.goto(path)
    found = [f"{path}: {fault}" for fault in frame(page)]
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(AXE)
        told = page.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], iframes: false})", RULES
        )
        for one in told["violations"]:
            places = "; ".join(node["html"][:160] for node in one["nodes"][:3])
            why = one["nodes"][0]["failureSummary"].replace("\n", " ")[:240]
            found.append(
                f"{path} {width} {scheme}: {one['id']}, {len(one['nodes'])} places: {places} ({why})"
            )
    return found


def frame(page: Page) -> list[str]:
    """One title of its own, one main, one heading of the first level, a language; the first stop of the keyboard
    shows; nothing scrolls sideways.
    """
    found: list[str] = page.evaluate(FRAME)
    page.keyboard.press("Tab")
    if not page.evaluate(SHOWS):
        found.append("the first stop of the keyboard does not show")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{wide} pixels wide in a window of {width}")
    return found


def look_at_all(
    chromium: Browser, base: str, paths: list[str], looks: list[tuple[int, str]], who: str
) -> list[str]:
    """What is wrong with each page, with what the browser complained about and what was asked of elsewhere."""
    windows = Windows(chromium, base)
    windows.meant = {404}  # of the page that is not there
    page = windows.open()
    # It leaves the page by itself, as it should for somebody who looks.
    page.context.route("**/leave.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    found: list[str] = []
    for path in paths:
        if path.startswith(BEFORE_SIGN_IN):
            found += faults(page, path, looks)
    page.goto("/sign-in")
    sign_in(page, who)
    for path in paths:
        found += faults(page, path, looks)
    windows.close()
    # What a mail of others tries does not run, and the browser says so: that is what its sandbox is for.
    complaints = [told for told in windows.complaints if not OF_MAILS.match(told)]
    return found + complaints + [f"{url} was asked" for url in windows.left]


def test_these_pages_have_no_fault(every: Every, chromium: Browser) -> None:
    paths = [every.paths[name] for name in OFTEN]
    found = look_at_all(chromium, every.base, paths, LOOKS[:2], "admin")
    assert not found, "\n".join(found)


@pytest.mark.prove
def test_no_page_has_a_fault_in_any_look(every: Every, chromium: Browser) -> None:
    found = look_at_all(chromium, every.base, [*sorted(every.paths.values()), NOWHERE], LOOKS, "admin")
    assert not found, "\n".join(found)


@pytest.mark.prove
def test_no_full_page_has_a_fault_in_any_look(site: Seeded, chromium: Browser) -> None:
    paths = [path.replace("PERSON", str(site.seeded.contacts[0])) for path in SEEDED]
    found = look_at_all(chromium, site.base, paths, LOOKS, "marta")
    assert not found, "\n".join(found)


def test_axe_finds_what_is_wrong(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content('<html lang="en"><title>x</title><main><h1>x</h1><img src="x.png"></main></html>')
    page.evaluate(AXE)
    told = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    page.close()
    assert [one["id"] for one in told["violations"]] == ["image-alt"]


@pytest.mark.prove
def test_the_page_of_the_api_has_no_fault_and_asks_nobody(chromium: Browser, site: Seeded) -> None:
    windows = Windows(chromium, site.base)
    for width, scheme in LOOKS[:2]:
        page = windows.open(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.goto("/api/v1/docs")
        page.get_by_role("link", name="Tasks", exact=True).first.click()
        expect(page.get_by_role("heading", name="Find tasks")).to_be_visible()
        page.evaluate(AXE)
        found = page.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
        )
        assert [(one["id"], one["nodes"][0]["html"][:160]) for one in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    windows.close()
    windows.quiet()
