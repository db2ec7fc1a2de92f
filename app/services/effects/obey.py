"""Effects to rows. What many contacts do at once is written in one statement a table."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core import keys
from app.core.effects import (
    AddInterest,
    AddScore,
    CallWebHook,
    CreateTask,
    Effect,
    Emit,
    EnrollIn,
    MoveStage,
    Note,
    QueueMail,
    SetCriterion,
    SetField,
    SetTag,
)  # fmt: skip
from app.core.enrollments import Enrollment
from app.core.ids import content_id
from app.core.reasons import Reason
from app.core.steps import Capped, Manner
from app.services import tasks
from app.services.effects import facts, scoring
from app.services.enrolling import ask_admission
from app.services.ids import new_id
from app.services.library import Catalogue, SequenceVersion
from app.services.stages import StageMove, move_stage
from app.services.timeline import line
from app.services.world import World
from app.store import ledger
from app.store.tables import deliveries, web_calls


@dataclass(frozen=True, slots=True)
class Act:
    """An effect on a contact, and where it came from."""

    contact_id: UUID
    effect: Effect
    enrollment: Enrollment | None = None
    version: SequenceVersion | None = None
    event_id: UUID | None = None
    actor: str = "engine"


@dataclass(slots=True)
class _Rows:
    """What is written at the end, a table at a time."""

    mails: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    scores: list[tuple[UUID, AddScore]] = field(default_factory=list)
    interests: list[tuple[UUID, AddInterest]] = field(default_factory=list)
    tags: list[tuple[facts.Author, SetTag]] = field(default_factory=list)
    tasks: list[tuple[Act, CreateTask]] = field(default_factory=list)


def obey(
    connection: Connection, world: World, catalogue: Catalogue, acts: Iterable[Act], now: datetime
) -> None:
    """Write what `acts` ask for, in their order, in the caller's transaction."""
    rows = _Rows()
    refused: list[tuple[UUID, Reason]] = []
    for act in acts:
        # A move that the door refuses takes along what was to come with it: its event and its task.
        if refused and (act.contact_id, act.effect.reason) in refused:
            continue
        if isinstance(act.effect, MoveStage):
            if _move(connection, world, catalogue, act, act.effect, now) is not None:
                refused.append((act.contact_id, act.effect.reason))
        else:
            _one(connection, world, catalogue, act, rows, now)
    ledger.insert_new(connection, deliveries, rows.mails)
    ledger.add_timeline(connection, rows.notes)
    ledger.add_events(connection, rows.events)
    ledger.insert_new(connection, web_calls, rows.calls)
    facts.set_tags(connection, rows.tags)
    model = catalogue.rules.scoring
    scoring.add_entries(connection, world.workspace_id, model, rows.scores)
    scoring.add_interests(connection, world.workspace_id, model, rows.interests)
    # Last: whose they are depends on all that was just written, and nobody else takes a turn until the end.
    for act, task in rows.tasks:
        tasks.create(connection, world, catalogue, act.contact_id, task, act.enrollment, now)


def _move(
    connection: Connection, world: World, catalogue: Catalogue, act: Act, effect: MoveStage, now: datetime
) -> Reason | None:
    move = StageMove(act.contact_id, effect.stage, effect.reason, effect.by, act.actor, act.event_id)
    return move_stage(connection, world.workspace_id, catalogue.rules.lifecycle, move, now)


def _one(
    connection: Connection, world: World, catalogue: Catalogue, act: Act, rows: _Rows, now: datetime
) -> None:
    effect, who = act.effect, act.contact_id
    match effect:
        case QueueMail():
            rows.mails.append(_mail(world, catalogue, act, effect, now))
        case Note():
            rows.notes.append(_note(world, act, effect.kind, effect.reason, effect.at))
        case AddScore():
            rows.scores.append((who, effect))
        case AddInterest():
            rows.interests.append((who, effect))
        case SetField():
            facts.set_field(connection, _author(world, act, now), effect)
        case SetTag():
            rows.tags.append((_author(world, act, now), effect))
        case SetCriterion():
            facts.set_criterion(connection, _author(world, act, now), effect)
        case CreateTask():
            rows.tasks.append((act, effect))
        case EnrollIn():
            _enroll(connection, world, catalogue, act, effect, rows, now)
        case Emit():
            # The door itself tells that a stage was entered.
            if effect.kind != "stage_entered":
                rows.events.append(_event(world, act, effect, now))
        case CallWebHook():
            rows.calls.append(_call(world, act, effect, now))


