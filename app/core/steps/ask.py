"""Ask for a criterion in a mail: its answer buttons open a page whose POST becomes evidence."""

from dataclasses import dataclass
from typing import ClassVar, Self

from app.core.conditions import EventPattern, Needs
from app.core.conditions.texts import read_text
from app.core.effects import Note
from app.core.enrollments import SENT
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.steps.base import Context, Go, Manner, Move, Outlet, Reading, Stay
from app.core.steps.send import MANNER_KEYS, after_delivery, queue, read_manner
from app.core.steps.wait_for import FIVE_DAYS, HAPPENED, seen, wait_until
from app.core.timing import Span


@dataclass(frozen=True, slots=True)
class Ask:
    """`unknown` is what is asked for: whoever answered already is not asked again."""

    key: str
    criterion: str
    template: str
    up_to: Span
    manner: Manner
    then: str
    otherwise: str

    kind: ClassVar[str] = "ask"
    extra: ClassVar[tuple[str, ...]] = ("with", "up to", "then", "else", *MANNER_KEYS)

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        template = step.need("with", "Name the template that carries the answer buttons.")
        return cls(
            key,
            read_text(value),
            read_text(template) if template else "",
            parsed(step.get("up to"), Span.parse, FIVE_DAYS),
            read_manner(step, reading.manner),
            reading.target(step, "then"),
            reading.target(step, "else"),
        )

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.template,)

    def enter(self, context: Context) -> Move:
        known = context.facts.criteria.get(self.criterion)
        if known is not None and known.state != "unknown":
            return Go(self.then, (self._note("ask.known", context),))
        mail = queue(context, self.key, (self.template,), self.manner, repeat=False)
        return Stay("sending", None, Reason("wait.delivery", {"template": self.template}), effects=(mail,))

    def finish(self, context: Context) -> Move:
        outcome = context.enrollment.outcome
        if outcome == HAPPENED:
            return Go(self.then, (self._note("ask.answered", context),))
        if outcome in SENT:
            pattern = self._pattern()
            if seen(pattern, context):
                return Go(self.then, (self._note("ask.answered", context),))
            return wait_until(pattern, self.up_to, context, "wait.answer")
        if outcome is not None:
            return after_delivery(self.key, self.otherwise, self.manner, context)
        return Go(self.otherwise, (self._note("ask.timed_out", context),))

    def _pattern(self) -> EventPattern:
        return EventPattern(("answered",), (self.criterion,))

    def _note(self, code: str, context: Context) -> Note:
        return Note("step", context.at, Reason(code, {"step": self.key, "criterion": self.criterion}))

    def outlets(self) -> tuple[Outlet, ...]:
        return Outlet(self.then, "answered"), Outlet(self.otherwise, "timed_out")

    def needs(self) -> Needs:
        return Needs(criteria=frozenset({self.criterion}), happenings=True, window=None)
