"""The table of a hand-over: phase by answer, and what each means for the mail.

Before MAIL nobody's mail is to blame. At MAIL a refusal is of the sender. From RCPT on a plain refusal is of this
mail, one that speaks of policy or of a sign-in is of us. After the dot only a readable answer decides.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest

from app.mail import smtp
from app.mail.replies import Outcome
from app.mail.smtp import SmtpConnection, SmtpRoute
from tests.support.smtp_server import Action, Drop, Say, ScriptedServer, Stall

MAIL = b"Subject: hello\r\n\r\nA line.\r\n"
OPENING = ("connect", "EHLO", "AUTH")
PHASES = (*OPENING, "MAIL", "RCPT", "DATA", "dot")
LETTERS = {"d": "deferred", "f": "failed", "s": "sender_problem", "u": "uncertain"}
# One letter a phase, in the order of PHASES.
TABLE: dict[str, str] = {
    "421 4.3.2 closing": "sssdddd",
    "450 4.2.0 busy": "sssdddd",
    "451 4.7.1 greylisted": "sssdddd",
    "452 4.3.1 no room": "sssdddd",
    "454 4.7.0 later": "sssdddd",
    "500 5.5.2 what": "ssssfff",
    "503 5.5.1 order": "ssssfff",
    "530 5.7.0 sign in": "sssssss",
    "535 5.7.8 wrong": "sssssss",
    "535 wrong": "sssssss",
    "550 5.1.1 unknown": "ssssfff",
    "550 unknown": "ssssfff",
    "552 5.2.2 full": "sssffff",
    "552 5.3.4 too large": "sssffff",
    "553 5.1.3 syntax": "ssssfff",
    "554 5.5.0 no": "ssssfff",
    "550 5.7.1 blocked": "sssssss",
    "550 5.7.26 not signed": "sssssss",
    "552 5.7.0 policy": "sssssss",
    "554 5.7.5 encryption": "sssssss",
    "550 5.6.0 content": "sssffff",
}
BROKEN: dict[str, tuple[Action, str]] = {
    "hung up": (Drop(), "sssdddu"),
    "half a line": (Drop(b"25"), "sssdddu"),
    "half a reply": (Drop(b"250-more\r\n"), "sssdddu"),
    "noise": (Say(b"\x00\xffhello\r\n"), "sssdddu"),
    "no code": (Say(b"999 what\r\n"), "sssdddu"),
    "silence": (Stall(), "sssdddu"),
    "no end": (Stall(b"250-more\r\n" * 300), "sssdddu"),
}


@pytest.fixture(autouse=True)
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the server were far: only then the next envelope goes ahead."""
    monkeypatch.setattr(smtp, "_FAR", 0.0)


def hand_over(phase: str, action: Action, pipelining: bool, patience: float = 5.0) -> tuple[str, str, int]:
    """Kind and phase of the outcome, and how many mails the server says it took."""
    offered = ["8BITMIME", "AUTH PLAIN", *(["PIPELINING"] if pipelining else [])]
    script = {phase: [action], "HELO": [action] if phase == "EHLO" else []}
    with ScriptedServer(script, extensions=offered) as server:
        route = SmtpRoute(
            "127.0.0.1", server.port, "none", username="me", password="secret", timeout=patience, dot_timeout=patience
        )  # fmt: skip
        connection = SmtpConnection(route)
        outcome = connection.send("b@mail.example", "jane@customer.example", MAIL)
        if outcome.code == 421 or outcome.code is None:
            assert not connection.is_open
        connection.close()
        return outcome.kind, outcome.phase, len(server.received)


@pytest.mark.parametrize("pipelining", [True, False], ids=["together", "one by one"])
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("answer", TABLE)
def test_an_answer_means_by_its_phase(answer: str, phase: str, pipelining: bool) -> None:
    kind, told, taken = hand_over(phase, answer, pipelining)
    assert kind == LETTERS[TABLE[answer][PHASES.index(phase)]]
    assert told == {"connect": "connect", "EHLO": "connect", "dot": "dot"}.get(phase, phase.lower())
    assert taken == 0


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("trouble", BROKEN)
def test_what_is_no_answer_means_by_its_phase(trouble: str, phase: str) -> None:
    action, row = BROKEN[trouble]
    kind, _, taken = hand_over(phase, action, pipelining=True, patience=0.1)
    assert kind == LETTERS[row[PHASES.index(phase)]]
    assert taken == 0


@dataclass(frozen=True)
class Announced:
    """A mail whose envelope goes ahead."""

    mail_from: str
    recipient: str
    data: bytes = MAIL
    smtputf8: bool = False


FIRST = Announced("b@mail.example", "first@customer.example")
SECOND = Announced("b@mail.example", "second@customer.example")


def hand_over_two(
    script: dict[str, list[Action]], patience: float = 5.0
) -> tuple[Outcome, Outcome, list[str]]:
    """The second mail's envelope goes behind the dot of the first; outcomes, and whom the server took mail for."""
    with ScriptedServer(script) as server:
        route = SmtpRoute("127.0.0.1", server.port, "none", timeout=patience, dot_timeout=patience)
        connection = SmtpConnection(route)
        first = connection.send(FIRST.mail_from, FIRST.recipient, FIRST.data, following=SECOND)
        second = connection.send(SECOND.mail_from, SECOND.recipient, SECOND.data)
        connection.close()
        return first, second, [mail.recipient for mail in server.received]


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("answer", TABLE)
def test_a_mail_whose_envelope_went_ahead_is_judged_in_the_same_way(answer: str, phase: str) -> None:
    good: list[Action] = [{"DATA": "354 go on"}.get(phase, "250 2.0.0 ok")]
    # A refusal of MAIL that may be about its coming early is asked for again in its turn.
    first, second, taken = hand_over_two({phase: [*good, answer, answer]})
    assert first.kind == "accepted"
    assert second.kind == LETTERS[TABLE[answer][PHASES.index(phase)]]
    assert second.phase == phase.lower()
    assert taken == [FIRST.recipient]


