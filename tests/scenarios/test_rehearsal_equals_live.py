"""A rehearsal and the live engine under a moved clock do the same to the same people, to the instant."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.core.facts import Facts
from app.core.ids import share, timed_id
from app.core.reasons import Reason
from app.core.simulator import Line, Offer, Play, Response, simulate
from app.services.enrolling import ask_admission
from app.services.rehearsing.people import people
from app.services.world import World
from app.store import rehearsal
from app.store.database import Database
from app.store.facts import load_facts
from app.store.tables import contact_stages, enrollments
from tests.scenarios.living import Life, ids_now, install, line_told, lines_since
from tests.scenarios.small_programme import DECIDE, write
from tests.support.people import write_people
from tests.support.smtp_server import ScriptedServer

SEEDED = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
# A Monday. In the thirty days lie the Easter holidays and the change to summer time in Europe.
START = datetime(2026, 3, 16, 7, 0, tzinfo=UTC)
END = START + timedelta(days=30)
PLACES = (
    ("Europe/Copenhagen", "DK"), ("Europe/Lisbon", "PT"), ("America/New_York", "US"), ("Asia/Tokyo", "JP"),
    ("Australia/Sydney", "AU"), ("Europe/Berlin", "DE"), ("Nowhere/Land", "DK"), (None, None),
)  # fmt: skip
CONTACTS = 60


def answers(contact_id: UUID, line: Line) -> list[Response]:
    """What people do with their mail: stable, whoever asks."""
    drawn = share("answers", str(contact_id), line.template or "", line.at.date().isoformat())
    after = timedelta(minutes=int(drawn * 4000) + 1)
    found = [Response(after / 2, "opened", line.template or "")]
    if drawn < 0.4:
        topics = ("pricing",) if drawn < 0.25 else ()
        found.append(
            Response(after, "clicked", line.template or "", topics, "human" if drawn > 0.05 else "machine")
        )
    if line.template == "discovery/ask" and drawn < 0.8:
        answer = "100" if drawn < 0.5 else "0" if drawn < 0.65 else "later"
        found.append(Response(after + timedelta(minutes=3), "answered", "means", payload={"answer": answer}))
    if 0.9 < drawn < 0.95:
        found.append(Response(after, "replied", line.template or ""))
    if drawn > 0.95:
        # At the same instant as the mail's own ending.
        found.append(Response(timedelta(), "clicked", line.template or ""))
    if 0.6 < drawn < 0.7:
        found.append(Response(after, "custom:signed-up", "page"))
    return found


def crowd() -> Iterator[Facts]:
    for n in range(CONTACTS):
        zone, country = PLACES[n % len(PLACES)]
        who = timed_id(SEEDED - timedelta(days=40) + timedelta(minutes=n), n.to_bytes(10, "big"))
        fields: dict[str, Any] = {
            "zone": zone, "country": country, "email": f"c{n}@example.com" if n % 29 else None,
            "company.size": 80 if n % 3 else 10, "renewal": date(2026, 4, 1 + n % 25) if n % 4 else None,
        }  # fmt: skip
        consents = {"guides": "given" if n % 11 else "withdrawn", "offers": "given" if n % 7 else "asked"}
        tags = frozenset({"competitor"}) if n % 17 == 5 else frozenset()
        yield Facts(who, "prospect" if n % 10 == 9 else "lead", SEEDED, fields, tags, consents=consents)


def populate(world: World) -> None:
    """Contacts of several zones, and requests to enter as an import makes them."""
    catalogue = world.library.catalogue(SEEDED)
    nurture, digest, decide = (catalogue.sequences[key] for key in ("nurture", "digest", "decide"))
    with world.database.write() as connection:
        found = list(crowd())
        write_people(connection, found, catalogue.rules.lifecycle.key)
        for n, facts in enumerate(found):
            at = SEEDED + timedelta(hours=5 * (n % 40))
            for version, wanted in ((nurture, n % 5), (digest, not n % 3), (decide, n % 10 == 9)):
                if wanted:
                    ask_admission(
                        connection, world.workspace_id, version.definition_id, facts.contact_id, trigger="import",
                        occasion="import", reason=Reason("enroll.import"), now=SEEDED, due_at=at,
                    )  # fmt: skip


def rehearse(world: World) -> tuple[list[Line], dict[UUID, Facts]]:
    catalogue = world.library.catalogue(START)
    with rehearsal.only_looking(world.database) as connection:
        ids = rehearsal.contact_ids(connection, world.workspace_id)
        base = list(people(connection, world, catalogue, ids, START))
        offers = {
            key: Offer(
                version.sequence,
                version.state,
                tuple(rehearsal.entered_lately(connection, version.definition_id, START)),
            )
            for key, version in catalogue.sequences.items()
        }
    play = Play(catalogue.setting, catalogue.rules, offers, answers)
    lines = list(simulate(base, play, START, END))
    return lines, {person.facts.contact_id: person.facts for person in base}


@contextmanager
def _life(database: Database, folder: Path, files: dict[str, str] | None = None) -> Iterator[Life]:
    world = install(database, folder, SEEDED, lambda content: write(content, files))
    populate(world)
    with ScriptedServer() as server:
        life = Life(world, server.port, folder, SEEDED, answers)
        yield life
        life.close()


def test_thirty_days_rehearsed_are_thirty_days_lived(database: Database, tmp_path: Path) -> None:
    with _life(database, tmp_path) as life:
        rehearsed = _both_ways(life)
    _all_of_it_occurred(rehearsed)


def test_contacts_each_alone_are_the_same_as_contacts_together(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Without `at most n a day` the rehearsal takes one contact after the other."""
    free = {"sequences/decision/decide.yaml": DECIDE.replace(", at most: 3 a day", "")}
    with _life(sqlite_database, tmp_path, free) as life:
        _both_ways(life)


