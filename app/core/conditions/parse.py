"""Reading a condition out of a definition's tree. Every fault is noted at its place."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import cast

from app.core.conditions.events import EventPattern
from app.core.conditions.model import (
    NUMERIC,
    OPERATORS,
    AllOf,
    AnswerIs,
    AnyOf,
    Comparison,
    Condition,
    ConsentIs,
    CriterionIs,
    EventSeen,
    FieldIs,
    HasTag,
    InSegment,
    InStage,
    InterestIs,
    Never,
    Not,
    ScoreIs,
)
from app.core.conditions.parse_comparisons import read_comparisons, read_span
from app.core.conditions.parse_events import EVENT_HEADS, SUBJECTS, read_pattern
from app.core.conditions.texts import read_text, read_texts
from app.core.reading import Node

DEEPEST = 20
MOST_EVENTS = 1000
MOST_LEAVES = 300  # SQLite takes expressions up to a depth of 1,000
# As it stands in a JSON path: SQLite compares it with the key as it is written in the document.
FIELD_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
CRITERION_STATES = ("yes", "no", "unknown")
CONSENT_STATES = ("given", "withdrawn", "asked", "unknown")
GROUPS = ("all", "any", "not")

Steps = Mapping[str, str] | None


def parse(node: Node, *, steps: Steps = None) -> Condition:
    """The condition written at `node`: a mapping, or a list of which all must hold; `Never()` on a fault.

    `steps` maps the keys of a sequence's steps to the keys of their templates, so that
    `clicked: guide` may name a step; a key with a slash is a template's and stays as it is.
    """
    before = len(node.findings)
    condition = _read(node, steps, 0)
    if _size(condition) > MOST_LEAVES:
        node.error(
            f"More than {MOST_LEAVES} conditions in one.", "Tag the contacts instead and ask for the tag."
        )
    faults = any(finding.level == "error" for finding in node.findings[before:])
    return Never() if faults else condition


def _size(condition: Condition) -> int:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return sum(map(_size, parts))
        case Not(part):
            return _size(part)
        case _:
            return 1


def _read(node: Node, steps: Steps, depth: int) -> Condition:
    if depth > DEEPEST:
        node.error(f"Conditions are nested more than {DEEPEST} deep.", "Make a segment of an inner part.")
        return Never()
    if isinstance(node.value, list | tuple):
        return AllOf(_parts(node, steps, depth))
    if not isinstance(node.value, Mapping):
        node.error("Here should stand a condition.", "Write one such as {tag: customer}.")
        return Never()
    head = _head(node)
    if head is None:
        return Never()
    if head in GROUPS:
        return _group(node, head, steps, depth)
    if head in EVENT_HEADS or head == "topic":
        return _event(node, head, steps)
    return LEAVES[head](node)


def _head(node: Node) -> str | None:
    """The one key that says what kind of condition this is; None after noting a fault."""
    value = cast(Mapping[object, object], node.value)
    heads = [head for head in (*GROUPS, *LEAVES, *EVENT_HEADS) if head in value]
    if not heads and "topic" in value:
        heads = ["topic"]
    if len(heads) == 1:
        return heads[0]
    if heads:
        node.error(
            f"Here stand several conditions in one: {', '.join(heads)}.",
            "Write each as an entry of its own below all: or any:.",
        )
        return None
    known = (*GROUPS, *LEAVES, *EVENT_HEADS, "topic")
    near = [found for key in value for found in difflib.get_close_matches(str(key), known, 1)]
    remedy = f"Did you mean “{near[0]}”?" if near else f"A condition starts with one of: {', '.join(known)}."
    node.error("This is no known condition.", remedy)
    return None


def _group(node: Node, head: str, steps: Steps, depth: int) -> Condition:
    node.keys((head,))
    inner = node.get(head)
    if inner is None:
        node.error(f"“{head}” is empty.", "Write at least one condition below it.")
        return Never()
    if head == "not":
        return Not(_read(inner, steps, depth + 1))
    parts = _parts(inner, steps, depth)
    return AllOf(parts) if head == "all" else AnyOf(parts)


def _parts(node: Node, steps: Steps, depth: int) -> tuple[Condition, ...]:
    items = node.items()
    if not items:
        node.error("Here is no condition.", "Write at least one.")
    return tuple(_read(item, steps, depth + 1) for item in items)


def _compared(
    node: Node, head: str, operators: Sequence[str], leaf: Callable[[str, Comparison], Condition]
) -> Condition:
    """A leaf with operators; several of them (`at least` and `at most`) must all hold."""
    node.keys((head, *operators))
    name = node.need(head, f"Write {head}: and its key.")
    key = read_text(name) if name else ""
    if name and key and head == "field" and not FIELD_KEY.fullmatch(key):
        name.error(
            f"“{key[:60]}” is no field's key.", "Write letters a to z, digits, “_”, “-” and dots only."
        )
    leaves = tuple(leaf(key, comparison) for comparison in read_comparisons(node, operators))
    return leaves[0] if len(leaves) == 1 else AllOf(leaves)


def _field(node: Node) -> Condition:
    return _compared(node, "field", OPERATORS, FieldIs)


def _answer(node: Node) -> Condition:
    return _compared(node, "answer", OPERATORS, AnswerIs)


def _score(node: Node) -> Condition:
    return _compared(node, "score", NUMERIC, ScoreIs)


def _interest(node: Node) -> Condition:
    return _compared(node, "interest", NUMERIC, InterestIs)


def _tag(node: Node) -> Condition:
    tags = _names(node, "tag")
    return HasTag(tags[0]) if len(tags) == 1 else AnyOf(tuple(HasTag(tag) for tag in tags))


def _stage(node: Node) -> Condition:
    return InStage(_names(node, "stage"))


def _segment(node: Node) -> Condition:
    segments = _names(node, "segment")
    return InSegment(segments[0]) if len(segments) == 1 else AnyOf(tuple(InSegment(key) for key in segments))


def _names(node: Node, head: str) -> tuple[str, ...]:
    node.keys((head,))
    value = node.need(head, f"Write {head}: and a name.")
    return read_texts(value) if value else ("",)


def _criterion(node: Node) -> Condition:
    name, states = _stated(node, "criterion", CRITERION_STATES)
    return CriterionIs(name, states)


def _consent(node: Node) -> Condition:
    name, states = _stated(node, "consent", CONSENT_STATES)
    return ConsentIs(name, states)


def _stated(node: Node, head: str, allowed: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    node.keys((head, "is"))
    name = node.need(head, f"Write {head}: and its key.")
    wanted = node.need("is", f"Write is: and one of {', '.join(allowed)}.")
    states = tuple(_state(item, allowed) for item in wanted.items()) if wanted else ()
    if wanted and not states:
        wanted.error("Here is an empty list.", f"Write one of {', '.join(allowed)}.")
    return read_text(name) if name else "", tuple(dict.fromkeys(states))


def _state(node: Node, allowed: tuple[str, ...]) -> str:
    # A bare yes or no may have been read as true or false.
    if isinstance(node.value, bool) and "yes" in allowed:
        return "yes" if node.value else "no"
    return node.choice(allowed)


def _event(node: Node, head: str, steps: Steps) -> Condition:
    node.keys((head, *SUBJECTS, "topic", "at least", "in"))
    pattern: EventPattern = read_pattern(node, head, steps)
    count = node.get("at least")
    span = node.get("in")
    within: timedelta | None = read_span(span).delta if span else None
    return EventSeen(pattern, count.integer(1, MOST_EVENTS, 1) if count else 1, within)


LEAVES: Mapping[str, Callable[[Node], Condition]] = {
    "field": _field,
    "tag": _tag,
    "stage": _stage,
    "score": _score,
    "criterion": _criterion,
    "answer": _answer,
    "consent": _consent,
    "interest": _interest,
    "segment": _segment,
}
