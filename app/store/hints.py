"""Conditions written so that both databases take the index that is meant.

SQLite has no statistics here: an equality on the workspace, which nearly every row meets, looks more
selective to it than the order a page needs, and a bound value hides that a partial index applies.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, TextClause, and_, func, or_, text, true
from sqlalchemy.sql.selectable import NamedFromClause

# Behind whatever begins with the same text.
LAST = "\U0010ffff"


def said(table: NamedFromClause[Any], condition: str) -> TextClause:
    """The condition of a partial index, letter for letter."""
    return text(f"{table.name}.{condition}")


def within(table: Table, workspace_id: UUID) -> ColumnElement[bool]:
    """Rows of the workspace, as a filter and never as the way to find them."""
    return (table.c.workspace_id == workspace_id).is_(true())


def begins(column: ColumnElement[str], typed: str, sqlite: bool) -> ColumnElement[bool]:
    """Whether the column begins with the text in any case, written so that an index on lower() serves."""
    lowered = func.lower(column)
    if not sqlite:
        return lowered.startswith(typed.lower(), autoescape=True)
    # SQLite lowers A to Z only, so a name with an initial such as Š is looked for in both writings.
    ways = {_ascii_lower(typed), _ascii_lower(typed[:1].upper() + typed[1:]), _ascii_lower(typed.lower())}
    return or_(*(and_(lowered >= way, lowered < way + LAST) for way in sorted(ways)))


def _ascii_lower(typed: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in typed)
