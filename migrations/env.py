"""Runs migrations on a connection that is given, or on the database of the settings."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from app.store.database import Database
from app.store.tables import metadata
from app.store.types import Id, Instant, Sealed
from config import load_settings


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    """Write our column types by name, so that one history serves both databases."""
    if kind == "type" and isinstance(item, Id | Instant):
        autogen.imports.add("from app.store.types import Id, Instant, Json")
        return f"{type(item).__name__}()"
    if kind == "type" and isinstance(item, Sealed):
        return "sa.Text()"
    if kind == "type" and type(item).__name__ == "JSON":
        autogen.imports.add("from app.store.types import Id, Instant, Json")
        return "Json"
    return False


def include_object(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Partitions belong to their table and are made by time, not by migrations."""
    if not reflected or name is None:
        return True
    table = name if kind == "table" else getattr(getattr(item, "table", None), "name", "") or ""
    return "__" not in table


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        include_object=include_object,
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = Database(load_settings().url_of_database)
    with database.write() as own:
        run(own)
