"""Connections kept open and shared."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from app.mail.smtp import SmtpRoute
from app.mail.smtp_pool import PoolClosed, SmtpPool
from tests.support.smtp_server import Action, Drop, ScriptedServer

MAIL = b"Subject: hello\r\n\r\nA line.\r\n"


def pool_for(server: ScriptedServer, size: int, clock: Any = None, **changes: Any) -> SmtpPool:
    route = SmtpRoute("127.0.0.1", server.port, "none", timeout=5.0, **changes)
    return SmtpPool(route, size, clock) if clock else SmtpPool(route, size)


def send(pool: SmtpPool, number: int = 0) -> str:
    with pool.connection() as connection:
        return connection.send("a@b.example", f"c{number}@d.example", MAIL).kind


def test_threads_share_few_connections() -> None:
    with ScriptedServer() as server:
        pool = pool_for(server, 3)
        with ThreadPoolExecutor(8) as threads:
            kinds = list(threads.map(lambda n: send(pool, n), range(60)))
        pool.close()
        assert kinds == ["accepted"] * 60
        assert server.connections <= 3
        assert len({mail.recipient for mail in server.received}) == 60


def test_the_warm_connection_comes_first() -> None:
    with ScriptedServer() as server:
        pool = pool_for(server, 3)
        for _ in range(4):
            send(pool)
        pool.close()
        assert server.connections == 1


def test_tired_connections_are_replaced() -> None:
    now = [0.0]
    with ScriptedServer() as server:
        pool = pool_for(server, 1, lambda: now[0], max_mails=3, max_age=timedelta(minutes=1))
        for _ in range(4):
            send(pool)
        assert server.connections == 2
        now[0] = 61.0
        send(pool)
        assert server.connections == 3
        pool.close()
        assert server.commands.count("QUIT") == 3


@pytest.mark.parametrize("farewell", [b"", b"421 4.4.2 idle too long\r\n"])
def test_a_connection_the_server_left_is_not_handed_out(farewell: bytes) -> None:
    now = [0.0]
    script: dict[str, list[Action]] = {
        "RSET": [Drop(b"250 2.0.0 ok\r\n" + farewell)],
        "RCPT": ["550 5.1.1 no"],
    }
    with ScriptedServer(script) as server:
        pool = pool_for(server, 1, lambda: now[0])
        assert send(pool) == "failed"
        server.hung_up.wait(5)
        now[0] = 30.0
        assert send(pool) == "accepted"
        assert server.connections == 2
        pool.close()


def test_a_broken_connection_opens_again() -> None:
    with ScriptedServer({"MAIL": [Drop()]}) as server:
        pool = pool_for(server, 1)
        assert [send(pool), send(pool)] == ["deferred", "accepted"]
        pool.close()


def test_an_error_in_the_block_gives_the_connection_back() -> None:
    with ScriptedServer() as server:
        pool = pool_for(server, 1)
        with pytest.raises(ValueError, match="CRLF"), pool.connection() as connection:
            connection.send("a@b.example", "c@d.example", b"bare\n")
        assert send(pool) == "accepted"
        pool.close()


def test_closing_waits_for_nobody_and_leaves_nothing_open() -> None:
    with ScriptedServer() as server:
        pool = pool_for(server, 1)
        refused = threading.Event()

        def late() -> None:
            try:
                send(pool)
            except PoolClosed:
                refused.set()

        with pool.connection() as in_hand:
            waiting = threading.Thread(target=late)
            waiting.start()
            pool.close()
            waiting.join(5)
            assert refused.is_set()
            assert in_hand.send("a@b.example", "c@d.example", MAIL).kind == "accepted"
        assert not in_hand.is_open
        with pytest.raises(PoolClosed):
            send(pool)


def test_a_pool_of_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        SmtpPool(SmtpRoute("h", 25, "tls"), 0)
