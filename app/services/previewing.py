"""Files somebody uploaded to look at before they act: kept for an hour, for nobody but them.

They stand in `previews` of the data folder. An erasure takes those that name the person.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfileobj
from typing import IO
from uuid import UUID

from app.services.ids import new_id
from config import Settings

FOLDER = "previews"
KEPT = timedelta(hours=1)


def keep(settings: Settings, upload: IO[bytes], user_id: UUID, now: datetime) -> UUID:
    """Keep an upload; its name from now on."""
    forget_previews(settings, now)
    upload_id = new_id(now)
    path = _path(settings, upload_id, user_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("xb") as out:
        copyfileobj(upload, out)
    return upload_id


def find(settings: Settings, upload_id: UUID, user_id: UUID) -> Path | None:
    """The file, or None where it is gone or somebody else's."""
    path = _path(settings, upload_id, user_id)
    return path if path.exists() else None


def drop(settings: Settings, upload_id: UUID, user_id: UUID) -> None:
    _path(settings, upload_id, user_id).unlink(missing_ok=True)


def forget_previews(settings: Settings, now: datetime) -> int:
    """Remove those nobody came back to; how many."""
    gone = 0
    for path in (settings.data_dir / FOLDER).glob("*.upload"):
        if _kept_at(path) + KEPT <= now:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _path(settings: Settings, upload_id: UUID, user_id: UUID) -> Path:
    return settings.data_dir / FOLDER / f"{upload_id}-{user_id}.upload"


def _kept_at(path: Path) -> datetime:
    """Ids of ours begin with the instant, in milliseconds; a name that is none of ours is old."""
    with suppress(ValueError):
        return datetime.fromtimestamp((UUID(path.name[:36]).int >> 80) / 1000, UTC)
    return datetime.min.replace(tzinfo=UTC)
