"""A full disk, a clock that jumps, a second worker of the same name: nothing leaves without a line in the journal."""

import errno
import os
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.mail import journal as journals
from app.mail.journal import JournalBusy
from app.mail.smtp import SmtpRoute
from app.runtime.engine import Engine
from app.services.sending.recovering import reap
from app.services.sending.worker import NotBegun
from tests.services.sending.conftest import House
from tests.support import line
from tests.support.smtp_server import ScriptedServer

MAILS = 35
ONCE_EACH = Counter(line.address(number) for number in range(MAILS))


class Disk:
    """Takes so many records of a kind (S: started, A: answered) and then is full, or takes half of each."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, kind: bytes, room: int, *, half: bool = False
    ) -> None:
        self.kind, self.room, self.half = kind, room, half
        self.begun: set[bytes] = set()
        self._write = os.write
        monkeypatch.setattr(journals.os, "write", self.write)

    def write(self, fd: int, record: bytes) -> int:
        if record.startswith(self.kind):
            self.room -= 1
            if self.room < 0:
                if self.half:
                    return self._write(fd, record[: len(record) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")
        if record.startswith(b"S "):
            self.begun.add(record.split()[1])
        return self._write(fd, record)


def taken(server: ScriptedServer) -> Counter[str]:
    return Counter(mail.recipient for mail in server.received)


@pytest.mark.parametrize("half", [False, True], ids=["full", "half a record"])
@pytest.mark.parametrize("connections", [1, 3])
def test_what_cannot_be_written_down_is_not_begun(
    connections: int, half: bool, house: House, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.plan(MAILS)
    disk = Disk(monkeypatch, b"S ", 12, half=half)
    sender = house.sender(server.port, connections=connections)
    with pytest.raises(NotBegun):
        sender.send_due()
    assert taken(server).total() == 12
    assert house.states() == {"accepted": 12, "queued": MAILS - 12}
    disk.room = MAILS
    sender.send_due()
    assert taken(server) == ONCE_EACH
    assert house.states() == {"accepted": MAILS}
    assert len(disk.begun) == MAILS


def test_an_answer_that_cannot_be_written_down_is_still_in_hand(
    house: House, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.plan(MAILS)
    Disk(monkeypatch, b"A ", 3)
    with capture_logs() as told:
        house.sender(server.port, connections=2).send_due()
    assert [one["event"] for one in told].count("sending.journal_failed") == MAILS - 3
    assert taken(server) == ONCE_EACH
    assert house.states() == {"accepted": MAILS}


@pytest.mark.parametrize("jump", [timedelta(hours=-3), timedelta(days=-400), timedelta(minutes=40)], ids=str)
def test_the_clock_may_jump(jump: timedelta, house: House, server: ScriptedServer) -> None:
    """In the middle of a batch; and another worker, by its own clock, takes this one for dead."""
    house.plan(MAILS)
    other = line.reopen(house.database, house.folder, worker_name="other")
    start = house.now

    def leap(moment: str) -> None:
        if moment == "replied" and len(server.received) == 4:
            house.now = start + jump
            reap(other, start + timedelta(days=1))

    sender = house.sender(server.port, on_phase=leap)
    sender.send_due()
    house.now = start + timedelta(hours=1)
    reap(house.world, house.now + timedelta(days=1))
    sender.send_due()
    assert taken(server) == ONCE_EACH
    assert house.states() == {"accepted": MAILS}


def test_a_second_worker_of_the_same_name_is_refused_and_touches_nothing(
    house: House, server: ScriptedServer
) -> None:
    house.plan(MAILS)

    def engine() -> Engine:
        return Engine(
            house.world, Spool(house.folder / "spool"), LinkMaps(house.folder / "links"),
            SmtpRoute("127.0.0.1", server.port, "none"), lambda: house.now,
        )  # fmt: skip

    refused: list[Any] = []

    def meanwhile(moment: str) -> None:
        if moment == "replied" and not refused:
            with pytest.raises(JournalBusy) as told:
                engine()
            refused.append(str(told.value))

    house.sender(server.port, on_phase=meanwhile).send_due()
    assert "already running" in refused[0]
    assert taken(server) == ONCE_EACH
    assert house.states() == {"accepted": MAILS}
