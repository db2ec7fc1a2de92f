"""Each starter sequence as four people live it: interested, silent, sceptical, and one whom it is not for.

The engine is the real one, the mails go to a real server, only the clock is moved.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from app.core.lifecycle import read_lifecycle
from app.files.trees import read_document
from app.store.database import Database
from app.store.tables import definitions, deliveries, enrollments, timeline
from config import ROOT
from tests.scenarios.starter_house import COPENHAGEN, DAY, OWNER, House, house
from tests.scenarios.starter_people import (
    ADOPTION,
    ADVOCACY,
    DECISION,
    DISCOVERY,
    EXPANSION,
    INBOUND,
    OUTBOUND,
    RE_ENGAGEMENT,
)
from tests.support.databases import open_sqlite

DAYS, OUTBOUND_DAYS = 195, 70
LIFECYCLE = (ROOT / "sequences" / "lifecycle.yaml").read_text("utf-8")


@pytest.fixture(scope="module")
def inbound(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("inbound")
    database = open_sqlite(sqlite_template, folder / "trellis.db")
    with house(database, folder, INBOUND) as lived:
        lived.live(DAYS)
        yield lived
    database.close()


@pytest.fixture
def outbound(database: Database, tmp_path: Path) -> Iterator[House]:
    with house(database, tmp_path, OUTBOUND, "outbound") as lived:
        lived.live(OUTBOUND_DAYS)
        yield lived


def test_discovery(inbound: House) -> None:
    interested, silent, sceptical, outside = DISCOVERY
    assert inbound.mails(interested) == [
        "Mon 12 Jan discovery/hello",
        "Tue 13 Jan discovery/guide",
        "Fri 16 Jan discovery/report",
        "Mon 19 Jan decision/case",
    ]
    assert inbound.stages(interested) == ["lead", "prospect"]
    assert inbound.stays(interested)[0] == ("discovery-guide", "goal.reached")
    assert inbound.tasks(interested)[0] == "Call them while they are interested"
    assert inbound.mails(silent) == [
        "Mon 12 Jan discovery/hello",
        "Thu 15 Jan discovery/guide",
        "Wed 21 Jan discovery/nudge",
        "Mon 26 Jan discovery/report",
        "Fri 30 Jan discovery/ask-means",
    ]
    # “Nothing, all is well”: the guide, and no question after it.
    assert inbound.mails(sceptical) == [
        "Mon 12 Jan discovery/hello",
        "Tue 13 Jan discovery/guide",
        "Mon 19 Jan discovery/nudge",
    ]
    assert inbound.mails(outside) == ["Mon 12 Jan discovery/hello"]
    assert inbound.stages(outside) == ["lead", "disqualified"]
    assert inbound.stays(outside) == [("discovery-guide", "exit.condition")]
    assert [inbound.tasks(who) for who in (silent, sceptical, outside)] == [[], [], []]


def test_decision(inbound: House) -> None:
    interested, silent, sceptical, outside = DECISION
    assert inbound.mails(interested) == ["Mon 12 Jan decision/case"]
    assert inbound.tasks(interested) == ["They answered. Write back today"]
    assert inbound.mails(silent) == [
        "Mon 12 Jan decision/case",
        "Thu 15 Jan decision/comparison",
        "Tue 20 Jan decision/objections",
        "Mon 26 Jan decision/trial",
        "Fri 30 Jan decision/offer",
    ]
    assert inbound.tasks(silent) == ["No answer to the offer: call once more, or let them go"]
    # Who reads about rules gets the doubts before the prices; who tries it out is left in peace for a month.
    assert inbound.mails(sceptical) == [
        "Mon 12 Jan decision/case",
        "Thu 15 Jan decision/objections",
        "Tue 20 Jan decision/comparison",
        "Mon 26 Jan decision/trial",
        "Wed 25 Feb decision/offer",
    ]
    assert inbound.tasks(sceptical)[0] == "Help them load their first building"
    assert (inbound.mails(outside), inbound.stays(outside)) == ([], [])


def test_adoption(inbound: House) -> None:
    interested, silent, sceptical, outside = ADOPTION
    assert inbound.mails(interested) == [
        "Mon 12 Jan adoption/welcome",
        "Tue 3 Feb adoption/first-reading",
        "Tue 17 Mar adoption/first-bill",
        "Tue 31 Mar advocacy/thanks",
    ]
    assert inbound.stages(interested) == ["customer", "ambassador"]
    assert inbound.stays(interested)[0] == ("adoption-start", "goal.reached")
    # Whoever does not begin gets a call, and no letter about what they have not seen.
    assert inbound.mails(silent) == ["Mon 12 Jan adoption/welcome"]
    assert inbound.tasks(silent) == ["No reading after five weeks: ask what is in the way"]
    # Two weeks before the date of the bills, on their second working day; then a person, and no expansion.
    assert inbound.mails(sceptical) == [
        "Mon 12 Jan adoption/welcome",
        "Tue 24 Feb adoption/first-reading",
        "Tue 14 Apr adoption/first-bill",
    ]
    assert inbound.tasks(sceptical)[-1] == "They are not content. Call before anything else"
    assert [key for key, _ in inbound.stays(sceptical)] == ["adoption-start"]
    assert inbound.mails(outside) == []


def test_expansion(inbound: House) -> None:
    interested, silent, sceptical, outside = EXPANSION
    # Half a year after the end they come again, and get what they have not had.
    assert inbound.mails(interested) == ["Wed 14 Jan expansion/leaks", "Wed 22 Jul expansion/next-house"]
    assert inbound.tasks(interested) == ["They read about more. Ask which house is next"]
    # Prices interest him more; and after both there is nothing left to send.
    assert inbound.mails(silent) == ["Wed 14 Jan expansion/next-house", "Wed 28 Jan expansion/leaks"]
    assert inbound.mails(sceptical)[0] == "Wed 14 Jan expansion/leaks"
    assert inbound.stays(sceptical)[0] == ("expansion-leaks", "exit.event")
    assert "expansion-leaks" not in [key for key, _ in inbound.stays(outside)]


def test_nobody_is_in_adoption_and_expansion_at_once(inbound: House) -> None:
    keys = {row.id: row.key for row in inbound.rows(definitions, kind="sequence")}
    for who in (*ADOPTION, *EXPANSION):
        stays = [
            row
            for row in inbound.rows(enrollments, who)
            if keys[row.definition_id] in ("adoption-start", "expansion-leaks")
        ]
        stays.sort(key=lambda row: row.entered_at)
        assert all(
            one.ended_at is not None and one.ended_at <= next_.entered_at for one, next_ in pairwise(stays)
        )


def test_re_engagement(inbound: House) -> None:
    interested, silent, sceptical, outside = RE_ENGAGEMENT
    # One click, and no goodbye: a lead again, whom a person asks what has changed.
    assert inbound.mails(interested)[:2] == [
        "Thu 15 Jan re-engagement/still-there",
        "Sat 17 Jan discovery/hello",
    ]
    assert inbound.stays(interested)[0] == ("re-engagement", "goal.reached")
    assert inbound.tasks(interested) == ["They came back. Ask what has changed"]
    goodbye = ["Thu 15 Jan re-engagement/still-there", "Thu 5 Feb re-engagement/goodbye"]
    assert inbound.mails(silent) == goodbye, "and after it there is silence"
    assert inbound.stages(silent) == ["dormant"]
    # Even after the goodbye the door is open.
    assert inbound.mails(sceptical)[:2] == goodbye
    assert inbound.stages(sceptical) == ["dormant", "lead"]
    assert inbound.mails(outside) == []


def test_advocacy(inbound: House) -> None:
    interested, silent, sceptical, outside = ADVOCACY
    assert inbound.mails(interested) == ["Wed 21 Jan advocacy/thanks"], (
        "somebody came: nothing to be reminded of"
    )
    assert inbound.stays(interested) == [("advocacy-referral", "goal.reached")]
    assert inbound.mails(silent) == ["Wed 21 Jan advocacy/thanks", "Tue 3 Mar advocacy/reminder"]
    assert inbound.mails(sceptical) == ["Wed 21 Jan advocacy/thanks"], "who talks with us is not reminded"
    assert inbound.mails(outside) == []


def test_outbound(outbound: House) -> None:
    interested, silent, sceptical, outside = OUTBOUND
    assert outbound.mails(interested) == [
        "Tue 13 Jan outbound/who-we-are",
        "Tue 20 Jan outbound/one-page",
        "Wed 21 Jan discovery/hello",
        "Fri 23 Jan discovery/report",
        "Tue 27 Jan outbound/next-step",
    ]
    assert outbound.stages(interested) == ["marketing-qualified-prospect", "lead", "sales-qualified-prospect"]
    assert [key for key, _ in outbound.stays(interested)] == [
        "outbound-first", "outbound-questions", "outbound-next",
    ]  # fmt: skip
    assert outbound.tasks(interested) == [
        "Somebody is reading. Look up who they are and what they manage",
        "They read the sheet. Call and confirm name and role",
        "Ready for a talk with a named person",
        "They answered. Write back today",
    ]
    assert outbound.mails(silent) == ["Tue 13 Jan outbound/who-we-are", "Wed 21 Jan outbound/one-page"]
    assert outbound.mails(sceptical) == ["Tue 13 Jan outbound/who-we-are"]
    assert outbound.mails(outside) == []
    assert outbound.stages(silent) == ["marketing-qualified-prospect"]
    _fair(outbound, "outbound")


def test_caps_stages_and_repeats(inbound: House) -> None:
    _fair(inbound, "inbound")


def _fair(lived: House, preset: str) -> None:
    """Over all sequences: one mail a day, three a week, none twice, each of a kind the stage of that moment gets."""
    stages = read_lifecycle(read_document(LIFECYCLE).node(), preset).stages
    for who in lived.people:
        sent = lived.sent(who)
        times = [row.accepted_at for row in sent]
        assert all(later - earlier >= DAY for earlier, later in pairwise(times)), who.name
        assert all(times[n + 3] - times[n] >= 7 * DAY for n in range(len(times) - 3)), who.name
        assert len({row.template for row in sent}) == len(sent), who.name
        moves = sorted(lived.rows(timeline, who, kind="stage"), key=lambda row: row.at)
        for row in sent:
            stage = [who.stage, *(move.params["to"] for move in moves if move.at <= row.accepted_at)][-1]
            assert row.content_kind in stages[stage].content_kinds, (who.name, row.template, stage)
    assert lived.rows(enrollments, state="parked") == []
    assert not [row for row in lived.rows(deliveries) if row.state in ("failed", "uncertain")]


def test_every_mail_can_be_read(inbound: House) -> None:
    """In its language, with the name in it, with the foot that says how many more will come, and a way out."""
    for who in inbound.people:
        letters = inbound.letters(who)
        assert len(letters) == len(inbound.sent(who))
        for letter, row in zip(letters, inbound.sent(who), strict=True):
            part = letter.get_body(("plain",))
            assert part is not None
            text = part.get_content()
            assert f"Hello {who.name.capitalize()}," in text, row.template
            assert "Why you get this:" in text
            assert "Unsubscribe" in text
            assert len(bytes(letter)) < 60_000
            for left in ("{{", "None", "undefined", "library:"):
                assert left not in text, (row.template, left)


def test_who_talks_with_a_person_gets_letters_from_that_person(inbound: House) -> None:
    """Decision, adoption, expansion and advocacy: in the owner's name, with their signature, answered to them."""
    seen = set()
    for who in inbound.people:
        for letter, row in zip(inbound.letters(who), inbound.sent(who), strict=True):
            part = letter.get_body(("plain",))
            assert part is not None
            if row.content_kind in ("decision", "adoption", "expansion", "advocacy"):
                seen.add(row.content_kind)
                assert letter["From"].addresses[0].display_name == "Jonas Weber"
                assert letter["Reply-To"].addresses[0].addr_spec == OWNER
                assert "Jonas Weber, +45 55 51 23 40" in part.get_content()
    assert len(seen) == 4


def test_mails_leave_in_office_hours(inbound: House) -> None:
    """Only the first mail to somebody who has just left their address may come in the evening or on a Saturday."""
    for who in inbound.people:
        for row in inbound.sent(who):
            at = row.accepted_at.astimezone(COPENHAGEN)
            if row.template != "discovery/hello":
                assert at.weekday() < 5, (who.name, row.template, at)
                assert "08:00" <= f"{at:%H:%M}" <= "19:00", (who.name, row.template, at)
