"""What the core asks the world to do. Each effect carries its reason; one module in the services obeys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core.facts import Value
from app.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class QueueMail:
    """Plan one mail. `templates` are the candidates; the best by interest that was not sent yet is taken."""

    step: str
    visit: int
    templates: tuple[str, ...]
    due_at: datetime
    expires_at: datetime | None
    reason: Reason
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class SetField:
    field: str
    value: Value
    reason: Reason


@dataclass(frozen=True, slots=True)
class SetTag:
    tag: str
    present: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class SetCriterion:
    """An answer: it counts with its evidence (what, when, who)."""

    criterion: str
    state: str
    value: Value
    evidence: Mapping[str, Any]
    reason: Reason


@dataclass(frozen=True, slots=True)
class AddScore:
    """One entry of the score's ledger. `occasion` makes it unique: the event, or the fact a fit rule saw."""

    measure: str
    rule: str
    occasion: str
    points: float
    at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class AddInterest:
    topic: str
    points: float
    at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class MoveStage:
    """Goes through the one door: `app.core.lifecycle.may_move` still decides."""

    stage: str
    reason: Reason
    by: str = "automation"


@dataclass(frozen=True, slots=True)
class EnrollIn:
    sequence: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class CreateTask:
    """A task for a person. `key` is unique per contact and occasion, so a replay makes no second one."""

    key: str
    kind: str
    title: str
    due_at: datetime | None
    reason: Reason
    params: Mapping[str, Any] = field(default_factory=dict)
    by_mail: bool = True


@dataclass(frozen=True, slots=True)
class CallWebHook:
    key: str
    url: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Emit:
    """Something happened that others may react to: a stage was entered, a goal reached."""

    kind: str
    subject: str
    at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Note:
    """A line on the timeline: what the engine did and why, where no other effect says it."""

    kind: str
    at: datetime
    reason: Reason


Effect = (
    QueueMail | SetField | SetTag | SetCriterion | AddScore | AddInterest | MoveStage | EnrollIn | CreateTask
    | CallWebHook | Emit | Note
)  # fmt: skip
