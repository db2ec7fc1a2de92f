"""No page has a fault that axe finds (WCAG 2.2 AA): the team's and the recipients', wide and narrow, light and dark."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from app.store.database import Database
from tests.browser.conftest import Site as Seeded
from tests.security import conftest as attacked
from tests.support.seed import PASSWORD

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The mail in the frame of the catcher is not ours to judge; texts, files and parts that htmx swaps in are no pages.
NOT_PAGES = ("static", "catcher.html", "returned.raw", "account.sign_out", "imports.progress")
# Looked at with every run; all the others in the deep rounds.
OFTEN = ("contacts.show", "checking.show", "suppressions.begin", "keys.show", "recipients.join")
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


class served:
    """The application on a port of this machine."""

    def __init__(self, app: Flask) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def faults(page: Page, path: str, looks: list[tuple[int, str]]) -> list[str]:
    """What axe finds on one page, in each look."""
    answer = page.context.request.get(path, max_redirects=0)
    if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
        return []  # a file, a picture, or the way to another page
    if "sandbox" in answer.headers.get("content-security-policy", ""):
        return []  # a mail, in which no script runs
    page.goto(path)
    found = []
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


def look_at_all(
    chromium: Browser, base: str, paths: list[str], looks: list[tuple[int, str]], who: str
) -> list[str]:
    context = chromium.new_context(base_url=base, reduced_motion="reduce")
    # It leaves the page by itself, as it should for somebody who looks.
    context.route("**/leave.js", lambda route: route.abort())
    page = context.new_page()
    found: list[str] = []
    for signed_in in (False, True):
        if signed_in:
            page.goto("/sign-in")
            page.get_by_label("Address").fill(who)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/")
        for path in paths:
            if signed_in or path.startswith(("/sign-in", "/forgot")):
                found += faults(page, path, looks)
    context.close()
    return found


def test_these_pages_have_no_fault(every: Every, chromium: Browser) -> None:
    paths = [every.paths[name] for name in OFTEN]
    assert look_at_all(chromium, every.base, paths, LOOKS[:2], "admin@halden.example") == []


@pytest.mark.prove
def test_no_page_has_a_fault_in_any_look(every: Every, chromium: Browser) -> None:
    found = look_at_all(chromium, every.base, sorted(every.paths.values()), LOOKS, "admin@halden.example")
    assert found == []


@pytest.mark.prove
def test_no_full_page_has_a_fault_in_any_look(site: Seeded, chromium: Browser) -> None:
    paths = [path.replace("PERSON", str(site.seeded.contacts[0])) for path in SEEDED]
    assert look_at_all(chromium, site.base, paths, LOOKS, "marta@halden.example") == []


def test_axe_finds_what_is_wrong(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content('<html lang="en"><title>x</title><main><h1>x</h1><img src="x.png"></main></html>')
    page.evaluate(AXE)
    told = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    page.close()
    assert [one["id"] for one in told["violations"]] == ["image-alt"]
