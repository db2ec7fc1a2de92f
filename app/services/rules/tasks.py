"""The rules for tasks as the rows of a form, and the rows as a part of the text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.assignment import EVERYBODY, NOBODY
from app.core.reading import Path
from app.files.editing import flow, with_list
from app.files.trees import read_document
from app.services.rules.texts import RulesFault, Text

PLACE: Path = ("programme", "tasks")
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """One rule as it is typed: `when` a condition on one line, `to` addresses with commas, everybody or nobody."""

    name: str = ""
    when: str = ""
    to: str = ""
    own: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.when or self.to)


def rows_of(text: Text) -> list[Row]:
    """The rules in force."""
    part = text.tree.get("programme")
    items = part.get("tasks") if isinstance(part, Mapping) else None
    return [_row(str(name), body) for item in items or () for name, body in item.items()]


def filled_in(text: Text, rows: Sequence[Row]) -> str:
    """The text with these rules in place of those in force; rows that are empty are left out. Raises RulesFault."""
    if not isinstance(text.tree.get("programme"), Mapping):
        raise RulesFault("rules.no_programme")
    return with_list(text.source, PLACE, [{row.name: _body(row)} for row in rows if not row.is_empty])


def row_at(text: str, line: int) -> int | None:
    """Which of the rules in the text stands on this line."""
    document = read_document(text)
    part = document.tree.get("programme") if isinstance(document.tree, Mapping) else None
    items = part.get("tasks") if isinstance(part, Mapping) else None
    return next((i for i in range(len(items or ())) if document.marks.line((*PLACE, i)) == line), None)


def _row(name: str, body: Any) -> Row:
    one = body if isinstance(body, Mapping) else {}
    to = one.get("to", "")
    shown = ", ".join(map(str, to)) if isinstance(to, list) else str(to)
    return Row(name, flow(one["if"]) if "if" in one else "", shown, one.get("own") is True)


def _body(row: Row) -> dict[str, Any]:
    named = [part.strip() for part in row.to.split(",") if part.strip()]
    to: Any = named[0] if len(named) == 1 else named
    if row.to.strip().lower() in (EVERYBODY, NOBODY):
        to = row.to.strip().lower()
    condition = _condition(row)
    return {
        **({"if": condition} if condition is not None else {}),
        "to": to,
        **({"own": True} if row.own else {}),
    }


def _condition(row: Row) -> Any:
    """As a tree; what is no YAML at all is refused here, for it has no line of its own in the text."""
    if not row.when:
        return None
    document = read_document(row.when)
    if document.node().failed:
        raise RulesFault("rules.no_condition", name=row.name[:80], when=row.when[:200])
    return document.tree
