"""A sequence as data: who enters, how its mails go out, when people leave, and its steps."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from app.core.conditions import AnyOf, Condition, EventPattern, Needs, is_event, needs, parse, parse_event
from app.core.conditions.events import any_of
from app.core.labels import Labels, label_in, read_labels
from app.core.reading import Node
from app.core.steps import KINDS, MANNER_KEYS, Manner, Reading, Step, read_manner
from app.core.steps.base import END, NO_NEEDS
from app.core.timing import Span

KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MOST_STEPS = 500
TOP_KEYS = (
    "sequence", "title", "for", "topic", "enter", "again", "priority", "goal", "exit", "steps", "about", "preset", "series",
    *MANNER_KEYS,
)  # fmt: skip
TRIGGERS = ("stage_entered", "form", "event", "segment", "date", "person", "api")


@dataclass(frozen=True, slots=True)
class Trigger:
    """What lets people in. `a_day` caps how many enter in a day; the others wait their turn."""

    on: str
    name: str = ""
    condition: Condition | None = None
    never: Condition | None = None
    a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Whether somebody who was here may come back: never, always, or `after` a span from the last end."""

    way: Literal["never", "always", "after"] = "never"
    after: Span | None = None


@dataclass(frozen=True)
class Sequence:
    """One version. A step's key is its identity across versions; `steps` keeps the order of the text.

    `preset` is the only preset of the lifecycle in which people enter; None: in each. `title` is the team's name of
    it, `series` what its recipients read.
    """

    key: str
    title: str
    stage: str
    topic: str | None
    trigger: Trigger
    again: Again
    priority: int
    manner: Manner
    goal: Condition | None
    exit_events: EventPattern | None
    exit_if: Condition | None
    steps: Mapping[str, Step] = field(default_factory=dict)
    preset: str | None = None
    series: Labels = field(default_factory=dict)

    def series_in(self, locale: str) -> str:
        return label_in(self.series, locale) if self.series else self.title

    def belongs_to(self, preset: str) -> bool:
        return self.preset in (None, preset)

    @cached_property
    def first(self) -> str:
        return next(iter(self.steps), END)

    @cached_property
    def needs(self) -> Needs:
        """All that deciding for this sequence can look at; the store loads no more than that."""
        total = NO_NEEDS
        for condition in (self.goal, self.exit_if, self.trigger.condition, self.trigger.never):
            if condition is not None:
                total = total | needs(condition)
        for step in self.steps.values():
            total = total | step.needs()
        return total

    def templates(self) -> dict[str, tuple[str, ...]]:
        """Step key to the templates it may send."""
        return {key: tuple(getattr(step, "templates", ())) for key, step in self.steps.items()}


def read_sequence(node: Node) -> Sequence | None:
    """The sequence in `node`, or None after noting every fault."""
    if not node.keys(TOP_KEYS):
        return None
    key = node.need("sequence", "The first line names the sequence, such as `sequence: discovery-guide`.")
    stage = node.need("for", "Say for which stage, such as `for: lead`.")
    name = key.text() if key else ""
    if key and not KEY.fullmatch(name):
        key.error(
            "A sequence's name has small letters, digits and dashes.", "Write it like `discovery-guide`."
        )
    title, topic, priority = node.get("title"), node.get("topic"), node.get("priority")
    steps_node = node.need("steps", "List the steps, such as `- hello: {send: discovery/hello}`.")
    manner = read_manner(node, Manner())
    mails = _mails(steps_node)
    exit_events, exit_if = _exits(node.get("exit"), mails)
    goal, preset, series = node.get("goal"), node.get("preset"), node.get("series")
    sequence = Sequence(
        key=name,
        title=title.text() if title else name.replace("-", " ").capitalize(),
        stage=stage.text() if stage else "",
        topic=topic.text() if topic else None,
        trigger=_trigger(node.get("enter")),
        again=_again(node.get("again")),
        priority=priority.integer(0, 100, 50) if priority else 50,
        manner=manner,
        goal=parse(goal, steps=mails) if goal else None,
        exit_events=exit_events,
        exit_if=exit_if,
        steps=_steps(steps_node, manner, mails) if steps_node else {},
        preset=preset.text() if preset else None,
        series=_series(series),
    )
    return None if node.failed else sequence


def _series(node: Node | None) -> Labels:
    if node is None:
        return {}
    labels = read_labels(node, "?")
    if not all(label.strip() for label in labels.values()) or node.value == {}:
        node.error(
            "There is no name here.", "Write one by language, such as `{en: First steps, it: Primi passi}`."
        )
    return labels


