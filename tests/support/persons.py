"""A person with a mark of their own in every personal column there is, and a search for marks as bytes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Connection, Float, Integer, LargeBinary, Table, insert, select

from app.core.ids import timed_id
from app.store import persons
from app.store.database import Database
from app.store.tables import metadata
from app.store.types import Id, Instant, Sealed
from tests.support.line import NOW

# One row of each of these is the person already; a second would be another person.
ONE_EACH = frozenset({"contacts", "erasures"})


def mark(table: str, column: str) -> str:
    return f"mark {table} {column} xq7"


def plant(database: Database, workspace_id: UUID, person: UUID, delivery: UUID, address: str) -> set[str]:
    """A row in every table with people in it, one more where rows may refer to nobody; their marks."""
    marks: set[str] = set()
    with _careless(database) as connection:
        for place in persons.places():
            if place.table.name in ONE_EACH:
                continue
            for number, linked in enumerate((True, False)):
                if (linked and not (place.links or place.via)) or (not linked and not place.searched):
                    continue
                row = _row(place, workspace_id, person, delivery, address, linked, number)
                row |= _referring(connection, place)
                connection.execute(insert(place.table).values(**row))
                marks |= {mark(place.table.name, c.name) for c in persons.personal_columns(place.table)}
    return marks


def _row(
    place: persons.Place,
    workspace_id: UUID,
    person: UUID,
    delivery: UUID,
    address: str,
    linked: bool,
    number: int,
) -> dict[str, Any]:
    table, row = place.table, {}
    via = {column.name for column, _ in place.via}
    for column in table.columns:
        if column in place.links:
            row[column.name] = person if linked else None
        elif column.name in via:
            row[column.name] = delivery if linked and not place.links else None
        elif column.name == "workspace_id":
            row[column.name] = workspace_id
        elif column.info["data"] == "personal":
            row[column.name] = _marked(column, "" if linked else f" of {address.upper()} here")
        else:
            row[column.name] = _any(table, column, number)
    return row


def _referring(connection: Connection, place: persons.Place) -> dict[str, Any]:
    """Ids of rows that there are, for the columns that must refer to one."""
    found = {}
    for column in place.table.columns:
        target = next((key.column for key in column.foreign_keys), None)
        if target is None or column in place.links or column.nullable or column.name == "workspace_id":
            continue
        known = connection.execute(select(target).limit(1)).scalar_one_or_none()
        if known is not None:
            found[column.name] = known
    return found


def _marked(column: Column[Any], also: str) -> Any:
    text = mark(column.table.name, column.name) + also
    if isinstance(column.type, LargeBinary):
        return text.encode()
    return {"said": [text]} if "JSON" in type(column.type).__name__.upper() else text


def _any(table: Table, column: Column[Any], number: int) -> Any:
    if column.nullable:
        return None
    kind = column.type
    if isinstance(kind, Id):
        return timed_id(NOW, f"{number}{table.name}".encode().ljust(10, b".")[:10])
    if isinstance(kind, Instant):
        return NOW
    if isinstance(kind, Sealed):
        return "sealed"
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer):
        return 900 + number
    if isinstance(kind, Float):
        return 0.5
    return {} if "JSON" in type(kind).__name__.upper() else f"{column.name}-{number}"


@contextmanager
def _careless(database: Database) -> Iterator[Connection]:
    """A transaction in which rows may refer to nothing."""
    if not database.is_sqlite:
        with database.write() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            yield connection
        return
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        connection.commit()
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def found(database: Database, folder: Path, marks: Iterable[str]) -> dict[str, list[str]]:
    """Where the marks stand: by mark, the files and tables that hold it as bytes, whatever the case of letters."""
    wanted = {one: [one.lower().encode(), one.lower().encode("utf-16-le")] for one in marks}
    places: dict[str, list[str]] = {}
    for name, content in (*_files(folder), *_dump(database)):
        for one, needles in wanted.items():
            if any(needle in content for needle in needles):
                places.setdefault(one, []).append(name)
    return places


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes().lower()


def _dump(database: Database) -> Iterator[tuple[str, bytes]]:
    """Every row of every table as text; SQLite's are in its file already."""
    if database.is_sqlite:
        return
    with database.read() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(select(table)).all()
            yield (
                f"table {table.name}",
                "\n".join(repr(tuple(row)) for row in rows).lower().encode(),
            )
