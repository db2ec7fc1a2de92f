"""Every reason code that app/ can give, read from its source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "app"
PLACES = ("core", "services", "inbound", "mail", "runtime", "cli")
FAMILIES = (
    "address", "ask", "branch", "condition", "contact", "ended", "enroll", "enrollment", "exit", "gate", "goal",
    "health", "hit", "hook", "import", "mail", "merge", "parked", "password", "reply", "bounce", "returned", "score", "send", "set", "split",
    "stage", "suppressed", "task", "wait", "wait_for", "webhook",
)  # fmt: skip
CODE = re.compile(rf"(?:{'|'.join(FAMILIES)})(?:\.[a-z_]+)+")
PATTERN = re.compile(rf"(?:{'|'.join(FAMILIES)}|\*)(?:\.[a-z_*]+)+")


def constant_codes() -> dict[str, str]:
    """Each text in the source that has the form of a code, with where it stands."""
    return {
        node.value: place
        for node, place in _nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }


def computed_codes() -> dict[str, str]:
    """Codes put together at run time, with a * for each part that is computed."""
    found = {}
    for node, place in _nodes():
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason"):
            continue
        if node.args and isinstance(node.args[0], ast.JoinedStr):
            parts = node.args[0].values
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
            found[text] = place
    return {text: place for text, place in found.items() if PATTERN.fullmatch(text)}


def _nodes() -> Iterator[tuple[ast.AST, str]]:
    for package in PLACES:
        for path in sorted((APP / package).rglob("*.py")):
            if {"wording", "viewing"} & set(path.parts):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                yield node, f"{path.relative_to(APP.parent)}:{getattr(node, 'lineno', 0)}"