def _trigger(node: Node | None) -> Trigger:
    if node is None:
        return Trigger("person")
    if not isinstance(node.value, Mapping):
        return Trigger(node.choice(TRIGGERS, "person"))
    node.keys(("on", "if", "never", "at most", "name", *TRIGGERS))
    on = node.get("on")
    if not any(word in node for word in ("on", *TRIGGERS)):
        node.error("“on” is missing.", f"Say what lets people in: one of {', '.join(TRIGGERS)}.")
    kind = (
        on.choice(TRIGGERS, "person") if on else next((word for word in TRIGGERS if word in node), "person")
    )
    name = node.get("name") or node.get(kind)
    condition, never, most = node.get("if"), node.get("never"), node.get("at most")
    if kind in ("form", "event", "segment", "date") and name is None:
        node.error(f"A sequence that starts on {kind} needs its name.", f"Write `{{{kind}: its-name}}`.")
    return Trigger(
        kind,
        name.text() if name else "",
        parse(condition) if condition else None,
        parse(never) if never else None,
        _a_day(most) if most else None,
    )


def _a_day(node: Node) -> int | None:
    match = re.fullmatch(r"(\d{1,7})( a day)?", node.text())
    if match and int(match[1]) > 0:
        return int(match[1])
    node.error("How many may enter is a number a day.", "Write `at most: 200 a day`.")
    return None


def _again(node: Node | None) -> Again:
    if node is None:
        return Again()
    text = node.text()
    if text in ("never", "always"):
        return Again("always" if text == "always" else "never")
    try:
        return Again("after", Span.parse(text.removeprefix("after ")))
    except ValueError as error:
        node.error(str(error), "Write never, always, or `after 180 days`.")
        return Again()


def _exits(node: Node | None, mails: Mapping[str, str]) -> tuple[EventPattern | None, Condition | None]:
    """The exits that are events (`replied`) and those that are conditions (`{tag: …}`)."""
    items = node.items() if node else []
    whole = [parse_event(item, mails) for item in items if is_event(item.value)]
    events = [one for event in whole for one in (replace(event, others=()), *event.others)]
    conditions = tuple(parse(item, steps=mails) for item in items if not is_event(item.value))
    return any_of(events) if events else None, AnyOf(conditions) if conditions else None


def _mails(node: Node | None) -> dict[str, str]:
    """Step key to its template, so that `clicked: guide` may name a step."""
    found: dict[str, str] = {}
    for item in node.items() if node and isinstance(node.value, list) else []:
        if not isinstance(item.value, Mapping):
            continue
        for key, body in item.value.items():
            if isinstance(body, Mapping):
                template = body.get("with") if "ask" in body else body.get("send")
                if isinstance(template, str):
                    found[str(key)] = template
    return found


def _steps(node: Node, manner: Manner, mails: Mapping[str, str]) -> dict[str, Step]:
    if not isinstance(node.value, list) or not node.value:
        node.error("Steps are a list.", "Write one a line: `- hello: {send: discovery/hello}`.")
        return {}
    if len(node.value) > MOST_STEPS:
        node.error(f"There are more than {MOST_STEPS} steps.", "Make several sequences of it.")
        return {}
    named = [pair for item in node.items() for pair in _named(item)]
    steps: dict[str, Step] = {}
    for index, (key, body) in enumerate(named):
        following = named[index + 1][0] if index + 1 < len(named) else END
        if key in steps:
            body.error(f"There are two steps “{key}”.", "Rename one; a step's name is its identity.")
        elif not KEY.fullmatch(key) or key == END:
            body.error(
                f"“{key}” cannot name a step.", "Use small letters, digits and dashes; “end” is taken."
            )
        elif (step := _step(key, body, Reading(following, manner, mails))) is not None:
            steps[key] = step
    places = dict(named)
    for key, step in steps.items():
        for target in dict.fromkeys(outlet.to for outlet in step.outlets()):
            if target != END and target not in places:
                near = difflib.get_close_matches(target, places, 1)
                remedy = f"Did you mean “{near[0]}”?" if near else "Name a step, or `end`."
                places[key].error(f"“{key}” leads to “{target}”, which is no step here.", remedy)
    return steps


def _named(item: Node) -> list[tuple[str, Node]]:
    if not isinstance(item.value, Mapping) or len(item.value) != 1:
        item.error(
            "A step is one line: its name, then what it does.", "Write `- hello: {send: discovery/hello}`."
        )
        return []
    return list(item.entries())


def _step(key: str, body: Node, reading: Reading) -> Step | None:
    if not isinstance(body.value, Mapping):
        body.error(f"“{key}” does not say what it does.", f"Begin with one of: {', '.join(KINDS)}.")
        return None
    # `task: …, kind: call` and others use words of their own: the first known kind in the text counts.
    kind = next((word for word in body.value if word in KINDS), None)
    if kind is None:
        body.error(f"“{key}” does not say what it does.", f"Begin with one of: {', '.join(KINDS)}.")
        return None
    shape = KINDS[kind]
    body.keys((kind, *shape.extra))
    value = body.need(kind, "Say what behind it.")
    return shape.read(key, value, body, reading) if value else None
