"""Branch on conditions: the first that holds is taken, and only one ever is."""

from dataclasses import dataclass
from typing import ClassVar, Self

from app.core.conditions import Condition, Needs, holds, parse
from app.core.effects import Note
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.steps.base import Context, Go, Move, Outlet, Reading, condition_needs


@dataclass(frozen=True, slots=True)
class Arm:
    condition: Condition
    to: str


@dataclass(frozen=True, slots=True)
class Branch:
    key: str
    arms: tuple[Arm, ...]
    otherwise: str

    kind: ClassVar[str] = "branch"
    extra: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        arms: list[Arm] = []
        otherwise = reading.following
        for item in value.items():
            if not item.keys(("if", "go", "else")):
                continue
            if (target := item.get("else")) is not None:
                if "if" in item or "go" in item:
                    item.error("“else” stands alone.", "Write `{else: step}` as an entry of its own.")
                otherwise = target.text(otherwise)
                continue
            condition = item.need("if", "Give the condition, such as `if: {tag: partner}`.")
            target = item.need("go", "Name the step this way leads to.")
            if condition and target:
                arms.append(Arm(parse(condition, steps=reading.mails), target.text(otherwise)))
        if not arms:
            value.error("A branch needs at least one way.", "Write `- {if: {…}, go: step}`.")
        return cls(key, tuple(arms), otherwise)

    def enter(self, context: Context) -> Move:
        segments = context.setting.segments
        for number, arm in enumerate(self.arms, 1):
            if holds(arm.condition, context.facts, context.now, segments):
                return self._go(arm.to, "branch.taken", number, context)
        return self._go(self.otherwise, "branch.otherwise", 0, context)

    def _go(self, to: str, code: str, number: int, context: Context) -> Move:
        return Go(to, (Note("step", context.at, Reason(code, {"step": self.key, "way": number, "to": to})),))

    finish = enter

    def outlets(self) -> tuple[Outlet, ...]:
        return (*(Outlet(arm.to, "if") for arm in self.arms), Outlet(self.otherwise, "else"))

    def needs(self) -> Needs:
        return condition_needs(*(arm.condition for arm in self.arms))
