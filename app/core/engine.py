"""What happens next to one person in one sequence.

Live running, rehearsal, explanation and tests are these functions with another clock, another
version or another set of facts. They change nothing: they return the new enrollment and what the
world is asked to do.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.core.conditions import holds
from app.core.effects import Effect, Emit, Note
from app.core.enrollments import Enrollment, ended
from app.core.facts import Facts, Happening
from app.core.reasons import Reason
from app.core.sequences import Sequence
from app.core.setting import Setting
from app.core.steps import END, HAPPENED, Context, Go, Leave, Stay, counts_from

# A person who passes this many steps without a wait goes round in circles: parked, shown, never looped.
MOST_STEPS = 100
# A circle that asks for fresh facts on its way comes back once a tick; so many visits of one step are one, too.
MOST_VISITS = 1000


@dataclass(frozen=True, slots=True)
class Advance:
    enrollment: Enrollment
    effects: tuple[Effect, ...] = ()


def enter(
    sequence: Sequence, id: UUID, contact_id: UUID, entry_number: int, at: datetime, reason: Reason
) -> Enrollment:
    """A new enrollment, due at once."""
    return Enrollment(
        id=id,
        contact_id=contact_id,
        sequence=sequence.key,
        entry_number=entry_number,
        step=sequence.first,
        entered_at=at,
        since=at,
        due_at=at,
        reason=reason,
    )


def advance(
    enrollment: Enrollment, sequence: Sequence, facts: Facts, setting: Setting, now: datetime
) -> Advance:
    """Take the person as far as they can go by `now`. Nothing was due: nothing changes."""
    due = enrollment.due_at
    if enrollment.state not in ("due", "waiting") or due is None or due > now:
        return Advance(enrollment)
    left = leaves(enrollment, sequence, facts, setting, now)
    if left is not None:
        return left
    effects: list[Effect] = []
    at = due
    for _ in range(MOST_STEPS):
        if enrollment.step == END:
            reason = Reason("ended.finished")
            return Advance(ended(enrollment, reason), (*effects, Note("ended", at, reason)))
        step = sequence.steps.get(enrollment.step)
        if step is None:
            return _parked(enrollment, Reason("parked.no_step", {"step": enrollment.step}), at, effects)
        if not enrollment.inside and enrollment.visits.get(enrollment.step, 0) >= MOST_VISITS:
            break
        if not enrollment.inside:
            enrollment = _arrived(enrollment, at)
            move = step.enter(Context(enrollment, facts, setting, at, now))
        else:
            move = step.finish(Context(enrollment, facts, setting, at, now))
        effects.extend(move.effects)
        if isinstance(move, Leave):
            return Advance(ended(enrollment, move.reason), (*effects, Note("ended", at, move.reason)))
        if isinstance(move, Stay):
            enrollment = _staying(enrollment, move)
            if move.due_at is None or move.due_at > now or move.state == "sending":
                return Advance(enrollment, tuple(effects))
            at = move.due_at
            continue
        enrollment = _gone(enrollment, move, at)
        if move.settle:
            return Advance(enrollment, tuple(effects))
    else:
        if at > due:
            # Much to catch up with, and time went by on the way: the rest is due in the next round.
            return Advance(enrollment, tuple(effects))
    return _parked(enrollment, Reason("parked.circle", {"step": enrollment.step}), at, effects)


# These three are written out: `dataclasses.replace` would take most of a rehearsal's time.


def _arrived(e: Enrollment, at: datetime) -> Enrollment:
    visits = {**e.visits, e.step: e.visits.get(e.step, 0) + 1}
    return Enrollment(
        e.id, e.contact_id, e.sequence, e.entry_number, e.step, e.entered_at, at, e.due_at, e.state, e.visit + 1,
        True, e.waiting_for, None, visits, e.reason, e.local_due, e.zone,
    )  # fmt: skip


def _staying(e: Enrollment, stay: Stay) -> Enrollment:
    return Enrollment(
        e.id, e.contact_id, e.sequence, e.entry_number, e.step, e.entered_at, e.since, stay.due_at, stay.state,
        e.visit, e.inside, stay.waiting_for, None, e.visits, stay.reason, stay.local_due, stay.zone,
    )  # fmt: skip


def _gone(e: Enrollment, go: Go, at: datetime) -> Enrollment:
    return Enrollment(
        e.id, e.contact_id, e.sequence, e.entry_number, go.to, e.entered_at, e.since, at, "due", e.visit, False,
        None, None, e.visits, e.reason, None, None,
    )  # fmt: skip


def _parked(enrollment: Enrollment, reason: Reason, at: datetime, effects: list[Effect]) -> Advance:
    parked = replace(enrollment, state="parked", due_at=None, waiting_for=None, reason=reason)
    return Advance(parked, (*effects, Note("parked", at, reason)))


def leaves(
    enrollment: Enrollment, sequence: Sequence, facts: Facts, setting: Setting, now: datetime
) -> Advance | None:
    """The end of this enrollment where the goal or an exit condition holds; otherwise None."""
    if sequence.goal is not None and holds(sequence.goal, facts, now, setting.segments):
        reason = Reason("goal.reached", {"sequence": sequence.key})
        reached = Emit("goal_reached", sequence.key, now, reason)
        return Advance(ended(enrollment, reason), (reached, Note("ended", now, reason)))
    if sequence.exit_if is not None and holds(sequence.exit_if, facts, now, setting.segments):
        reason = Reason("exit.condition", {"sequence": sequence.key})
        return Advance(ended(enrollment, reason), (Note("ended", now, reason),))
    return None


def notice(
    enrollment: Enrollment,
    sequence: Sequence,
    happening: Happening,
    facts: Facts,
    setting: Setting,
    now: datetime,
) -> Advance:
    """What a happening does to somebody inside: it may end their stay, or be what they waited for."""
    if not enrollment.active:
        return Advance(enrollment)
    if sequence.exit_events is not None and sequence.exit_events.matches(happening):
        reason = Reason("exit.event", {"event": happening.kind, "sequence": sequence.key})
        return Advance(ended(enrollment, reason), (Note("ended", now, reason),))
    left = leaves(enrollment, sequence, facts, setting, now)
    if left is not None:
        return left
    if happening.kind == "stage_entered" and facts.stage != sequence.stage:
        reason = Reason("exit.stage_left", {"stage": sequence.stage, "now": facts.stage})
        return Advance(ended(enrollment, reason), (Note("ended", now, reason),))
    pattern = enrollment.waiting_for
    if enrollment.state != "waiting" or pattern is None or not pattern.matches(happening):
        return Advance(enrollment)
    # What is told late may have happened before this wait: then it is not what is waited for.
    if happening.at < counts_from(pattern, enrollment):
        return Advance(enrollment)
    return Advance(replace(enrollment, state="due", due_at=now, waiting_for=None, outcome=HAPPENED))
