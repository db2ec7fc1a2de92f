"""What a rehearsal starts from and what it tells."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from app.core.admission import Stay
from app.core.enrollments import Enrollment
from app.core.facts import Facts, Happening
from app.core.reasons import Reason
from app.core.sequences import Sequence


class Line(NamedTuple):
    """One thing that happened to one contact, under the name it has on the live timeline.

    `action`: enrolled, not_enrolled, step, ended, parked, mail_accepted, mail_deferred, mail_suppressed,
    mail_expired, mail_cancelled, stage, stage_refused, task, web_hook, event. When the time is over one line
    for each stay that goes on (`inside`), or `outside` for somebody who is in no sequence any more.
    """

    contact_id: UUID
    sequence: str | None
    step: str | None
    action: str
    at: datetime
    reason: Reason
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What a contact does `after` something happened to them. `payload` as in the event's row."""

    after: timedelta
    kind: str
    subject: str = ""
    topics: tuple[str, ...] = ()
    verdict: str = "human"
    payload: Mapping[str, Any] = field(default_factory=dict)


Responses = Callable[[UUID, Line], Iterable[Response]]


def nobody(contact_id: UUID, line: Line) -> Iterable[Response]:
    """Nobody answers."""
    return ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A sequence that people may enter. `entered` are the entries of the last day, for `at most n a day`."""

    sequence: Sequence
    state: str = "live"
    entered: tuple[datetime, ...] = ()


@dataclass(slots=True)
class Inside:
    """A stay in a version of a sequence."""

    enrollment: Enrollment
    sequence: Sequence


@dataclass(slots=True)
class Mail:
    """A delivery that waits."""

    enrollment_id: UUID | None
    sequence: str | None
    step: str | None
    visit: int | None
    template: str
    topic: str | None
    message_class: str
    content_kind: str
    priority: int
    once: bool
    when_capped: str
    due_at: datetime
    planned_at: datetime
    expires_at: datetime | None = None
    code: str = "mail.planned"


@dataclass(slots=True)
class Told:
    """An event nobody has reacted to yet."""

    received_at: datetime
    happening: Happening
    id: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    seen: bool = False  # whether it is among the facts already


@dataclass(slots=True)
class Asked:
    """A request to enter that is not decided yet. `due_at` None: only a person can let it go on."""

    sequence: str
    trigger: str
    reason: Reason
    due_at: datetime | None


@dataclass(slots=True)
class Person:
    """One contact at the start. A rehearsal changes it: afterwards it is the contact at the end.

    `sent` holds (template, message class, instant) of every mail that is out; `suppressed` the reasons that
    hit every mail, or (with `topic` among the params of a reason of scope topic) those about one. `past` are
    the ended stays by sequence, the last one of each; `earlier` and `standing` what `react` wants. `way` is by whom they are written to and
    which provider takes it.
    """

    facts: Facts
    address: str | None = None
    inside: list[Inside] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    sent: list[tuple[str, str, datetime]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    past: dict[str, Stay] = field(default_factory=dict)
    earlier: dict[str, list[datetime]] = field(default_factory=dict)
    standing: dict[str, float] = field(default_factory=dict)
    suppressed: tuple[Reason, ...] = ()
    paused_until: datetime | None = None
    away_until: datetime | None = None
    own_cap: int | None = None
    own_month: int | None = None
    sender_problem_until: datetime | None = None
    sender_problem: Reason | None = None
    judge_at: datetime | None = None
    way: tuple[str, str] = ("", "")
