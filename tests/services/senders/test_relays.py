"""Mails leave by the relay of the sender that fits, and a sick relay holds up no other."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, update

from app.core.retrying import GREYLIST_DELAYS, MOST_REFUSALS
from app.mail.journal import Journal
from app.mail.route import SmtpRoute
from app.mail.smtp_pool import PoolClosed, SmtpPool
from app.mail.smtp_pools import SmtpPools, UnknownRelay
from app.services.accounts import new_account
from app.services.senders import keeping
from app.services.senders.book import HOUSE, relay_of
from app.services.senders.checking import Wish
from app.services.sending.worker import Sender
from app.store import senders as rows
from app.store.database import Database
from app.store.tables import deliveries, sender_states, users
from tests.services.sending.conftest import House
from tests.support.line import NOW
from tests.support.smtp_server import ScriptedServer

SHOP = "news@halden.example"
MAIL = b"Subject: hello\r\n\r\nA line.\r\n"


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> Iterator[House]:
    built = House(sqlite_database, tmp_path, smtp_host="relay.halden.example")
    yield built
    built.close()


def route(port: int) -> tuple[SmtpRoute, int]:
    return SmtpRoute("127.0.0.1", port, "none", timeout=5.0), 1


def sell(house: House, port: int) -> str:
    """A sender for marketing with a relay of its own; the key of that relay."""
    wish = Wish(
        address=SHOP, name="Halden news", serves="purpose", match="marketing", host="127.0.0.1", port=port,
        security="none", bounce_domain="b.halden.example",
    )  # fmt: skip
    keeping.add(house.world, wish, NOW, None)
    with house.database.read() as connection:
        row = rows.by_address(connection, house.world.workspace_id, SHOP)
    assert row is not None
    return relay_of(row)


def owner(house: House, email: str) -> UUID:
    row = new_account(house.world.workspace_id, email, "Jan", "sales", "hash", NOW)
    house.change(insert(users).values(row))
    who: UUID = row["id"]
    return who


def send(house: House, routes: dict[str, Any]) -> None:
    pools = SmtpPools(routes)
    journal = Journal(house.folder / "journal", f"w{next(house.numbers)}")
    Sender(house.world, pools, journal, lambda: house.now, connections=1).send_due()
    pools.close()
    journal.close()


def test_a_mail_comes_from_the_sender_that_fits_by_its_relay(house: House) -> None:
    with ScriptedServer() as own, ScriptedServer() as common:
        key = sell(house, own.port)
        house.plan(2)
        send(house, {HOUSE: route(common.port), key: route(own.port)})
        assert common.received == []
        (mail, _) = own.received
    assert b"From: Halden news <news@halden.example>" in mail.data
    assert mail.mail_from.endswith("@b.halden.example")
    assert {row.sender for row in house.rows("deliveries")} == {SHOP}


def test_a_sick_relay_pauses_its_own_sender_and_no_other(house: House) -> None:
    with ScriptedServer() as gone:
        key = sell(house, gone.port)
    with ScriptedServer() as common:
        house.plan(2)
        house.plan(1, first=5, owner_id=owner(house, "jan@halden.example"))
        wish = Wish(address="jan@halden.example", serves="owner", match="jan@halden.example")
        keeping.add(house.world, wish, NOW, None)
        send(house, {HOUSE: route(common.port), key: route(gone.port)})
        assert len(common.received) == 1
    (state,) = house.rows("sender_states")
    assert (state.sender, state.reason_code) == (SHOP, "sender.refused")
    waiting = house.rows("deliveries", state="deferred")
    assert [(row.attempts, row.reason_code) for row in waiting] == [(0, "mail.sender_problem")] * 2
    assert house.rows("suppressions") == house.rows("events") == []


def test_a_relay_that_was_removed_meanwhile_loses_nothing(house: House) -> None:
    with ScriptedServer() as common:
        sell(house, 9)
        house.plan(1)
        send(house, {HOUSE: route(common.port)})
        assert common.received == []
        assert [row.state for row in house.rows("deliveries")] == ["deferred"]
        keeping.remove(house.world, SHOP, NOW, None)
        house.now += timedelta(minutes=10)
        send(house, {HOUSE: route(common.port)})
        assert len(common.received) == 1


def test_one_server_that_refuses_us_does_not_stop_the_sender_for_ever(house: House) -> None:
    house.plan(1)
    house.change(update(deliveries).values(expires_at=None))
    for number in range(1, MOST_REFUSALS + 1):
        with ScriptedServer({"RCPT": ["550 5.7.1 blocked"]}) as server:
            send(house, {HOUSE: route(server.port)})
        (mail,) = house.rows("deliveries")
        assert mail.attempts == number
        # The sender's pause is over, and it is still working hours.
        house.now += timedelta(minutes=1)
        house.change(delete(sender_states))
        house.change(update(deliveries).where(deliveries.c.state == "deferred").values(due_at=house.now))
    assert (mail.state, mail.reason_code) == ("failed", "mail.refused_for_us")
    assert house.rows("suppressions") == house.rows("events") == []


def test_a_greylist_is_tried_again_soon(house: House) -> None:
    house.plan(1)
    with ScriptedServer({"RCPT": ["450 4.7.1 Greylisted, try again"]}) as server:
        send(house, {HOUSE: route(server.port)})
    (mail,) = house.rows("deliveries")
    assert GREYLIST_DELAYS[0] * 0.8 <= mail.due_at - house.now <= GREYLIST_DELAYS[0] * 1.2


def test_lines_change_relays_and_keep_the_old_one_open() -> None:
    with ScriptedServer() as a, ScriptedServer() as b:
        pools = SmtpPools({"a": route(a.port), "b": route(b.port)})
        with pools.lines() as lines:
            for relay in ("a", "b", "a", "a", "b"):
                assert lines.to(relay).send("x@y.example", "c@d.example", MAIL).kind == "accepted"
            with pytest.raises(UnknownRelay):
                lines.to("c")
            assert lines.to("a").send("x@y.example", "c@d.example", MAIL).kind == "accepted"
        assert (a.connections, b.connections) == (1, 1)
        assert (len(a.received), len(b.received)) == (4, 2)
        pools.close()
        with pytest.raises(PoolClosed), pools.lines() as lines:
            lines.to("a")


def test_a_route_that_was_changed_is_used_from_the_next_line_on() -> None:
    with ScriptedServer() as old, ScriptedServer() as new:
        pools = SmtpPools({"a": route(old.port), "b": route(old.port)})
        with pools.lines() as lines:
            before = lines.to("a")
            before.send("x@y.example", "c@d.example", MAIL)
            pools.replace({"a": route(new.port)})
            assert before.send("x@y.example", "c@d.example", MAIL).kind == "accepted"
        assert not before.is_open
        with pools.lines() as lines:
            lines.to("a").send("x@y.example", "c@d.example", MAIL)
        pools.close()
        assert (len(old.received), len(new.received)) == (2, 1)


def test_a_relay_that_cannot_be_opened_is_asked_once_and_not_by_every_mail() -> None:
    now = [0.0]
    with ScriptedServer({"connect": ["554 5.7.1 no"] * 9}) as server:
        pool = SmtpPool(route(server.port)[0], 2, lambda: now[0])
        for _ in range(5):
            with pool.connection() as connection:
                assert connection.send("x@y.example", "c@d.example", MAIL).fault == "turned_away"
        assert server.connections == 1
        now[0] = 16.0
        with pool.connection() as connection:
            connection.send("x@y.example", "c@d.example", MAIL)
        assert server.connections == 2
        pool.close()
