"""Whatever a server does at whatever moment: the whole worker comes to the right end, with nothing lost or doubled."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from app.mail.journal import Journal
from app.mail.smtp import SmtpRoute
from app.mail.smtp_pool import SmtpPool
from app.services.running import run_due
from app.services.sending.worker import Sender
from app.store.database import Database
from app.store.tables import deliveries, provider_pressures, sender_states, throttle_lanes
from tests.services.sending.conftest import House
from tests.support import line
from tests.support.smtp_server import Action, Drip, Drop, Say, ScriptedServer, Stall

PHASES = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "dot")
# Per phase: d, deferred; p, deferred, and its provider is asked for less; s, deferred, and its sender is paused;
# f, failed; b, failed, and its address is suppressed; u, uncertain.
ANSWERS: dict[str, str] = {
    "421 4.3.2 closing": "sspppp",
    "421 too many": "sspppp",
    "450 4.2.0 busy": "ssdddd",
    "450 4.7.1 greylisted, come back later": "ssdddd",
    "451 4.7.0 slow down": "sspppp",
    "451 4.3.0 later": "ssdddd",
    "452 4.3.1 no room": "ssdddd",
    "454 4.7.0 temporarily refused": "sspppp",
    "454 later": "ssdddd",
    "535 5.7.8 who are you": "ssssss",
    "550 5.1.1 no such user": "sssbff",
    "550 5.1.10 null mx": "sssbff",
    "550 no": "sssfff",
    "552 5.2.2 full": "ssffff",
    "552 5.3.4 too large": "ssffff",
    "554 5.6.0 content": "ssffff",
    "554 5.7.1 blocked": "ssssss",
    "550 5.7.26 not signed": "ssssss",
    "554 5.5.0 no": "sssfff",
}
BROKEN: dict[str, tuple[Action, str]] = {
    "hung up": (Drop(), "ssdddu"),
    "half a reply": (Drop(b"250-more\r\n25"), "ssdddu"),
    "noise": (Say(b"\x00\xffhello\r\n"), "ssdddu"),
    "a reply without end": (Stall(b"250-more\r\n" * 300), "ssdddu"),
    "silence": (Stall(), "ssdddu"),
    "two lines, two codes": (Say(b"451-4.3.0 one\r\n550 5.5.0 two\r\n"), "sssfff"),
    "many lines": (Say(b"550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three\r\n"), "ssssss"),
    "letter by letter": (Drip(b"451 4.3.0 later\r\n", 0.001, 1), "ssdddd"),
}
SPECIAL = {
    # A small mail is out of our hands before its first bytes are read.
    "hung up in the body": ("body", Drop(), "u"),
    "stalled in the body, then gone": ("body", Stall(), "u"),
    "taken, and gone before it said so": ("dot", Drop(takes=True), "u"),
    "taken, and half said": ("dot", Drop(b"250 2.0", takes=True), "u"),
}
STATES = {"d": "deferred", "p": "deferred", "s": "deferred", "f": "failed", "b": "failed", "u": "uncertain"}


@dataclass(frozen=True)
class Case:
    name: str
    phase: str
    action: Action
    letter: str


TABLE: dict[str, tuple[Action, str]] = {
    answer: (answer, letters) for answer, letters in ANSWERS.items()
} | BROKEN
CASES = [
    Case(name, phase, action, letters[number])
    for name, (action, letters) in TABLE.items()
    for number, phase in enumerate(PHASES)
]
MORE = [Case(name, phase, action, letter) for name, (phase, action, letter) in SPECIAL.items()]
# Each answer at a phase or two, each phase with many answers.
FEW = [case for number, case in enumerate(CASES) if number % 7 == 0 or case.letter in "bu"]


class Play:
    """One mail meets the case, another one comes after it; time passes until both have come to their end."""

    def __init__(self, house: House, case: Case, number: int) -> None:
        self.house, self.case, self.number = house, case, 2 * number
        self.house.now = line.NOW
        for table in (sender_states, provider_pressures, throttle_lanes):
            self.house.change(delete(table))

    def faults(self) -> Iterator[str]:
        case, house = self.case, self.house
        # Of EHLO a server that does not know it says so, and is then greeted as in old times.
        script: dict[str, list[Action]] = {case.phase: [case.action]}
        if case.phase == "EHLO":
            script["HELO"] = [case.action]
        (who,) = self.plan(self.number)
        with ScriptedServer(script) as server:
            self.send(server.port)
            yield from self.after_the_fault(who)
            (other,) = self.plan(self.number + 1)
            self.wait(server.port)
        ends = {who: self.mail(who), other: self.mail(other)}
        expected = STATES[case.letter].replace("deferred", "accepted")
        if ends[who].state != expected:
            yield f"ended {ends[who].state} ({ends[who].reason_code}), not {expected}"
        if ends[other].state != "accepted":
            yield f"the next mail ended {ends[other].state} ({ends[other].reason_code})"
        copies = [mail.recipient for mail in server.received]
        if copies.count(line.address(self.number + 1)) != 1:
            yield "the next mail is not there once"
        takes = expected == "accepted" or getattr(case.action, "takes", False)
        if copies.count(line.address(self.number)) != takes:
            yield f"{copies.count(line.address(self.number))} copies"
        while run_due(house.world, house.now).taken:
            pass
        for each in (who, other):
            (stay,) = house.rows("enrollments", contact_id=each)
            if stay.step != "pause":
                yield f"an enrollment is still at {stay.step}, {stay.state}"

    def after_the_fault(self, who: Any) -> Iterator[str]:
        mail, letter = self.mail(who), self.case.letter
        if mail.state != STATES[letter]:
            yield f"{mail.state} ({mail.reason_code}), not {STATES[letter]}"
        if mail.state == "deferred" and not mail.due_at > self.house.now:
            yield "deferred until now"
        for wanted, table, what in (
            ("b", "suppressions", "suppressed"),
            ("s", "sender_states", "its sender is paused"),
            ("p", "provider_pressures", "its provider is asked for less"),
        ):
            found = self.house.rows(table, **({"contact_id": who} if wanted == "b" else {}))
            if bool(found) != (letter == wanted):
                yield f"{what}: {bool(found)}"

    def plan(self, number: int) -> list[Any]:
        found = self.house.plan(1, first=number)
        self.house.change(update(deliveries).values(expires_at=None))
        return found

    def mail(self, who: Any) -> Any:
        (mail,) = self.house.rows("deliveries", contact_id=who)
        return mail

    def wait(self, port: int) -> None:
        """Until nothing waits any more, from one due instant to the next."""
        for _ in range(12):
            self.send(port)
            waiting = self.house.rows("deliveries", state="deferred")
            if not waiting:
                return
            self.house.now = max(self.house.now + timedelta(seconds=1), *(one.due_at for one in waiting))

    def send(self, port: int) -> None:
        patience = 0.1 if isinstance(self.case.action, Stall) else 5.0
        route = SmtpRoute("127.0.0.1", port, "none", timeout=patience, dot_timeout=patience)
        pool, journal = SmtpPool(route, 1), Journal(self.house.folder / "journal", "main")
        Sender(self.house.world, pool, journal, lambda: self.house.now, connections=1).send_due()
        pool.close()
        journal.close()


def play(database: Database, folder: Path, cases: list[Case]) -> None:
    house = House(database, folder, smtp_host="relay.example")
    told = [
        f"{case.name} at {case.phase}: {fault}"
        for number, case in enumerate(cases)
        for fault in Play(house, case, number).faults()
    ]
    house.close()
    assert not told, "\n" + "\n".join(told)


def test_whatever_a_server_does_nothing_is_lost_and_nothing_doubled(
    database: Database, tmp_path: Path
) -> None:
    play(database, tmp_path, [*FEW, *MORE])


@pytest.mark.prove
def test_every_answer_at_every_moment(database: Database, tmp_path: Path) -> None:
    play(database, tmp_path, [*CASES, *MORE])
