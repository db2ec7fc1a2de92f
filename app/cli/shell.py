"""What every command works with, and the faults it tells in a sentence instead of a traceback."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import click
from sqlalchemy import inspect

from app.runtime import clock
from app.services.starting import is_current
from app.services.world import World, open_world
from app.store.accounts import main_workspace
from app.store.database import Database
from config import Settings, SettingsError, load_settings


@dataclass(frozen=True, slots=True)
class Shell:
    """The settings, the database and the workspace a command acts on."""

    settings: Settings
    database: Database
    workspace_id: UUID

    def now(self) -> datetime:
        return clock.now()

    def world(self) -> World:
        return open_world(self.database, self.workspace_id, self.settings)


def settings_or_fault() -> Settings:
    """The settings of the environment. Raises ClickException with every wrong one and its remedy."""
    try:
        return load_settings()
    except SettingsError as error:
        raise click.ClickException(f"A setting is wrong.\n{error}") from None


def open_shell(settings: Settings) -> Shell:
    """The shell over an existing installation. Raises ClickException with the remedy where there is none."""
    database = Database(settings.url_of_database)
    ready = inspect(database.engine).has_table("workspaces")
    if not ready:
        raise click.ClickException("There is no database yet. Run `trellis run` or `trellis init` first.")
    if not is_current(database):
        raise click.ClickException("The database is of an older Trellis. Run `trellis migrate` first.")
    with database.read() as connection:
        workspace_id = main_workspace(connection)
    if workspace_id is None:
        raise click.ClickException("The database is empty. Run `trellis run` or `trellis init` first.")
    return Shell(settings, database, workspace_id)
