"""Send a mail: the step ends when its delivery ends."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from app.core.conditions import Needs
from app.core.conditions.texts import read_text, read_texts
from app.core.effects import Effect, Note, QueueMail
from app.core.enrollments import SENT
from app.core.lifecycle import allows
from app.core.parsing import parsed
from app.core.pieces import KINDS
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.setting import Setting
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


def _among(node: Node | None) -> str:
    """The kind of piece behind `best of: {kind: guide}`; empty where there is none."""
    if node is None or not isinstance(node.value, dict):
        return ""
    node.keys(("kind",))
    kind = node.need("kind", "Name the kind of piece, such as `best of: {kind: guide}`.")
    return kind.choice(KINDS) if kind else ""


def best_of(templates: Iterable[str], context: Context) -> str | None:
    """The mail that fits the contact's interests best and brings them something new; None: there is none.

    A mail brings nothing new that reached them before, or whose pieces of the library they were all sent by
    other mails or have read.
    """
    facts, setting = context.facts, context.setting
    infos, pieces = setting.templates, setting.pieces
    seen = set(facts.read).union(*(infos[key].pieces for key in facts.had if key in infos))

    def is_new(key: str) -> bool:
        info = infos.get(key)
        if info is not None and info.repeat:
            return True
        return key not in facts.had and (info is None or not info.pieces or not seen.issuperset(info.pieces))

    def interest(key: str) -> float:
        info = infos.get(key)
        if info is None:
            return 0.0
        told = (pieces[piece].topics for piece in info.pieces if piece in pieces)
        topics = dict.fromkeys((*info.topics, *(topic for each in told for topic in each)))
        return sum(facts.interests[topic].at(context.now) for topic in topics if topic in facts.interests)

    return max(filter(is_new, templates), key=interest, default=None)


def mails_with(kind: str, stage: str, setting: Setting) -> tuple[str, ...]:
    """The marketing mails that a stage gets and that present a piece of a kind, in the order of their names."""
    of_kind = {key for key, piece in setting.pieces.items() if piece.kind == kind}
    return tuple(
        key
        for key, info in sorted(setting.templates.items())
        if info.message_class == "marketing" and not info.ask and of_kind.intersection(info.pieces)
        and allows(setting.lifecycle, stage, info.content_kind)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Send:
    """Of a choice `templates` are the candidates; `among` names a kind of piece instead, and the mails in force
    that present one are the candidates.
    """

    key: str
    templates: tuple[str, ...]
    by_interest: bool
    manner: Manner
    next: str
    among: str = ""

    kind: ClassVar[str] = "send"
    extra: ClassVar[tuple[str, ...]] = ("go", *MANNER_KEYS)

    @classmethod
    def read(cls, key: str, value: Node, step: Node, reading: Reading) -> Self:
        by_interest, among = isinstance(value.value, dict), ""
        if by_interest:
            value.keys(("best of", "by"))
            candidates = value.need("best of", "List the templates to choose from.")
            among = _among(candidates)
            templates = (
                read_texts(candidates) if candidates and not isinstance(candidates.value, dict) else ()
            )
            if (by := value.get("by")) is not None:
                by.choice(("interest",))
        else:
            templates = (read_text(value),)
        manner = read_manner(step, reading.manner)
        return cls(key, templates, by_interest, manner, reading.target(step), among)

    def choice(self, stage: str, setting: Setting) -> tuple[str, ...]:
        """The mails it may send to somebody in that stage."""
        return mails_with(self.among, stage, setting) if self.among else self.templates

    def enter(self, context: Context) -> Move:
        templates = self.choice(context.facts.stage, context.setting)
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
