"""Split by a stable hash: the same person takes the same way every time, whatever the batch."""

from dataclasses import dataclass
from typing import ClassVar, Self

from app.core.conditions import Needs
from app.core.effects import Note
from app.core.ids import share
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.steps.base import NO_NEEDS, Context, Go, Move, Outlet, Reading


@dataclass(frozen=True, slots=True)
class Arm:
    percent: int
    to: str


@dataclass(frozen=True, slots=True)
class Split:
    key: str
    arms: tuple[Arm, ...]

    kind: ClassVar[str] = "split"
    extra: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        arms: list[Arm] = []
        for item in value.items():
            item.keys(("share", "go"))
            percent, target = (
                item.need("share", "Give the share in per cent."),
                item.need("go", "Name the step."),
            )
            if percent and target:
                arms.append(Arm(percent.integer(0, 100), target.text(reading.following)))
        if sum(arm.percent for arm in arms) != 100:
            value.error("The shares of a split add up to 100.", "Change them so that they do.")
        return cls(key, tuple(arms) or (Arm(100, reading.following),))

    def enter(self, context: Context) -> Move:
        drawn = share("split", context.enrollment.sequence, self.key, str(context.facts.contact_id)) * 100
        reached = 0
        chosen = self.arms[-1]
        for arm in self.arms:
            reached += arm.percent
            if drawn < reached:
                chosen = arm
                break
        reason = Reason("split.taken", {"step": self.key, "to": chosen.to, "percent": chosen.percent})
        return Go(chosen.to, (Note("step", context.at, reason),))

    finish = enter

    def outlets(self) -> tuple[Outlet, ...]:
        return tuple(Outlet(arm.to, f"{arm.percent} %") for arm in self.arms)

    def needs(self) -> Needs:
        return NO_NEEDS
