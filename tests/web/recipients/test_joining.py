"""Signing up: asked, confirmed by a button behind a mail's link, and nothing told to whoever tries addresses."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.reasons import Reason
from app.factory import create_app
from app.services import joining
from app.services.contacts import find_contact
from app.services.suppressing import suppress
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.services.authoring import content
from tests.support import line
from tests.support.joining import FORM, SERVICE
from tests.support.line import NOW

NEW = "new@example.org"
FOLLOWS = """\
sequence: follows
for: lead
topic: guides
enter: {form: guides}
steps:
  - hello: {send: discovery/hello}
"""


@dataclass
class Desk:
    world: World
    client: FlaskClient
    at: datetime = NOW

    def rows(self, table: Any, *where: Any) -> list[Any]:
        with self.world.database.read() as connection:
            return list(connection.execute(select(table).where(*where)).all())

    def stamp(self, ago: float = 30) -> str:
        return self.world.keyring.seal_stamp(self.at - timedelta(seconds=ago))

    def post(self, email: str = NEW, *, ip: str = "203.0.113.7", **form: str) -> Any:
        form = {"stamp": self.stamp(), "email": email, **form}
        return self.client.post("/join/guides", data=form, environ_base={"REMOTE_ADDR": ip})

    def link(self) -> str:
        """The address in the last confirming mail."""
        mails = self.rows(tables.deliveries, tables.deliveries.c.template == "service/confirm")
        last = max(mails, key=lambda row: row.id)
        path: str = last.context["confirm"]["path"]
        return path

    def consents(self, email: str = NEW) -> dict[str, str]:
        who = find_contact(self.world.database, self.world.workspace_id, email)
        return {row.purpose: row.state for row in self.rows(tables.consents) if row.contact_id == who}


def lay_desk(database: Database, folder: Path) -> Desk:
    world = line.lay(
        database, folder, sequences=(line.LINE, FOLLOWS),
        mails={"discovery/hello": line.MAIL, "service/confirm": SERVICE["service/confirm"]},
        lifecycle=content.LIFECYCLE + FORM, secret_key="k" * 32,
    )  # fmt: skip
    made: Desk
    app = create_app(world.settings, database, clock=lambda: made.at, world=world)
    made = Desk(world, app.test_client(use_cookies=False))
    return made


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path) -> Desk:
    return lay_desk(sqlite_database, tmp_path)


@pytest.fixture
def either(database: Database, tmp_path: Path) -> Desk:
    """The same on both databases."""
    return lay_desk(database, tmp_path)


def test_each_topic_is_ticked_apart_and_only_those_are_asked(desk: Desk) -> None:
    page = desk.client.get("/join/both").get_data(as_text=True)
    assert page.count('type="checkbox" name="topic"') == 2
    assert " checked" not in page
    fields = {"stamp": desk.stamp(), "email": NEW}
    for hopeless in ([], ["jobs"]):
        refused = desk.client.post("/join/both", data={**fields, "topic": hopeless})
        assert (refused.status_code, "Tick at least one" in refused.get_data(as_text=True)) == (422, True)
        assert NEW in refused.get_data(as_text=True)
    assert desk.rows(tables.contacts) == []
    desk.client.post("/join/both", data={**fields, "topic": ["offers", "jobs"]})
    assert desk.consents() == {"offers": "asked"}
    assert desk.rows(tables.deliveries)[0].context["confirm"]["topics"] == ["Offers"]
    wrong = desk.client.post("/join/both", data={**fields, "email": "x", "topic": ["offers"]})
    assert wrong.get_data(as_text=True).count(" checked") == 1


def test_a_site_of_the_team_may_ask_for_all_topics_as_one(desk: Desk) -> None:
    desk.client.post("/join/both", data={"email": NEW}, headers={"Origin": "https://www.example.com"})
    assert desk.consents() == {"guides": "asked", "offers": "asked"}


def test_consent_is_asked_and_given_only_by_the_button_with_its_proof(either: Desk) -> None:
    desk = either
    page = desk.client.get("/join/guides").get_data(as_text=True)
    assert "Yes, send me guides by mail." in page
    answer = desk.post(first_name="Nora")
    assert "Look into your mailbox" in answer.get_data(as_text=True)
    assert desk.consents() == {"guides": "asked"}
    [mail] = desk.rows(tables.deliveries)
    assert (mail.message_class, mail.priority, mail.topic, mail.context["confirm"]["topics"]) == (
        "service", 100, None, ["Guides"],
    )  # fmt: skip
    # A scanner opens the link as often as it likes.
    for send in (desk.client.get, desk.client.head, desk.client.get):
        assert send(desk.link()).status_code == 200
    assert desk.consents() == {"guides": "asked"}
    desk.at = NOW + timedelta(hours=3)
    for _ in range(2):
        assert "Welcome" in desk.client.post(
            desk.link(), environ_base={"REMOTE_ADDR": "2001:db8:1:2:3::4"}
        ).get_data(as_text=True)
    assert desk.consents() == {"guides": "given"}
    asked, given = sorted(desk.rows(tables.consent_entries), key=lambda row: row.at)
    assert (given.state, given.basis, given.source, given.at) == (
        "given",
        "double opt-in",
        "form guides",
        desk.at,
    )
    assert given.text_version.startswith("guides:")
    assert given.text_version == asked.text_version
    assert given.detail == {
        "words": "Yes, send me guides by mail.", "locale": "en", "network": "203.0.113.0/24",
        "asked_at": NOW.isoformat(), "confirmed_from": "2001:db8:1::/48",
    }  # fmt: skip
    [event] = desk.rows(tables.events)
    assert (event.kind, event.subject, event.source) == ("form_submitted", "guides", "form")
    [identity] = desk.rows(tables.identities)
    assert identity.verified_at == desk.at
    [contact] = desk.rows(tables.contacts)
    assert (contact.first_name, contact.locale) == ("Nora", "en")


def test_what_was_typed_about_somebody_else_changes_nothing_before_the_button(desk: Desk) -> None:
    line.people(desk.world, 1)
    desk.post("person0@example.com", first_name="Mallory")
    [contact] = desk.rows(tables.contacts)
    assert contact.first_name == "Person 0"
    assert desk.consents("person0@example.com") == {"guides": "given"}


def test_a_withdrawal_stands_until_the_button(desk: Desk) -> None:
    line.people(desk.world, 1, consent="withdrawn")
    desk.post("person0@example.com")
    assert desk.consents("person0@example.com") == {"guides": "withdrawn"}
    desk.client.post(desk.link())
    assert desk.consents("person0@example.com") == {"guides": "given"}


def test_the_answer_is_the_same_for_known_unknown_and_stopped_addresses(desk: Desk) -> None:
    line.people(desk.world, 2)
    with desk.world.database.write() as connection:
        suppress(
            connection, desk.world, scope="address", value="person1@example.com", reason=Reason("x"), source="smtp",
            now=NOW,
        )  # fmt: skip
    answers = [desk.post(who) for who in ("person0@example.com", NEW, "person1@example.com")]
    assert len({(answer.status_code, answer.data) for answer in answers}) == 1
    assert "we send nothing" in answers[0].get_data(as_text=True)
    told = {row.contact_id for row in desk.rows(tables.deliveries)}
    stopped = find_contact(desk.world.database, desk.world.workspace_id, "person1@example.com")
    assert len(told) == 2
    assert stopped not in told


def test_an_address_gets_one_mail_in_ten_minutes_and_three_a_day(either: Desk) -> None:
    desk, answers = either, set()
    for minutes in (0, 1, 9, 11, 22, 33, 60 * 13):
        desk.at = NOW + timedelta(minutes=minutes)
        answer = desk.post(ip=f"198.51.{minutes % 250}.1")
        answers.add((answer.status_code, answer.data))
    assert len(answers) == 1
    assert len(desk.rows(tables.deliveries)) <= 3


def test_a_network_and_everybody_together_have_a_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "PER_NETWORK", (timedelta(hours=1), 3))
    monkeypatch.setattr(joining, "OVERALL", (timedelta(hours=1), 5))
    codes = [desk.post(f"a{n}@example.org", ip=f"203.0.113.{n}").status_code for n in range(4)]
    assert codes == [200, 200, 200, 429]
    others = [desk.post(f"b{n}@example.org", ip=f"198.51.{n}.1").status_code for n in range(3)]
    assert others == [200, 200, 429]
    desk.at = NOW + timedelta(hours=1, seconds=1)
    assert desk.post("later@example.org").status_code == 200


def test_programs_that_fill_in_forms_get_the_same_answer_and_nothing_happens(desk: Desk) -> None:
    person = desk.post("a@example.org")
    program = desk.post("b@example.org", website="https://spam.example")
    assert (program.status_code, program.data) == (person.status_code, person.data)
    assert len(desk.rows(tables.contacts)) == 1


@pytest.mark.parametrize("stamp", ["", "forged", "now", "old", "ahead"])
def test_without_a_page_that_was_open_for_a_while_it_asks_for_one_press_more(desk: Desk, stamp: str) -> None:
    stamp = {"now": desk.stamp(0), "old": desk.stamp(90_000), "ahead": desk.stamp(-600)}.get(stamp, stamp)
    answer = desk.post(stamp=stamp, first_name='"><b>').get_data(as_text=True)
    assert "One press more" in answer
    assert f'value="{NEW}"' in answer
    assert "<b>" not in answer.split("<main")[1]
    assert desk.rows(tables.confirmations) == []


def test_a_form_on_the_teams_own_site_needs_no_page_of_ours(desk: Desk) -> None:
    answer = desk.client.post(
        "/join/guides", data={"email": NEW}, headers={"Origin": "https://www.example.com"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "https://www.example.com/thanks")
    assert desk.consents() == {"guides": "asked"}
    other = desk.client.post(
        "/join/guides", data={"email": "x@example.org"}, headers={"Origin": "https://evil.example"}
    )
    assert "One press more" in other.get_data(as_text=True)


def test_a_link_that_is_too_old_gives_nothing_and_says_what_to_do(desk: Desk) -> None:
    desk.post()
    desk.at = NOW + timedelta(days=7)
    for send in (desk.client.get, desk.client.post):
        answer = send(desk.link())
        assert answer.status_code == 410
        assert "fill in the form once more" in answer.get_data(as_text=True)
    assert desk.consents() == {"guides": "asked"}


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b@c", "x" * 400 + "@example.org", "a\r\nBcc: b@c.example"]
)
def test_no_address_is_told_at_the_field(desk: Desk, email: str) -> None:
    answer = desk.post(email)
    assert answer.status_code == 422
    assert "This is no mail address" in answer.get_data(as_text=True)
    assert desk.rows(tables.contacts) == []


def test_nobody_elses_token_opens_a_request(desk: Desk) -> None:
    desk.post()
    ring, some = desk.world.keyring, desk.rows(tables.deliveries)[0]
    tokens = ("x", ring.seal_manage(some.id, some.contact_id, ""), ring.seal_track(some.id, some.id, some.id),
              ring.seal_request(some.id), desk.stamp())  # fmt: skip
    for token in tokens:
        for send in (desk.client.get, desk.client.post):
            assert send(f"/k/{token}").status_code == 404
    assert ring.open_manage(desk.link().removeprefix("/k/")) is None


def test_without_its_template_a_form_says_that_it_cannot_be_saved(
    sqlite_database: Database, tmp_path: Path
) -> None:
    database = sqlite_database
    world = line.lay(database, tmp_path, lifecycle=content.LIFECYCLE + FORM, secret_key="k" * 32)
    app = create_app(world.settings, database, clock=lambda: NOW, world=world)
    made = Desk(world, app.test_client(use_cookies=False))
    assert made.post().status_code == 503
    assert made.rows(tables.contacts) == []


def test_who_never_confirmed_is_forgotten_a_day_after_the_link_has_ended(either: Desk) -> None:
    desk = either
    line.people(desk.world, 1)
    for who in (NEW, "person0@example.com", "confirmed@example.org"):
        desk.post(who, first_name="Typed")
    desk.client.post(desk.link())
    desk.at = NOW + timedelta(days=7, hours=23)
    assert joining.forget_unconfirmed(desk.world, desk.at) == 0
    desk.at = NOW + timedelta(days=8, seconds=1)
    assert joining.forget_unconfirmed(desk.world, desk.at) == 1
    assert joining.forget_unconfirmed(desk.world, desk.at) == 0
    left = {row.value for row in desk.rows(tables.identities)}
    assert left == {"person0@example.com", "confirmed@example.org"}
    open_ones = [row.detail for row in desk.rows(tables.confirmations) if row.done_at is None]
    assert open_ones == [{}, {}]
    # They may come another time, by any way.
    assert desk.rows(tables.suppressions) == []
    assert desk.post().status_code == 200
    assert desk.consents() == {"guides": "asked"}
