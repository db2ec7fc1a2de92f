"""Set a field, a tag or a score of the contact."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Self

from app.core.conditions import Needs
from app.core.conditions.parse_comparisons import read_number
from app.core.conditions.texts import read_text
from app.core.effects import AddScore, Effect, SetField, SetTag
from app.core.facts import Value
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.steps.base import NO_NEEDS, Context, Go, Move, Outlet, Reading

WHAT = ("field", "tag", "untag", "score")
MOST_POINTS = 1000.0


@dataclass(frozen=True, slots=True)
class SetFact:
    """`what` is field, tag, untag or score; `name` the field, tag or measure; `value` or `points` what it gets."""

    key: str
    what: str
    name: str
    value: Value
    points: float
    next: str

    kind: ClassVar[str] = "set"
    extra: ClassVar[tuple[str, ...]] = ("go",)

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        following = reading.target(step)
        value.keys(("field", "to", "tag", "untag", "score", "add"))
        for what in WHAT:
            name = value.get(what)
            if name is None:
                continue
            to, points = value.get("to"), value.get("add")
            if sum(one in value for one in WHAT) > 1:
                value.error("One step sets one thing.", "Make a step of its own for each.")
            if what == "field" and "to" not in value:
                value.error("A field needs its new value.", "Add `to: …` (empty clears it).")
            if what == "score" and points is None:
                value.error("A score needs the points to add.", "Add `add: 5`.")
            chosen = name.choice(("fit", "engagement"), "engagement") if what == "score" else read_text(name)
            return cls(key, what, chosen, _value(to), _points(points), following)
        value.error(
            "Nothing is set here.", "Say {field: …, to: …}, {tag: …}, {untag: …} or {score: …, add: …}."
        )
        return cls(key, "tag", "", None, 0.0, following)

    def enter(self, context: Context) -> Move:
        reason = Reason("set.by_step", {"step": self.key, "sequence": context.enrollment.sequence})
        effect: Effect
        if self.what == "field":
            effect = SetField(self.name, self.value, reason)
        elif self.what == "score":
            occasion = f"{context.enrollment.id}:{context.enrollment.visit}"
            effect = AddScore(self.name, f"step:{self.key}", occasion, self.points, context.at, reason)
        else:
            effect = SetTag(self.name, self.what == "tag", reason)
        return Go(self.next, (effect,), settle=True)

    finish = enter

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(self.next, "next"),)

    def needs(self) -> Needs:
        return NO_NEEDS


def _value(node: Node | None) -> Value:
    """The new value of a field; None (nothing stands behind `to:`) clears it."""
    value = node.value if node else None
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return read_number(node) if node else None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if node:
        node.error("A field holds one text, number, date, true or false.", "Write such as `to: builder`.")
    return None


def _points(node: Node | None) -> float:
    points = read_number(node) if node else 0.0
    if node and not abs(points) <= MOST_POINTS:
        node.error(f"{points} points are too many.", f"Write a number up to {MOST_POINTS:g}.")
        return 0.0
    return points
