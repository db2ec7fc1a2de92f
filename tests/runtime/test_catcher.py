"""The built-in catcher, spoken to over its socket."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.mail.smtp import SmtpConnection, SmtpRoute
from app.mail.smtp_pool import SmtpPool
from app.runtime.catcher import MAX_BYTES, Catcher, PortBusy
from app.store.caught import CaughtMails, NewlyCaught

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MAIL = b"Subject: hello\r\n\r\n.dot\r\n..dots\r\n.\r\nlast\r\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaughtMails]:
    caught = CaughtMails(tmp_path / "caught.sqlite")
    yield caught
    caught.close()


@pytest.fixture
def route(store: CaughtMails) -> Iterator[SmtpRoute]:
    catcher = Catcher(store, "127.0.0.1", 0, lambda: NOON)
    port = catcher.start()
    yield SmtpRoute("127.0.0.1", port, "none", timeout=10.0)
    catcher.stop()


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_mail_is_kept_byte_for_byte(store: CaughtMails, route: SmtpRoute, pipelining: bool) -> None:
    connection = SmtpConnection(SmtpRoute("127.0.0.1", route.port, "none", pipelining=pipelining))
    outcome = connection.send("bounce@us.example", "jane@customer.example", MAIL)
    assert (outcome.kind, outcome.text) == ("accepted", "Caught as 1")
    connection.close()
    mail = store.get(1)
    assert mail is not None
    assert (mail.raw, mail.summary.received_at) == (MAIL, NOON)
    assert mail.summary.envelope_from == "bounce@us.example"
    assert mail.summary.recipients == ("jane@customer.example",)


def test_two_mails_written_in_one_go(store: CaughtMails, route: SmtpRoute) -> None:
    """RFC 2920 lets a client send the next envelope with the end of the last mail."""
    envelope = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"
    with socket.create_connection(("127.0.0.1", route.port), 10) as sock, sock.makefile("rb") as replies:
        replies.readline()
        sock.sendall(b"EHLO me\r\n")
        greeting = [replies.readline() for _ in range(7)]
        assert b"250-PIPELINING\r\n" in greeting
        assert not any(b"STARTTLS" in line for line in greeting)
        assert greeting[-1].startswith(b"250 ")
        sock.sendall(envelope)
        assert [replies.readline()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        sock.sendall(MAIL.replace(b"\r\n.", b"\r\n..") + b".\r\n" + envelope)
        assert [replies.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        sock.sendall(b"Subject: second\r\n\r\n.\r\nQUIT\r\n")
        assert [replies.readline()[:3] for _ in range(2)] == [b"250", b"221"]
    assert [mail.subject for mail in store.page()] == ["second", "hello"]


def test_many_connections_share_commits(
    store: CaughtMails, route: SmtpRoute, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    go_on = threading.Event()
    add_all = store.add_all

    def held_up(mails: list[NewlyCaught]) -> list[int]:
        # The first commit waits until all the others have arrived behind it.
        if not commits:
            go_on.wait(10)
        commits.append(len(mails))
        return add_all(mails)

    monkeypatch.setattr(store, "add_all", held_up)
    pool = SmtpPool(route, 8)
    waiting = threading.Semaphore(0)

    def told(moment: str) -> None:
        if moment == "sent":
            waiting.release()

    def send(number: int) -> str:
        with pool.connection() as connection:
            return connection.send("", f"c{number}@d.example", MAIL, on_phase=told).kind

    with ThreadPoolExecutor(8) as threads:
        kinds = threads.map(send, range(40))
        for _ in range(8):
            assert waiting.acquire(timeout=10)
        go_on.set()
        assert list(kinds) == ["accepted"] * 40
    pool.close()
    assert sum(commits) == store.count() == 40
    assert len(commits) < 40


def test_large_mails_long_lines_and_many_recipients(store: CaughtMails, route: SmtpRoute) -> None:
    large = b"Subject: large\r\n\r\n" + (b"x" * 50_000 + b"\r\n") * 100
    with smtplib.SMTP("127.0.0.1", route.port, "localhost") as client:
        client.sendmail("a@b.example", ["c@d.example", "e@f.example"], large)
        code, _ = client.docmd("MAIL", f"FROM:<a@b.example> SIZE={MAX_BYTES + 1}")
        assert code == 552
    mail = store.get(1)
    assert mail is not None
    assert mail.raw == large
    assert mail.summary.recipients == ("c@d.example", "e@f.example")


def test_international_addresses(store: CaughtMails, route: SmtpRoute) -> None:
    connection = SmtpConnection(route)
    assert connection.send("", "j\u00fcrgen@k\u00f6ln.example", MAIL).kind == "accepted"
    connection.close()
    assert store.page()[0].recipients == ("j\u00fcrgen@k\u00f6ln.example",)


def test_a_store_that_fails_defers_the_mail(
    store: CaughtMails, route: SmtpRoute, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(mails: list[NewlyCaught]) -> list[int]:
        raise OSError("disk full")

    connection = SmtpConnection(route)
    with monkeypatch.context() as broken:
        broken.setattr(store, "add_all", full)
        outcome = connection.send("", "c@d.example", MAIL)
    assert (outcome.kind, outcome.code) == ("deferred", 451)
    assert connection.send("", "c@d.example", MAIL).kind == "accepted"
    connection.close()


def test_a_busy_port_is_named(store: CaughtMails, route: SmtpRoute) -> None:
    with pytest.raises(PortBusy, match=str(route.port)) as busy:
        Catcher(store, "127.0.0.1", route.port).start()
    assert busy.value.port == route.port


def test_stopping_finishes_the_mail_in_hand_and_leaves_idle_connections(store: CaughtMails) -> None:
    catcher = Catcher(store, "127.0.0.1", 0)
    route = SmtpRoute("127.0.0.1", catcher.start(), "none", timeout=10.0)
    idle, busy = SmtpConnection(route), SmtpConnection(route)
    assert idle.send("", "idle@d.example", MAIL).kind == "accepted"
    stopping = threading.Thread(target=catcher.stop)

    def told(moment: str) -> None:
        if moment == "dot":
            stopping.start()

    assert busy.send("", "busy@d.example", MAIL, on_phase=told).kind == "accepted"
    stopping.join(10)
    assert not stopping.is_alive()
    assert [mail.recipients for mail in store.page()] == [("busy@d.example",), ("idle@d.example",)]
    assert (idle.send("", "late@d.example", MAIL).kind, busy.send("", "x@d.example", MAIL).kind) == (
        "sender_problem",
    ) * 2
    assert SmtpConnection(route).send("", "late@d.example", MAIL).phase == "connect"


def test_stopping_twice_and_starting_again(store: CaughtMails) -> None:
    catcher = Catcher(store, "127.0.0.1", 0)
    assert catcher.start() != 0
    catcher.stop()
    catcher.stop()
    route = SmtpRoute("127.0.0.1", catcher.start(), "none", timeout=10.0)
    connection = SmtpConnection(route)
    assert connection.send("", "c@d.example", MAIL).kind == "accepted"
    connection.close()
    catcher.stop()


def test_replies_do_not_wait_for_acknowledgements(store: CaughtMails) -> None:
    """Without TCP_NODELAY a connection takes some twenty mails a second."""
    catcher = Catcher(store, "127.0.0.1", 0)
    connection = SmtpConnection(SmtpRoute("127.0.0.1", catcher.start(), "none"))
    connection.open()
    (session,) = catcher._sessions
    sock = session.transport.get_extra_info("socket")  # type: ignore[union-attr]
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    connection.close()
    catcher.stop()
