"""Where a contact stands and why, at an instant of the past, now and ahead; for people and for programs."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app.cli.explain import explain as command
from app.cli.shell import Shell
from app.core.facts import Facts
from app.core.reasons import Reason
from app.core.simulator import Line, Response
from app.runtime import clock
from app.services import explaining
from app.services.enrolling import ask_admission
from app.services.explaining import ExplainFault, Words
from app.store.tables import deliveries, timeline
from tests.scenarios.living import Life, install
from tests.scenarios.small_programme import write
from tests.scenarios.test_explained_rules import ADDRESS, HELLO, WHO
from tests.scenarios.test_rehearsal_equals_live import START
from tests.support.databases import open_sqlite
from tests.support.people import WORKSPACE, write_people
from tests.support.smtp_server import ScriptedServer

LISBON = ZoneInfo("Europe/Lisbon")
DAY = timedelta(days=1)


def clicks_the_guide_and_answers(contact_id: UUID, line: Line) -> list[Response]:
    if line.template == "discovery/guide":
        return [Response(timedelta(hours=2), "clicked", "discovery/guide", ("pricing",))]
    if line.template == "discovery/ask":
        return [Response(timedelta(hours=1), "answered", "means", payload={"answer": "later"})]
    return []


@pytest.fixture(scope="module")
def life(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A lead in Lisbon, two weeks into the nurture sequence."""
    folder = tmp_path_factory.mktemp("explaining")
    database = open_sqlite(sqlite_template, folder / "trellis.db")
    world = install(database, folder, START, write)
    fields: dict[str, Any] = {"zone": "Europe/Lisbon", "country": "PT", "email": ADDRESS, "company.size": 80}
    catalogue = world.library.catalogue(START)
    with database.write() as connection:
        facts = Facts(WHO, "lead", START, fields, consents={"guides": "given"})
        write_people(connection, [facts], catalogue.rules.lifecycle.key)
        ask_admission(
            connection, WORKSPACE, catalogue.sequences["nurture"].definition_id, WHO, trigger="person",
            occasion="test", reason=Reason("enroll.person"), now=START,
        )  # fmt: skip
    with ScriptedServer() as server:
        life = Life(world, server.port, folder, START, clicks_the_guide_and_answers)
        life.live_until(START + 5 * DAY)
        yield life
        life.close()
    database.close()


def _contact(life: Life, at: Any = None) -> explaining.Standing:
    return explaining.contact(life.world, WHO, life.clock.now, at)[0]


def test_where_somebody_stands_is_told_with_the_reasons(life: Life) -> None:
    told = _contact(life)
    assert told.stage == "lead"
    engagement = next(score for score in told.scores if score.measure == "engagement")
    assert [entry.rule for entry in engagement.entries] == ["click"]
    # The score is the fold of its entries, shown one by one.
    assert engagement.value == pytest.approx(sum(entry.worth for entry in engagement.entries))
    assert [(place.sequence, place.state) for place in told.places] in (
        [("nurture", "due")], [("nurture", "waiting")], [("nurture", "sending")],
    )  # fmt: skip
    assert told.next_stage == "prospect"
    assert told.judged.code in ("stage.asks", "stage.not_yet")


def test_what_would_change_the_stage_has_its_numbers(life: Life) -> None:
    missing = {change.kind: change.params for change in _contact(life).missing}
    assert missing["settle_criterion"]["criterion"] == "means"
    assert missing["settle_criterion"]["seen"] == "unknown"
    reach = missing["reach_score"]
    assert (reach["measure"], reach["operator"], reach["value"]) == ("engagement", "at least", 5)
    assert 4 < float(str(reach["seen"])) < 5


def test_what_is_foreseen_is_what_then_happens(life: Life) -> None:
    told = _contact(life)
    mails = [line for line in told.coming if line.action == "mail_accepted"]
    assert mails
    ahead = _contact(life, mails[0].at + timedelta(minutes=1))
    # A minute later that mail has gone, and the others come as foreseen.
    later = [line for line in ahead.coming if line.action == "mail_accepted"]
    assert later[: len(mails) - 1] == mails[1:]
    assert mails[0] not in later


