"""A server on this machine, and windows on it in which nothing may go wrong unseen: what the browser complains about,
what the policy of a page refuses, and each request to elsewhere are noted. The last is stopped before it leaves.
"""

import re
import threading
from types import TracebackType
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect
from werkzeug.serving import make_server

from tests.support.seed import PASSWORD

# Addresses that ask no machine for anything.
WITHIN = ("data:", "blob:", "about:")
ANSWERED = re.compile(r"status of (\d{3})")
# On a busy machine five seconds are not long; what is there is seen at once in any case.
expect.set_options(timeout=30_000)
# More than any page has stops between its top and its main act.
STOPS = 150


class served:
    """The application on a free port of this machine."""

    def __init__(self, app: Flask) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Windows:
    """`left`: what was asked of elsewhere. `asked`: requests to our own server. `meant`: the refusals a test asks
    for, which a browser writes down as errors.
    """

    def __init__(self, chromium: Browser, base: str) -> None:
        self._chromium, self._base = chromium, base
        self._open: list[BrowserContext] = []
        self.left: list[str] = []
        self.complaints: list[str] = []
        self.meant: set[int] = set()
        self.asked = 0

    def open(self, **options: Any) -> Page:
        """A window of its own, as of another person."""
        context = self._chromium.new_context(base_url=self._base, reduced_motion="reduce", **options)
        self._open.append(context)
        context.set_default_timeout(60_000)
        # Told by the browser itself, so that our own requests make no detour.
        context.route(
            re.compile(rf"^https?://(?!{re.escape(self._base.partition('://')[2])}/)"),
            lambda route: route.abort(),
        )
        context.on("request", self._count)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        return context.new_page()

    def signed_in(self, name: str, **options: Any) -> Page:
        page = self.open(**options)
        page.goto("/sign-in")
        sign_in(page, name)
        return page

    def close(self) -> None:
        while self._open:
            self._open.pop().close()

    def quiet(self) -> None:
        """Nothing of what must not happen happened, and the server was really asked."""
        assert self.left == [], "requests that would have left this machine"
        assert self.complaints == []
        assert self.asked

    def _count(self, request: Request) -> None:
        if request.url.startswith(self._base + "/"):
            self.asked += 1
        elif not request.url.startswith(WITHIN):
            self.left.append(request.url)

    def _hear(self, message: ConsoleMessage) -> None:
        status = ANSWERED.search(message.text)
        if message.type == "error" and not (status and int(status[1]) in self.meant):
            self.complaints.append(f"{message.page.url if message.page else ''}: {message.text}")


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Address").fill(f"{name}@halden.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def by_keyboard(page: Page, act: Locator, key: str = "Enter") -> None:
    """Go from where the focus is to `act` with Tab alone, see that the focus shows there, and press it."""
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        if act.evaluate("element => element === document.activeElement"):
            break
    else:
        raise AssertionError(f"{act} is not reached by Tab on {page.url}")
    drawn = act.evaluate(
        "element => { const s = getComputedStyle(element); return s.outlineStyle + s.boxShadow }"
    )
    assert drawn != "nonenone", "the focus does not show"
    page.keyboard.press(key)
