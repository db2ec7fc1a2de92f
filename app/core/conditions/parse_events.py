"""Reading what happened: `{clicked: guide}`, `{event: …, mail: …, topic: …}`, or a bare `replied`."""

import difflib
from collections.abc import Mapping

from app.core.conditions.events import KINDS, MAIL_KINDS, EventPattern, any_of
from app.core.conditions.texts import read_text, read_texts
from app.core.reading import Node

SHORT_FORMS = ("clicked", "opened", "replied", "answered", "visited", "downloaded")
TOPIC_KINDS = ("clicked", "visited", "downloaded")
SUBJECTS = ("mail", "form", "page", "subject")
EVENT_HEADS = ("event", *SHORT_FORMS)


def is_event(value: object) -> bool:
    """Whether `value` is written as an event (or a list with one): then `parse_event` reads it, else `parse`."""
    if isinstance(value, Mapping):
        head = any(key in value for key in (*EVENT_HEADS, "topic"))
        return head and "at least" not in value and "in" not in value
    if isinstance(value, list | tuple):
        return any(is_event(item) for item in value)
    return isinstance(value, str)


def parse_event(node: Node, steps: Mapping[str, str] | None = None) -> EventPattern:
    """What a wait or an exit looks out for; a list means any of it. A fault gives a pattern without kinds.

    `steps` maps the keys of a sequence's steps to the keys of their templates.
    """
    before = len(node.findings)
    items = node.items()
    if not items:
        node.error("Here is no event.", "Write one such as “replied” or {clicked: discovery/guide}.")
    patterns = [_one(item, steps) for item in items]
    faults = any(finding.level == "error" for finding in node.findings[before:])
    return EventPattern(()) if faults else any_of(patterns)


def _one(node: Node, steps: Mapping[str, str] | None) -> EventPattern:
    if isinstance(node.value, str):
        return EventPattern(read_kinds(node))
    heads = [head for head in (*EVENT_HEADS, "topic") if head in node]
    if not heads:
        node.error("Here should stand an event.", f"Write one of: {', '.join(EVENT_HEADS)}.")
        return EventPattern(())
    node.keys((heads[0], *SUBJECTS, "topic"))
    return read_pattern(node, heads[0], steps)


def read_pattern(node: Node, head: str, steps: Mapping[str, str] | None) -> EventPattern:
    """The pattern of a mapping whose leading key is `head`: event, topic, or a short form."""
    topics = _topics(node)
    if head == "topic":
        return EventPattern(TOPIC_KINDS, (), topics)
    value = node.get(head)
    if value is None:
        node.child(head, None).error(f"“{head}” is empty.", f"Write {head}: and what it is about.")
        return EventPattern(())
    if head == "event":
        return EventPattern(read_kinds(value), _subjects(node, steps), topics)
    strict = head in ("clicked", "opened", "replied")
    if head in MAIL_KINDS:
        return EventPattern((head,), _templates(value, steps, strict), topics)
    return EventPattern((head,), read_texts(value), topics)


def read_kinds(node: Node) -> tuple[str, ...]:
    return tuple(_kind(item) for item in node.items())


def _kind(node: Node) -> str:
    kind = read_text(node)
    custom = kind.removeprefix("custom:")
    if kind not in KINDS and (custom == kind or not custom.strip()):
        near = difflib.get_close_matches(kind, KINDS, 1)
        remedy = f"Did you mean “{near[0]}”?" if near else f"Own events are written custom:{kind or 'name'}."
        node.error(f"“{kind}” is no known event.", remedy)
    return kind


def _topics(node: Node) -> tuple[str, ...]:
    value = node.get("topic")
    if value is None:
        return ()
    topics = read_texts(value)
    if any("," in topic for topic in topics):
        value.error("A topic's key holds no comma.", "Write several topics as a list: [pricing, demo].")
    return topics


def _subjects(node: Node, steps: Mapping[str, str] | None) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    for key in SUBJECTS:
        value = node.get(key)
        if value is not None:
            found += _templates(value, steps, True) if key == "mail" else read_texts(value)
    return found


def _templates(node: Node, steps: Mapping[str, str] | None, strict: bool) -> tuple[str, ...]:
    return tuple(_template(item, steps, strict) for item in node.items())


def _template(node: Node, steps: Mapping[str, str] | None, strict: bool) -> str:
    key = read_text(node)
    if steps is None or "/" in key:
        return key
    if key not in steps and strict:
        near = difflib.get_close_matches(key, steps, 1)
        remedy = (
            f"Did you mean “{near[0]}”?" if near else "Name a step that sends, or a template as folder/name."
        )
        node.error(f"“{key}” is no step with a mail here.", remedy)
    return steps.get(key, key)
