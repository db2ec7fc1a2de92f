"""Every sealed column of every table, read and written for a change of keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Text, and_, select, type_coerce, update

from app.store.tables import metadata
from app.store.types import Sealed


@dataclass(frozen=True, slots=True)
class Secret:
    """A stored value and the primary key of its row."""

    key: tuple[Any, ...]
    value: str


def sealed_columns() -> tuple[Column[Any], ...]:
    """The columns of the type `Sealed`, in the order of their tables."""
    return tuple(
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Sealed)
    )


def name_of(column: Column[Any]) -> str:
    return f"{column.table.name}.{column.name}"


def secrets_of(connection: Connection, column: Column[Any]) -> list[Secret]:
    """All that is stored in a column; secrets are few (senders, keys, users)."""
    keys = tuple(column.table.primary_key)
    query = select(column, *keys).where(column.is_not(None)).order_by(*keys)
    return [Secret(tuple(row[1:]), row[0]) for row in connection.execute(query)]


def replace(connection: Connection, column: Column[Any], anew: Sequence[tuple[Secret, str]]) -> None:
    """Write new values where the old ones still stand."""
    keys = tuple(column.table.primary_key)
    for secret, value in anew:
        same = and_(*(key == part for key, part in zip(keys, secret.key, strict=True)))
        # Compared as text: what stands open is no value of the column's own type.
        still = type_coerce(column, Text) == secret.value
        connection.execute(update(column.table).where(same, still).values({column.name: value}))
