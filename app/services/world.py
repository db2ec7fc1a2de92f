"""What every service works with: one workspace of one installation."""

from dataclasses import dataclass
from uuid import UUID

from app.core.tokens import Keyring
from app.services.dkim import Dkim
from app.services.library import Library
from app.store.database import Database
from config import Settings


@dataclass(frozen=True, slots=True)
class World:
    database: Database
    workspace_id: UUID
    settings: Settings
    keyring: Keyring
    library: Library
    dkim: Dkim


def open_world(database: Database, workspace_id: UUID, settings: Settings) -> World:
    library = Library(database, workspace_id, settings.lifecycle_preset or None)
    dkim = Dkim(database, workspace_id, settings)
    return World(database, workspace_id, settings, Keyring(settings.keys()), library, dkim)
