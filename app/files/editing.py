"""Single values of a YAML text changed in place: every other byte stays, comments and order too."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from app.core.reading import Path

# What needs no quotes: begins with a letter or a digit, and holds nothing that YAML reads as something else.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/@+%-]*")
_LIKE_A_VALUE = re.compile(r"[0-9.+_-]+(?:[eE][0-9+-]*)?|0[xXoO].*|[0-9]{4}-[0-9].*|[0-9]+:.*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands at `path` from now on; a `value` of None takes the entry out."""

    path: Path
    value: Any


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text with these edits. The entry above each must be there, the entry itself need not."""
    root = YAML(typ="rt", pure=True).compose(text)
    splices = [splice for edit in edits for splice in _splices(text, root, edit)]
    for start, end, new in sorted(splices, key=lambda one: (one[0], one[1]), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _splices(text: str, root: Node, edit: Edit) -> list[tuple[int, int, str]]:
    *above, last = edit.path
    parent = root
    for key in above:
        parent = _child(parent, key)[1]
    found = _find(parent, last)
    if found is None:
        return [] if edit.value is None else [_added(text, parent, str(last), edit.value)]
    key_node, value_node = found
    if edit.value is not None:
        return [_replaced(text, key_node, value_node, edit.value)]
    if key_node is None or _is_flow(parent):
        left = [(key, value) for key, value in parent.value if key is not key_node]
        return [_rewritten(text, parent, left)]
    start = text.rfind("\n", 0, key_node.start_mark.index) + 1
    end = text.find("\n", _end(value_node))
    return [(start, len(text) if end < 0 else end + 1, "")]


def _rewritten(text: str, parent: Node, left: Sequence[tuple[Node, Node]]) -> tuple[int, int, str]:
    inner = ", ".join(text[key.start_mark.index : _end(value)] for key, value in left)
    return parent.start_mark.index, parent.end_mark.index, f"{{{inner}}}"


def _replaced(text: str, key: Node | None, value: Node, new: Any) -> tuple[int, int, str]:
    if isinstance(value, ScalarNode) and value.start_mark.index == value.end_mark.index and key is not None:
        # An entry left empty: its place is behind the colon.
        place = text.index(":", key.end_mark.index) + 1
        return place, place, f" {flow(new)}"
    start, end = value.start_mark.index, _end(value)
    if isinstance(value, CollectionNode) and not _is_flow(value) and key is not None:
        # A block begins on the line below its key: what replaces it stands beside the key.
        place = text.index(":", key.end_mark.index) + 1
        return place, end, f" {flow(new)}"
    if isinstance(value, ScalarNode) and value.style in ("|", ">") and key is not None:
        stripped = text[start:end].rstrip()
        return start, start + len(stripped), flow(new)
    return start, end, flow(new)


def _added(text: str, parent: Node, key: str, value: Any) -> tuple[int, int, str]:
    line = f"{_scalar(key)}: {flow(value)}"
    if not isinstance(parent, MappingNode) or not parent.value:
        return parent.start_mark.index, parent.end_mark.index, f"{{{line}}}"
    if _is_flow(parent):
        place = _end(parent.value[-1][1])
        return place, place, f", {line}"
    end = _end(parent.value[-1][1])
    below = text.find("\n", end)
    place = len(text) if below < 0 else below
    return place, place, f"\n{' ' * parent.value[0][0].start_mark.column}{line}"


def _find(parent: Node, key: str | int) -> tuple[Node | None, Node] | None:
    if isinstance(parent, SequenceNode) and isinstance(key, int) and key < len(parent.value):
        return None, parent.value[key]
    if isinstance(parent, MappingNode):
        for key_node, value_node in parent.value:
            if str(key_node.value) == str(key):
                return key_node, value_node
    return None


def _child(parent: Node, key: str | int) -> tuple[Node | None, Node]:
    found = _find(parent, key)
    if found is None:
        raise KeyError(key)
    return found


def _end(node: Node) -> int:
    """Where a node's own text ends: the mark of a block lies behind the comments and empty lines that follow."""
    if _is_flow(node) or not isinstance(node, CollectionNode) or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _is_flow(node: Node) -> bool:
    return isinstance(node, CollectionNode) and bool(node.flow_style)


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        bare = _PLAIN.fullmatch(value) and value == value.strip() and value.lower() not in _WORDS
        return value if bare and not _LIKE_A_VALUE.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _entry(item: Any) -> str:
    """Of a list that stands below one another: a name with what it says needs no brackets."""
    if isinstance(item, Mapping) and len(item) == 1:
        [(key, value)] = item.items()
        return f"{_scalar(str(key))}: {flow(value)}"
    return flow(item)


def with_list(text: str, path: Path, items: Sequence[Any]) -> str:
    """The text with a list at `path`, an entry a line; without entries there is none. What stood there is replaced.

    The entry above must be there, as lines of its own.
    """
    *above, last = path
    parent = YAML(typ="rt", pure=True).compose(text)
    for key in above:
        parent = _child(parent, key)[1]
    if not isinstance(parent, MappingNode) or _is_flow(parent) or not parent.value:
        return edited(text, [Edit(path, list(items) or None)])
    space = " " * parent.value[0][0].start_mark.column
    lines = [f"{space}{last}:\n", *(f"{space}  - {_entry(item)}\n" for item in items)] if items else []
    found = _find(parent, last)
    if found is not None and found[0] is not None:
        start = text.rfind("\n", 0, found[0].start_mark.index) + 1
        empty = found[1].start_mark.index == found[1].end_mark.index
        end = found[0].end_mark.index + 1 if empty else _end(found[1])
    else:
        start = end = _end(parent.value[-1][1])
    below = text.find("\n", max(end - 1, 0))
    after = len(text) if below < 0 else below + 1
    if found is None:
        start = after
        if not text.endswith("\n"):
            text, start, after = f"{text}\n", len(text) + 1, len(text) + 1
    return text[:start] + "".join(lines) + text[after:]
