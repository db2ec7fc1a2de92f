"""Faults of the way through a sequence: what cannot be reached or left, circles, mails too close together."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from app.core.caps import FrequencyCap
from app.core.sequences import Sequence
from app.core.steps import END, Ask, Send, Step, Wait, WaitFor

NO_TIME = timedelta()
# More hops than this are not followed: a cap of so many mails is met by the next one.
MOST_HOPS = 20
MARKETING_STEPS = (Send, Ask)

Ways = Mapping[str, tuple[str, ...]]


def ways(sequence: Sequence) -> dict[str, tuple[str, ...]]:
    """Each step and where it may lead, `end` left out."""
    return {
        key: tuple(dict.fromkeys(outlet.to for outlet in step.outlets() if outlet.to in sequence.steps))
        for key, step in sequence.steps.items()
    }


def reachable(start: str, over: Ways) -> set[str]:
    """`start` and every step that can follow it."""
    found, left = {start} & set(over), [start] if start in over else []
    while left:
        for target in over[left.pop()]:
            if target not in found:
                found.add(target)
                left.append(target)
    return found


def followers(start: str, over: Ways) -> set[str]:
    """Every step that can come after `start`; it is one of them only where a circle leads back."""
    return set().union(*(reachable(target, over) for target in over[start]))


def unreachable(sequence: Sequence) -> list[str]:
    reached = reachable(sequence.first, ways(sequence))
    return [key for key in sequence.steps if key not in reached]


def dead_ends(sequence: Sequence) -> list[str]:
    """Steps from which no way leads to an end."""
    over = ways(sequence)
    ends = {key for key, step in sequence.steps.items() if _may_end(step)}
    return [key for key in over if not reachable(key, over) & ends]


def _may_end(step: Step) -> bool:
    outlets = step.outlets()
    return not outlets or any(outlet.to == END for outlet in outlets)


def circles(sequence: Sequence) -> list[str]:
    """The first step of each circle that may be run through without time going by."""
    over = ways(sequence)
    hurried = {
        key: tuple(target for target in targets if takes(sequence.steps[key], target) == NO_TIME)
        for key, targets in over.items()
    }
    told: set[str] = set()
    found = []
    for key in hurried:
        if key not in told and key in followers(key, hurried):
            found.append(key)
            told |= {other for other in reachable(key, hurried) if key in reachable(other, hurried)}
    return found


def takes(step: Step, target: str) -> timedelta:
    """The least time from the arrival at `step` to that at `target`."""
    if isinstance(step, Wait):
        if step.span is not None:
            return step.span.delta
        # A weekday may be tomorrow; a date may be unknown or over, and then nobody waits for it.
        return timedelta(minutes=1) if step.weekday is not None else NO_TIME
    if isinstance(step, WaitFor) and target == step.otherwise and target != step.then:
        return step.up_to.delta
    return NO_TIME


def soonest(sequence: Sequence, start: str) -> dict[str, timedelta]:
    """The mails that may come next after `start`, and how soon."""
    over = ways(sequence)
    best: dict[str, timedelta] = {}
    left = [(target, takes(sequence.steps[start], target)) for target in over[start]]
    found: dict[str, timedelta] = {}
    while left:
        left.sort(key=lambda pair: pair[1], reverse=True)
        key, spent = left.pop()
        if key in best:
            continue
        best[key] = spent
        step = sequence.steps[key]
        if isinstance(step, MARKETING_STEPS):
            found[key] = spent
            continue
        left += [(target, spent + takes(step, target)) for target in over[key]]
    return found


def too_close(
    sequence: Sequence, caps: tuple[FrequencyCap, ...], counts: Callable[[str], bool], late: timedelta
) -> Iterator[tuple[str, FrequencyCap, timedelta]]:
    """Steps whose mail may find a cap so full that it is never sent: (step, cap, how soon it may come).

    `counts` tells which steps send mail under the caps; `late` is how late a mail may be.
    """
    mails = [key for key, step in sequence.steps.items() if isinstance(step, MARKETING_STEPS) and counts(key)]
    hops = {key: {to: gap for to, gap in soonest(sequence, key).items() if counts(to)} for key in mails}
    for cap in caps:
        if cap.count > MOST_HOPS:
            continue
        gaps = _after(hops, mails, cap.count)
        for key in mails:
            if key in gaps and not _sent_under(sequence.steps[key], cap.per - gaps[key], late):
                yield key, cap, gaps[key]


def _after(hops: Mapping[str, Mapping[str, timedelta]], mails: list[str], count: int) -> dict[str, timedelta]:
    """The least time between a mail and the one so many mails earlier, by step."""
    spent = dict.fromkeys(mails, NO_TIME)
    for _ in range(count):
        following: dict[str, timedelta] = {}
        for key, so_far in spent.items():
            for target, gap in hops[key].items():
                following[target] = min(following.get(target, so_far + gap), so_far + gap)
        spent = following
    return spent


def _sent_under(step: Step, held: timedelta, late: timedelta) -> bool:
    manner = getattr(step, "manner", None)
    if manner is None or held <= NO_TIME:
        return True
    if manner.when_capped.way != "defer":
        return False
    return held < (manner.late.delta if manner.late else late)
