"""What a talk told: a call, a meeting or an interview as evidence; the prospect accepted, or sent back to be asked again.

Each form carries a key that was made when it was opened: the key is the id of the event that the act leaves,
so that a form that is sent twice counts once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.engine import Row

from app.core import keys
from app.core.effects import CreateTask, SetCriterion
from app.core.facts import Value
from app.core.lifecycle import CriterionDef, Lifecycle
from app.core.reactions import follow_up
from app.core.reasons import Reason
from app.services import tasks
from app.services.effects.facts import Author, set_criterion
from app.services.ids import new_id
from app.services.stages import StageMove, move_stage
from app.services.tasks_mail import TASK_MAIL
from app.services.users import audit
from app.services.world import World
from app.store import ledger, running
from app.store.tables import contacts, deliveries, users
from app.store.tables import tasks as task_rows

KINDS = ("call", "meeting", "interview")
STATES = ("yes", "no", "unknown")
LONGEST = 500
OLDEST_TALK = timedelta(days=366)
OLDEST_FORM = timedelta(days=14)
FARTHEST = timedelta(days=5 * 366)
AHEAD = timedelta(minutes=5)


class TalkFault(Exception):
    """The form cannot be taken; nothing was written. `place` names the field."""

    def __init__(self, place: str, code: str, **params: Any) -> None:
        super().__init__(code)
        self.place = place
        self.reason = Reason(code, params)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said about one criterion; an empty state leaves it as it was, unless an answer says its own."""

    state: str = ""
    value: str = ""
    note: str = ""

    @property
    def says(self) -> bool:
        return bool(self.state or self.value)


def new_key(now: datetime) -> UUID:
    """For a form that is opened now."""
    return new_id(now)


def record(
    world: World, contact_id: UUID, key: UUID, kind: str, at: datetime, note: str, told: Mapping[str, Told],
    now: datetime, by: UUID,
) -> bool:  # fmt: skip
    """Write a talk down as an event, and what it told as criteria with this evidence. False: it is known already.

    The engine judges the contact anew from it. Raises TalkFault.
    """
    rules = world.library.catalogue(now).rules
    _check_key(key, now)
    if kind not in KINDS:
        raise TalkFault("kind", "talk.kind")
    if not now - OLDEST_TALK < at <= now + AHEAD:
        raise TalkFault("at", "talk.when")
    note = _line(note)
    answers = _answers(rules.lifecycle, told)
    if not note and not answers:
        raise TalkFault("note", "talk.empty")
    with world.database.write() as connection:
        contact, name = _contact(connection, world, contact_id), _name(connection, by)
        event = _event(world, contact_id, key, "call_recorded", kind, min(at, now), now)
        event["payload"] = {"note": note, "told": {key: state for key, (state, _, _) in answers.items()}}
        if ledger.add_events(connection, [event]) == 0:
            return False
        author = Author(world.workspace_id, contact_id, f"user:{by}", key, now)
        for criterion, (state, value, said) in answers.items():
            spoken = said or note
            reason = Reason(
                "talk.recorded" if spoken else "talk.recorded_so",
                {"criterion": criterion, "state": state, "note": spoken},
            )
            evidence = {
                "source": "talk", "name": name, "who": f"user:{by}", "what": spoken, "kind": kind,
                "when": at.isoformat(), "event": str(key),
            }  # fmt: skip
            set_criterion(connection, author, SetCriterion(criterion, state, value, evidence, reason))
            task = follow_up(rules.lifecycle.criteria[criterion], value, now, str(key), rules.programme)
            if task is not None:
                tasks.create(connection, world, world.library.catalogue(now), contact.id, task, None, now)
        detail = {"kind": kind, "criteria": sorted(answers)}
        audit(connection, world.workspace_id, contact_id, "talk.written_down", detail, now, by, "contact")
    return True