def test_at_an_instant_of_the_past_only_what_was_known_then_counts(life: Life) -> None:
    with life.world.database.read() as connection:
        clicked_at = connection.execute(
            select(timeline.c.at).where(timeline.c.code == "event.clicked")
        ).scalar_one()
        sent_at = connection.execute(
            select(deliveries.c.accepted_at).where(deliveries.c.template == HELLO)
        ).scalar_one()
    before = _contact(life, clicked_at - timedelta(minutes=1))
    assert [score.entries for score in before.scores if score.measure == "engagement"] == [()]
    assert before.coming == ()
    assert all(at < clicked_at for at, _, _ in before.story)
    after = _contact(life, clicked_at + timedelta(minutes=1))
    assert [len(score.entries) for score in after.scores if score.measure == "engagement"] == [1]
    mail, _ = explaining.mail(life.world, WHO, HELLO, life.clock.now, sent_at - timedelta(seconds=1))
    assert [course.state for course in mail.courses] == ["queued"]
    assert [verdict.rule for verdict in mail.verdicts if verdict.reason] == ["window"]


def test_a_mail_that_went_shows_its_tries(life: Life) -> None:
    told, zone = explaining.mail(life.world, WHO, HELLO, life.clock.now)
    assert zone == LISBON
    assert [course.state for course in told.courses] == ["accepted"]
    assert [one.outcome for one in told.courses[0].tries] == ["accepted"]
    assert "once" in [verdict.rule for verdict in told.verdicts if verdict.reason is not None]


def test_instants_read_on_the_contacts_own_clock(life: Life) -> None:
    assert Words(LISBON).when(START) == "Mon 16 Mar, 07:00 in Lisbon"
    lines = list(Words(LISBON).standing(_contact(life)))
    assert any("in Lisbon" in line for line in lines)
    assert not [line for line in lines if "None" in line or "change." in line or "event." in line]
    assert "  Tue 24 Mar, 09:00 in Lisbon: “discovery/ask” goes (nurture)." in lines


def test_an_unknown_template_is_told_with_those_there_are(life: Life) -> None:
    with pytest.raises(ExplainFault, match="There are: decision/case"):
        explaining.mail(life.world, WHO, "discovery/helo", life.clock.now)


def test_somebody_who_is_not_there_is_told_so(life: Life) -> None:
    with pytest.raises(ExplainFault, match="no such contact"):
        explaining.contact(life.world, UUID(int=7), life.clock.now)


def test_a_mail_nobody_planned_says_what_it_needs(life: Life) -> None:
    told, _ = explaining.mail(life.world, WHO, "decision/case", life.clock.now)
    assert told.courses == ()
    kinds = {change.kind for change in told.changes}
    assert {"enroll", "move_stage", "give_consent"} <= kinds
    assert next(change for change in told.changes if change.kind == "move_stage").params["to"] == ["prospect"]


def test_the_command_for_people_and_for_programs(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", life.clock)
    shell = Shell(life.world.settings, life.world.database, WORKSPACE)
    read = CliRunner().invoke(command, [ADDRESS], obj=shell)
    assert read.exit_code == 0, read.output
    assert read.output.startswith("Stage: lead since")
    printed = CliRunner().invoke(command, [str(WHO), "--mail", HELLO, "--json"], obj=shell)
    assert json.loads(printed.output)["goes"] is False
    then = CliRunner().invoke(command, [ADDRESS, "--at", "2026-03-16T08:00", "--json"], obj=shell)
    assert json.loads(then.output)["at"] == "2026-03-16T08:00:00+00:00"
    for arguments, said in (
        (["nobody@example.com"], "There is no contact nobody@example.com"),
        ([ADDRESS, "--mail", "x/y"], "There is no template x/y"),
    ):
        wrong = CliRunner().invoke(command, arguments, obj=shell)
        assert (wrong.exit_code, said in wrong.output) == (1, True)
    assert CliRunner().invoke(command, [ADDRESS, "--at", "soon"], obj=shell).exit_code == 2
