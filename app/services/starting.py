"""The first start: schema, workspace, an admin, the starter programme. Each later start does nothing twice."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert

from app.services import accounts
from app.services.authoring.applying import load_starters
from app.services.ids import new_id
from app.store import ledger
from app.store.accounts import count, main_workspace
from app.store.database import Database
from app.store.partitions import add_partitions
from app.store.tables import field_definitions, workspaces
from config import ROOT, Settings

# The custom fields that the starter scoring, lifecycle and sequences speak of.
STARTER_FIELDS = (
    ("contact", "satisfaction", "Satisfaction", "number", ()),
    ("contact", "first_bill", "First bill", "date", ()),
    ("company", "industry", "Industry", "choice", ("housing association", "housing cooperative", "property management")),
    ("company", "apartments", "Apartments", "number", ()),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Started:
    """`password` is the one-time password of the admin that was made, or None."""

    workspace_id: UUID
    admin: str
    password: str | None


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


class NewerDatabase(Exception):
    """The schema is that of a release this one does not know."""


def is_current(database: Database) -> bool:
    """Whether the schema is that of this release. Raises NewerDatabase."""
    scripts = ScriptDirectory.from_config(alembic_config())
    with database.read() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise NewerDatabase(f"The database was made by a newer Trellis (schema {found}).")
    return found == scripts.get_current_head()


def knows_schema(revision: str) -> bool:
    """Whether this release can bring a database of this schema up to date."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return revision in {script.revision for script in scripts.walk_revisions()}


def migrate(database: Database) -> bool:
    """Bring the schema up to date; whether there was anything to do."""
    if is_current(database):
        return False
    config = alembic_config()
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def start(
    database: Database, settings: Settings, admin: str, now: datetime, progress: Callable[[str], None]
) -> Started:
    """Make a database ready for work. Raises authoring's Refused where a starter file has an error."""
    if migrate(database):
        progress("The database is up to date.")
    with database.write() as connection:
        add_partitions(connection, now)
    workspace_id = _workspace(database, settings, now)
    applied = load_starters(database, workspace_id, Path(settings.content_dir), settings, now)
    if applied.published:
        progress(
            f"{len(applied.published)} starter texts are in force: lifecycle, scoring, sequences, templates."
        )
    # The last step, because its password is shown once: no fault may come between.
    password = None
    with database.read() as connection:
        empty = count(connection, workspace_id) == 0
    if empty:
        password = accounts.create_first_admin(database, workspace_id, admin, now)
    return Started(workspace_id, admin, password)


def _workspace(database: Database, settings: Settings, now: datetime) -> UUID:
    with database.read() as connection:
        found = main_workspace(connection)
    if found is not None:
        return found
    workspace_id = new_id(now)
    with database.write() as connection:
        row = {
            "id": workspace_id,
            "key": "main",
            "name": settings.brand_name,
            "is_demo": False,
            "created_at": now,
        }
        connection.execute(insert(workspaces).values(**row))
        add_starter_fields(connection, workspace_id, now)
    return workspace_id


def add_starter_fields(connection: Connection, workspace_id: UUID, now: datetime) -> None:
    """The custom fields that the starters speak of."""
    rows = [
        {
            "id": new_id(now), "workspace_id": workspace_id, "subject": subject, "key": key, "label": label,
            "type": kind, "choices": list(choices), "created_at": now,
        }
        for subject, key, label, kind, choices in STARTER_FIELDS
    ]  # fmt: skip
    ledger.insert_new(connection, field_definitions, rows)