def accept(
    world: World, contact_id: UUID, key: UUID, stage: str, was: str, why: str, now: datetime, by: UUID
) -> bool:
    """Sales takes the contact: at `stage` from now on, and the colleague's own if it was nobody's. Raises TalkFault."""
    why = _line(why)
    reason = Reason("stage.accepted_because" if why else "stage.accepted", {"why": why} if why else {})
    with world.database.write() as connection:
        contact = _move(connection, world, contact_id, key, "custom:accepted", stage, was, reason, now, by)
        if contact is None:
            return False
        if contact.owner_id is None:
            _own(connection, world, contact_id, by, now)
        audit(
            connection,
            world.workspace_id,
            contact_id,
            "talk.accepted",
            {"stage": stage},
            now,
            by,
            "contact",
        )
    return True


def send_back(
    world: World, contact_id: UUID, key: UUID, stage: str, was: str, why: str, wake_at: datetime, silent: bool,
    now: datetime, by: UUID,
) -> bool:  # fmt: skip
    """Back to nurture: at `stage` from now on, with a task to look again at `wake_at`. Raises TalkFault.

    `silent`: no mail of sequences goes to them before that day.
    """
    why = _line(why)
    if not why:
        raise TalkFault("why", "talk.why_missing")
    if not now < wake_at < now + FARTHEST:
        raise TalkFault("wake", "talk.wake")
    reason = Reason("stage.sent_back", {"why": why})
    with world.database.write() as connection:
        contact = _move(connection, world, contact_id, key, "custom:sent-back", stage, was, reason, now, by)
        if contact is None:
            return False
        _wake(connection, world, contact_id, key, contact.owner_id or by, why, wake_at, now)
        if silent:
            connection.execute(
                update(contacts)
                .where(contacts.c.id == contact_id)
                .values(paused_until=wake_at, updated_at=now, revision=contacts.c.revision + 1)
            )
        detail = {"stage": stage, "until": wake_at.isoformat(), "silent": silent}
        audit(connection, world.workspace_id, contact_id, "talk.sent_back", detail, now, by, "contact")
    return True


def selling_stage(lifecycle: Lifecycle) -> str | None:
    """Where those stand whom a colleague with a name writes to: the first that gets decision content."""
    return next((s.key for s in _main(lifecycle) if "decision" in s.content_kinds), None)


def nurture_stage(lifecycle: Lifecycle) -> str | None:
    """Where those stand who are not ready yet: the last before that which gets discovery content."""
    found = [s.key for s in _main(lifecycle) if "discovery" in s.content_kinds and s.mailable]
    return found[-1] if found else None


def _main(lifecycle: Lifecycle) -> list[Any]:
    return sorted((s for s in lifecycle.stages.values() if s.kind == "main"), key=lambda s: s.order)


def _move(
    connection: Connection, world: World, contact_id: UUID, key: UUID, kind: str, stage: str, was: str,
    reason: Reason, now: datetime, by: UUID,
) -> Row[Any] | None:  # fmt: skip
    """Through the one door, with the event that tells of it. None: the form was taken already."""
    lifecycle = world.library.catalogue(now).rules.lifecycle
    _check_key(key, now)
    if stage not in lifecycle.stages:
        raise TalkFault("stage", "talk.stage")
    contact = _contact(connection, world, contact_id)
    if ledger.add_events(connection, [_event(world, contact_id, key, kind, stage, now, now)]) == 0:
        return None
    current = running.stage_of(connection, contact_id, lifecycle.key)
    if (current.stage if current else "") != was:
        raise TalkFault("stage", "talk.stale")
    if was != stage:
        move = StageMove(contact_id, stage, reason, by="person", actor=f"user:{by}", event_id=key)
        refusal = move_stage(connection, world.workspace_id, lifecycle, move, now)
        if refusal is not None:
            raise TalkFault("stage", refusal.code, **refusal.params)
    return contact


def _wake(
    connection: Connection, world: World, contact_id: UUID, key: UUID, owner: UUID, why: str, at: datetime,
    now: datetime,
) -> None:  # fmt: skip
    """A task for that day, and its mail then, not now."""
    task = CreateTask(
        f"wake:{key}", "wake", "Look again", at, Reason("task.wake", {"why": why}), by_mail=False
    )
    catalogue = world.library.catalogue(now)
    tasks.create(connection, world, catalogue, contact_id, task, None, now, owner=owner)
    row = connection.execute(
        select(task_rows).where(task_rows.c.dedupe_key == f"{contact_id}:wake:{key}")
    ).one()
    if row.owner_id is not None and TASK_MAIL in catalogue.templates:
        mail_key = keys.mail_of_task(row.dedupe_key)
        mail = tasks.mail_to(world.workspace_id, contact_id, row.owner_id, row._asdict(), now, mail_key, at)
        ledger.insert_new(connection, deliveries, [mail])


