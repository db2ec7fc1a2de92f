"""Every page: a strict policy, no script or style of its own, and nothing that leaves this machine."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.security.conftest import Site

WEB = Path(__file__).resolve().parents[2] / "app" / "web"
# A mail is shown as it is: in a sandbox that loads nothing but its own styles (and pictures, for its recipient).
MAILS = frozenset({"catcher.html", "templates.html", "recipients.view"})
# Handed out to be saved, never shown.
FILES = frozenset({"returned.raw"})
# The page that leaves presses its own button for mail that is older than five minutes; a DNS record is copied; htmx
# swaps parts. All pages work without.
OWN_SCRIPTS = frozenset({"/r/leave.js", "/static/copy.js", "/static/htmx.js"})
INLINE = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
LOADS = re.compile(r"""<(?:script|img|link|iframe|source|object|embed|form)\b[^>]*?(?:src|href|action|data)=["']?"""
    r"""((?:https?:)?//[^"'\s>]+)""", re.IGNORECASE)  # fmt: skip
ELSEWHERE = re.compile(r"url\(\s*['\"]?(?:https?:)?//|@import", re.IGNORECASE)


class Active(HTMLParser):
    """Collects what would run or dress the page from within."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = tag == "script" and dict(attrs).get("src") in OWN_SCRIPTS
        if tag in ("script", "style", "base", "object", "embed") and not own:
            self.found.append(tag)
        for name, value in attrs:
            runs = (value or "").strip().lower().startswith(("javascript:", "data:text", "vbscript:"))
            if name.startswith("on") or name == "style" or runs:
                self.found.append(f"{tag} {name}={value}")


def active(page: str) -> list[str]:
    parser = Active()
    parser.feed(page)
    parser.close()
    return parser.found


def test_every_page_is_strict(site: Site) -> None:
    browser = site.as_role("admin")
    for endpoint, path in site.paths().items():
        answer = browser.client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff", endpoint
        assert "default-src" in policy, endpoint
        assert "frame-ancestors" in policy, endpoint
        assert "unsafe-eval" not in policy, endpoint
        assert "script-src 'unsafe" not in policy, endpoint
        if endpoint in MAILS:
            assert policy.startswith("sandbox"), endpoint
            assert "allow-scripts" not in policy, endpoint
            assert "allow-same-origin" not in policy, endpoint
            continue
        assert "unsafe" not in policy, endpoint
        if answer.mimetype == "text/html":
            assert active(answer.get_data(as_text=True)) == [], endpoint
        answer.close()


@pytest.mark.parametrize("path", ["/nowhere", "/c/x/1", "/u/x", "/contacts/x", "/sending/stop"])
def test_error_pages_are_strict_too(site: Site, path: str) -> None:
    answer = site.as_role("admin").client.get(path)
    assert answer.status_code in (404, 405)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert active(answer.get_data(as_text=True)) == []


def test_no_page_asks_another_machine_for_anything(site: Site) -> None:
    browser = site.as_role("admin")
    for endpoint, path in site.paths().items():
        if endpoint not in MAILS | FILES:
            answer = browser.client.get(path)
            assert not LOADS.findall(answer.get_data(as_text=True)), endpoint
            answer.close()


def test_a_file_of_others_is_saved_and_never_shown(site: Site) -> None:
    answer = site.as_role("admin").client.get(f"/returned/{site.returned}/raw")
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


SCRIPTS = (
    """<script src="{{ url_for('recipients.static', filename='leave.js') }}" defer></script>""",
    """<script src="{{ url_for('static', filename='copy.js') }}" defer></script>""",
)


def test_no_template_or_style_names_another_machine() -> None:
    templates, styles = list(WEB.rglob("*.html")), list(WEB.rglob("*.css"))
    assert len(templates) > 15
    assert len(styles) > 3
    for path in templates:
        text = path.read_text("utf-8")
        assert not LOADS.findall(text), path.name
        for script in SCRIPTS:
            text = text.replace(script, "")
        assert not INLINE.search(text), path.name
    for path in styles:
        assert not ELSEWHERE.search(path.read_text("utf-8")), path.name
    found = sorted(path.name for path in WEB.rglob("*.js"))
    assert found == ["copy.js", "leave.js"], "a script needs a look here"
