"""A link that somebody passes on: who signs up through it came by them, and nobody learns anything by it."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.services.contacts import find_contact
from app.store import tables
from app.store.database import Database
from app.store.tables import contacts
from tests.support import line
from tests.support.line import NOW
from tests.web.recipients.test_joining import NEW, Desk, lay_desk


@pytest.fixture
def either(database: Database, tmp_path: Path) -> Desk:
    return lay_desk(database, tmp_path)


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path) -> Desk:
    return lay_desk(sqlite_database, tmp_path)


def friend(desk: Desk, **columns: Any) -> tuple[UUID, str]:
    """Somebody who knows us, and their link."""
    [who] = line.people(desk.world, 1, first_name="Anna", last_name="Berg", **columns)
    return who, f"/i/{desk.world.keyring.seal_referral(who)}"


def by_of(desk: Desk, link: str) -> str:
    answer = desk.client.get(link)
    assert (answer.status_code, answer.headers["Referrer-Policy"]) == (302, "no-referrer")
    assert answer.headers["Location"].startswith("/join/guides?by=")
    return str(answer.headers["Location"].partition("by=")[2])


def signed_up(desk: Desk, by: str, email: str = NEW) -> Any:
    """The row of somebody who sends the form with that token and presses the button in the mail."""
    desk.post(email, by=by)
    assert desk.client.post(desk.link()).status_code == 200
    who = find_contact(desk.world.database, desk.world.workspace_id, email)
    return desk.rows(contacts, contacts.c.id == who)[0]


def test_who_signs_up_through_the_link_came_by_them(either: Desk) -> None:
    desk = either
    anna, link = friend(desk)
    before = desk.rows(contacts)
    by = by_of(desk, link)
    page = desk.client.get(f"/join/guides?by={by}").get_data(as_text=True)
    assert "Anna passed this on to you." in page
    assert "Berg" not in page and "person0" not in page and str(anna) not in page  # noqa: PT018
    assert f'href="/join/guides?by={by}&amp;lang=it"' in page, "another language keeps by whom"
    assert desk.rows(contacts) == before, "looking changes nothing"
    made = signed_up(desk, by)
    assert (made.referred_by, made.origin) == (anna, "referral")
    [change] = [row for row in desk.rows(tables.fact_changes) if row.name == "referred_by"]
    assert (change.contact_id, change.new, change.reason_code) == (made.id, str(anna), "contact.referred")
    told = {row.code: row.contact_id for row in desk.rows(tables.timeline)}
    assert (told["contact.referred"], told["contact.brought"]) == (made.id, anna)
    [sign] = [row for row in desk.rows(tables.events) if row.kind == "custom:referral"]
    assert (sign.contact_id, sign.verdict) == (anna, "human")
    # The button again, and another's link later, change nothing.
    desk.client.post(desk.link())
    desk.at = NOW + timedelta(days=1)
    [other] = line.people(desk.world, 1, first=5)
    again = signed_up(desk, desk.world.keyring.seal_referral(other))
    assert again.referred_by == anna
    assert len([row for row in desk.rows(tables.events) if row.kind == "custom:referral"]) == 1


def test_whom_we_know_already_came_by_nobody(desk: Desk) -> None:
    anna, link = friend(desk)
    by = by_of(desk, link)
    mine = signed_up(desk, by, "person0@example.com")
    assert (mine.id, mine.referred_by) == (anna, None), "nobody recommends themselves"
    [known] = line.people(desk.world, 1, first=3)
    assert (signed_up(desk, by, "person3@example.com").id, mine.referred_by) == (known, None)


@pytest.mark.parametrize("gone", [{"erased_at": NOW}, {"merged_into": UUID(int=9)}])
def test_a_link_of_somebody_who_is_gone_still_leads_to_the_form(desk: Desk, gone: dict[str, Any]) -> None:
    anna, link = friend(desk)
    with desk.world.database.write() as connection:
        connection.execute(contacts.update().where(contacts.c.id == anna).values(**gone))
    by = by_of(desk, link)
    assert "passed this on" not in desk.client.get(f"/join/guides?by={by}").get_data(as_text=True)
    assert signed_up(desk, by).referred_by is None


def test_a_merged_friend_is_their_survivor(desk: Desk) -> None:
    anna, link = friend(desk)
    [survivor] = line.people(desk.world, 1, first=7)
    with desk.world.database.write() as connection:
        connection.execute(contacts.update().where(contacts.c.id == anna).values(merged_into=survivor))
    assert signed_up(desk, by_of(desk, link)).referred_by == survivor


def test_the_token_is_good_for_nothing_else(desk: Desk) -> None:
    anna, link = friend(desk)
    token = link.removeprefix("/i/")
    for path in ("/u/", "/p/", "/w/", "/d/", "/v/", "/k/"):
        assert desk.client.get(path + token).status_code == 404
    assert desk.client.get(f"/c/{token}/1").status_code == 404
    ring = desk.world.keyring
    others = (
        ring.seal_manage(anna, anna, ""), ring.seal_track(anna, anna, anna), ring.seal_request(anna),
        ring.seal_envelope(anna), token[:-1] + ("A" if token[-1] != "A" else "B"), "x" * 3000, str(anna),
    )  # fmt: skip
    for other in others:
        assert desk.client.get(f"/i/{other}").status_code == 404, other
        assert signed_up(desk, other, f"n{len(other)}{other[0].lower()}@example.org").referred_by is None
