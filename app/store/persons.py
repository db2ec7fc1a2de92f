"""Where people stand in the tables, found by what the tables declare of themselves: no list to keep by hand.

A row is a contact's when it refers to the contact, or to a row that does. What refers to nobody is found
by the address in its text.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    MetaData,
    RowMapping,
    Table,
    UniqueConstraint,
    and_,
    cast,
    delete,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import Text as SqlText

from app.store.tables.columns import metadata

# Columns that refer to a row without a foreign key, because their table is partitioned or outlives the other.
REFERS = {"delivery_id": "deliveries", "enrollment_id": "enrollments", "event_id": "events"}
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A table with people in it. `links` hold a contact's id, `via` refer to a row of another place.

    `searched`: rows that refer to nobody are found by an address in their personal columns.
    """

    table: Table
    links: tuple[Column[Any], ...]
    via: tuple[tuple[Column[Any], "Place"], ...]
    searched: bool

    def of(self, contact_ids: Collection[UUID]) -> ColumnElement[bool]:
        """The rows of these contacts."""
        ways: list[ColumnElement[bool]] = [column.in_(contact_ids) for column in self.links]
        for column, other in self.via:
            ways.append(column.in_(select(other.table.c.id).where(other.of(contact_ids))))
        return or_(*ways)


class NoWay(LookupError):
    """A table has personal columns and says neither whose they are nor how to find them."""


def personal_columns(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.info.get("data") == "personal"]


@cache
def places(tables: MetaData = metadata) -> tuple[Place, ...]:
    """Every table with people in it, colleagues' own left out. Raises NoWay."""
    found = []
    for table in tables.sorted_tables:
        place = _place(table, tables, ())
        whose = table.info.get("whose")
        if whose == "colleague":
            continue
        if place is not None:
            found.append(place)
        elif personal_columns(table):
            if whose != "named":
                raise NoWay(f"{table.name} has personal columns and no way to its contact")
            found.append(Place(table, (), (), True))
    return tuple(found)


def _place(table: Table, tables: MetaData, seen: tuple[str, ...]) -> Place | None:
    if table.name in seen or table.info.get("whose") == "colleague":
        return None
    links = [c for c in table.columns if _is_contact(c)]
    via = []
    if all(column.nullable for column in links):
        for column in table.columns:
            target = _refers(column, tables)
            other = _place(target, tables, (*seen, table.name)) if target is not None else None
            if other is not None:
                via.append((column, other))
    if not links and not via:
        return None
    sure = any(not column.nullable for column in links) or (not links and not via[0][0].nullable)
    return Place(table, tuple(links), tuple(via), not sure and bool(personal_columns(table)))


def _is_contact(column: Column[Any]) -> bool:
    if column.table.name == "contacts":
        return column.name == "id"
    return column.name == "contact_id" or any(
        key.column.table.name == "contacts" for key in column.foreign_keys
    )


def _refers(column: Column[Any], tables: MetaData) -> Table | None:
    if _is_contact(column) or column.table.name == "contacts":
        return None
    for key in column.foreign_keys:
        return key.column.table
    named = REFERS.get(column.name)
    return tables.tables.get(named) if named and named != column.table.name else None


def everybody_in(connection: Connection, contact_id: UUID) -> list[UUID]:
    """The contact and all who were merged into them."""
    contacts = metadata.tables["contacts"]
    found = [contact_id]
    while True:
        query = select(contacts.c.id).where(contacts.c.merged_into.in_(found), contacts.c.id.not_in(found))
        more = list(connection.execute(query).scalars())
        if not more:
            return found
        found += more


def rows_of(connection: Connection, place: Place, contact_ids: Collection[UUID]) -> Iterator[RowMapping]:
    """All rows of these contacts in one place, in the order of their keys."""
    if place.links or place.via:
        query = select(place.table).where(place.of(contact_ids)).order_by(*place.table.primary_key)
        yield from connection.execute(query).mappings()


