"""A condition as rows of a form: groups and lines of text, read out of a tree and written into one.

What a form cannot show without losing something is not shown as rows: its text stays the way to change it.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core.conditions.model import (
    NUMERIC,
    OPERATORS,
    PRESENCE,
    AllOf,
    AnyOf,
    Condition,
    Not,
)
from app.core.conditions.parse import parse
from app.core.conditions.parse_events import SHORT_FORMS
from app.core.reading import Node, Path

WAYS = ("all", "any", "none", "not all")
# Kinds of rows, and the operators that each takes.
OPERATORS_OF: Mapping[str, tuple[str, ...]] = {
    "field": OPERATORS, "tag": (), "stage": (), "score": NUMERIC, "interest": NUMERIC, "criterion": (), "answer": OPERATORS,
    "consent": (), "event": (), "topic": (), "segment": (),
}  # fmt: skip
KINDS = tuple(OPERATORS_OF)
LISTS = ("one of", "none of")
NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
NOTHING: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `name` is what is asked about, `value` what it is compared with; the last three are of happenings."""

    kind: str = "field"
    name: str = ""
    operator: str = ""
    value: str = ""
    topic: str = ""
    times: str = ""
    within: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A group: all of its parts, any, none, or not all of them."""

    way: str = "all"
    parts: tuple["Row | Rows", ...] = ()


Part = Row | Rows


def to_tree(part: Part, texts: Collection[str] = NOTHING) -> Any:
    """The part as it stands in YAML. Values of the fields among `texts` are texts, whatever they look like."""
    if isinstance(part, Row):
        return _leaf(part, texts)
    inner = [to_tree(one, texts) for one in part.parts]
    if part.way in ("all", "any"):
        return {part.way: inner}
    return {"not": {"any" if part.way == "none" else "all": inner}}


def written(rows: Rows, texts: Collection[str] = NOTHING) -> Any:
    """The whole condition: a single line stands by itself."""
    if len(rows.parts) == 1 and rows.way in ("all", "any"):
        return to_tree(rows.parts[0], texts)
    return to_tree(rows, texts)


def of_tree(tree: Any, texts: Collection[str] = NOTHING) -> Rows | None:
    """The rows that say the same as `tree`; None where they could not."""
    part = _part(tree, texts)
    if part is None:
        return None
    rows = part if isinstance(part, Rows) else Rows("all", (part,))
    node = Node(tree)
    before = parse(node)
    if node.failed or normal(parse(Node(written(rows, texts)))) != normal(before):
        return None
    return rows


def places(rows: Rows) -> Iterator[tuple[str, Path]]:
    """Each line's place in the form ("0.2") and in the tree that `written` makes."""
    if len(rows.parts) == 1 and rows.way in ("all", "any"):
        yield from _places(rows.parts[0], "0", ())
    else:
        yield from _places(rows, "", ())


def normal(condition: Condition) -> Condition:
    """Without groups that change nothing: of one part, and of the same kind within one another."""
    match condition:
        case AllOf(parts):
            flat = _flat(parts, AllOf)
            return flat[0] if len(flat) == 1 else AllOf(flat)
        case AnyOf(parts):
            flat = _flat(parts, AnyOf)
            return flat[0] if len(flat) == 1 else AnyOf(flat)
        case Not(part):
            return Not(normal(part))
        case _:
            return condition


def changed(rows: Rows, place: str, act: str) -> Rows:
    """The rows with one more line or group at the end of the group at `place`, or without what stands there."""
    steps = [int(step) for step in place.split(".") if step]
    return _changed(rows, steps, act)


def _changed(rows: Rows, steps: list[int], act: str) -> Rows:
    if not steps:
        new: Part = Row() if act == "row" else Rows("any", (Row(),))
        return replace(rows, parts=(*rows.parts, new)) if act in ("row", "group") else rows
    first, *rest = steps
    if first >= len(rows.parts):
        return rows
    part = rows.parts[first]
    before, after = rows.parts[:first], rows.parts[first + 1 :]
    if not rest and act == "drop":
        return replace(rows, parts=(*before, *after))
    if isinstance(part, Rows):
        return replace(rows, parts=(*before, _changed(part, rest, act), *after))
    return rows


def _flat(parts: tuple[Condition, ...], kind: type[AllOf] | type[AnyOf]) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for part in map(normal, parts):
        found += part.parts if isinstance(part, kind) else (part,)
    return tuple(found)


