"""The demo comes whole, stays apart from real data, and goes without a trace."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.cli import demo as command
from app.cli import demo_making, serve
from app.cli.demo_making import Wish
from app.demo.doors import MovedClock
from app.demo.story import Story
from app.factory import create_app
from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.runtime import clock as real_clock
from app.runtime.engine import Engine, route_of
from app.services import demo
from app.services.senders.book import DemoStays
from app.services.world import open_world
from app.store import job_runs
from app.store.tables import admissions, deliveries, workspaces
from config import ROOT
from tests.demo.conftest import END, PASSWORD, Installation, install

TINY = Wish(seed=2, people=12, days=9)


def build(real: Installation, said: list[str]) -> demo_making.Made | None:
    return command.build(real.database, real.settings, TINY, said.append)


@pytest.fixture(autouse=True, scope="module")
def _today() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(real_clock, "now", lambda: END)
        yield


@pytest.fixture(scope="module")
def built(real: Installation) -> Iterator[list[str]]:
    """A demo that was broken off on its second day and made anew; what was said then."""
    real.add_user("ann@halden.example", PASSWORD)
    morning = Story._morning
    said: list[str] = []

    def dies(story: Story, day: date) -> None:
        morning(story, day)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Story, "_morning", dies)
        with pytest.raises(command.click.ClickException, match="half demo is not shown"):
            build(real, said)
    assert demo.state(real.database) == "half"
    assert demo.workspace_of(real.database) is None
    said.clear()
    assert build(real, said) is not None
    yield said
    real.remove()


def test_a_broken_off_one_is_never_shown_and_the_next_start_makes_it_anew(
    real: Installation, built: list[str]
) -> None:
    assert "broken off" in built[0]
    assert demo.state(real.database) == "there"
    assert len(real.rows(workspaces, is_demo=True)) == 1


def test_made_twice_it_says_that_it_is_there(real: Installation, built: list[str]) -> None:
    before = real.everything()
    assert build(real, []) is None
    assert real.everything() == before


def test_it_goes_without_a_trace_and_real_people_stay_as_they_were(started: Path, tmp_path: Path) -> None:
    house = install(started, tmp_path)
    house.import_real()
    before = house.everything()
    assert build(house, []) is not None
    with house.database.write() as connection:
        # As it is when it has lived on.
        job_runs.note(connection, "demo:send", "main", 5.0)
    during = house.everything()
    assert len(during["contacts"]) > len(before["contacts"])
    # Nobody real was mailed, or moved on, by the demo's engine.
    assert set(before["contacts"]) <= set(during["contacts"])
    assert house.rows(deliveries, workspace_id=house.workspace_id) == []
    assert len(house.rows(admissions, workspace_id=house.workspace_id, state="waiting")) == 2
    assert house.remove()
    assert house.everything() == before
    assert not house.remove()
    house.database.close()


def test_two_at_once_are_refused(real: Installation) -> None:
    with (
        demo.held(real.settings.data_dir),
        pytest.raises(command.click.ClickException, match="Another process"),
    ):
        build(real, [])
    with demo.held(real.settings.data_dir), demo.running(real.settings.data_dir) as free:
        assert not free


def test_a_demo_sends_by_no_relay_whatever_the_settings_say(
    real: Installation, built: list[str], clock: MovedClock, tmp_path: Path
) -> None:
    there = demo.workspace_of(real.database)
    assert there is not None
    relay = real.settings.model_copy(
        update={"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_security": "none"}
    )
    assert demo.demo_settings(relay).uses_catcher
    for settings in (relay, demo.demo_settings(real.settings)):
        # The second one is handed a relay by mistake.
        world = open_world(
            real.database, there, settings.model_copy(update={"data_dir": tmp_path / str(id(settings))})
        )
        spool, links = Spool(tmp_path / "spool"), LinkMaps(tmp_path / "links")
        engine = Engine(
            world, spool, links, route_of(relay.model_copy(update={"smtp_username": "us"}), None), clock
        )
        with pytest.raises(DemoStays):
            engine.send()
        engine.stop()
        engine.close()


def test_who_is_signed_in_sees_the_demo_below_the_real_pages(real: Installation, built: list[str]) -> None:
    app = create_app(real.settings, real.database, clock=lambda: END + timedelta(minutes=1))
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = client.get("/demo/contacts")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in?next=/demo/contacts"
    client.post("/sign-in", data={"email": "ann@halden.example", "password": PASSWORD})
    shown = client.get("/demo/contacts").get_data(as_text=True)
    assert "these people are made up" in shown
    assert ".example" in shown
    assert "birgit@lindehaven.example" not in shown
    theirs = client.get("/contacts").get_data(as_text=True)
    assert "birgit@lindehaven.example" in theirs
    # Where one is stands beside the way to the other, and nobody of the one is found in the other.
    assert 'href="/demo/" aria-current="true"' in shown
    assert 'href="/" aria-current="true"' in theirs
    assert 'href="/demo/"' in theirs
    made_up = re.findall(r'href="/demo/contacts/([0-9a-f-]{36})"', shown)[0]
    assert client.get(f"/demo/contacts/{made_up}").status_code == 200
    assert client.get(f"/contacts/{made_up}").status_code == 404
    # A form of the demo changes the demo: its red button does not stop the real mail.
    client.post("/demo/sending/stop", data={"why": "to see what happens"})
    assert client.get("/demo/sign-in").headers["Location"] == "/sign-in"
    assert [row.stopped_at for row in real.rows(workspaces, id=real.workspace_id)] == [None]
    with real.database.write() as connection:
        connection.execute(update(workspaces).where(workspaces.c.is_demo).values(key="demo-leaving"))
    assert client.get("/demo/contacts").status_code == 404
    with real.database.write() as connection:
        connection.execute(update(workspaces).where(workspaces.c.is_demo).values(key="demo"))


def test_the_first_start_makes_it_and_no_other(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = install(started, tmp_path)
    brought: list[object] = []
    monkeypatch.setattr(command, "bring", lambda database, settings, wish, say: brought.append(wish))

    def after(is_first: bool, **changed: object) -> list[object]:
        brought.clear()
        serve._show_demo(house.database, house.settings.model_copy(update=changed), is_first=is_first)
        return list(brought)

    assert after(True) == [Wish()]
    assert after(False) == []
    assert after(True, demo=False) == []
    assert after(True, smtp_host="relay.example") == []
    demo.begin(house.database, house.settings, (), END)
    assert after(False) == [Wish()]
    assert after(False, demo=False) == [None]
    house.database.close()


@pytest.mark.prove
def test_killed_in_the_middle_the_next_one_is_whole(started: Path, tmp_path: Path) -> None:
    house = install(started, tmp_path)
    before = house.everything()
    around = {name: value for name, value in os.environ.items() if not name.startswith("TRELLIS_")}
    around |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "TRELLIS_DATA_DIR": str(tmp_path)}
    words = [
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        "demo",
        "--people",
        "20",
        "--days",
        "95",
    ]
    with subprocess.Popen(words, cwd=tmp_path, env=around, text=True, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert any("day 30 of" in line for line in running.stdout)
        running.kill()
    assert demo.state(house.database) == "half"
    said: list[str] = []
    assert build(house, said) is not None
    assert "broken off" in said[0]
    house.remove()
    after = house.everything()
    assert {name: rows for name, rows in after.items() if name in before} == before
    house.database.close()
