"""Statements of the hot path: written once in Core, compiled once a dialect, run for many rows by the driver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from operator import is_
from typing import Any

from sqlalchemy import Connection, Insert, Table, Update, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from app.store.bulk import Bind, bind_of
from app.store.driver import run_many

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The driver's text and, for each of its values in order: name, how to bind it, or what it always is."""

    sql: str
    positional: bool
    values: tuple[tuple[str, Bind | None, bool, Any], ...]

    def bound(self, rows: Sequence[Row]) -> list[Any]:
        """Column by column, which is several times faster than row by row."""
        columns: list[Any] = []
        for name, bind, fixed, value in self.values:
            if fixed:
                columns.append(repeat(value, len(rows)))
                continue
            column = [row[name] for row in rows]
            if bind is None:
                columns.append(column)
            elif all(map(is_, column, repeat(column[0]))):
                columns.append([bind(column[0])] * len(rows))
            else:
                columns.append([bind(each) for each in column])
        if self.positional:
            return list(zip(*columns, strict=True))
        names = [name for name, *_ in self.values]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


class Prepared:
    """An update with named values (`bindparam`), or an insert of `columns`; rows are mappings by those names."""

    def __init__(self, statement: Insert | Update, columns: tuple[str, ...] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._plans: dict[str, _Plan] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it once for each row; how many rows of the table it touched."""
        if not rows:
            return 0
        plan = self._plans.get(connection.dialect.name)
        if plan is None:
            plan = self._plans[connection.dialect.name] = self._planned(connection.dialect)
        return run_many(connection, plan.sql, plan.bound(rows))

    def _planned(self, dialect: Dialect) -> _Plan:
        compiled: Any = self._statement.compile(
            dialect=dialect, column_keys=list(self._columns) if self._columns else None, for_executemany=True
        )
        positional = bool(compiled.positional)
        values = []
        for name in compiled.positiontup if positional else compiled.binds:
            parameter = compiled.binds[name]
            bind = bind_of(parameter.type, dialect)
            if parameter.required:
                values.append((name, bind, False, None))
            else:
                value = parameter.value
                values.append((name, None, True, bind(value) if bind else value))
        return _Plan(compiled.string, positional, tuple(values))


@cache
def inserting(table: Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(insert(table), columns)


@cache
def inserting_new(table: Table, columns: tuple[str, ...], dialect: str) -> Prepared:
    """A conflict on a key is a skip."""
    module = postgresql if dialect == "postgresql" else sqlite
    return Prepared(module.insert(table).on_conflict_do_nothing(), columns)