def _places(part: Part, place: str, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(part, Row):
        yield place, path
        return
    inner: Path = {"none": ("not", "any"), "not all": ("not", "all")}.get(part.way, (part.way,))
    for number, one in enumerate(part.parts):
        yield from _places(one, f"{place}.{number}" if place else str(number), (*path, *inner, number))


def _part(tree: Any, texts: Collection[str]) -> Part | None:
    if isinstance(tree, list):
        return _group("all", tree, texts)
    if not isinstance(tree, Mapping):
        return None
    for way in ("all", "any"):
        if way in tree:
            return _group(way, tree[way], texts) if len(tree) == 1 else None
    if "not" in tree:
        inner = _part(tree["not"], texts)
        if isinstance(inner, Rows) and inner.way in ("all", "any"):
            return Rows("none" if inner.way == "any" else "not all", inner.parts)
        return Rows("none", (inner,)) if inner is not None else None
    return _row(tree, texts)


def _group(way: str, items: Any, texts: Collection[str]) -> Rows | None:
    listed = items if isinstance(items, list) else [items]
    parts = [_part(item, texts) for item in listed]
    return Rows(way, tuple(one for one in parts if one is not None)) if None not in parts else None


def _row(tree: Mapping[str, Any], texts: Collection[str]) -> Part | None:
    kind = next((kind for kind in KINDS if kind in tree and kind != "topic"), None)
    short = next((kind for kind in SHORT_FORMS if kind in tree), None)
    if kind in ("tag", "stage", "segment"):
        return Row(kind, value=_shown(tree[kind]))
    if kind in ("criterion", "consent"):
        return Row(kind, _shown(tree[kind]), value=_shown(tree.get("is")))
    if kind in ("field", "score", "interest", "answer"):
        return _compared(kind, tree, texts)
    if kind == "event" or short is not None:
        return _event(tree, short)
    if "topic" in tree:
        return Row(
            "topic", _shown(tree["topic"]), times=_shown(tree.get("at least")), within=_shown(tree.get("in"))
        )
    return None


def _compared(kind: str, tree: Mapping[str, Any], texts: Collection[str]) -> Part:
    name = _shown(tree[kind])
    lines = tuple(
        Row(kind, name, operator, "" if operator in PRESENCE else _shown(tree[operator], name in texts))
        for operator in OPERATORS_OF[kind]
        if operator in tree
    )
    return lines[0] if len(lines) == 1 else Rows("all", lines)


def _event(tree: Mapping[str, Any], short: str | None) -> Row | None:
    kinds = short or _shown(tree["event"])
    about = (
        tree.get(short)
        if short
        else tree.get("mail") or tree.get("subject") or tree.get("form") or tree.get("page")
    )
    return Row(
        "event", kinds, value=_shown(about), topic=_shown(tree.get("topic")), times=_shown(tree.get("at least")),
        within=_shown(tree.get("in")),
    )  # fmt: skip


def _shown(value: Any, is_text: bool = False) -> str:
    """A value as somebody types it; quotes keep apart what would be read as something else."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_shown(one, is_text) for one in value)
    if isinstance(value, str):
        odd = any(sign in value for sign in ',"\n') or value != value.strip() or not value
        looks = not is_text and (value in ("true", "false") or NUMBER.fullmatch(value) is not None)
        return json.dumps(value, ensure_ascii=False) if odd or looks else value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _leaf(row: Row, texts: Collection[str]) -> dict[str, Any]:
    one, is_text = _one(row.value, row.name in texts), row.name in texts
    match row.kind:
        case "tag" | "stage" | "segment":
            return {row.kind: _bare(_list(row.value, True))}
        case "criterion" | "consent":
            return {row.kind: _one(row.name, True), "is": _bare(_list(row.value, True))}
        case "event" | "topic":
            return _happening(row)
    operator = row.operator if row.operator in OPERATORS_OF.get(row.kind, ()) else ""
    if not operator:
        return {row.kind: _one(row.name, True)}
    if operator in PRESENCE:
        return {row.kind: row.name, operator: True}
    return {row.kind: _one(row.name, True), operator: _list(row.value, is_text) if operator in LISTS else one}


def _happening(row: Row) -> dict[str, Any]:
    kinds = _bare(_list(row.name, True))
    tree: dict[str, Any] = {row.kind: kinds}
    if row.kind == "event" and row.value.strip():
        mails = isinstance(kinds, str) and kinds in ("sent", "opened", "clicked", "replied")
        tree["mail" if mails else "subject"] = _bare(_list(row.value, True))
    if row.kind == "event" and row.topic.strip():
        tree["topic"] = _bare(_list(row.topic, True))
    if row.times.strip():
        tree["at least"] = _one(row.times, False)
    if row.within.strip():
        tree["in"] = row.within.strip()
    return tree


def _bare(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values or ""


def _one(text: str, is_text: bool) -> Any:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _unquoted(text)
    if is_text:
        return text
    if text in ("true", "false"):
        return text == "true"
    if NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


ITEM = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|$)')


def _list(text: str, is_text: bool) -> list[Any]:
    """Values between commas; a comma within quotes parts nothing."""
    found, at = [], 0
    while at < len(text):
        match = ITEM.match(text, at)
        if match is None or match.end() == at:
            break
        at = match.end()
        if match[1].strip():
            found.append(_one(match[1], is_text))
    return found


def _unquoted(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text[1:-1]
    return value if isinstance(value, str) else text


__all__ = [
    "KINDS", "OPERATORS_OF", "WAYS", "Part", "Row", "Rows", "changed", "normal", "of_tree", "places", "to_tree", "written",
]  # fmt: skip