def _own(connection: Connection, world: World, contact_id: UUID, by: UUID, now: datetime) -> None:
    connection.execute(
        update(contacts)
        .where(contacts.c.id == contact_id, contacts.c.owner_id.is_(None))
        .values(owner_id=by, updated_at=now, revision=contacts.c.revision + 1)
    )
    ledger.add_fact_changes(
        connection,
        [
            {
                "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": contact_id, "kind": "owner",
                "name": "owner", "old": None, "new": str(by), "source": f"user:{by}", "reason_code": "stage.accepted",
                "reason_params": {}, "at": now,
            }
        ],
    )  # fmt: skip


def _contact(connection: Connection, world: World, contact_id: UUID) -> Row[Any]:
    query = select(contacts).where(
        contacts.c.id == contact_id, contacts.c.workspace_id == world.workspace_id,
        contacts.c.merged_into.is_(None), contacts.c.erased_at.is_(None),
    )  # fmt: skip
    found = connection.execute(query.with_for_update(key_share=True)).one_or_none()
    if found is None:
        raise TalkFault("", "contact.unknown", contact=str(contact_id))
    return found


def _name(connection: Connection, user_id: UUID) -> str:
    return str(connection.execute(select(users.c.name).where(users.c.id == user_id)).scalar() or "")


def _event(
    world: World, contact_id: UUID, key: UUID, kind: str, subject: str, at: datetime, now: datetime
) -> dict[str, Any]:
    return {
        "id": key, "workspace_id": world.workspace_id, "contact_id": contact_id, "kind": kind, "subject": subject,
        "topics": "", "verdict": "human", "source": "user", "occurred_at": at, "received_at": now, "failures": 0,
        "payload": {},
    }  # fmt: skip


def _check_key(key: UUID, now: datetime) -> None:
    """Its time stands in front: one that no form of the last days was given is none of ours."""
    made = key.int >> 80
    oldest, newest = ((now - OLDEST_FORM).timestamp() * 1000, (now + AHEAD).timestamp() * 1000)
    if key.version != 7 or not oldest <= made <= newest:
        raise TalkFault("", "talk.form")


def _answers(lifecycle: Lifecycle, told: Mapping[str, Told]) -> dict[str, tuple[str, Value, str]]:
    found: dict[str, tuple[str, Value, str]] = {}
    for key, each in told.items():
        criterion = lifecycle.criteria.get(key)
        if criterion is None or not each.says:
            continue
        state, value = _read(criterion, each)
        found[key] = (state, value, _line(each.note))
    return found


def _read(criterion: CriterionDef, told: Told) -> tuple[str, Value]:
    """The state and the typed value. A value without a state means what its answer means, else yes."""
    state, text = told.state, told.value.strip()
    if state and state not in STATES:
        raise TalkFault(criterion.key, "talk.form")
    if not text or state == "unknown":
        return state or "yes", None
    fault = TalkFault(
        criterion.key, "talk.value", value=text[:80], criterion=criterion.key,
        wanted={"number": "a number", "date": "a day, such as 2027-03-31"}.get(criterion.type, "one of its answers"),
    )  # fmt: skip
    try:
        if criterion.type == "number":
            number = float(text.replace(" ", ""))
            if not abs(number) < 1e15:
                raise fault
            return state or "yes", number
        if criterion.type == "date":
            return state or "yes", date.fromisoformat(text)
    except ValueError:
        raise fault from None
    if criterion.type == "choice":
        answer = criterion.answer(text)
        if answer is None:
            raise fault
        value = answer.value if isinstance(answer.value, str) else None
        return state or answer.state, value
    if len(text) > LONGEST:
        raise fault
    return state or "yes", text


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST]
