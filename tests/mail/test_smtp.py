"""One mail through one connection: what each point of failure is called, and what goes over the wire."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from app.mail.replies import Outcome
from app.mail.smtp import SmtpConnection, SmtpRoute
from tests.support.smtp_server import Action, Drip, Drop, Received, Say, ScriptedServer, Stall

MAIL = b"Subject: hello\r\n\r\nA line.\r\n"
PATIENCE = 0.15


def route_to(server: ScriptedServer, **changes: Any) -> SmtpRoute:
    settings: dict[str, Any] = {"security": "none", "timeout": 5.0, "dot_timeout": 5.0, **changes}
    return SmtpRoute("127.0.0.1", server.port, **settings)


@contextmanager
def connected(
    script: dict[str, list[Action]] | None = None,
    *,
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"),
    **changes: Any,
) -> Iterator[tuple[SmtpConnection, ScriptedServer]]:
    with ScriptedServer(script, extensions=extensions) as server:
        connection = SmtpConnection(route_to(server, **changes))
        yield connection, server
        connection.close()


def send(connection: SmtpConnection, data: bytes = MAIL) -> Outcome:
    return connection.send("bounce+1@mail.example", "jane@customer.example", data)


both_ways = pytest.mark.parametrize("pipelining", [True, False])


@both_ways
def test_an_accepted_mail_arrives_with_its_envelope(pipelining: bool) -> None:
    with connected(pipelining=pipelining) as (connection, server):
        outcome = send(connection)
        assert outcome == Outcome("accepted", "dot", 250, "2.0.0", "queued as 1")
        assert server.received == [Received("bounce+1@mail.example", "jane@customer.example", MAIL)]
        assert connection.usable


def test_many_mails_share_one_connection() -> None:
    with connected() as (connection, server):
        assert [send(connection).kind for _ in range(5)] == ["accepted"] * 5
        assert server.connections == 1
        assert len(server.received) == 5


VERDICTS = [
    ("MAIL", "451 4.3.0 busy", "deferred", "mail"),
    ("MAIL", "550 5.1.8 bad sender", "sender_problem", "mail"),
    ("MAIL", "550 no", "sender_problem", "mail"),
    ("MAIL", "552 5.3.4 too big", "failed", "mail"),
    ("MAIL", "530 5.7.0 sign in first", "sender_problem", "mail"),
    ("RCPT", "450 4.2.0 greylisted", "deferred", "rcpt"),
    ("RCPT", "450 5.1.1 odd pair", "deferred", "rcpt"),
    ("RCPT", "550 5.1.1 no such user", "failed", "rcpt"),
    ("RCPT", "550 no such user", "failed", "rcpt"),
    ("RCPT", "552 5.2.2 full", "failed", "rcpt"),
    ("RCPT", "550 5.7.1 blocked", "sender_problem", "rcpt"),
    ("RCPT", "530 sign in first", "sender_problem", "rcpt"),
    ("RCPT", "535 sign in first", "sender_problem", "rcpt"),
    ("DATA", "451 4.3.0 busy", "deferred", "data"),
    ("DATA", "554 5.5.0 no", "failed", "data"),
    ("DATA", "554 5.7.1 no", "sender_problem", "data"),
    ("dot", "451 4.3.0 busy", "deferred", "dot"),
    ("dot", "554 5.6.0 cannot read it", "failed", "dot"),
    ("dot", "552 5.3.4 too big", "failed", "dot"),
    ("dot", "550 5.7.26 not signed", "sender_problem", "dot"),
]


@both_ways
@pytest.mark.parametrize(("command", "reply", "kind", "phase"), VERDICTS)
def test_a_refusal_is_judged_by_phase_and_the_connection_goes_on(
    command: str, reply: str, kind: str, phase: str, pipelining: bool
) -> None:
    with connected({command: [reply]}, pipelining=pipelining) as (connection, server):
        outcome = send(connection)
        assert (outcome.kind, outcome.phase, outcome.code) == (kind, phase, int(reply[:3]))
        assert server.received == []
        assert send(connection).kind == "accepted"
        assert server.connections == 1


@both_ways
@pytest.mark.parametrize(
    ("command", "kind", "phase"),
    [
        ("MAIL", "deferred", "mail"),
        ("RCPT", "deferred", "rcpt"),
        ("DATA", "deferred", "data"),
        ("dot", "uncertain", "dot"),
    ],
)
@pytest.mark.parametrize(
    "trouble",
    [Drop(), Drop(b"25"), Stall(), Stall(b"250-a\r\n"), Say(b"hello\r\n"), Say(b"250 " + b"x" * 5_000)],
)
def test_silence_noise_and_hang_ups(
    command: str, kind: str, phase: str, pipelining: bool, trouble: Action
) -> None:
    script = {command: [trouble]}
    with connected(script, pipelining=pipelining, timeout=PATIENCE, dot_timeout=PATIENCE) as (
        connection,
        server,
    ):
        outcome = send(connection)
        assert (outcome.kind, outcome.phase, outcome.code) == (kind, phase, None)
        assert outcome.text
        assert not connection.usable
        assert server.received == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "dot"])
def test_421_midway_defers_and_hangs_up(command: str) -> None:
    script: dict[str, list[Action]] = {command: [Drop(b"421 4.3.2 closing, try again in 5 minutes\r\n")]}
    with connected(script) as (connection, server):
        outcome = send(connection)
        assert (outcome.kind, outcome.code, outcome.retry_after) == ("deferred", 421, timedelta(minutes=5))
        assert not connection.usable
        assert send(connection).kind == "accepted"
        assert server.connections == 2


def test_a_hang_up_in_the_body_is_safe_to_repeat() -> None:
    with connected({"body": [Drop()]}) as (connection, server):
        outcome = connection.send("a@mail.example", "b@c.example", MAIL * 400_000)
        assert (outcome.kind, outcome.phase) == ("deferred", "body")
        assert server.received == []


def test_a_stall_in_the_body_is_safe_to_repeat() -> None:
    with connected({"body": [Stall()]}, timeout=PATIENCE) as (connection, _):
        outcome = connection.send("a@mail.example", "b@c.example", MAIL * 400_000)
        assert (outcome.kind, outcome.phase) == ("deferred", "body")


def test_a_dripping_reply_ends_at_the_deadline() -> None:
    """However often a server says a little: the wait is for the whole reply."""
    with connected({"MAIL": [Drip(b"250-still here\r\n", every=0.02, again=True)]}, timeout=0.3) as (
        connection,
        _,
    ):
        outcome = send(connection)
        assert (outcome.kind, outcome.phase) == ("deferred", "mail")
        assert outcome.text == "The server did not answer in time."


def test_the_verdict_has_a_patience_of_its_own() -> None:
    with connected({"dot": [Stall()]}, timeout=20.0, dot_timeout=PATIENCE) as (connection, _):
        began = time.monotonic()
        assert send(connection).kind == "uncertain"
        assert time.monotonic() - began < 10
    with connected({"MAIL": ["250 ok", "250 ok", Stall()]}, timeout=PATIENCE, dot_timeout=20.0) as (
        connection,
        _,
    ):
        began = time.monotonic()
        assert [send(connection).kind for _ in range(3)] == ["accepted", "accepted", "deferred"]
        assert time.monotonic() - began < 10


def test_a_slow_verdict_of_many_lines_is_waited_for() -> None:
    slow = Drip(b"250-taken\r\n250-and\r\n250 queued\r\n", every=0.01, piece=3)
    with connected({"dot": [slow]}, timeout=0.05, dot_timeout=20.0) as (connection, _):
        assert send(connection).kind == "accepted"


def test_an_endless_reply_is_cut_off() -> None:
    with connected({"MAIL": [Stall(b"250-more\r\n" * 200)]}) as (connection, _):
        assert send(connection) == Outcome("deferred", "mail", text="The server's reply does not end.")


def test_a_reply_of_many_lines_is_read_whole() -> None:
    words = Say(b"550-5.1.1 The address is\r\n550-5.1.1 not\x07 known\r\n550 5.1.1 here.\r\n")
    with connected({"RCPT": [words]}) as (connection, _):
        assert send(connection) == Outcome("failed", "rcpt", 550, "5.1.1", "The address is not known here.")
        assert send(connection).kind == "accepted"


@pytest.mark.parametrize("reply", ["250 what", "354 not yet"])
def test_a_dialogue_out_of_step_is_left(reply: str) -> None:
    with connected({"DATA": ["250 what"]}) as (connection, _):
        assert send(connection).kind == "deferred"
        assert not connection.usable
    with connected({"dot": [reply.replace("250", "354")]}) as (connection, _):
        assert send(connection).kind == "uncertain"
        assert not connection.usable


def test_a_lone_dot_ends_what_a_refused_recipient_began() -> None:
    """RFC 2920, 3.1: DATA may be granted although no recipient was."""
    script: dict[str, list[Action]] = {"RCPT": ["550 5.1.1 unknown"], "DATA": ["354 go on"]}
    with connected(script) as (connection, server):
        assert send(connection).phase == "rcpt"
        assert send(connection).kind == "accepted"
        assert [mail.data for mail in server.received] == [MAIL]
        assert server.connections == 1


def test_no_lone_dot_when_a_recipient_was_taken() -> None:
    """A dot would deliver an empty mail then."""
    script: dict[str, list[Action]] = {"MAIL": ["550 5.1.8 no"], "RCPT": ["250 ok"], "DATA": ["354 go on"]}
    with connected(script) as (connection, server):
        assert send(connection).kind == "sender_problem"
        assert not connection.usable
        server.hung_up.wait(5)
        assert server.received == []


def test_a_broken_rset_keeps_the_refusal() -> None:
    with connected({"RCPT": ["550 5.1.1 unknown"], "RSET": [Drop()]}) as (connection, _):
        assert send(connection).code == 550
        assert not connection.usable


@both_ways
def test_the_envelope_is_pipelined_only_where_offered_and_wanted(pipelining: bool) -> None:
    for extensions in [("PIPELINING",), ("8BITMIME",)]:
        # A server that hangs up at MAIL sees what was written with it.
        with connected({"MAIL": [Drop()]}, extensions=extensions, pipelining=pipelining) as (connection, _):
            connection.open()
            sent = _overheard(connection)
            send(connection)
            together = pipelining and extensions == ("PIPELINING",)
            assert sent[0].count(b"\r\n") == (3 if together else 1)


def _overheard(connection: SmtpConnection) -> list[bytes]:
    """What it writes from now on, write by write."""
    sent: list[bytes] = []
    line = connection._line
    write = line.send

    def overheard(data: bytes, seconds: float) -> None:
        sent.append(data)
        write(data, seconds)

    line.send = overheard  # type: ignore[method-assign]
    return sent


def test_the_moments_are_told_in_order_and_at_their_time() -> None:
    with connected() as (connection, server):
        told: list[tuple[str, int]] = []
        connection.send(
            "a@b.example", "c@d.example", MAIL, on_phase=lambda m: told.append((m, len(server.received)))
        )
        assert told[:3] == [("data", 0), ("body", 0), ("dot", 0)]
        assert [moment for moment, _ in told] == ["data", "body", "dot", "sent", "replied"]
        assert told[4] == ("replied", 1)
        assert server.received[0].data == MAIL


def test_an_interruption_leaves_no_half_dialogue_behind() -> None:
    class Interrupted(BaseException):
        pass

    def stop(moment: str) -> None:
        if moment == "dot":
            raise Interrupted

    with connected() as (connection, server):
        with pytest.raises(Interrupted):
            connection.send("a@b.example", "c@d.example", MAIL, on_phase=stop)
        assert not connection.is_open
        assert send(connection).kind == "accepted"
        assert len(server.received) == 1


def test_the_body_is_half_out_when_its_moment_is_told() -> None:
    """What the crash tests stand on: a process that ends there has sent half a body and no dot."""

    class Ended(BaseException):
        pass

    def end(moment: str) -> None:
        if moment == "body":
            raise Ended

    data = MAIL + b"x\r\n" * 5_000
    with connected() as (connection, server):
        with pytest.raises(Ended):
            connection.send("a@b.example", "c@d.example", data, on_phase=end)
        assert server.hung_up.wait(5)
        assert server.received == []
        assert server.half_bodies == [len(data) // 2]


def test_a_mail_goes_out_anew_when_the_server_had_left_the_idle_connection() -> None:
    with connected() as (connection, server):
        assert send(connection).kind == "accepted"
        server.hang_up()
        server.hung_up.wait(5)
        assert send(connection).kind == "accepted"
        assert server.connections == 2
        assert len(server.received) == 2


def test_a_server_that_always_hangs_up_is_not_asked_for_ever() -> None:
    with connected({"MAIL": ["250 ok", Drop(), Drop(), Drop()]}) as (connection, server):
        assert send(connection).kind == "accepted"
        assert (outcome := send(connection)).kind == "deferred"
        assert (outcome.phase, server.connections) == ("mail", 2)


@pytest.mark.parametrize(
    ("answer", "usable"), [("250 2.0.0 ok", True), ("451 4.3.0 no", False), (Drop(), False)]
)
def test_a_connection_that_lay_idle_for_long_is_asked(answer: Action, usable: bool) -> None:
    now = [0.0]
    with ScriptedServer({"NOOP": [answer]}) as server:
        connection = SmtpConnection(route_to(server), clock=lambda: now[0])
        send(connection)
        now[0] = 29.0
        assert connection.usable
        assert "NOOP" not in server.commands
        now[0] = 60.0
        assert connection.usable is usable
        assert server.commands[-1] == "NOOP"
        connection.close()


def test_size_limit_and_international_addresses_are_known_before_sending() -> None:
    with connected(extensions=("PIPELINING", "SIZE 40")) as (connection, server):
        assert send(connection).kind == "accepted"
        assert "SIZE=27" in server.commands[1]
        big = send(connection, MAIL * 2)
        assert (big.kind, big.phase, big.enhanced) == ("failed", "mail", "5.3.4")
        umlaut = connection.send("a@b.example", "jürgen@c.example", MAIL)
        assert (umlaut.kind, umlaut.enhanced) == ("failed", "5.6.7")
        assert send(connection).kind == "accepted"
        assert server.connections == 1


def test_smtputf8_and_8bitmime_are_asked_for_where_needed() -> None:
    with connected(extensions=("PIPELINING", "SMTPUTF8", "8BITMIME")) as (connection, server):
        connection.send("a@b.example", "jürgen@c.example", "Subject: ü\r\n\r\n".encode())
        connection.send("a@b.example", "c@d.example", MAIL)
        mails = [command for command in server.commands if command.startswith("MAIL")]
        assert mails == ["MAIL FROM:<a@b.example> BODY=8BITMIME SMTPUTF8", "MAIL FROM:<a@b.example>"]
        assert server.received[0].recipient == "jürgen@c.example"


def test_eight_bit_text_never_goes_to_a_server_that_did_not_offer_it() -> None:
    with connected(extensions=("PIPELINING",)) as (connection, server):
        refused = connection.send("a@b.example", "c@d.example", "Subject: ü\r\n\r\n".encode())
        assert (refused.kind, refused.phase, refused.enhanced) == ("failed", "mail", "5.6.3")
        assert not any(command.startswith("MAIL") for command in server.commands)


def test_the_null_sender_is_allowed() -> None:
    with connected() as (connection, server):
        assert connection.send("", "c@d.example", MAIL).kind == "accepted"
        assert server.received[0].mail_from == ""


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a@b.example\r\nRCPT TO:<x@y.example>",
        "a b@c.example",
        "a@b>",
        "<a@b",
        "a\x00@b",
        "a\x7f@b",
        "a\x85@b",
    ],
)
def test_an_address_that_could_be_a_command_never_leaves(address: str) -> None:
    with connected() as (connection, server):
        with pytest.raises(ValueError, match="address"):
            connection.send("a@b.example", address, MAIL)
        if address:
            with pytest.raises(ValueError, match="address"):
                connection.send(address, "c@d.example", MAIL)
        assert server.commands == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no end",
        b"a\n",
        b"a\r\n.\nb\r\n",
        b"a\n.\r\nb\r\n",
        b"a\r.\r\nb\r\n",
        b"a\rb\nc\r\n",
        b"\n\r\r\n",
        b"a\r\n\r",
        b"\r\r\n",
    ],
)
def test_smuggled_line_ends_never_leave(data: bytes) -> None:
    with connected() as (connection, server):
        with pytest.raises(ValueError, match="CRLF"):
            send(connection, data)
        assert server.commands == []


@pytest.mark.parametrize(
    ("limits", "mails"),
    [({"max_mails": 2}, 2), ({"max_age": timedelta(seconds=10)}, 3)],
    ids=["mails", "age"],
)
def test_a_tired_connection_is_not_usable(limits: dict[str, Any], mails: int) -> None:
    now = [0.0]
    with ScriptedServer() as server:
        connection = SmtpConnection(route_to(server, **limits), clock=lambda: now[0])
        assert not connection.usable
        for _ in range(mails):
            send(connection)
            was, now[0] = connection.usable, now[0] + 3.4
        assert not was if "max_mails" in limits else was
        assert not connection.usable
        connection.close()


def test_quit_never_raises_and_never_waits_long() -> None:
    with connected({"QUIT": [Stall()]}, timeout=20.0) as (connection, server):
        send(connection)
        began = time.monotonic()
        connection.close()
        connection.close()
        assert time.monotonic() - began < 10
        assert server.commands[-1] == "QUIT"
        assert not connection.is_open


def test_a_password_does_not_show() -> None:
    assert "hidden" not in repr(SmtpRoute("h", 25, "tls", "me", "hidden"))
