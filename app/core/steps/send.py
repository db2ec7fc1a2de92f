"""Send a mail: the step ends when its delivery ends."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from app.core.conditions import Needs
from app.core.conditions.texts import read_text, read_texts
from app.core.effects import Effect, Note, QueueMail
from app.core.enrollments import SENT
from app.core.parsing import parsed
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.steps.base import NO_NEEDS, Capped, Context, Go, Leave, Manner, Move, Outlet, Reading, Stay
from app.core.timing import Span, Window, add_span, next_open

MANNER_KEYS = ("window", "when capped", "if not sent", "late")


def read_manner(step: Node, manner: Manner) -> Manner:
    """The manner of a sequence or, given on top of it, of one step."""
    if (node := step.get("window")) is not None:
        manner = replace(manner, window=parsed(node, _window, manner.window))
    if (node := step.get("when capped")) is not None:
        manner = replace(manner, when_capped=_capped(node))
    if (node := step.get("if not sent")) is not None:
        choice = node.choice(("continue", "exit"), "continue")
        manner = replace(manner, if_not_sent="exit" if choice == "exit" else "continue")
    return replace(manner, late=parsed(step.get("late"), Span.parse, manner.late))


def _window(value: object) -> Window:
    if not isinstance(value, dict):
        raise ValueError('A window has days, from and to: {days: mon-fri, from: "08:30", to: "17:30"}.')
    return Window.from_tree(value)


def _capped(node: Node) -> Capped:
    if isinstance(node.value, dict):
        node.keys(("replace",))
        template = node.need("replace", "Name the template that takes its place.")
        return Capped("replace", read_text(template) if template else None)
    return Capped("drop" if node.choice(("defer", "drop"), "defer") == "drop" else "defer")


def queue(context: Context, step: str, templates: tuple[str, ...], manner: Manner, repeat: bool) -> QueueMail:
    """The mail of one arrival, planned for the first moment its window and the quiet hours leave open."""
    setting = context.setting
    zone = setting.zone(context.facts)
    country = setting.country(context.facts)
    programme = setting.programme
    opens = next_open(
        context.at, manner.window or programme.window, programme.quiet, zone, programme.calendar, country
    )
    due_at = opens or context.at
    late = manner.late or programme.late
    return QueueMail(
        step=step,
        visit=context.enrollment.visit,
        templates=templates,
        due_at=due_at,
        expires_at=add_span(due_at, late, zone, programme.calendar, country),
        reason=Reason("mail.planned", {"step": step}),
        repeat=repeat,
    )


def best_of(templates: tuple[str, ...], context: Context) -> str | None:
    """The template that fits the contact's interests best and has not reached them; None: all have."""
    facts, infos = context.facts, context.setting.templates
    left = [key for key in templates if key not in facts.had or (key in infos and infos[key].repeat)]

    def interest(key: str) -> float:
        topics = infos[key].topics if key in infos else ()
        return sum(facts.interests[topic].at(context.now) for topic in topics if topic in facts.interests)

    return max(left, key=interest, default=None)


@dataclass(frozen=True, slots=True)
class Send:
    key: str
    templates: tuple[str, ...]
    by_interest: bool
    manner: Manner
    next: str

    kind: ClassVar[str] = "send"
    extra: ClassVar[tuple[str, ...]] = ("go", *MANNER_KEYS)

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        by_interest = isinstance(value.value, dict)
        if by_interest:
            value.keys(("best of", "by"))
            candidates = value.need("best of", "List the templates to choose from.")
            templates = read_texts(candidates) if candidates else ()
            if (by := value.get("by")) is not None:
                by.choice(("interest",))
        else:
            templates = (read_text(value),)
        manner = read_manner(step, reading.manner)
        return cls(key, templates, by_interest, manner, reading.target(step))

    def enter(self, context: Context) -> Move:
        templates = self.templates
        if self.by_interest:
            chosen = best_of(templates, context)
            if chosen is None:
                reason = Reason("send.all_seen", {"step": self.key, "count": len(templates)})
                return Go(self.next, (Note("step", context.at, reason),))
            templates = (chosen,)
        mail = queue(context, self.key, templates, self.manner, repeat=False)
        return Stay("sending", None, Reason("wait.delivery", {"template": templates[0]}), effects=(mail,))

    def finish(self, context: Context) -> Move:
        return after_delivery(self.key, self.next, self.manner, context)

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(self.next, "next"),)

    def needs(self) -> Needs:
        return Needs(interests=frozenset({"*"}), had=True) if self.by_interest else NO_NEEDS


def after_delivery(key: str, following: str, manner: Manner, context: Context) -> Move:
    outcome = context.enrollment.outcome or "accepted"
    if outcome in SENT or manner.if_not_sent == "continue":
        effects: tuple[Effect, ...] = ()
        return Go(following, effects)
    return Leave(Reason("exit.not_sent", {"step": key, "outcome": outcome}))
