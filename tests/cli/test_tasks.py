"""`trellis tasks`: what is open, and a task that is done moves whoever waits for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from app.core.ids import timed_id
from app.core.reasons import Reason
from app.runtime import clock
from app.services.enrolling import admit_due, ask_admission
from app.services.reacting import react_due
from app.services.running import run_due
from app.services.sentences import because, headline
from app.services.world import World
from app.store import tables
from tests.cli.conftest import Line
from tests.support import line

CALLS = """\
sequence: calls
for: lead
enter: {on: person}
steps:
  - call: {task: Call them, kind: call, due: 1 working day}
  - heard: {wait_for: {event: task_done}, up to: 5 days, then: thanks, else: end}
  - thanks: {set: {tag: called}}
"""


@pytest.fixture
def command(lay: Callable[..., Line]) -> Line:
    return lay(sequences=(CALLS,))


@pytest.fixture
def anna(command: Line) -> UUID:
    (who,) = line.people(command.world, 1)
    now, definition = clock.now(), line.version_of(command.world, "calls").definition_id
    with command.world.database.write() as connection:
        ask_admission(
            connection, command.world.workspace_id, definition, who, trigger="person", occasion="x",
            reason=Reason("enroll.person"), now=now,
        )  # fmt: skip
    admit_due(command.world, now)
    tick(command.world)
    return who


def tick(world: World) -> None:
    now = clock.now()
    while react_due(world, now) + run_due(world, now).taken:
        pass


def rows(command: Line, table: str) -> list[Any]:
    chosen = getattr(tables, table)
    with command.world.database.read() as connection:
        return list(connection.execute(select(chosen)))


def test_a_task_that_is_done_moves_whoever_waits_for_it(command: Line, anna: UUID) -> None:
    [task] = command.told("tasks", "list")
    assert (task["title"], task["kind"], task["contact"], task["owner"]) == (
        "Call them",
        "call",
        "Person 0",
        None,
    )
    assert task["reason"] == "The step “call” of “calls” asks a person."
    assert "Call them: Person 0 (nobody’s)" in command.run("tasks", "list").output
    assert [stay.state for stay in rows(command, "enrollments")] == ["waiting"]
    words = ("tasks", "done", task["id"], "--result", "reached\n her")
    assert command.run(*words).output == "Done.\n"
    tick(command.world)
    assert [tag.tag for tag in rows(command, "contact_tags")] == ["called"]
    [event] = [row for row in rows(command, "events") if row.kind == "task_done"]
    assert (event.subject, event.payload["result"], event.processed_at is not None) == (
        "call",
        "reached her",
        True,
    )
    [told] = [row for row in rows(command, "timeline") if row.code == "task.done"]
    assert headline(told.kind, told.code, told.params) == "Task: Call them"
    assert (because(told.code, told.params), told.actor) == ("done: reached her", "system")
    assert command.told(*words, code=1)["code"] == "task.not_open"
    assert command.run("tasks", "list").output == "No task is open.\n"
    assert len(rows(command, "events")) == 1


def test_what_cannot_be_done_is_said(command: Line, anna: UUID) -> None:
    [task] = command.told("tasks", "list")
    assert command.told("tasks", "done", task["id"], "--result", " ", code=1)["code"] == "task.result_missing"
    assert command.told("tasks", "done", anna, "--result", "x", code=1)["code"] == "task.unknown"
    assert command.told("tasks", "list", "--owner", "who@x.it", code=1)["code"] == "account.unknown"
    assert command.run("tasks", "done", task["id"]).exit_code == 2
    assert [row.state for row in rows(command, "tasks")] == ["open"]


def test_the_most_pressing_comes_first_and_an_owner_sees_theirs(command: Line, anna: UUID) -> None:
    marta = timed_id(line.NOW, b"marta     ")
    here = {"workspace_id": command.world.workspace_id, "created_at": line.NOW}
    with command.world.database.write() as connection:
        connection.execute(
            insert(tables.users).values(
                id=marta, email="marta@x.it", name="Marta", title="", signature="", role="sales", may_publish=False,
                may_send=False, must_change_password=False, failed_sign_ins=0, **here,
            )
        )  # fmt: skip
        for number, (days, owner) in enumerate([(None, None), (-400, None), (-300, marta)]):
            connection.execute(
                insert(tables.tasks).values(
                    id=timed_id(line.NOW, b"task" + number.to_bytes(6, "big")), contact_id=anna, owner_id=owner, kind="x",
                    title=f"Task {number}", body="", due_at=line.NOW + timedelta(days=days) if days else None,
                    state="open", dedupe_key=f"k{number}", reason_code="task.by_step", reason_params={}, **here,
                )
            )  # fmt: skip
    titles = [task["title"] for task in command.told("tasks", "list")]
    assert titles == ["Task 1", "Task 2", "Call them", "Task 0"]
    assert [task["title"] for task in command.told("tasks", "list", "--owner", "Marta@x.it")] == ["Task 2"]
    assert len(command.told("tasks", "list", "--limit", "1")) == 1
