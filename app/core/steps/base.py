"""What a step kind is: it reads itself from the text, says what happens on arrival and when its wait is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, Protocol, Self

from app.core.conditions import Condition, EventPattern, Needs
from app.core.effects import Effect
from app.core.enrollments import Enrollment
from app.core.facts import Facts
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.setting import Setting
from app.core.timing import Span, Window

END = "end"


@dataclass(frozen=True, slots=True)
class Capped:
    """What becomes of a mail that finds the frequency cap full."""

    way: Literal["defer", "drop", "replace"] = "defer"
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How the mails of a sequence go out; a send step may say otherwise for itself."""

    window: Window | None = None
    when_capped: Capped = Capped()
    if_not_sent: Literal["continue", "exit"] = "continue"
    late: Span | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """One arrival or one end of a wait. `at` is the instant it counts from, `now` the instant of deciding."""

    enrollment: Enrollment
    facts: Facts
    setting: Setting
    at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Go:
    """On to another step (`END`: the sequence is finished). `settle` asks for fresh facts first."""

    to: str
    effects: tuple[Effect, ...] = ()
    settle: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    state: Literal["due", "waiting", "sending"]
    due_at: datetime | None
    reason: Reason
    waiting_for: EventPattern | None = None
    effects: tuple[Effect, ...] = ()
    local_due: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    reason: Reason
    effects: tuple[Effect, ...] = ()


Move = Go | Stay | Leave


@dataclass(frozen=True, slots=True)
class Outlet:
    """A way out of a step: where it leads and when it is taken (a code for the reader)."""

    to: str
    when: str


class Step(Protocol):
    """A step of a sequence. Its `key` is its identity across versions."""

    kind: ClassVar[str]
    extra: ClassVar[tuple[str, ...]]

    @property
    def key(self) -> str: ...

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: "Reading") -> Self:
        """From the text: `value` stands behind the kind's name, `step` is the whole mapping."""
        ...

    def enter(self, context: Context) -> Move: ...

    def finish(self, context: Context) -> Move:
        """The wait, the event or the delivery this step stayed for is over."""
        ...

    def outlets(self) -> tuple[Outlet, ...]: ...

    def needs(self) -> Needs: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What a step may refer to while it is read: the step after it, and the mail of each step."""

    following: str
    manner: Manner
    mails: Mapping[str, str]

    def target(self, step: Node, name: str = "go") -> str:
        found = step.get(name)
        return found.text(self.following) if found else self.following


NO_NEEDS = Needs()


def condition_needs(*conditions: Condition) -> Needs:
    from app.core.conditions import needs

    total = NO_NEEDS
    for condition in conditions:
        total = total | needs(condition)
    return total
