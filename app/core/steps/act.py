"""The short steps: move the stage, enroll elsewhere, call a web hook, reach the goal, leave."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from app.core.conditions import Needs
from app.core.conditions.texts import read_text
from app.core.effects import CallWebHook, Emit, EnrollIn, MoveStage
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.steps.base import NO_NEEDS, Context, Go, Leave, Move, Outlet, Reading

# A web address with a host, without a user or spaces in it; without encryption only to this machine, where
# a setting has to allow it.
WEB_HOOK = re.compile(
    r"(?:https://[^\s/?#@\\]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?)(?:[/?#][^\s\\]*)?"
)


@dataclass(frozen=True, slots=True)
class _Act:
    """One word behind the kind, one way on."""

    key: str
    value: str
    next: str

    extra: ClassVar[tuple[str, ...]] = ("go",)

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        return cls(key, read_text(value), reading.target(step))

    def enter(self, context: Context) -> Move:
        raise TypeError(f"{type(self).__name__} does not say what it does")

    def finish(self, context: Context) -> Move:
        return Go(self.next)

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(self.next, "next"),)

    def needs(self) -> Needs:
        return NO_NEEDS

    def _reason(self, context: Context) -> Reason:
        return Reason(
            f"{self._kind()}.by_step",
            {"step": self.key, "sequence": context.enrollment.sequence, "to": self.value},
        )

    def _kind(self) -> str:
        return type(self).__name__.lower()


class MoveTo(_Act):
    """Move the stage; the one door still decides whether that is a declared transition."""

    kind: ClassVar[str] = "move"

    def enter(self, context: Context) -> Move:
        return Go(self.next, (MoveStage(self.value, self._reason(context)),), settle=True)

    def _kind(self) -> str:
        return "stage"


class Enroll(_Act):
    kind: ClassVar[str] = "enroll"

    def enter(self, context: Context) -> Move:
        return Go(self.next, (EnrollIn(self.value, self._reason(context)),), settle=True)


class WebHook(_Act):
    kind: ClassVar[str] = "web_hook"

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        url = read_text(value)
        if not WEB_HOOK.fullmatch(url):
            value.error("A web hook goes to an https address.", "Write it in full: https://…")
        return cls(key, url, reading.target(step))

    def enter(self, context: Context) -> Move:
        enrollment = context.enrollment
        key = f"{enrollment.id}:{self.key}:{enrollment.visit}"
        return Go(self.next, (CallWebHook(key, self.value, self._reason(context)),))


class Goal(_Act):
    """The purpose of the sequence is reached here: the person leaves it."""

    kind: ClassVar[str] = "goal"
    extra: ClassVar[tuple[str, ...]] = ()

    def enter(self, context: Context) -> Move:
        reason = Reason("goal.step", {"step": self.key, "goal": self.value})
        reached = Emit("goal_reached", context.enrollment.sequence, context.at, reason)
        return Leave(reason, (reached,))

    def outlets(self) -> tuple[Outlet, ...]:
        return ()


class Exit(_Act):
    kind: ClassVar[str] = "exit"
    extra: ClassVar[tuple[str, ...]] = ()

    def enter(self, context: Context) -> Move:
        return Leave(Reason("exit.step", {"step": self.key, "why": self.value}))

    def outlets(self) -> tuple[Outlet, ...]:
        return ()
