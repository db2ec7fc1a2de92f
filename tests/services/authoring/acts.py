"""What tests of authoring do again and again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from app.core.engine import enter
from app.core.reasons import Reason
from app.services.authoring import Applied, apply, load_folder
from app.services.authoring.planning import read_text
from app.services.ids import new_id
from app.store import definitions, running
from app.store.database import Database
from app.store.tables import contacts, enrollments
from config import Settings
from tests.services.authoring.conftest import NOW


def publish(
    database: Database, workspace_id: UUID, settings: Settings, now: datetime = NOW, **options: Any
) -> Applied:
    """Apply the content folder."""
    return apply(database, workspace_id, load_folder(settings.content_dir), settings, now, **options)


def publish_on_the_web(database: Database, workspace_id: UUID, key: str, source: str) -> None:
    """Somebody else's version of a sequence, past the files."""
    with database.write() as connection:
        found = definitions.find(connection, workspace_id, "sequence", key)
        assert found is not None
        definitions.publish(
            connection, workspace_id=workspace_id, kind="sequence", key=key, source=source, definition_id=new_id(NOW),
            version_id=new_id(NOW), base_version_id=found.live_version_id, author_id=None, note=None, now=NOW,
        )  # fmt: skip


def put_inside(database: Database, workspace_id: UUID, step: str, **values: object) -> UUID:
    """A contact inside the guide, at `step`."""
    contact_id, enrollment_id = new_id(NOW), new_id(NOW)
    with database.write() as connection:
        live = next(
            row for row in definitions.live(connection, workspace_id, "sequence") if row.key == "guide"
        )
        connection.execute(
            insert(contacts).values(
                id=contact_id,
                workspace_id=workspace_id,
                fields={},
                revision=0,
                created_at=NOW,
                updated_at=NOW,
            )
        )
        sequence = read_text(live.source)
        assert sequence is not None
        assert live.version_id is not None
        enrollment = enter(sequence, enrollment_id, contact_id, 1, NOW, Reason("enrollment.entered"))
        running.add(connection, workspace_id, live.id, live.version_id, enrollment, "test")
        connection.execute(
            enrollments.update().where(enrollments.c.id == enrollment_id).values(**{"step": step, **values})
        )
    return enrollment_id
