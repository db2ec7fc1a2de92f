"""Wait for an event, with a time-out that is one number on this step."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from app.core.conditions import EventPattern, Needs, parse_event
from app.core.effects import Note
from app.core.enrollments import Enrollment
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.steps.base import Context, Go, Move, Outlet, Reading, Stay
from app.core.timing import Span, add_span

HAPPENED = "happened"
FIVE_DAYS = Span(5, "days")


def counts_from(pattern: EventPattern, enrollment: Enrollment) -> datetime:
    """Since when an event ends the wait of the step the person is at.

    An event that names its subject counts since the person entered, another one since this arrival;
    a second visit counts from its arrival, so that a loop waits anew.
    """
    again = enrollment.visits.get(enrollment.step, 1) > 1
    return enrollment.since if again or not pattern.subjects else enrollment.entered_at


def seen(pattern: EventPattern, context: Context) -> bool:
    """Whether it happened before the wait began: a click may be faster than the engine."""
    since = counts_from(pattern, context.enrollment)
    return any(happening.at >= since and pattern.matches(happening) for happening in context.facts.happenings)


def wait_until(pattern: EventPattern, up_to: Span, context: Context, code: str) -> Stay:
    zone = context.setting.zone(context.facts)
    calendar, country = context.setting.programme.calendar, context.setting.country(context.facts)
    due = add_span(context.at, up_to, zone, calendar, country)
    return Stay("waiting", due, Reason(code, {"up_to": str(up_to)}), waiting_for=pattern)


@dataclass(frozen=True, slots=True)
class WaitFor:
    key: str
    pattern: EventPattern
    up_to: Span
    then: str
    otherwise: str

    kind: ClassVar[str] = "wait_for"
    extra: ClassVar[tuple[str, ...]] = ("up to", "then", "else")

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        up_to = step.need("up to", "Give the time-out, such as `up to: 5 days`.")
        return cls(
            key,
            parse_event(value, reading.mails),
            parsed(up_to, Span.parse, FIVE_DAYS),
            reading.target(step, "then"),
            reading.target(step, "else"),
        )

    def enter(self, context: Context) -> Move:
        if seen(self.pattern, context):
            return Go(self.then, (self._note(context, "wait_for.happened"),))
        return wait_until(self.pattern, self.up_to, context, "wait.event")

    def finish(self, context: Context) -> Move:
        happened = context.enrollment.outcome == HAPPENED
        code = "wait_for.happened" if happened else "wait_for.timed_out"
        return Go(self.then if happened else self.otherwise, (self._note(context, code),))

    def _note(self, context: Context, code: str) -> Note:
        return Note("step", context.at, Reason(code, {"step": self.key, "up_to": str(self.up_to)}))

    def outlets(self) -> tuple[Outlet, ...]:
        return Outlet(self.then, "happened"), Outlet(self.otherwise, "timed_out")

    def needs(self) -> Needs:
        return Needs(happenings=True, window=None)
