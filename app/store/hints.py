"""Conditions written so that both databases take the index that is meant.

SQLite has no statistics here: an equality on the workspace, which nearly every row meets, looks more
selective to it than the order a page needs, and a bound value hides that a partial index applies.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, TextClause, text, true
from sqlalchemy.sql.selectable import NamedFromClause


def said(table: NamedFromClause[Any], condition: str) -> TextClause:
    """The condition of a partial index, letter for letter."""
    return text(f"{table.name}.{condition}")


def within(table: Table, workspace_id: UUID) -> ColumnElement[bool]:
    """Rows of the workspace, as a filter and never as the way to find them."""
    return (table.c.workspace_id == workspace_id).is_(true())
