"""Nobody learns who is on the list or on the team; and links lead on when the database is not even there."""

import pytest

from tests.security.conftest import Site
from tests.support.line import NOW
from tests.web.conftest import Browser


def _one_click(site: Site, token: str) -> tuple[int, str, list[tuple[str, str]]]:
    answer = site.visitor.client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
    return answer.status_code, answer.get_data(as_text=True), sorted(answer.headers.items())


def test_one_click_answers_alike_for_known_forged_erased_and_gone(site: Site) -> None:
    token = site.visitor.manage()
    known = _one_click(site, token)
    assert known[0] == 200
    assert _one_click(site, token) == known, "and a second time"
    for forged in ("x", token[:-2], token + "AA", "é" * 50, site.visitor.track, "a" * 5000):
        assert _one_click(site, forged) == known
    site.scene.set_person(erased_at=NOW)
    assert _one_click(site, token) == known


@pytest.mark.parametrize("path", ["/u/{}", "/p/{}", "/w/{}", "/a/{}/100"])
def test_the_erased_look_like_nobody(site: Site, path: str) -> None:
    nobody = site.visitor.get(path.format("x"))
    site.scene.set_person(erased_at=NOW)
    erased = site.visitor.get(path.format(site.visitor.manage()))
    assert (erased.status_code, erased.get_data()) == (nobody.status_code, nobody.get_data())


def test_a_page_and_its_absence_look_alike_to_a_stranger(site: Site) -> None:
    stranger = site.stranger()
    there = stranger.client.get(f"/contacts/{site.scene.person}")
    gone = stranger.client.get("/contacts/01a0d7aa-0900-7000-8000-000000000099")
    assert (there.status_code, gone.status_code) == (302, 302)
    assert there.get_data(as_text=True).replace(str(site.scene.person), "") == gone.get_data(
        as_text=True
    ).replace("01a0d7aa-0900-7000-8000-000000000099", "")


def test_a_locked_account_and_no_account_look_alike(site: Site) -> None:
    def tried(email: str) -> str:
        browser = Browser(site.app.test_client())
        return browser.sign_in(email, "wrong").get_data(as_text=True).replace(email, "")

    for _ in range(6):
        locked = tried("viewer@halden.example")
    strip = lambda page: page.partition("csrf_token")[0]  # noqa: E731
    assert strip(locked) == strip(tried("nobody@halden.example"))


def test_links_lead_on_when_the_tables_are_gone(site: Site) -> None:
    path = f"/c/{site.visitor.track}/1"
    assert site.visitor.get(path).status_code == 302
    site.scene.world.database.close()
    url = site.scene.world.database.url
    if site.scene.world.database.is_sqlite and url.database:
        with open(url.database, "r+b") as file:
            file.write(b"this is no database any more" * 500)
    assert site.visitor.get(path).status_code == 302
    assert site.visitor.get(f"/c/{site.visitor.track}/0").status_code == 200
    assert len(site.visitor.hits()) == 3