def _both_ways(life: Life) -> list[Line]:
    life.live_until(START)
    before = ids_now(life.world)
    rehearsed, ending = rehearse(life.world)
    life.live_until(END)
    told = [line_told(line) for line in rehearsed if line.action not in ("inside", "outside")]
    lived = lines_since(life.world, before)
    assert _differences(told, lived) == []
    assert _differences(told[1:], lived), "a line less must be noticed"
    _at_the_end_too(life, rehearsed, ending)
    return rehearsed


def _differences(told: list[Any], lived: list[Any]) -> list[Any]:
    """What one has and the other has not, the first ones in the order of time."""
    ours, theirs = Counter(told), Counter(lived)
    only = [("rehearsed", *line) for line in (ours - theirs)] + [("lived", *line) for line in (theirs - ours)]
    return sorted(only, key=lambda line: (line[2], line[1]))[:12]


def _at_the_end_too(life: Life, rehearsed: list[Line], ending: dict[UUID, Facts]) -> None:
    world = life.world
    catalogue = world.library.catalogue(END)
    lifecycle = catalogue.rules.lifecycle.key
    with world.database.read() as connection:
        facts = load_facts(connection, world.workspace_id, lifecycle, list(ending), None, END)
        stays = connection.execute(
            select(enrollments.c.contact_id, enrollments.c.step).where(enrollments.c.state != "ended")
        ).all()
        stages = dict(connection.execute(select(contact_stages.c.contact_id, contact_stages.c.stage)).all())
    assert sorted((line.contact_id, line.step) for line in rehearsed if line.action == "inside") == sorted(
        (row.contact_id, row.step) for row in stays
    )
    for contact_id, rehearsed_facts in ending.items():
        lived_facts = facts[contact_id]
        assert rehearsed_facts.stage == stages[contact_id]
        assert rehearsed_facts.tags == lived_facts.tags
        assert rehearsed_facts.had == lived_facts.had
        assert rehearsed_facts.criteria == lived_facts.criteria
        for measure, worth in lived_facts.measures.items():
            assert rehearsed_facts.measures[measure].at(END) == pytest.approx(worth.at(END))
        for topic, worth in lived_facts.interests.items():
            assert rehearsed_facts.interests[topic].at(END) == pytest.approx(worth.at(END))


def _all_of_it_occurred(rehearsed: list[Line]) -> None:
    """The base has in it what the two could disagree about."""
    codes = Counter(line.reason.code for line in rehearsed)
    actions = Counter(line.action for line in rehearsed)
    for code in (
        "gate.cap", "gate.consent_withdrawn", "gate.no_address", "gate.late", "wait_for.happened", "wait_for.timed_out",
        "ask.answered", "ask.timed_out", "branch.taken", "branch.otherwise", "split.taken", "exit.event",
        "exit.stage_left", "goal.reached", "enroll.other_stage", "send.all_seen", "stage.qualified", "goal.step",
    ):  # fmt: skip
        assert codes[code], f"{code} never came up: {codes}"
    for action in (
        "mail_accepted",
        "mail_deferred",
        "mail_suppressed",
        "mail_expired",
        "task",
        "web_hook",
        "stage",
    ):
        assert actions[action], f"{action} never came up: {actions}"
    _holidays_and_summer_time(rehearsed)


def _holidays_and_summer_time(rehearsed: list[Line]) -> None:
    country = {facts.contact_id: facts.fields["country"] or "DK" for facts in crowd()}
    copenhagen = ZoneInfo("Europe/Copenhagen")
    days: dict[str, set[str]] = {"DK": set(), "JP": set()}
    offsets = set()
    for line in rehearsed:
        # The one mail without a window goes on holidays too.
        if line.action == "mail_accepted" and line.step != "case" and country[line.contact_id] in days:
            clock = line.at.astimezone(copenhagen)
            days[country[line.contact_id]].add(clock.date().isoformat())
            offsets.add(clock.utcoffset())
    assert len(offsets) == 2
    easter = {"2026-04-02", "2026-04-03", "2026-04-06"}
    assert not days["DK"] & easter
    assert days["JP"] & easter
