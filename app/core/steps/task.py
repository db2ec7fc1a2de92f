"""A task for a person: the owner of the contact, by mail too."""

from dataclasses import dataclass
from typing import ClassVar, Self

from app.core.conditions import Needs
from app.core.conditions.texts import read_text
from app.core.effects import CreateTask
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.steps.base import NO_NEEDS, Context, Go, Move, Outlet, Reading
from app.core.timing import Span, add_span


@dataclass(frozen=True, slots=True)
class Task:
    key: str
    title: str
    what: str
    due: Span | None
    by_mail: bool
    next: str

    kind: ClassVar[str] = "task"
    extra: ClassVar[tuple[str, ...]] = ("kind", "due", "mail", "go")

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        what, due, mail = step.get("kind"), step.get("due"), step.get("mail")
        return cls(
            key,
            read_text(value),
            read_text(what) if what else "follow-up",
            parsed(due, Span.parse, Span(1, "working days")) if due else None,
            mail.flag(True) if mail else True,
            reading.target(step),
        )

    def enter(self, context: Context) -> Move:
        setting, facts, enrollment = context.setting, context.facts, context.enrollment
        due_at = None
        if self.due is not None:
            zone, country = setting.zone(facts), setting.country(facts)
            due_at = add_span(context.at, self.due, zone, setting.programme.calendar, country)
        task = CreateTask(
            key=f"{enrollment.id}:{self.key}:{enrollment.visit}",
            kind=self.what,
            title=self.title,
            due_at=due_at,
            reason=Reason("task.by_step", {"step": self.key, "sequence": enrollment.sequence}),
            by_mail=self.by_mail,
        )
        return Go(self.next, (task,))

    finish = enter

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(self.next, "next"),)

    def needs(self) -> Needs:
        return NO_NEEDS