def _author(world: World, act: Act, now: datetime) -> facts.Author:
    return facts.Author(world.workspace_id, act.contact_id, act.actor, act.event_id, now)


def _note(world: World, act: Act, kind: str, reason: Reason, at: datetime) -> dict[str, Any]:
    enrollment = act.enrollment
    params = dict(reason.params)
    if enrollment is not None:
        params.setdefault("sequence", enrollment.sequence)
    return line(
        world.workspace_id, act.contact_id, kind, Reason(reason.code, params), at, actor=act.actor,
        event_id=act.event_id, enrollment_id=enrollment.id if enrollment else None,
    )  # fmt: skip


def _mail(world: World, catalogue: Catalogue, act: Act, mail: QueueMail, now: datetime) -> dict[str, Any]:
    enrollment, version = act.enrollment, act.version
    assert enrollment is not None
    assert version is not None
    template = mail.templates[0]
    info = catalogue.setting.templates.get(template)
    manner = getattr(version.sequence.steps.get(mail.step), "manner", None) or version.sequence.manner
    return {
        "id": new_id(now),
        "workspace_id": world.workspace_id,
        "contact_id": act.contact_id,
        "enrollment_id": enrollment.id,
        "definition_id": version.definition_id,
        "step": mail.step,
        "visit": mail.visit,
        "dedupe_key": keys.mail_of_step(enrollment.id, mail.step, mail.visit),
        "message_class": info.message_class if info else "marketing",
        "content_kind": info.content_kind if info else "",
        "topic": version.sequence.topic,
        "template": template,
        "priority": version.sequence.priority,
        "once": not (mail.repeat or (info is not None and info.repeat)),
        "when_capped": when_capped(manner),
        "state": "queued",
        "due_at": mail.due_at,
        "expires_at": mail.expires_at,
        "planned_at": now,
        "attempts": 0,
        "reason_code": mail.reason.code,
        "reason_params": dict(mail.reason.params),
    }


def when_capped(manner: Manner) -> str:
    """As the gate reads it: defer, drop, or the template that goes instead."""
    capped: Capped = manner.when_capped
    return capped.template or "defer" if capped.way == "replace" else capped.way


def _event(world: World, act: Act, effect: Emit, now: datetime) -> dict[str, Any]:
    key = f"{act.contact_id}:{effect.kind}:{effect.subject}:{act.enrollment.id if act.enrollment else ''}"
    return {
        "id": content_id(effect.at, "engine", key), "workspace_id": world.workspace_id,
        "contact_id": act.contact_id, "kind": effect.kind, "subject": effect.subject, "topics": "",
        "verdict": "human", "source": "engine", "occurred_at": effect.at, "received_at": now, "failures": 0,
        "payload": {}, "enrollment_id": act.enrollment.id if act.enrollment else None,
    }  # fmt: skip


def _enroll(
    connection: Connection,
    world: World,
    catalogue: Catalogue,
    act: Act,
    effect: EnrollIn,
    rows: _Rows,
    now: datetime,
) -> None:
    target = catalogue.sequences.get(effect.sequence)
    if target is None:
        unknown = Reason("enroll.unknown", {"sequence": effect.sequence})
        rows.notes.append(_note(world, act, "not_enrolled", unknown, now))
        return
    enrollment = act.enrollment
    occasion = f"{enrollment.id}:{enrollment.visit}" if enrollment else str(act.event_id)
    ask_admission(
        connection, world.workspace_id, target.definition_id, act.contact_id, trigger="sequence",
        occasion=occasion, reason=effect.reason, now=now,
    )  # fmt: skip


def _call(world: World, act: Act, effect: CallWebHook, now: datetime) -> dict[str, Any]:
    enrollment = act.enrollment
    payload = {
        "contact": str(act.contact_id),
        "sequence": enrollment.sequence if enrollment else None,
        # The enrollment may stand further on by now: the reason says which step tells.
        "step": effect.reason.params.get("step"),
        "at": now.isoformat(),
    }
    return {
        "id": new_id(now), "workspace_id": world.workspace_id, "contact_id": act.contact_id,
        "dedupe_key": effect.key, "url": effect.url, "payload": payload, "state": "queued", "due_at": now,
        "attempts": 0, "reason_code": effect.reason.code, "reason_params": dict(effect.reason.params),
        "created_at": now,
    }  # fmt: skip
