"""The mail catcher: any mail can be looked at, and none can act."""

import pytest

from app.store.caught import CaughtMails
from tests.support.seed import NOW
from tests.web.conftest import Browser

HOSTILE = """<html><head><base href="https://evil.example/"><script>alert(1)</script></head>
<body onload="alert(2)"><p>Guten Tag, <A HREF="http://localhost:8000/c/token">read it</A></p>
<img src="https://evil.example/pixel"></body></html>"""


@pytest.fixture
def mail(caught: CaughtMails) -> int:
    raw = (
        "From: Jonas <jonas@halden.example>\r\nTo: ines@example.com\r\nSubject: <b>The guide</b>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGuten Tag <Ines>\r\n"
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{HOSTILE}\r\n--b--\r\n"
    )
    return caught.add("bounce@halden.example", ["ines@example.com"], raw.encode(), NOW)


def test_the_list_shows_the_newest_first_and_can_be_searched(
    marta: Browser, caught: CaughtMails, mail: int
) -> None:
    caught.add("a@x.example", ["tomas@example.com"], b"Subject: Second\r\n\r\nhi", NOW)
    page = marta.page("/catcher")
    assert page.index("Second") < page.index("&lt;b&gt;The guide&lt;/b&gt;")
    assert "2 mails were caught" in page
    found = marta.page("/catcher?q=ines@")
    assert "The guide" in found
    assert "Second" not in found
    assert "No mail matches" in marta.page("/catcher?q=zzz")


def test_it_pages_by_number(marta: Browser, caught: CaughtMails) -> None:
    for number in range(60):
        caught.add("a@x.example", ["b@x.example"], f"Subject: Mail no {number}.\r\n\r\nhi".encode(), NOW)
    first = marta.page("/catcher")
    assert "Mail no 59." in first
    assert "Mail no 9." not in first
    older = marta.page("/catcher?before=11")
    assert "Mail no 9." in older
    assert "Mail no 10." not in older


def test_the_html_is_framed_without_rights(marta: Browser, mail: int) -> None:
    page = marta.page(f"/catcher/{mail}")
    assert f'<iframe src="/catcher/{mail}/html"' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "alert(" not in page


def test_the_framed_page_carries_its_own_policy(marta: Browser, mail: int) -> None:
    answer = marta.get(f"/catcher/{mail}/html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "script" not in policy
    assert "img-src data:" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_type == "text/html; charset=utf-8"


def test_its_links_open_beside_the_page(marta: Browser, mail: int) -> None:
    html = marta.page(f"/catcher/{mail}/html")
    assert '<a target="_blank" rel="noopener noreferrer" HREF="http://localhost:8000/c/token">' in html


@pytest.mark.parametrize(("tab", "text"), [
    ("text", "Guten Tag &lt;Ines&gt;"), ("headers", "multipart/alternative"), ("source", "&lt;script&gt;alert(1)"),
])  # fmt: skip
def test_the_other_parts_are_text(marta: Browser, mail: int, tab: str, text: str) -> None:
    page = marta.page(f"/catcher/{mail}?tab={tab}")
    assert text in page
    assert "<iframe" not in page


def test_a_mail_without_html_opens_at_its_text(marta: Browser, caught: CaughtMails) -> None:
    mail = caught.add("a@x.example", ["b@x.example"], b"Subject: Plain\r\n\r\njust words", NOW)
    assert "just words" in marta.page(f"/catcher/{mail}")
    assert "has no HTML part" in marta.page(f"/catcher/{mail}?tab=html")
    marta.get(f"/catcher/{mail}/html", 404)


def test_the_width_can_be_a_phones(marta: Browser, mail: int) -> None:
    assert 'class="stage-mail w375"' in marta.page(f"/catcher/{mail}?width=375")


@pytest.mark.parametrize("path", ["/catcher/99", "/catcher/99/html"])
def test_no_such_mail_is_no_page(marta: Browser, path: str) -> None:
    marta.get(path, 404)


@pytest.mark.parametrize("query", ["tab=x", "width=1"])
def test_a_mistyped_part_is_told(marta: Browser, mail: int, query: str) -> None:
    marta.get(f"/catcher/{mail}?{query}", 400)
