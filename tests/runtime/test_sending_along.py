"""Much is due: a second process sends along, once each mail, and whatever becomes of it nothing is lost."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.runtime import clock, sending_along
from app.runtime.engine import Engine, route_of
from app.runtime.sending_along import Along, Routes, share, shared
from app.services import pace
from app.services.senders.book import HOUSE, house_route
from app.store.database import Database
from tests.services.sending.conftest import House
from tests.support import line
from tests.support.smtp_server import ScriptedServer, Stall

PATIENCE = 30


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def house_with(server: ScriptedServer, database: Database, folder: Path) -> House:
    relay = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
    built = House(database, folder, **relay, smtp_connections=4, batch_size=20)
    pace.set_rate(built.world, "example.com", 1_000_000, line.NOW)
    return built


@pytest.fixture
def house(database: Database, tmp_path: Path, server: ScriptedServer) -> Iterator[House]:
    built = house_with(server, database, tmp_path)
    yield built
    built.close()


@pytest.fixture
def along(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Along]:
    monkeypatch.setattr(sending_along, "MUCH", 20)
    made = Along(house.world, ahead())
    yield made
    made.close()


def ahead() -> Callable[[], datetime]:
    """The further process goes by the same clock, which is ahead of this machine's."""
    by = line.NOW - clock.now()
    return lambda: clock.now() + by


def routes(house: House) -> Routes:
    settings = house.world.settings
    return {HOUSE: (house_route(settings), settings.smtp_connections)}


def wait_until(happened: Callable[[], object]) -> None:
    limit = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < limit
        Event().wait(0.02)


def test_it_comes_when_much_is_due_and_goes_when_nothing_is(
    house: House, along: Along, server: ScriptedServer
) -> None:
    house.plan(40)
    assert along.processes(19, routes(house)) == 1
    assert along.processes(20, routes(house)) == 2
    wait_until(lambda: along.processes(0, routes(house)) == 1)
    assert house.states() == {"accepted": 40}
    assert Counter(mail.recipient for mail in server.received) == {line.address(n): 1 for n in range(40)}
    assert {row.worker for row in house.rows("attempts")} == {"main.2"}
    assert server.connections <= 2


def test_a_worker_and_its_further_process_send_each_mail_once(
    house: House, tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_along, "MUCH", 20)
    links, spool = LinkMaps(tmp_path / "links"), Spool(tmp_path / "spool")
    engine = Engine(house.world, spool, links, route_of(house.world.settings, None), ahead())
    engine.recover()
    house.plan(200)
    engine.send()
    wait_until(lambda: engine.send() == 0 and set(house.states()) == {"accepted"})
    engine.stop()
    engine.close()
    assert Counter(mail.recipient for mail in server.received) == {line.address(n): 1 for n in range(200)}


def test_one_that_is_killed_is_settled_and_nothing_is_lost(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_along, "MUCH", 20)
    # The third mail is taken and never answered: there it is killed.
    with ScriptedServer({"dot": ["250 2.0.0 ok", "250 2.0.0 ok", Stall(), Stall()]}) as server:
        house = house_with(server, database, tmp_path)
        along = Along(house.world, ahead())
        house.plan(40)
        along.processes(40, routes(house))
        wait_until(lambda: len(server.received) == 2 and server.commands.count("DATA") == 4)
        (process,) = along._running.values()
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: along.processes(0, routes(house)) == 1)
        states = house.states()
        assert states.pop("uncertain") == 2  # as many as it had connections
        assert set(states) == {"accepted", "queued"}
        # After a failure the first one goes on alone.
        assert along.processes(40, routes(house)) == 1
        house.sender(server.port).send_due()
        assert house.states() == {"accepted": 38, "uncertain": 2}
        along.close()
        house.close()
    assert set(Counter(mail.recipient for mail in server.received).values()) == {1}


def test_it_ends_in_good_order_when_the_first_process_stops_or_is_gone(
    house: House, along: Along, server: ScriptedServer
) -> None:
    house.plan(400)
    along.processes(400, routes(house))
    wait_until(lambda: server.received)
    along.close()
    assert set(house.states()) <= {"accepted", "queued"}
    assert along._running[1].returncode == 0
    assert Counter(mail.recipient for mail in server.received) == Counter(
        row.address for row in house.rows("deliveries", state="accepted")
    )


def test_no_relay_gets_more_connections_than_it_was_promised(house: House, along: Along) -> None:
    mine = {**routes(house), "small": (house_route(house.world.settings), 1)}
    assert along.processes(sending_along.MUCH, mine) == 1
    for connections in range(2, 12):
        for processes in range(1, connections + 1):
            shares = [share(connections, processes, number) for number in range(processes)]
            assert sum(shares) == connections
            assert max(shares) - min(shares) <= 1
    assert [count for _, count in shared(routes(house), 3, 0).values()] == [2]
