"""The beginning and the end of the demo's workspace. Its key says how far it is, so that a half one is never shown."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.services.accounts import new_account
from app.services.demo.settings import FOLDER, JOBS
from app.services.ids import new_id
from app.services.starting import add_starter_fields
from app.store import demo as store
from app.store.database import Database
from app.store.partitions import add_partitions
from config import Settings

State = Literal["none", "half", "leaving", "there"]
KEYS: dict[str, State] = {"demo": "there", "demo-half": "half", "demo-leaving": "leaving"}
THERE, HALF, LEAVING = KEYS
# Rows of one transaction: others write meanwhile.
PIECE = 500
TRIES = 20


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the made-up company. Nobody can sign in as one."""

    email: str
    name: str
    title: str
    signature: str
    role: str = "sales"


def state(database: Database) -> State:
    """Whether there is a demo: `half` one was broken off, `leaving` one was not removed to the end."""
    with database.read() as connection:
        row = store.find(connection)
    return KEYS.get(row["key"], "half") if row is not None else "none"


def workspace_of(database: Database) -> UUID | None:
    """The demo that is there, whole; None while it is made or removed, and where there is none."""
    with database.read() as connection:
        row = store.find(connection)
    if row is None or row["key"] != THERE:
        return None
    found: UUID = row["id"]
    return found


def comes_first(database: Database, workspace_id: UUID) -> bool:
    """Whether the demo is what there is to see: it is there, and the workspace itself has nobody yet."""
    with database.read() as connection:
        row = store.find(connection)
        return row is not None and row["key"] == THERE and not store.any_contacts(connection, workspace_id)


def begin(database: Database, settings: Settings, colleagues: Sequence[Colleague], now: datetime) -> UUID:
    """An empty workspace with its people of the team, known as half a demo until `finish`."""
    workspace_id = new_id(now)
    with database.write() as connection:
        add_partitions(connection, now)
        store.make(connection, workspace_id, HALF, settings.brand_name, now)
        add_starter_fields(connection, workspace_id, now)
        rows: list[dict[str, Any]] = [
            {
                **new_account(workspace_id, each.email, each.name, each.role, None, now),
                "title": each.title,
                "signature": each.signature,
            }
            for each in colleagues
        ]
        if rows:
            store.add_users(connection, rows)
    return workspace_id


def finish(database: Database, workspace_id: UUID) -> None:
    """The demo is whole: from now on it is shown, and ticks."""
    with database.write() as connection:
        store.name_key(connection, workspace_id, THERE)


def remove(
    database: Database, settings: Settings, progress: Callable[[str], None] = lambda line: None
) -> bool:
    """Take the demo away, rows and files, of whatever state it is; False: there is none.

    In small pieces, so that the real workspace is not kept waiting; broken off, it goes on another time.
    """
    with database.read() as connection:
        row = store.find(connection)
    if row is not None:
        with database.write() as connection:
            store.name_key(connection, row["id"], LEAVING)
        progress("Removing the demo …")
        for _ in range(TRIES):
            if _emptied(database, row["id"]):
                break
        else:
            raise RuntimeError("Somebody goes on writing into the demo; stop `trellis run` and try again.")
        database.empty_log()
    folder = settings.data_dir / FOLDER
    there = row is not None or folder.exists()
    shutil.rmtree(folder, ignore_errors=True)
    return there


def _emptied(database: Database, workspace_id: UUID) -> bool:
    """All rows but those that somebody wrote meanwhile."""
    for table in store.tables():
        while True:
            with database.write() as connection:
                if store.remove_some(connection, table, workspace_id, PIECE) == 0:
                    break
    try:
        with database.write() as connection:
            store.remove_workspace(connection, workspace_id, JOBS)
    except IntegrityError:
        return False
    return True