@pytest.mark.parametrize("answer", TABLE)
def test_the_next_mail_leaves_whatever_becomes_of_the_one_before_it(answer: str) -> None:
    first, second, taken = hand_over_two({"dot": [answer]})
    assert first.kind == LETTERS[TABLE[answer][PHASES.index("dot")]]
    assert second.kind == "accepted"
    assert taken == [SECOND.recipient]


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("trouble", BROKEN)
def test_trouble_behind_an_envelope_that_went_ahead(trouble: str, phase: str) -> None:
    action, row = BROKEN[trouble]
    good: list[Action] = [{"DATA": "354 go on"}.get(phase, "250 2.0.0 ok")]
    first, second, taken = hand_over_two({phase: [*good, action]}, patience=0.1)
    assert first.kind == "accepted"
    # Before its own body nothing of it was taken: a new line, and it leaves at once.
    expected = "a" if phase == "MAIL" else row[PHASES.index(phase)]
    assert second.kind == {**LETTERS, "a": "accepted"}[expected]
    assert taken == [FIRST.recipient, SECOND.recipient][: 2 if expected == "a" else 1]


@pytest.mark.parametrize("trouble", BROKEN)
def test_trouble_at_a_dot_leaves_the_next_mail_alone(trouble: str) -> None:
    first, second, taken = hand_over_two({"dot": [BROKEN[trouble][0]]}, patience=0.1)
    assert first.kind == "uncertain"
    assert second.kind == "accepted"
    assert taken == [SECOND.recipient]


def test_a_server_that_dislikes_an_early_envelope_is_not_offered_another() -> None:
    first, second, taken = hand_over_two({"MAIL": ["250 2.1.0 ok", "503 5.5.1 wait for your turn"]})
    assert (first.kind, second.kind) == ("accepted", "accepted")
    assert taken == [FIRST.recipient, SECOND.recipient]
    with ScriptedServer({"MAIL": ["250 2.1.0 ok", "503 5.5.1 wait for your turn"]}) as server:
        connection = SmtpConnection(SmtpRoute("127.0.0.1", server.port, "none"))
        for _ in range(4):
            connection.send(FIRST.mail_from, FIRST.recipient, FIRST.data, following=FIRST)
        connection.close()
        assert len(server.received) == 4
        # Four mails, and one envelope that was offered twice.
        assert sum(command.startswith("MAIL") for command in server.commands) == 5


ANOTHER = Announced("b@mail.example", "third@customer.example")
EIGHT_BITS = Announced("b@mail.example", SECOND.recipient, "Subject: other\r\n\r\né\r\n".encode())
BAD_ADDRESS = Announced("b@mail.example", "bad>\r\nRCPT TO:<x@y.example")
BAD_BODY = Announced("b@mail.example", SECOND.recipient, b"bare\nline\r\n")


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        (ANOTHER, [ANOTHER.data]),
        (EIGHT_BITS, [EIGHT_BITS.data]),
        (None, []),
        (BAD_ADDRESS, []),
        (BAD_BODY, []),
    ],
    ids=["another", "eight bits", "none", "bad address", "bad body"],
)
def test_what_was_announced_and_does_not_come_is_never_sent(
    other: Announced | None, taken: list[bytes]
) -> None:
    with ScriptedServer() as server:
        connection = SmtpConnection(SmtpRoute("127.0.0.1", server.port, "none", timeout=5))
        assert connection.send(FIRST.mail_from, FIRST.recipient, MAIL, following=SECOND).kind == "accepted"
        if other is not None:
            with suppress(ValueError):
                connection.send(other.mail_from, other.recipient, other.data)
        connection.close()
        assert server.hung_up.wait(5)
    assert [mail.data for mail in server.received] == [MAIL, *taken]


def test_nothing_goes_ahead_where_the_server_takes_one_command_at_a_time_or_the_line_is_tired() -> None:
    for extensions, most in (([], 100), (["PIPELINING"], 1)):
        with ScriptedServer(extensions=extensions) as server:
            connection = SmtpConnection(SmtpRoute("127.0.0.1", server.port, "none", max_mails=most))
            connection.send(FIRST.mail_from, FIRST.recipient, MAIL, following=SECOND)
            connection.close()
            assert sum(command.startswith("MAIL") for command in server.commands) == 1


def test_nothing_goes_ahead_to_a_server_near_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_FAR", 60.0)
    with ScriptedServer() as server:
        connection = SmtpConnection(SmtpRoute("127.0.0.1", server.port, "none"))
        connection.send(FIRST.mail_from, FIRST.recipient, MAIL, following=SECOND)
        connection.close()
        assert sum(command.startswith("MAIL") for command in server.commands) == 1


def test_an_answer_of_many_lines_is_judged_by_its_last_code() -> None:
    many = Say(b"550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three\r\n")
    assert hand_over("RCPT", many, pipelining=True)[:2] == ("sender_problem", "rcpt")