def erase_rows(
    connection: Connection,
    contact_ids: Collection[UUID],
    known: Collection[str],
    *,
    last: bool = False,
) -> int:
    """Empty the personal columns of every row of these contacts; how many rows.

    A row whose key is itself personal is removed. `known` are our own keys, which columns declared so keep.
    Tables that say `erase="last"` are left alone unless `last`.
    """
    touched = 0
    for place in reversed(places()):
        if (place.links or place.via) and (place.table.info.get("erase") == "last") == last:
            touched += _erase(connection, place.table, place.of(contact_ids), known)
    return touched


def searched() -> tuple[Place, ...]:
    """The places whose rows may refer to nobody."""
    return tuple(place for place in places() if place.searched and place.table.info.get("erase") != "last")


def names(connection: Connection, place: Place, addresses: Collection[str]) -> bool:
    """Whether a row that refers to nobody names one of the addresses. May read the whole table."""
    found = select(place.table).where(_nobody(place), or_(*_naming(place.table, addresses))).limit(1)
    return connection.execute(found).first() is not None or bool(_bytes_naming(connection, place, addresses))


def erase_named(
    connection: Connection, place: Place, addresses: Collection[str], known: Collection[str]
) -> int:
    """Empty the personal columns of rows that refer to nobody and name one of the addresses; how many."""
    named = or_(*_naming(place.table, addresses))
    touched = _erase(connection, place.table, and_(_nobody(place), named), known)
    doomed = _bytes_naming(connection, place, addresses)
    for start in range(0, len(doomed), _CHUNK):
        mine = place.table.c.id.in_(doomed[start : start + _CHUNK])
        touched += _erase(connection, place.table, mine, known)
    return touched


def _nobody(place: Place) -> ColumnElement[bool]:
    return and_(true(), *(column.is_(None) for column in place.links))


def _erase(connection: Connection, table: Table, where: ColumnElement[bool], known: Collection[str]) -> int:
    columns = personal_columns(table)
    if not columns:
        return 0
    if any(_is_key(column) for column in columns):
        return connection.execute(delete(table).where(where)).rowcount
    kept = [column for column in columns if column.info.get("known")]
    values = {column.name: _nothing(column) for column in columns if column not in kept}
    changed = connection.execute(update(table).where(where).values(values)).rowcount if values else 0
    for column in kept:
        unknown = and_(column.not_in(list(known)), column != _nothing(column))
        connection.execute(update(table).where(where, unknown).values({column.name: _nothing(column)}))
    return changed


def _bytes_naming(connection: Connection, place: Place, addresses: Collection[str]) -> list[Any]:
    """Raw messages are searched here: the databases do not fold the case of bytes."""
    columns = [c for c in personal_columns(place.table) if isinstance(c.type, LargeBinary)]
    if not columns:
        return []
    wanted = [address.casefold().encode() for address in addresses]
    found = []
    for row in connection.execute(select(place.table.c.id, *columns).where(_nobody(place))):
        whole = b"\n".join(value for value in row[1:] if value).lower().replace(b"=\r\n", b"")
        if any(one in whole for one in wanted):
            found.append(row[0])
    return found


def _naming(table: Table, addresses: Collection[str]) -> Sequence[ColumnElement[bool]]:
    found = []
    for column in personal_columns(table):
        if isinstance(column.type, LargeBinary):
            continue
        text = func.lower(cast(column, SqlText))
        for address in addresses:
            # JSON may hold other letters as escapes.
            for spelling in {address.casefold(), json.dumps(address.casefold())[1:-1]}:
                found.append(text.contains(spelling, autoescape=True))
    return found


def _is_key(column: Column[Any]) -> bool:
    table = column.table
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    return (
        column.primary_key
        or bool(column.unique)
        or any(column.name in one.columns for one in unique)
        or any(index.unique and column.name in index.columns for index in table.indexes)
    )


def _nothing(column: Column[Any]) -> Any:
    """What stands in an emptied column."""
    if column.nullable:
        return None
    kind = type(column.type).__name__.upper()
    if isinstance(column.type, LargeBinary):
        return b""
    if "JSON" in kind:
        return {}
    if "TEXT" in kind or "STRING" in kind:
        return ""
    raise TypeError(f"{column} cannot be emptied: let it be nullable, or a text, JSON or bytes")
