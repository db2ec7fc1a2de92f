"""Pausing a sequence, and going on: what becomes of the mails that should have left meanwhile.

Somebody inside a sequence has one mail ahead at a time, because waits count from the moment a mail was
taken. So what is overdue after a pause is at most one mail for each person:

- `re-space` sends all of them, spread evenly over some days, the longest due first;
- `newest only` sends those that are not late yet (by the sequence's own lateness) and passes over the others;
- `skip` passes over all of them.

Passed over means: this mail is not sent, and the person goes on to the step after it now.
"""

from collections.abc import Sequence as Row
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection

from app.core.sequences import Sequence
from app.core.steps import HAPPENED, Ask, Send, Wait, WaitFor
from app.services.authoring.applying import audit
from app.services.authoring.planning import read_text
from app.store import authoring, definitions
from app.store.database import Database

Way = Literal["re-space", "newest only", "skip"]
WAYS: tuple[Way, ...] = ("re-space", "newest only", "skip")
LATE = timedelta(days=3)


class NoSuchSequence(Exception):
    """There is no published sequence of that name."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """Heads: people inside, those with a mail that should have left, those whose wait is over; the oldest instant."""

    inside: int
    mails: int
    waits: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Resumed:
    """How many mails go out later or now, and how many people were led past theirs."""

    sent: int
    passed_over: int


def pause(
    database: Database,
    workspace_id: UUID,
    key: str,
    now: datetime,
    author_id: UUID | None = None,
    why: str = "",
) -> Overdue:
    """Nothing of this sequence moves or leaves until it is resumed; `why` is for those who ask. Raises NoSuchSequence."""
    with database.write() as connection:
        found = _find(connection, workspace_id, key)
        definitions.set_state(connection, found.id, "paused", now)
        audit(
            connection,
            workspace_id,
            author_id,
            "definition.paused",
            "definition",
            str(found.id),
            now,
            {"key": key, **({"why": why} if why else {})},
        )
        return _overdue(connection, found.id, now)


def overdue(database: Database, workspace_id: UUID, key: str, now: datetime) -> Overdue:
    """Counted before the sequence goes on. Raises NoSuchSequence."""
    with database.read() as connection:
        return _overdue(connection, _find(connection, workspace_id, key).id, now)


def resume(
    database: Database,
    workspace_id: UUID,
    key: str,
    way: Way,
    now: datetime,
    *,
    days: int = 3,
    author_id: UUID | None = None,
) -> Resumed:
    """Let the sequence go on. Raises NoSuchSequence. One that runs is left as it is."""
    with database.write() as connection:
        found = _find(connection, workspace_id, key)
        if found.state != "paused":
            return Resumed(0, 0)
        catching_up = _CatchUp(connection, found.id, now)
        done = catching_up.spread(timedelta(days=days)) if way == "re-space" else catching_up.pass_over(way)
        definitions.set_state(connection, found.id, "live", now)
        detail = {"key": key, "way": way, "sent": done.sent, "passed_over": done.passed_over}
        audit(
            connection,
            workspace_id,
            author_id,
            "definition.resumed",
            "definition",
            str(found.id),
            now,
            detail,
        )
        return done


def _find(connection: Connection, workspace_id: UUID, key: str) -> Any:
    found = definitions.find(connection, workspace_id, "sequence", key)
    if found is None or found.live_version_id is None or found.state == "archived":
        raise NoSuchSequence(key)
    return found


def _overdue(connection: Connection, definition_id: UUID, now: datetime) -> Overdue:
    people = authoring.people_inside(connection, definition_id)
    over = authoring.waits_over(connection, definition_id, now)
    held = authoring.mails_due(connection, definition_id, now)
    oldest = min(filter(None, (over.oldest_at, held.oldest_at)), default=None)
    return Overdue(people, held.mails, over.waits, oldest)


def _is_due(row: Any, now: datetime) -> bool:
    return row.state in ("due", "waiting") and row.due_at is not None and row.due_at <= now


class _CatchUp:
    """The overdue work of one sequence, in the transaction that resumes it."""

    def __init__(self, connection: Connection, definition_id: UUID, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.people = authoring.inside(connection, definition_id)
        self.mails = authoring.overdue_mails(connection, definition_id, now)
        self._versions: dict[UUID, Sequence | None] = {}

    def spread(self, over: timedelta) -> Resumed:
        """Each mail keeps the time it may be late; each wait ends at its share of the stretch."""
        late = [row for row in self.people if _is_due(row, self.now)]
        whole: Row[tuple[datetime, str, Any]] = sorted(
            [
                *((row.planned_at, "mail", row) for row in self.mails),
                *((row.due_at, "wait", row) for row in late),
            ],
            key=lambda entry: (entry[0], entry[1], entry[2].id),
        )
        for number, (_, kind, row) in enumerate(whole):
            at = self.now + over * number / len(whole)
            if kind == "wait":
                authoring.change_enrollment(self.connection, row.id, due_at=at)
                continue
            room = row.expires_at - row.due_at if row.expires_at and row.expires_at > row.due_at else LATE
            authoring.change_mail(self.connection, row.id, due_at=at, expires_at=at + room)
        return Resumed(len(whole), 0)

    def pass_over(self, way: Way) -> Resumed:
        sent = passed = 0
        by_id = {row.id: row for row in self.people}
        for mail in self.mails:
            person = by_id.get(mail.enrollment_id)
            if person is None or (
                way == "newest only" and self.now < (mail.expires_at or mail.planned_at + LATE)
            ):
                # A paused sequence put its mails off a little at a time; now they may leave.
                authoring.change_mail(self.connection, mail.id, due_at=self.now)
                sent += 1
            elif self._cancel(mail, person):
                passed += 1
        for person in self.people:
            if not _is_due(person, self.now) or (
                way == "newest only" and self.now < person.due_at + self._late(person)
            ):
                continue
            step = self._mail_ahead(person)
            if step is not None:
                self._lead_past(person, step)
                passed += 1
        return Resumed(sent, passed)

    def _cancel(self, mail: Any, person: Any) -> bool:
        reason = {"reason_code": "mail.passed_over", "reason_params": {}}
        if not authoring.change_mail(
            self.connection, mail.id, state="cancelled", ended_at=self.now, **reason
        ):
            return False
        authoring.change_enrollment(self.connection, person.id, state="due", due_at=self.now, outcome=None)
        return True

    def _lead_past(self, person: Any, step: str) -> None:
        """As if the step's mail had come and gone: what is due is the end of the step."""
        visits = {**person.visits, step: person.visits.get(step, 0) + 1}
        authoring.change_enrollment(
            self.connection, person.id, state="due", due_at=self.now, step=step, inside=True, since=self.now,
            visit=person.visit + 1, visits=visits, waiting_for=None, outcome=None, local_due=None, zone=None,
        )  # fmt: skip

    def _mail_ahead(self, person: Any) -> str | None:
        """The mail that would go out at once: the step they are about to enter, or the one behind their wait."""
        sequence = self._sequence(person)
        step = sequence.steps.get(person.step) if sequence else None
        if sequence is None or step is None:
            return None
        target = person.step
        if person.inside:
            if isinstance(step, Wait):
                target = step.next
            elif isinstance(step, WaitFor):
                target = step.then if person.outcome == HAPPENED else step.otherwise
            else:
                return None
        return target if isinstance(sequence.steps.get(target), Send | Ask) else None

    def _late(self, person: Any) -> timedelta:
        sequence = self._sequence(person)
        late = sequence.manner.late if sequence else None
        return late.delta if late else LATE

    def _sequence(self, person: Any) -> Sequence | None:
        if person.version_id not in self._versions:
            row = definitions.version(self.connection, person.version_id)
            self._versions[person.version_id] = read_text(row.source) if row else None
        return self._versions[person.version_id]
