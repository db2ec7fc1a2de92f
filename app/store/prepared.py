"""Statements of the hot path: written once in Core, compiled once a dialect, run for many rows in one go.

The rows travel as a table of their own, `v`, that the statement reads: one step of the database instead of one
a row. Between two steps Python's lock is let go, and with several threads at work each time is a quarrel for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, repeat
from operator import is_
from typing import Any

from sqlalchemy import BindParameter, Connection, Insert, Table, Update, column, insert, select, table, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors

from app.store.bulk import Bind, bind_of
from app.store.driver import run

Row = Mapping[str, Any]
# SQLite takes 32,766 values a statement, and keeps the statements it has read by their text: few lengths are best.
MOST = 50


@dataclass(slots=True)
class _Plan:
    """What follows the rows in the statement, its own values (as the driver wants them), and how each column of the
    rows is bound.
    """

    sql: str
    fixed: Any
    names: tuple[str, ...]
    head: str
    types: tuple[str, ...]
    binds: tuple[Bind | None, ...]
    texts: dict[int, str] = field(default_factory=dict)

    def columns(self, rows: Sequence[Row]) -> Iterator[list[Any]]:
        """Column by column, which is several times faster than row by row."""
        for name, bind in zip(self.names, self.binds, strict=True):
            values = [row[name] for row in rows]
            if bind is None:
                yield values
            elif all(map(is_, values, repeat(values[0]))):
                yield [bind(values[0])] * len(values)
            else:
                yield [bind(each) for each in values]

    def values_text(self, count: int) -> str:
        """The statement for `count` rows on SQLite."""
        text = self.texts.get(count)
        if text is None:
            marks = f"({', '.join('?' * len(self.names))})"
            text = f"WITH {self.head} AS (VALUES {', '.join([marks] * count)}) {self.sql}"
            self.texts[count] = text
        return text

    def arrays_text(self) -> str:
        """The statement on PostgreSQL, where each column comes as an array."""
        arrays = ", ".join(
            f"%(v_{name})s::{type_}[]" for name, type_ in zip(self.names, self.types, strict=True)
        )
        return f"WITH {self.head} AS (SELECT * FROM unnest({arrays})) {self.sql}"  # noqa: S608


class Prepared:
    """An update with named values (`bindparam`), or an insert of `columns`; rows are mappings by those names."""

    def __init__(self, statement: Insert | Update, columns: tuple[str, ...] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._plans: dict[str, _Plan] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it for these rows, of which no two mean the same row of the table; how many it touched."""
        if not rows:
            return 0
        plan = self._plans.get(connection.dialect.name)
        if plan is None:
            plan = self._plans[connection.dialect.name] = self._planned(connection.dialect)
        if connection.dialect.name == "postgresql":
            arrays = {
                f"v_{name}": values for name, values in zip(plan.names, plan.columns(rows), strict=True)
            }
            return run(connection, plan.arrays_text(), {**arrays, **plan.fixed})
        touched = 0
        for start in range(0, len(rows), MOST):
            some = rows[start : start + MOST]
            values = chain.from_iterable(zip(*plan.columns(some), strict=True))
            touched += run(connection, plan.values_text(len(some)), [*values, *plan.fixed])
        return touched

    def _planned(self, dialect: Dialect) -> _Plan:
        types = self._named(dialect)
        v = table("v", *(column(name, type_) for name, type_ in types.items()))
        statement: Any = self._statement
        if isinstance(statement, Insert):
            # Without a WHERE, SQLite takes ON CONFLICT for the ON of a join.
            statement = statement.from_select(list(types), select(v).where(true()))
        else:
            replaced: Any = visitors.replacement_traverse

            def from_the_rows(part: Any, **_: Any) -> Any:
                return v.c[part.key] if isinstance(part, BindParameter) and part.required else None

            statement = replaced(statement, {}, from_the_rows)
        compiled = statement.compile(dialect=dialect)
        fixed = {name: _bound(bind, dialect) for name, bind in compiled.binds.items()}
        return _Plan(
            sql=compiled.string,
            fixed=[fixed[name] for name in compiled.positiontup] if compiled.positional else fixed,
            names=tuple(types),
            head=f"v({', '.join(map(dialect.identifier_preparer.quote, types))})",
            types=tuple(type_.compile(dialect=dialect) for type_ in types.values()),
            binds=tuple(bind_of(type_, dialect) for type_ in types.values()),
        )

    def _named(self, dialect: Dialect) -> dict[str, Any]:
        """What a row holds, with the types."""
        if isinstance(self._statement, Insert):
            return {name: self._statement.table.c[name].type for name in self._columns or ()}
        binds: Mapping[str, Any] = self._statement.compile(dialect=dialect).binds
        return {name: bind.type for name, bind in binds.items() if bind.required}


def _bound(parameter: BindParameter[Any], dialect: Dialect) -> Any:
    bind = bind_of(parameter.type, dialect)
    return bind(parameter.value) if bind else parameter.value


@cache
def inserting(table: Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(insert(table), columns)


@cache
def inserting_new(table: Table, columns: tuple[str, ...], dialect: str) -> Prepared:
    """A conflict on a key is a skip."""
    module = postgresql if dialect == "postgresql" else sqlite
    return Prepared(module.insert(table).on_conflict_do_nothing(), columns)
