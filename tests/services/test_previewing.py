"""An upload that was only looked at goes with the person it names."""

from io import BytesIO
from pathlib import Path
from uuid import UUID

from app.services import previewing
from app.services.privacy.files import search_files
from app.store.database import Database
from tests.support import line

USER = UUID(int=7)


def test_an_erasure_takes_the_uploads_that_name_the_person(sqlite_database: Database, tmp_path: Path) -> None:
    world = line.lay(sqlite_database, tmp_path, sequences=(), mails={})
    ours = previewing.keep(world.settings, BytesIO(b"email\nAnn@Example.com\n"), USER, line.NOW)
    other = previewing.keep(world.settings, BytesIO(b"email\nbo@example.com\n"), USER, line.NOW)
    assert search_files(world, [], ["ann@example.com"]) == ()
    assert previewing.find(world.settings, ours, USER) is None
    assert previewing.find(world.settings, other, USER) is not None
