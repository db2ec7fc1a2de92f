"""A mailbox on a real server: nothing twice, nothing lost, nothing changed, whatever the server does."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.inbound.imap import ImapRoute
from app.services.returned import polling
from app.services.returned.polling import MailboxProblem, poll, route_of
from app.services.world import World
from app.store.database import Database
from app.store.tables import inbound_messages, mailboxes
from tests.support import line
from tests.support.certificates import self_signed
from tests.support.imap_server import PASSWORD, TOKEN, USER, ImapServer
from tests.support.line import NOW
from tests.support.rules import one, programme, rows

DAY = timedelta(days=1)


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as running:
        yield running


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path)


def route(server: ImapServer, **changed: Any) -> ImapRoute:
    return replace(ImapRoute("127.0.0.1", server.port, "none", USER, PASSWORD, timeout=5), **changed)


def mail(number: int) -> bytes:
    return f"From: a@b.example\r\nSubject: {number}\r\n\r\nText {number}\r\n".encode()


def kept(world: World) -> list[bytes]:
    return sorted(bytes(row.raw) for row in rows(world, inbound_messages))


def test_what_came_is_kept_once_and_in_one_look_each(server: ImapServer, world: World) -> None:
    server.add(3, NOW, mail(3))
    server.add(7, NOW, mail(7))
    assert poll(world, route(server), NOW) == 2
    assert poll(world, route(server), NOW) == 0
    server.add(9, NOW, mail(9))
    assert poll(world, route(server), NOW) == 1
    assert kept(world) == [mail(3), mail(7), mail(9)]
    assert {row.source for row in rows(world, inbound_messages)} == {"imap"}
    assert one(world, mailboxes).last_uid == 9
    # The last message is asked for again by `n:*`, and not fetched again.
    assert len([command for command in server.commands if "FETCH 9" in command.upper()]) == 1


def test_nothing_in_the_mailbox_is_changed(server: ImapServer, world: World) -> None:
    server.add(1, NOW, mail(1))
    poll(world, route(server), NOW)
    said = " ".join(server.commands).upper()
    assert "EXAMINE" in said
    assert "BODY.PEEK[]" in said
    for word in ("SELECT", "STORE", "EXPUNGE", "COPY", "MOVE", "APPEND", "CLOSE", " BODY["):
        assert word not in said


@pytest.mark.parametrize("tells_next", [True, False])
def test_of_a_new_mailbox_only_the_last_month_is_read(
    server: ImapServer, world: World, tells_next: bool
) -> None:
    server.tells_next = tells_next
    server.add(1, NOW - 40 * DAY, mail(1))
    assert poll(world, route(server), NOW) == 0
    assert poll(world, route(server), NOW) == 0
    server.add(2, NOW, mail(2))
    assert poll(world, route(server), NOW) == 1
    assert kept(world) == [mail(2)]


def test_a_mailbox_made_anew_is_read_again_without_doubles(server: ImapServer, world: World) -> None:
    server.add(40, NOW, mail(1))
    poll(world, route(server), NOW)
    server.uid_validity, server.messages = 2, []
    server.add(1, NOW, mail(1))
    server.add(2, NOW, mail(2))
    assert poll(world, route(server), NOW) == 1
    place = one(world, mailboxes)
    assert (place.uid_validity, place.last_uid) == (2, 2)


@pytest.mark.parametrize("fault", ["drop", "half", "huge"])
def test_a_line_that_breaks_loses_nothing(server: ImapServer, world: World, fault: str) -> None:
    for uid in (1, 2, 3):
        server.add(uid, NOW, mail(uid))
    server.faults["FETCH"] = ["", fault]
    with pytest.raises(MailboxProblem, match="could not be read"):
        poll(world, route(server), NOW)
    assert kept(world) == [mail(1)]
    assert "could not be read" in one(world, mailboxes).problem
    assert poll(world, route(server), NOW) == 2
    assert kept(world) == [mail(1), mail(2), mail(3)]
    assert one(world, mailboxes).problem is None


def test_who_is_ended_after_keeping_and_before_noting_the_place_reads_it_again(
    server: ImapServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(1, NOW, mail(1))

    def ended(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(polling, "_keep", ended)
        with pytest.raises(KeyboardInterrupt):
            poll(world, route(server), NOW)
    assert kept(world) == [mail(1)]
    assert poll(world, route(server), NOW) == 0
    assert kept(world) == [mail(1)]


def test_a_message_the_server_does_not_hand_out_stops_none_behind_it(
    server: ImapServer, world: World
) -> None:
    for uid in (1, 2, 3):
        server.add(uid, NOW, mail(uid))
    server.faults["FETCH"] = ["", "no"]
    assert poll(world, route(server), NOW) == 2
    assert kept(world) == [mail(1), mail(3)]
    assert "1 messages" in one(world, mailboxes).problem


@pytest.mark.parametrize(
    ("word", "fault"),
    [("LOGIN", "no"), ("LOGIN", "drop"), ("EXAMINE", "no"), ("EXAMINE", "drop"), ("SEARCH", "no"),
     ("SEARCH", "babble"), ("SEARCH", "drop")],
)  # fmt: skip
def test_a_server_that_refuses_or_babbles_is_told_in_a_sentence(
    server: ImapServer, world: World, word: str, fault: str
) -> None:
    server.add(1, NOW, mail(1))
    server.faults[word] = [fault]
    with pytest.raises(MailboxProblem, match=r"bounces@127\.0\.0\.1") as caught:
        poll(world, route(server), NOW)
    assert PASSWORD not in str(caught.value)
    assert poll(world, route(server), NOW) == 1


def test_a_mailbox_whose_numbers_mean_nothing_is_not_read(server: ImapServer, world: World) -> None:
    server.uid_validity = None
    with pytest.raises(MailboxProblem, match="UIDVALIDITY"):
        poll(world, route(server), NOW)


def test_a_wrong_password_is_told_and_the_password_is_not(server: ImapServer, world: World) -> None:
    with pytest.raises(MailboxProblem, match="AUTHENTICATIONFAILED") as caught:
        poll(world, route(server, password="hunter2"), NOW)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(route(server, password="hunter2"))


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_line_is_secured_and_the_certificate_looked_at(
    security: str, sqlite_database: Database, tmp_path: Path
) -> None:
    world = programme(sqlite_database, tmp_path)
    tls, certificate = self_signed(tmp_path)
    with ImapServer(tls, starttls=security == "starttls") as server:
        server.add(1, NOW, mail(1))
        with pytest.raises(MailboxProblem, match="certificate"):
            poll(world, route(server, security=security), NOW)
        trusting = ssl.create_default_context(cafile=str(certificate))
        assert poll(world, route(server, security=security, tls=trusting), NOW) == 1


def test_a_large_message_is_cut_and_not_refused(
    server: ImapServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "LARGEST", 100)
    server.add(1, NOW, b"Subject: x\r\n\r\n" + b"y" * 1000)
    assert poll(world, route(server), NOW) == 1
    assert len(one(world, inbound_messages).raw) == 100


def test_many_are_read_over_several_looks(server: ImapServer, world: World) -> None:
    for uid in range(1, 8):
        server.add(uid, NOW, mail(uid))
    assert [poll(world, route(server), NOW, limit=3) for _ in range(4)] == [3, 3, 1, 0]


def test_without_a_host_no_mailbox_is_read(tmp_path: Path, sqlite_database: Database) -> None:
    settings = line.settings_for(tmp_path, sqlite_database)
    assert route_of(settings) is None
    chosen = settings.model_copy(
        update={"imap_host": "imap.example", "imap_username": "a", "imap_password": "b"}
    )
    found = route_of(chosen)
    assert found is not None
    assert (found.security, found.port, found.folder) == ("tls", 993, "INBOX")


def test_a_mailbox_that_takes_no_password_is_shown_a_token(server: ImapServer, world: World) -> None:
    server.add(3, NOW, mail(3))
    assert poll(world, route(server, password="", token=lambda: TOKEN), NOW) == 1
    assert "LOGIN" not in " ".join(server.commands)
    with pytest.raises(MailboxProblem, match="no such token"):
        poll(world, route(server, token=lambda: "an old one"), NOW)


def test_the_token_comes_from_the_command_of_the_settings(world: World, tmp_path: Path) -> None:
    settings = line.settings_for(
        tmp_path, world.database, imap_host="127.0.0.1", imap_token_command=f"printf {TOKEN}"
    )
    found = route_of(settings)
    assert found is not None
    assert found.token is not None
    assert found.token() == TOKEN
