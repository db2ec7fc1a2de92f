"""Long random walks through random sequences: what must never happen, does not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.effects import QueueMail
from app.core.engine import MOST_STEPS, Advance, advance, notice
from app.core.enrollments import Enrollment, delivery_ended
from app.core.facts import CriterionFact, Facts, Happening
from app.core.sequences import Sequence, read_sequence
from tests.core.sample import CONTACT, MONDAY, SETTING, entered, node

MAILS = ("discovery/hello", "discovery/guide", "discovery/nudge")
TAGS = ("a", "b", "c")
SPANS = ("0 days", "1 hour", "2 days", "1 working day", "1 month")
NAMES = tuple(f"s{number}" for number in range(7))
EVENTS = st.sampled_from(
    [*({"clicked": mail} for mail in MAILS), "clicked", "replied", {"event": "visited", "topic": "pricing"}]
)
CONDITIONS = st.sampled_from(
    [
        {"tag": "a"},
        {"not": {"tag": "b"}},
        {"clicked": MAILS[0]},
        {"criterion": "means", "is": "yes"},
        {"field": "day", "is known": True},
    ]
)


@st.composite
def bodies(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, Any]:
    target = st.sampled_from((*names, "end"))
    kind = draw(
        st.sampled_from(
            ("send", "wait", "wait_for", "branch", "split", "set", "ask", "task", "move", "exit", "goal")
        )
    )
    match kind:
        case "send":
            best = {"best of": list(MAILS), "by": "interest"}
            return {"send": draw(st.sampled_from((*MAILS, best))), "go": draw(target)}
        case "wait":
            waits = (*SPANS, {"until": "tuesday", "at": "02:30"}, {"date": "day", "before": "1 day"})
            return {"wait": draw(st.sampled_from(waits)), "go": draw(target)}
        case "wait_for":
            return {
                "wait_for": draw(EVENTS),
                "up to": draw(st.sampled_from(SPANS)),
                "then": draw(target),
                "else": draw(target),
            }
        case "branch":
            return {"branch": [{"if": draw(CONDITIONS), "go": draw(target)}, {"else": draw(target)}]}
        case "split":
            share = draw(st.integers(0, 100))
            return {
                "split": [{"share": share, "go": draw(target)}, {"share": 100 - share, "go": draw(target)}]
            }
        case "set":
            return {
                "set": {draw(st.sampled_from(("tag", "untag"))): draw(st.sampled_from(TAGS))},
                "go": draw(target),
            }
        case "ask":
            return {
                "ask": "means",
                "with": "discovery/ask",
                "up to": draw(st.sampled_from(SPANS)),
                "then": draw(target),
                "else": draw(target),
            }
        case "task":
            return {"task": "Call", "go": draw(target)}
        case "move":
            return {"move": "prospect", "go": draw(target)}
    return {kind: "reason"}


@st.composite
def sequences(draw: st.DrawFn) -> Sequence:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    top: dict[str, Any] = {"if not sent": draw(st.sampled_from(("continue", "exit")))}
    if draw(st.booleans()):
        top["goal"] = {"tag": "c"}
    if draw(st.booleans()):
        top["exit"] = ["replied", {"tag": "b"}]
    place = node([{name: draw(bodies(names))} for name in names], **top)
    read = read_sequence(place)
    assert read is not None, place.findings
    return read


@st.composite
def worlds(draw: st.DrawFn) -> Facts:
    return Facts(
        CONTACT,
        stage="lead",
        fields={
            "zone": draw(st.sampled_from(("Europe/Copenhagen", "America/New_York", "Nowhere/Land", None))),
            "day": draw(st.sampled_from(("2026-12-01", None))),
        },
        tags=frozenset(draw(st.sets(st.sampled_from(TAGS)))),
        criteria={"means": CriterionFact(draw(st.sampled_from(("yes", "unknown"))))},
        happenings=[],
    )


MOVES = st.lists(
    st.tuples(
        st.sampled_from(("time", "event", "deliver", "retag")),
        st.integers(0, 10),
        st.timedeltas(timedelta(0), timedelta(days=9)),
    ),
    max_size=40,
)
OUTCOMES = ("accepted", "uncertain", "suppressed", "failed", "expired")
HAPPENED = (
    ("clicked", MAILS[0]), ("clicked", MAILS[1]), ("replied", MAILS[0]), ("visited", "prices"), ("answered", "means"), ("opened", MAILS[0]),
)  # fmt: skip


@dataclass
class Walk:
    """One person on their way; every mail and every end is written down."""

    of: Sequence
    facts: Facts
    enrollment: Enrollment
    now: Any = MONDAY
    mails: list[tuple[str, int]] = field(default_factory=list)
    ended: bool = False

    def take(self, step: Advance) -> None:
        if self.ended:
            assert step.effects == ()
            assert step.enrollment == self.enrollment
        self.mails += [(one.step, one.visit) for one in step.effects if isinstance(one, QueueMail)]
        assert step.enrollment.visit >= self.enrollment.visit
        self.enrollment = step.enrollment
        self.ended = step.enrollment.state == "ended"
        self.check()

    def check(self) -> None:
        one = self.enrollment
        assert (one.due_at is not None) == (one.state in ("due", "waiting"))
        assert (one.waiting_for is not None) == (one.state == "waiting")
        assert one.step in self.of.steps or one.step == "end"
        assert len(set(self.mails)) == len(self.mails)
        assert sum(one.visits.values()) == one.visit

    def go_on(self) -> None:
        """As far as they can go by now: each round is one tick of the engine."""
        for _ in range(5):
            before = self.enrollment
            step = advance(self.enrollment, self.of, self.facts, SETTING, self.now)
            assert step == advance(before, self.of, self.facts, SETTING, self.now)
            assert len(step.effects) <= 2 * MOST_STEPS
            self.take(step)

    def moves(self, told: list[tuple[str, int, timedelta]]) -> Iterator[None]:
        for what, number, span in told:
            self.now += span
            if what == "event":
                kind, subject = HAPPENED[number % len(HAPPENED)]
                self.tell(Happening(kind, subject, self.now, ("pricing",)))
            elif what == "deliver":
                self.take(
                    Advance(delivery_ended(self.enrollment, OUTCOMES[number % len(OUTCOMES)], self.now))
                )
            elif what == "retag":
                self.facts.tags = frozenset({TAGS[number % len(TAGS)]})
            self.go_on()
            yield

    def tell(self, happening: Happening) -> None:
        self.facts.happenings = [*self.facts.happenings, happening]
        self.take(notice(self.enrollment, self.of, happening, self.facts, SETTING, self.now))
        again = notice(self.enrollment, self.of, happening, self.facts, SETTING, self.now)
        assert (again.enrollment, again.effects) == (self.enrollment, ())


@settings(max_examples=150, deadline=None)
@given(sequences(), worlds(), MOVES)
def test_a_walk_keeps_the_rules(of: Sequence, facts: Facts, told: list[tuple[str, int, timedelta]]) -> None:
    walk = Walk(of, facts, entered(of))
    walk.go_on()
    for _ in walk.moves(told):
        pass


@settings(max_examples=100, deadline=None)
@given(sequences(), worlds(), st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), max_size=5))
def test_looking_in_between_changes_nothing_where_nothing_was_due(
    of: Sequence, facts: Facts, steps: list[timedelta]
) -> None:
    enrollment = advance(entered(of), of, facts, SETTING, MONDAY).enrollment
    now = MONDAY
    for step in steps:
        now += step
        if enrollment.due_at is not None and enrollment.due_at <= now:
            break
        looked = advance(enrollment, of, facts, SETTING, now)
        assert (looked.enrollment, looked.effects) == (enrollment, ())
    late = now + timedelta(days=40)
    assert advance(enrollment, of, facts, SETTING, late) == advance(
        advance(enrollment, of, facts, SETTING, now if enrollment.due_at is None or enrollment.due_at > now else MONDAY - timedelta(days=1)).enrollment,
        of, facts, SETTING, late,
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(sequences(), worlds())
def test_every_walk_comes_to_rest(of: Sequence, facts: Facts) -> None:
    """At one instant a person ends, waits, sends, is parked, or asks for fresh facts: never for ever."""
    enrollment = entered(of)
    for _ in range(3000):
        if enrollment.state in ("parked", "ended", "sending") or (
            enrollment.due_at and enrollment.due_at > MONDAY
        ):
            return
        enrollment = advance(enrollment, of, facts, SETTING, MONDAY).enrollment
    raise AssertionError(enrollment)
