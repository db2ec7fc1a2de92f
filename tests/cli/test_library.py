"""`trellis library`: what is there, who read it, and for whom a choice had nothing left."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from app.core.ids import timed_id
from app.services.running import run_due
from app.store import tables
from tests.cli.conftest import Line
from tests.services.authoring import content
from tests.support import line
from tests.support.library import PDF, piece, write_pieces
from tests.support.line import NOW

BEST = """\
sequence: line
for: lead
topic: guides
enter: {on: person}
steps:
  - best: {send: {best of: [discovery/heat, discovery/leaks], by: interest}}
  - pause: {wait: 30 days}
"""


def leads_to(key: str) -> str:
    return content.mail(body=f'<a href="library:{key}">Read</a>')


@pytest.fixture
def command(lay: Callable[..., Line], tmp_path: Path) -> Line:
    write_pieces(
        tmp_path / "content",
        {"heat.md": piece(file="heat.pdf"), "heat.it.md": piece("Calore"), "heat.pdf": PDF,
            "leaks.md": piece("Leaks", kind="checklist", topics="[leaks]")},
    )  # fmt: skip
    mails = {"discovery/hello": line.MAIL} | {f"discovery/{key}": leads_to(key) for key in ("heat", "leaks")}
    return lay(sequences=(BEST,), mails=mails)


def read(command: Line, who: UUID, key: str, verdict: str = "human", kind: str = "visited") -> None:
    """A visit as the judged hits become it."""
    with command.world.database.write() as connection:
        number = len(connection.execute(select(tables.events)).all())
        row = {
            "id": timed_id(NOW, b"event " + number.to_bytes(4, "big")), "workspace_id": command.world.workspace_id,
            "contact_id": who, "kind": kind, "subject": key, "topics": "", "verdict": verdict, "source": "hit",
            "occurred_at": NOW, "received_at": NOW, "processed_at": NOW, "failures": 0, "payload": {},
        }  # fmt: skip
        connection.execute(insert(tables.events), [row])


def sent(command: Line) -> dict[UUID, str]:
    with command.world.database.read() as connection:
        rows: list[Any] = list(connection.execute(select(tables.deliveries)))
    return {row.contact_id: row.template for row in rows}


def test_a_choice_passes_over_what_somebody_read_and_tells_who_has_seen_everything(command: Line) -> None:
    new, half, machine, all_of_it = line.people(command.world, 4)
    read(command, half, "heat")
    read(command, machine, "heat", "machine")
    for key in ("heat", "leaks"):
        read(command, all_of_it, key)
    line.enroll(command.world, [new, half, machine, all_of_it])
    run_due(command.world, NOW)
    assert sent(command) == {new: "discovery/heat", half: "discovery/leaks", machine: "discovery/heat"}
    assert command.run("library", "seen", "line").output == ("line, best: 1 person\n  2026-11-24  Person 3\n")
    [told] = command.told("library", "seen")
    assert (told["sequence"], told["step"], told["people"]) == ("line", "best", 1)
    assert [one["contact_id"] for one in told["who"]] == [str(all_of_it)]
    assert command.run("library", "seen", "nothing").exit_code == 1


def test_the_pieces_with_their_mails_and_readers(command: Line) -> None:
    one, other = line.people(command.world, 2)
    for who, key, verdict, kind in (
        (one, "heat", "human", "visited"), (one, "heat", "human", "visited"), (one, "heat", "human", "downloaded"),
        (other, "heat", "human", "visited"), (other, "heat", "machine", "visited"), (other, "heat", "unknown", "visited"),
    ):  # fmt: skip
        read(command, who, key, verdict, kind)
    heat, leaks = command.told("library", "list")
    assert (heat["key"], heat["locales"], heat["mails"]) == ("heat", ["en", "it"], ["discovery/heat"])
    assert [heat[name] for name in ("people", "files", "machines", "unknown")] == [2, 1, 1, 1]
    assert (leaks["key"], leaks["people"], leaks["kind"]) == ("leaks", 0, "checklist")
    shown = command.run("library", "show", "heat").output
    for words in (
        "/library/heat\n",
        f"heat.pdf, {len(PDF)} bytes",
        "read by     2 people, 1 opened the file",
        "Person 0",
    ):
        assert words in shown
    assert "heat" in command.run("library", "list").output
    page = command.told("library", "show", "heat")
    assert [reader["opened_file"] for reader in page["readers"]] == [True, False]
    gone = command.run("library", "show", "none")
    assert (gone.exit_code, "trellis library list" in gone.output) == (1, True)


def test_an_empty_library_says_what_fills_it(lay: Callable[..., Line]) -> None:
    command = lay()
    assert "sequences/library" in command.run("library", "list").output
    assert command.run("library", "seen").output == "Nobody has seen everything.\n"
