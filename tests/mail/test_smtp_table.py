"""The table of a hand-over: phase by answer, and what each means for the mail.

Before MAIL nobody's mail is to blame. At MAIL a refusal is of the sender. From RCPT on a plain refusal is of this
mail, one that speaks of policy or of a sign-in is of us. After the dot only a readable answer decides.
"""

from __future__ import annotations

import pytest

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


def test_an_answer_of_many_lines_is_judged_by_its_last_code() -> None:
    many = Say(b"550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three\r\n")
    assert hand_over("RCPT", many, pipelining=True)[:2] == ("sender_problem", "rcpt")
