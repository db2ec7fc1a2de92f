"""A real browser against a real server on this machine.

Chromium is found by TRELLIS_CHROMIUM or on the PATH. Without one these tests fail where CI=true;
elsewhere they are left out of the run and the last lines say so.
"""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from app.factory import create_app
from app.store.caught import CaughtMails
from app.store.database import Database
from config import Settings
from tests.support.chromium import NEEDED, find_chromium
from tests.support.seed import NOW, PASSWORD, Seeded, seed

CHROMIUM = find_chromium()
HERE = Path(__file__).parent
MAIL = (
    "From: Jonas Weber <jonas@halden.example>\r\nTo: person0@example.com\r\nSubject: The 12-page guide\r\n"
    "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGood morning, here is the guide.\r\n"
    "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    '<h1>Twelve pages on heat</h1><p><a href="{base}/sign-in">Read the guide</a></p>'
    "<script>document.title = 'scripted'</script>\r\n--b--\r\n"
)


@pytest.fixture(autouse=True)
def no_time_for_passwords(quick_passwords: None) -> None:
    """Most tests sign somebody in."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(HERE)]
    for item in here:
        item.add_marker("browser")
    if here and CHROMIUM is None and os.environ.get("CI") != "true":
        config.hook.pytest_deselected(items=here)
        items[:] = [item for item in items if item not in here]
        config.stash[LEFT_OUT] = len(here)


LEFT_OUT = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash.get(LEFT_OUT, 0)
    if left_out:
        terminalreporter.write_line(f"{left_out} browser tests did not run. {NEEDED}", yellow=True)


class Site:
    """Where the server listens, and who is in its database."""

    def __init__(self, base: str, seeded: Seeded) -> None:
        self.base, self.seeded = base, seeded


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path) -> Iterator[Site]:
    seeded = seed(sqlite_database)
    caught = CaughtMails(tmp_path / "caught.db")
    settings = Settings(_env_file=None, data_dir=tmp_path, secret_key="k" * 32)  # type: ignore[call-arg]
    server = make_server(
        "127.0.0.1", 0, create_app(settings, sqlite_database, caught, lambda: NOW), threaded=True
    )
    base = f"http://127.0.0.1:{server.server_port}"
    caught.add(
        "b@halden.example",
        ["person0@example.com"],
        MAIL.format(base=base).encode(),
        NOW - timedelta(minutes=4),
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(base, seeded)
    server.shutdown()
    thread.join()
    server.server_close()
    caught.close()


@pytest.fixture(params=[(1440, 900), (360, 740)], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, chromium: Browser, site: Site) -> Iterator[Page]:
    """A window on the site, wide and narrow. Whatever the browser complains about fails the test."""
    width, height = request.param
    context = chromium.new_context(base_url=site.base, viewport={"width": width, "height": height})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    # The mail's own script is refused, and the browser says so: that is what the sandbox is for.
    assert [text for text in complaints if "sandboxed" not in text] == []


def sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Address").fill("marta@halden.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
