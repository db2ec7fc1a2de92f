"""What people have to do: open tasks, those due first before the others; and one task with its whole story."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.reasons import Reason
from app.services.viewing import Place, one, programme
from app.services.viewing.people import full_name
from app.store import accounts
from app.store.views import Found
from app.store.views import tasks as rows
from app.store.views.people import NO_SIGNAL

PAGE = 50
SIGNALS = 20
MAILS = 5
TOLD = 100
WHOSE = ("mine", "all", "nobody")


@dataclass(frozen=True, slots=True)
class Task:
    """`owner` is an address, `owner_name` their name; None where the task is nobody's."""

    id: UUID
    title: str
    kind: str
    due_at: datetime | None
    contact_id: UUID
    contact: str
    owner: str | None
    owner_name: str | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Tasks:
    """The most pressing ones, and how many there are in all."""

    first: tuple[Task, ...]
    count: int


def open_tasks(place: Place, reader_id: UUID | None, limit: int = 10, *, only: bool = False) -> Tasks:
    """Overdue ones come before those due later. `only`: none but the reader's; the count is of all."""
    with place.database.read() as connection:
        found = rows.open_tasks(connection, place.workspace_id, reader_id, limit, only=only)
        return Tasks(tuple(map(_task, found)), rows.count_open(connection, place.workspace_id))


def _task(row: Found) -> Task:
    return Task(
        row.id, row.title, row.kind, row.due_at, row.contact_id,
        full_name(row.first_name, row.last_name, row.address or ""), row.owner, row.owner_name,
        Reason(row.reason_code, row.reason_params),
    )  # fmt: skip


def _assigned(row: Found) -> Reason | None:
    if row.assigned_code is None:
        return None
    return Reason(row.assigned_code, {"rule": row.assigned_rule or "", "name": row.owner_name or ""})


@dataclass(frozen=True, slots=True)
class Asked:
    """Which open tasks: `whose` is mine, all or nobody; `after` is the place of the last one shown."""

    whose: str = "mine"
    kind: str = ""
    stage: str = ""
    after: tuple[datetime | None, UUID] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    task: Task
    stage: programme.StageName | None
    company: str | None
    company_id: UUID | None


@dataclass(frozen=True, slots=True)
class TaskList:
    """A page of them; `after` is where the next one begins, None on the last one."""

    lines: tuple[Line, ...]
    counts: rows.Counts
    kinds: tuple[str, ...]
    names: programme.Names
    after: tuple[datetime | None, UUID] | None


def list_tasks(place: Place, asked: Asked, reader_id: UUID, now: datetime, limit: int = PAGE) -> TaskList:
    with place.database.read() as connection:
        names = programme.names(connection, place.workspace_id, place.preset)
        wanted = rows.Wanted(
            place.workspace_id, names.key, asked.whose, reader_id, asked.kind, asked.stage, asked.after
        )
        found = rows.page(connection, wanted, limit + 1)
        shown = found[:limit]
        return TaskList(
            tuple(
                Line(_task(row), names.stage(row.stage) if row.stage else None, row.company, row.company_id)
                for row in shown
            ),
            rows.counts(connection, place.workspace_id, reader_id, now),
            tuple(rows.kinds(connection, place.workspace_id)),
            names,
            (shown[-1].due_at, shown[-1].id) if len(found) > limit else None,
        )


@dataclass(frozen=True, slots=True)
class Signal:
    """Something the person did: `answer` is the key of the answer they pressed, where they answered."""

    kind: str
    subject: str
    at: datetime
    answer: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentMail:
    id: UUID
    template: str
    at: datetime
    touched: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """A task and all that whoever does it wants to know. `outcome` is what came of it, where it is done.

    `assigned` is why it is whose it is; None of those that were made before rules said so.
    """

    task: Task
    owner_id: UUID | None
    assigned: Reason | None
    body: str
    state: str
    created_at: datetime
    ended_at: datetime | None
    course: one.Course | None
    person: one.Contact
    signals: tuple[Signal, ...]
    mails: tuple[SentMail, ...]
    told: tuple[one.Entry, ...]
    outcome: one.Entry | None
    colleagues: tuple[tuple[UUID, str], ...]


def look_at(place: Place, task_id: UUID, now: datetime) -> Whole | None:
    """The task with the person it is about: what is known, what they did, and what the engine does next."""
    with place.database.read() as connection:
        row = rows.one(connection, place.workspace_id, task_id)
    if row is None:
        return None
    person = one.look_at(place, row.contact_id, now, "stage")
    if person is None:
        return None
    with place.database.read() as connection:
        told = rows.told_of(connection, row.contact_id, TOLD)
        entries = [
            one.Entry(each.id, each.at, each.kind, Reason(each.code, each.params), each.actor)
            for each in told
        ]
        mine = [entry for entry in entries if entry.reason.params.get("title") == row.title]
        return Whole(
            task=_task(row), owner_id=row.owner_id, assigned=_assigned(row), body=row.body, state=row.state, created_at=row.created_at,
            ended_at=row.ended_at,
            course=_course(person, row.reason_params),
            person=person,
            signals=tuple(map(_signal, rows.signals(connection, row.contact_id, NO_SIGNAL, SIGNALS))),
            mails=tuple(
                SentMail(each.id, each.template, each.accepted_at, bool(each.touched))
                for each in rows.last_mails(connection, row.contact_id, MAILS)
            ),
            told=tuple(entry for entry in mine if entry.reason.code.startswith("task."))[:20],
            outcome=next((e for e in mine if e.reason.params.get("task") == str(task_id)), None),
            colleagues=tuple(accounts.who_take_tasks(connection, place.workspace_id)),
        )  # fmt: skip


def _course(person: one.Contact, why: Mapping[str, Any]) -> one.Course | None:
    """The stay in the sequence that asked for the task, while it goes on."""
    key = why.get("sequence")
    return next((course for course in person.courses if course.key == key and course.state != "ended"), None)


def _signal(row: Found) -> Signal:
    topics = tuple(topic for topic in (row.topics or "").split(",") if topic)
    return Signal(
        row.kind, row.subject, row.occurred_at, str((row.payload or {}).get("answer") or ""), topics
    )
