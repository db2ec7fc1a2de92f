"""The starters rehearsed over a third of a year: caps hold over all sequences, and decision mail meets no lead."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from app.core.facts import CriterionFact, Facts, Measure
from app.core.simulator import Line, Offer, Play, simulate
from app.services.rehearsing import Wish, rehearse
from app.services.rehearsing.people import people
from app.services.rehearsing.responding import Typical
from app.services.rehearsing.running import SILENCE
from app.services.world import World
from app.store import rehearsal
from tests.scenarios.starter_house import BEGIN, DAY, Somebody, published
from tests.support.databases import open_sqlite

DAYS, PEOPLE = 120, 63
STAGES = {
    "inbound": ("lead", "lead", "prospect", "customer", "ambassador", "dormant", "disqualified"),
    "outbound": ("marketing-qualified-prospect", "lead", "lead", "sales-qualified-prospect", "customer", "dormant"),
}  # fmt: skip
# The kinds that each of the stages may get, said once more by hand.
GETS = {
    "lead": {"discovery"},
    "marketing-qualified-prospect": {"discovery"},
    "prospect": {"decision"},
    "sales-qualified-prospect": {"decision"},
    "customer": {"adoption", "expansion"},
    "ambassador": {"advocacy"},
    "dormant": {"re-engagement"},
    "disqualified": set[str](),
}


class Ready(Somebody):
    """A lead of whom only one answer is missing."""

    def facts(self) -> Facts:
        facts = super().facts()
        if self.stage == "lead":
            facts.criteria = {"market": CriterionFact("yes"), "need": CriterionFact("yes")}
            facts.measures = {"fit": Measure(95, BEGIN), "engagement": Measure(150, BEGIN, 30 * DAY)}
        return facts


@pytest.fixture(scope="module", params=["inbound", "outbound"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("rehearsed")
    stages = STAGES[request.param]
    crowd = [
        Ready(f"p{n}", stages[n % len(stages)], tags=frozenset({"settled"} if n % 3 == 0 else ()))
        for n in range(PEOPLE)
    ]
    database = open_sqlite(sqlite_template, folder / "trellis.db")
    yield published(database, folder, crowd, request.param)
    database.close()


def rehearsed(world: World) -> tuple[list[Line], dict[UUID, str], dict[str, str]]:
    """Every line, with people who click, answer, reply and leave as is usual; stages at the start; kinds of mails."""
    catalogue = world.library.catalogue(BEGIN)
    with rehearsal.only_looking(world.database) as connection:
        ids = rehearsal.contact_ids(connection, world.workspace_id)
        crowd = list(people(connection, world, catalogue, ids, BEGIN))
    stages = {person.facts.contact_id: person.facts.stage for person in crowd}
    offers = {key: Offer(found.sequence, found.state) for key, found in catalogue.sequences.items()}
    typical = Typical(catalogue.setting, catalogue.rules.lifecycle)
    play = Play(catalogue.setting, catalogue.rules, offers, typical, SILENCE)
    kinds = {key: info.content_kind for key, info in catalogue.setting.templates.items()}
    lines = sorted(simulate(crowd, play, BEGIN, BEGIN + DAYS * DAY), key=lambda line: line.at)
    return lines, stages, kinds


def test_nobody_gets_more_than_the_caps_or_what_their_stage_does_not(world: World) -> None:
    lines, stage, kinds = rehearsed(world)
    times: dict[UUID, list[datetime]] = defaultdict(list)
    had, moved = set(), set()
    for line in lines:
        if line.action == "stage":
            moved.add((stage[line.contact_id], line.reason.params["to"]))
            stage[line.contact_id] = str(line.reason.params["to"])
        if line.action != "mail_accepted" or line.template is None:
            continue
        assert kinds[line.template] in GETS[stage[line.contact_id]], line
        assert (line.contact_id, line.template) not in had, "a mail reaches a person once"
        had.add((line.contact_id, line.template))
        times[line.contact_id].append(line.at)
    for at in times.values():
        assert all(later - earlier >= DAY for earlier, later in pairwise(at))
        assert all(at[n + 3] - at[n] >= 7 * DAY for n in range(len(at) - 3))
    # It would show nothing if nobody came over on the way, or nobody got mail one after the other.
    assert moved & {("lead", "prospect"), ("lead", "sales-qualified-prospect")}
    assert any(at[n + 2] - at[n] < 14 * DAY for at in times.values() for n in range(len(at) - 2))
    told = {
        line.reason.code for line in lines if line.action in ("parked", "mail_expired", "mail_suppressed")
    }
    assert told <= {"gate.stage"}


def test_the_command_s_figures_say_so_too(world: World) -> None:
    tally = rehearse(world, Wish(days=DAYS, respond="typical"), BEGIN)
    assert tally.people == PEOPLE
    assert sum(tally.mails.values()) > PEOPLE
    assert tally.parked == {}
    own = {"inbound": "outbound-first", "outbound": "discovery-guide"}
    silent = own[world.library.catalogue(BEGIN).rules.lifecycle.key]
    assert silent not in {key for _, key, _ in tally.mails} | set(tally.entered) | {
        key for key, _ in tally.refused
    }
