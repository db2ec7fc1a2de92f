"""What differs between two versions of a sequence, step by step; a step's key is its identity."""

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Row
from dataclasses import dataclass, fields
from typing import Literal

from app.core.sequences import Sequence
from app.core.steps import END, Step

TARGETS = ("next", "then", "otherwise")
How = Literal["added", "removed", "changed", "moved"]
# Of the whole sequence, under the words of its text.
HEAD = {
    "title": "title", "stage": "for", "topic": "topic", "trigger": "enter", "again": "again", "priority": "priority",
    "manner": "window, caps and lateness", "goal": "goal", "exit_events": "exit", "exit_if": "exit",
    "preset": "preset",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StepChange:
    """One touched step. `kind` is its kind in the new version (of a removed one: in the old)."""

    key: str
    how: How
    kind: str
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SequenceDiff:
    """`head` names what changed of the sequence itself; `steps` stand in the new order, removed ones last."""

    head: tuple[str, ...]
    steps: tuple[StepChange, ...]

    def __bool__(self) -> bool:
        return bool(self.head or self.steps)


def diff(old: Sequence, new: Sequence) -> SequenceDiff:
    """What publishing `new` after `old` changes. A step that only got another neighbour is not touched."""
    head = tuple(
        dict.fromkeys(word for name, word in HEAD.items() if getattr(old, name) != getattr(new, name))
    )
    return SequenceDiff(head, tuple(_steps(old, new)))


def stands(old: Sequence, new: Sequence, step: str) -> bool:
    """Whether somebody at `step` of `old` finds the same step, of the same kind, in `new`."""
    if step == END:
        return True
    return step in old.steps and step in new.steps and old.steps[step].kind == new.steps[step].kind


def _steps(before: Sequence, after: Sequence) -> Iterator[StepChange]:
    old, new = before.steps, after.steps
    kept = _in_order([key for key in old if key in new], [key for key in new if key in old])
    for key, step in new.items():
        if key not in old:
            yield StepChange(key, "added", step.kind)
        elif what := tuple(_what(old[key], step, before, after)):
            yield StepChange(key, "changed", step.kind, what)
        elif key not in kept:
            yield StepChange(key, "moved", step.kind)
    for key, step in old.items():
        if key not in new:
            yield StepChange(key, "removed", step.kind)


def _what(before: Step, after: Step, old: Sequence, new: Sequence) -> Iterator[str]:
    if before.kind != after.kind:
        yield "kind"
        return
    for one in fields(before):  # type: ignore[arg-type]  # every step is a dataclass
        first, second = getattr(before, one.name), getattr(after, one.name)
        if first == second or (first == old.manner and second == new.manner):
            continue
        if one.name not in TARGETS or not _is_neighbour(before, after, first, second, old.steps, new.steps):
            yield one.name


def _is_neighbour(
    before: Step, after: Step, first: str, second: str, old: Mapping[str, Step], new: Mapping[str, Step]
) -> bool:
    """Whether both targets are just the step below: then the neighbour changed, not this step."""
    return first == _below(before.key, old) and second == _below(after.key, new)


def _below(key: str, steps: Mapping[str, Step]) -> str:
    keys = list(steps)
    place = keys.index(key) + 1
    return keys[place] if place < len(keys) else END


def _in_order(old: Row[str], new: Row[str]) -> set[str]:
    """The most keys that stand in the same order in both; the others were moved."""
    place = {key: index for index, key in enumerate(old)}
    best: list[list[str]] = []  # best[n]: the run of n + 1 keys that ends earliest in `old`
    for key in new:
        size = next((n for n, run in enumerate(best) if place[run[-1]] > place[key]), len(best))
        run = [*(best[size - 1] if size else ()), key]
        best[size : size + 1] = [run]
    return set(best[-1]) if best else set()
