"""A definition's tree as YAML for people: groups below one another, one line a condition."""

import json
import re
from collections.abc import Mapping
from typing import Any

# What needs no quotes: begins with a letter, and holds nothing that YAML reads as something else.
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ._/@+-]*")
# Words that some reader of YAML takes for a value of another type.
WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def write_segment(key: str, label: Any, condition: Any) -> str:
    lines = [f"segment: {_scalar(key)}", f"label: {_flow(label)}"]
    if isinstance(condition, Mapping) and not _is_group(condition):
        lines.append(f"if: {_flow(condition)}")
    else:
        lines += ["if:", *_block(condition, 1)]
    return "\n".join(lines) + "\n"


def _is_group(tree: Any) -> bool:
    return isinstance(tree, Mapping) and any(head in tree for head in ("all", "any", "not"))


def _block(tree: Any, depth: int) -> list[str]:
    space = "  " * depth
    if isinstance(tree, list):
        found: list[str] = []
        for item in tree:
            if _is_group(item):
                first, *rest = _block(item, depth + 1)
                found += [f"{space}- {first.strip()}", *rest]
            else:
                found.append(f"{space}- {_flow(item)}")
        return found or [f"{space}[]"]
    head, inner = next(iter(tree.items()))
    if isinstance(inner, list) and not inner:
        return [f"{space}{head}: []"]
    if _is_group(inner) or isinstance(inner, list):
        return [f"{space}{head}:", *_block(inner, depth + 1)]
    return [f"{space}{head}: {_flow(inner)}"]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        plain = PLAIN.fullmatch(value) and value == value.strip() and value.lower() not in WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    return str(value)
