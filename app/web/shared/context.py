"""What a request has at hand: the wiring of this process and who is signed in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask import current_app, g
from werkzeug.exceptions import Unauthorized

from app.services.accounts import User
from app.services.viewing import Place
from app.services.world import World, open_world
from app.store import accounts
from app.store.caught import CaughtMails
from app.store.database import Database
from config import Settings

NAME = "trellis"


@dataclass(slots=True)
class Web:
    """Made once by the factory. `caught` is None where mail leaves for real; `is_demo`: it shows the demo, below
    the address of the real pages.
    """

    database: Database
    settings: Settings
    clock: Callable[[], datetime]
    caught: CaughtMails | None
    _workspace_id: UUID | None = field(default=None)
    is_demo: bool = False
    _world: World | None = field(default=None)

    @property
    def workspace_id(self) -> UUID:
        """Looked up once. A database without one was not set up."""
        if self._workspace_id is None:
            with self.database.read() as connection:
                self._workspace_id = accounts.main_workspace(connection)
        if self._workspace_id is None:
            raise LookupError("The database has no workspace; start with `make run` or `trellis init`.")
        return self._workspace_id

    @property
    def world(self) -> World:
        """Opened when a page first needs it and kept: its library reads what is in force only when that changed."""
        if self._world is None:
            self._world = open_world(self.database, self.workspace_id, self.settings)
        return self._world

    @property
    def place(self) -> Place:
        return Place(self.database, self.workspace_id, self.settings.lifecycle_preset or None)


def web() -> Web:
    wired: Web = current_app.extensions[NAME]
    return wired


def now() -> datetime:
    """One instant for the whole request, so that a page does not contradict itself."""
    if "now" not in g:
        g.now = web().clock()
    instant: datetime = g.now
    return instant


def user_or_none() -> User | None:
    user: User | None = g.get("user")
    return user


def user() -> User:
    found = user_or_none()
    if found is None:
        raise Unauthorized
    return found
