"""Judged again: points follow the new verdict to the last digit, stages never move back, and twice is as once."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.core.scoring import fold
from app.inbound.judging import VERSION
from app.services.reacting import react_due
from app.services.signals.hits import drain
from app.services.signals.rejudging import promoted, rejudge
from app.services.signals.settling import SETTLE, judge_due
from app.store import tables
from app.store.database import Database
from tests.services.authoring import content
from tests.services.signals.conftest import Scene, later, lay_scene
from tests.support.line import NOW

SETTLED = later(1000)
LATER = NOW + timedelta(days=3)
LIFECYCLE = content.LIFECYCLE.replace(
    "criteria:\n",
    "    entries:\n      - {stage: prospect, from: lead, if: {score: engagement, at least: 9}}\ncriteria:\n",
)
SCANNER = "BarracudaCentral Link Protection"


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Scene:
    return lay_scene(database, tmp_path, lifecycle=LIFECYCLE)


def happened(scene: Scene, *hits: Mapping[str, object], was: str) -> None:
    """Hits that an older classifier called `was`, reacted to long ago."""
    mail = scene.delivery()
    for hit in hits:
        scene.spool.add(scene.hit(mail, **hit))
    drain(scene.world, scene.spool, SETTLED)
    judge_due(scene.world, scene.links, SETTLED)
    with scene.world.database.write() as connection:
        connection.execute(update(tables.hits).values(verdict=was, classifier=1))
        connection.execute(update(tables.events).where(tables.events.c.source == "hit").values(verdict=was))
    while react_due(scene.world, SETTLED):
        pass


def stage(scene: Scene) -> str:
    return str(next(row.stage for row in scene.rows(tables.contact_stages) if row.contact_id == scene.person))


def score(scene: Scene) -> float:
    found = [row for row in scene.rows(tables.scores) if row.measure == "engagement"]
    return round(found[0].value, 6) if found else 0.0


def folded(scene: Scene) -> float:
    entries = [row for row in scene.rows(tables.score_entries) if row.measure == "engagement"]
    found = fold(entries, timedelta(days=30))
    return round(found.value, 6) if found else 0.0


def interest(scene: Scene) -> float:
    return float(round(sum(row.value for row in scene.rows(tables.interests)), 6))


MACHINES = ({"user_agent": SCANNER, "link": 1}, {"user_agent": SCANNER, "link": 2, "at": later(400)})


def test_points_of_a_machine_are_taken_back_and_the_stage_stays(scene: Scene) -> None:
    happened(scene, *MACHINES, was="human")
    assert (score(scene) > 9, stage(scene), interest(scene) > 0) == (True, "prospect", True)
    done, found = rejudge(scene.world, LATER)
    assert (done.judged, done.turned, round(done.points)) == (2, {("human", "machine"): 2}, 10)
    assert (score(scene), folded(scene), interest(scene), stage(scene)) == (0, 0, 0, "prospect")
    assert [(one.contact_id, one.frm, one.to, one.action) for one in found] == [
        (scene.person, "lead", "prospect", "move back")
    ]
    assert {row.verdict for row in scene.rows(tables.events) if row.source == "hit"} == {"machine"}
    compensating = [row for row in scene.rows(tables.score_entries) if row.compensates is not None]
    assert [(row.points, row.reason_code) for row in compensating] == [(-5, "score.taken_back")] * 2
    lines = [row for row in scene.rows(tables.timeline) if row.kind in ("event", "rejudged")]
    assert {
        row.params["verdict"] for row in lines if row.kind == "event" and row.code == "event.clicked"
    } == {"machine"}
    assert sum(row.kind == "rejudged" for row in lines) == 2


def test_doing_it_again_does_nothing_more(scene: Scene) -> None:
    happened(scene, *MACHINES, was="human")
    rejudge(scene.world, LATER)
    before = {
        table: len(scene.rows(table)) for table in (tables.score_entries, tables.timeline, tables.events)
    }
    done, _ = rejudge(scene.world, LATER)
    assert (done.judged, done.turned) == (0, {})
    assert {table: len(scene.rows(table)) for table in before} == before
    # The list is there whenever it is asked for.
    assert [one.contact_id for one in promoted(scene.world, LATER)] == [scene.person]


def test_a_dry_run_tells_the_same_and_writes_nothing(scene: Scene) -> None:
    happened(scene, *MACHINES, was="human")
    before = (score(scene), len(scene.rows(tables.score_entries)), len(scene.rows(tables.timeline)))
    told = rejudge(scene.world, LATER, dry_run=True)
    assert (score(scene), len(scene.rows(tables.score_entries)), len(scene.rows(tables.timeline))) == before
    assert {row.classifier for row in scene.rows(tables.hits)} == {1}
    assert rejudge(scene.world, LATER) == told


def test_who_earned_the_stage_otherwise_keeps_it(scene: Scene) -> None:
    people = ({"link": 1}, {"link": 2, "at": later(500)})
    happened(scene, *MACHINES, *people, was="human")
    _, found = rejudge(scene.world, SETTLED)
    assert [one.action for one in found] == ["keep"]


def test_a_person_after_all_is_reacted_to(scene: Scene) -> None:
    happened(scene, {"link": 2}, was="unknown")
    assert (score(scene), interest(scene)) == (0, 0)
    done, _ = rejudge(scene.world, LATER)
    assert (done.turned, done.opened_again) == ({("unknown", "human"): 1}, 1)
    while react_due(scene.world, LATER):
        pass
    (entry,) = scene.rows(tables.score_entries)
    # From its own time on, and told once.
    assert (entry.points, entry.at, score(scene)) == (5, NOW, 5)
    told = [row.params["verdict"] for row in scene.rows(tables.timeline) if row.code == "event.clicked"]
    assert told == ["human"]


def test_there_and_back_again_counts_once(scene: Scene) -> None:
    happened(scene, {"link": 2}, was="human")

    def turn(agent: str) -> None:
        with scene.world.database.write() as connection:
            connection.execute(update(tables.hits).values(user_agent=agent, classifier=VERSION - 1))
        rejudge(scene.world, LATER)
        while react_due(scene.world, LATER):
            pass

    person = scene.rows(tables.hits)[0].user_agent
    for agent, points in ((SCANNER, 0), (person, 5), (SCANNER, 0), (person, 5)):
        turn(agent)
        assert (score(scene), folded(scene)) == (points, points)
    assert interest(scene) == 2


def test_taken_back_points_leave_room_under_a_limit(scene: Scene) -> None:
    from app.store.reacting import earlier_entries

    happened(scene, *MACHINES, was="human")
    with scene.world.database.read() as connection:
        assert len(earlier_entries(connection, scene.person)[0]["click"]) == 2
    rejudge(scene.world, LATER)
    with scene.world.database.read() as connection:
        assert earlier_entries(connection, scene.person)[0] == {}


def test_interrupted_it_goes_on(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    import app.services.signals.rejudging as module

    happened(scene, *MACHINES, was="human")
    monkeypatch.setattr(module, "BATCH", 1)

    class Killed(Exception):
        pass

    def kill(_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        rejudge(scene.world, LATER, on_batch=kill)
    assert sorted(row.classifier for row in scene.rows(tables.hits)) == [1, VERSION]
    done, _ = rejudge(scene.world, LATER)
    assert (done.judged, score(scene), folded(scene)) == (1, 0, 0)


def test_since_leaves_older_ones_alone(scene: Scene) -> None:
    happened(scene, *MACHINES, was="human")
    done, _ = rejudge(scene.world, LATER, since=later(300))
    assert (done.judged, score(scene) > 4) == (1, True)


def test_what_nobody_reacted_to_yet_is_only_named_anew(scene: Scene) -> None:
    scene.spool.add(scene.hit(scene.delivery(), user_agent=SCANNER))
    drain(scene.world, scene.spool, later(5))
    judge_due(scene.world, scene.links, NOW + SETTLE)
    with scene.world.database.write() as connection:
        connection.execute(update(tables.hits).values(verdict="human", classifier=1))
        connection.execute(update(tables.events).values(verdict="human"))
    rejudge(scene.world, LATER)
    react_due(scene.world, LATER)
    assert scene.rows(tables.score_entries) == []
    assert [row.kind for row in scene.rows(tables.timeline) if row.kind == "rejudged"] == []


def test_a_late_hit_turns_its_neighbours(scene: Scene) -> None:
    """Half of a scanner's round lay in the spool of another server."""
    mail = scene.delivery()
    scene.spool.add(scene.hit(mail, link=1))
    drain(scene.world, scene.spool, later(5))
    judge_due(scene.world, scene.links, NOW + SETTLE)
    react_due(scene.world, NOW + SETTLE)
    assert (score(scene), scene.rows(tables.hits)[0].verdict) == (5, "human")
    for number in (2, -1, -2, -3):
        scene.spool.add(
            scene.hit(mail, link=number, kind="click" if number > 0 else "page", at=later(abs(number) / 2))
        )
    drain(scene.world, scene.spool, later(600))
    judge_due(scene.world, scene.links, later(600))
    assert {row.verdict for row in scene.rows(tables.hits)} == {"machine"}
    assert (score(scene), folded(scene)) == (0, 0)
