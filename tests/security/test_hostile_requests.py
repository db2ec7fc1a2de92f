"""Whatever stands in an address, a form or a head: a page says no, and none of it breaks one."""

from urllib.parse import quote

import pytest

from tests.security.conftest import HOSTILE, Site

PERSON = "01a0d7aa-0900-7000-8000-000000000015"
VALUES = (
    "", "\x00", "\ufffe", "é" * 5000, "%", "_%\\", "-1", "0", "9" * 30, "1e308", "NaN", HOSTILE, "../../etc/passwd",
    f"0001-01-01T00:00:00+14:00_{PERSON}", f"9999-12-31T23:59:59-14:00_{PERSON}", f"2026-01-01_{PERSON}", PERSON,
)  # fmt: skip
QUERIES = {
    "/sign-in": ("next",),
    "/contacts": ("q", "stage", "owner", "tag", "sort", "older", "newer"),
    "/contacts/{person}": ("show", "before"),
    "/catcher": ("q", "before"),
    "/catcher/1": ("tab", "width"),
    "/p/{manage}": ("saved",),
}
ROUTES = ("/contacts/{}", "/catcher/{}", "/catcher/{}/html", "/sequences/{}", "/a/{manage}/{}", "/c/{track}/{}",
    "/c/{}/1", "/u/{}", "/p/{}", "/w/{}", "/v/{}", "/a/{}/100", "/static/{}", "/r/{}")  # fmt: skip
FORMS = {
    "/sign-in": ("email", "password", "next"),
    "/password": ("current", "new", "again"),
    "/theme": ("theme", "next"),
    "/sending/stop": ("why",),
    "/sending/resume": ("why",),
    "/u/{manage}": ("what", "List-Unsubscribe"),
    "/u/{manage}/back": ("topic",),
    "/p/{manage}": ("part", "pace", "topic", "tracking"),
    "/a/{manage}/100": ("answer",),
}


def _filled(site: Site, path: str, *value: str) -> str:
    visitor = site.visitor
    return path.format(*value, person=site.scene.person, manage=visitor.manage(), track=visitor.track)


@pytest.mark.parametrize("path", QUERIES)
def test_odd_values_in_an_address(site: Site, path: str) -> None:
    browser = site.stranger() if path == "/sign-in" else site.as_role("admin")
    for name in QUERIES[path]:
        for value in VALUES:
            answer = browser.client.get(_filled(site, path), query_string={name: value})
            assert answer.status_code < 500, (path, name, value)


def test_odd_places(site: Site) -> None:
    browser = site.as_role("admin")
    for route in ROUTES:
        for value in VALUES:
            answer = browser.client.get(_filled(site, route, quote(value, safe="")))
            assert answer.status_code < 500, (route, value)


@pytest.mark.parametrize("path", FORMS)
def test_odd_values_in_a_form(site: Site, path: str) -> None:
    on = "/sending" if path.startswith("/sending") else "/"
    browser = site.as_role("admin")
    site.app.config["WTF_CSRF_ENABLED"] = False
    # A password is hashed at every try, which takes its time.
    values = VALUES[:4] if path in ("/sign-in", "/password") else VALUES
    for name in FORMS[path]:
        for value in values:
            form = {**dict.fromkeys(FORMS[path], "x"), name: value}
            if path == "/p/{manage}" and name != "part":
                form["part"] = {"pace": "pace", "topic": "topics", "tracking": "tracking"}[name]
            answer = browser.post(_filled(site, path), form, on=on)
            assert answer.status_code < 500, (path, name, value)


def test_odd_heads(site: Site) -> None:
    for name in (
        "User-Agent",
        "Accept-Language",
        "Referer",
        "Cookie",
        "Purpose",
        "Host",
        "Sec-Fetch-Site",
        "Via",
    ):
        for value in ("", "é\x7f;q=x,,,;", "x" * 20_000, "trellis_session=" + "\xff" * 900, "a:b:c", HOSTILE):
            for path in ("/sign-in", f"/c/{site.visitor.track}/1", f"/p/{site.visitor.manage()}"):
                answer = site.stranger().client.get(path, headers={name: value})
                assert answer.status_code < 500, (path, name, value)
