"""The first walk: sign in, see a contact's timeline, read a mail in the catcher, press the red button."""

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from tests.browser.conftest import Site, sign_in


def fits(page: Page) -> None:
    """No page scrolls sideways. A page that is just being replaced has no root for a moment: it is asked again.

    `wait_for_function` asks its second time by eval, which our pages forbid.
    """
    root = "document.documentElement"
    for _ in range(50):
        if page.evaluate(f"{root} && {root}.scrollWidth <= {root}.clientWidth"):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{page.url} scrolls sideways")


def go_to(page: Page, name: str) -> None:
    menu = page.locator("header.bar summary").first
    if menu.is_visible():
        menu.click()
    page.get_by_role("link", name=name, exact=True).locator("visible=true").first.click()


def opens(page: Page, link: Locator) -> Page:
    """The window that `link` opens. A sandboxed frame is drawn by a process of its own, and until that has
    drawn once, Chromium gives a click to the page around it: where nothing opened, the click is made again.
    """
    for _ in range(10):
        try:
            with page.expect_popup(timeout=3_000) as opened:
                link.click()
        except TimeoutError:
            continue
        return opened.value
    pytest.fail("ten clicks opened no window")


def test_from_the_sign_in_to_a_contacts_timeline(page: Page) -> None:
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tuesday 24 November")
    fits(page)
    go_to(page, "Contacts")
    fits(page)
    page.get_by_label("Name, address or company").fill("Inês Carv")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Inês Carvalho").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inês Carvalho")
    story = page.get_by_role("region", name="Story")
    expect(story).to_contain_text("“discovery/ask-means” not sent yet")
    expect(story).to_contain_text("the limit of 1 a week is reached")
    expect(story).to_contain_text("judged a machine; moved nothing")
    fits(page)
    page.get_by_role("link", name="Mail", exact=True).click()
    expect(story).not_to_contain_text("Asked for a quote")


def test_a_mail_is_read_in_the_catcher_and_cannot_act(page: Page) -> None:
    sign_in(page)
    go_to(page, "Mail catcher")
    page.get_by_role("link", name="The 12-page guide").click()
    mail = page.frame_locator("iframe")
    expect(mail.get_by_role("heading")).to_have_text("Twelve pages on heat")
    fits(page)
    assert page.frames[1].evaluate("window.origin") == "null", "the frame belongs to nobody"
    opened = opens(page, mail.get_by_role("link", name="Read the guide"))
    opened.wait_for_load_state()
    assert opened.evaluate("window.opener") is None
    page.get_by_role("link", name="Text").click()
    expect(page.locator("main pre")).to_contain_text("Good morning, here is the guide.")
    for part in ("Headers", "Source"):
        page.get_by_role("link", name=part).click()
        fits(page)


def test_the_red_button_asks_why_and_everybody_sees_it(page: Page) -> None:
    sign_in(page)
    page.get_by_role("link", name="Stop all sending…").click()
    fits(page)
    page.get_by_label("Why?").fill("the price is wrong")
    page.get_by_role("button", name="Stop all sending").click()
    go_to(page, "Health")
    expect(page.get_by_role("status")).to_contain_text("the price is wrong")
    page.get_by_role("link", name="Resume sending…").click()
    page.get_by_role("button", name="Resume sending").click()
    expect(page.get_by_role("status")).to_have_count(0)


@pytest.mark.parametrize(
    "path", ["/sequences", "/sequences/discovery-guide", "/health", "/password", "/contacts?stage=lead"]
)
def test_no_page_scrolls_sideways(page: Page, path: str) -> None:
    sign_in(page)
    page.goto(path)
    fits(page)


def test_the_keyboard_reaches_the_page_at_once_and_shows_where_it_is(page: Page, site: Site) -> None:
    sign_in(page)
    page.goto(f"/contacts/{site.seeded.contacts[0]}")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    expect(skip).to_have_text("Skip to the page")
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.evaluate("element => document.querySelector('main').contains(element)")
    assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"


def test_the_theme_changes_without_a_script(page: Page) -> None:
    sign_in(page)
    menu = page.locator("header.bar summary").first
    (menu if menu.is_visible() else page.locator("details.me summary")).click()
    page.get_by_role("button", name="Dark").locator("visible=true").click()
    expect(page.locator("html")).to_have_css("background-color", "rgb(15, 21, 18)")
