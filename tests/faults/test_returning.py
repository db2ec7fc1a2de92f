"""`kill -9` between the storing of a message that came back and what follows from it: nothing lost, nothing twice."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from app.services.returned import accept, read_due
from app.store import tables
from app.store.database import Database
from tests.faults.returning import PHASES
from tests.services.returned.conftest import Desk
from tests.support import line, returned
from tests.support.databases import empty
from tests.support.rules import programme, rows

ROUNDS = 1
REPLY = "@re.halden.example"


def reply_to(desk: Desk) -> str:
    return desk.verp(prefix="r").replace("@halden.example", REPLY)


MESSAGES: dict[str, Callable[[Desk], bytes]] = {
    "bounce": lambda desk: returned.report(desk.verp(), line.address(0), "5.1.1"),
    "complaint": lambda desk: returned.complaint(desk.verp(), returned.id_of(desk.world, desk.mail)),
    "reply": lambda desk: returned.letter(reply_to(desk)),
    "leaves": lambda desk: returned.letter(reply_to(desk), "Please unsubscribe me."),
    "absence": lambda desk: returned.vacation(reply_to(desk)),
}
# All that a message may leave behind, and the columns in which it would show; ids and instants are each row's own.
LEFT = (
    "events",
    "suppressions",
    "tasks",
    "timeline",
    "consents",
    "consent_entries",
    "enrollments",
    "deliveries",
)
TOLD = (
    "kind",
    "scope",
    "state",
    "reason_code",
    "purpose",
    "subject",
    "title",
    "step",
    "code",
    "template",
    "body",
)


def new_desk(database: Database, folder: Path) -> Desk:
    return Desk(programme(database, folder, reply_domain=REPLY.removeprefix("@")))


def killed(desk: Desk, folder: Path, raw: bytes, phase: str) -> None:
    url = desk.world.database.url.render_as_string(hide_password=False)
    words = (sys.executable, "-m", "tests.faults.returning", str(folder), url, phase)
    done = subprocess.run(words, input=raw, capture_output=True, timeout=120, check=False)
    assert done.returncode in (-signal.SIGKILL, 0), done.stderr.decode()[-2000:]
    assert (done.returncode == 0) == (phase == "left" and b"unsubscribe me" not in raw), "it lived on"


def finish(desk: Desk, raw: bytes) -> None:
    """The server at the other end brings the message again, and a worker that lives reads what is due."""
    accept(desk.world, raw, "pipe", line.NOW)
    at = line.NOW + timedelta(minutes=3)
    while read_due(desk.world, at):
        pass


def traces(desk: Desk) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in LEFT:
        kept = [row._mapping for row in rows(desk.world, getattr(tables, name))]
        found[name] = sorted(str([row.get(each) for each in TOLD]) for row in kept)
    (message,) = rows(desk.world, tables.inbound_messages)
    found["message"] = [message.state, message.reason_code]
    return found


def rescued(database: Database, folder: Path, kind: str, phase: str) -> dict[str, list[str]]:
    empty(database)
    desk = new_desk(database, folder)
    raw = MESSAGES[kind](desk)
    killed(desk, folder, raw, phase)
    finish(desk, raw)
    return traces(desk)


def unharmed(database: Database, folder: Path, kind: str) -> dict[str, list[str]]:
    empty(database)
    desk = new_desk(database, folder)
    raw = MESSAGES[kind](desk)
    accept(desk.world, raw, "pipe", line.NOW)
    while read_due(desk.world, line.NOW):
        pass
    return traces(desk)


def test_a_reader_killed_in_the_middle_of_acting_is_as_if_it_had_not_been(
    sqlite_database: Database, tmp_path: Path
) -> None:
    desk = new_desk(sqlite_database, tmp_path)
    raw = MESSAGES["bounce"](desk)
    killed(desk, tmp_path, raw, "acted")
    assert desk.suppressed() == set()
    assert [row.state for row in rows(desk.world, tables.inbound_messages)] == ["new"]
    finish(desk, raw)
    assert desk.suppressed() == {"address"}
    assert len(desk.events("bounced")) == 1
    finish(desk, raw)
    assert len(desk.events("bounced")) == 1


@pytest.mark.prove
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", MESSAGES)
def test_whenever_the_reader_is_killed_the_same_is_left(
    kind: str, phase: str, database: Database, tmp_path: Path
) -> None:
    expected = unharmed(database, tmp_path, kind)
    for _ in range(ROUNDS):
        assert rescued(database, tmp_path, kind, phase) == expected
