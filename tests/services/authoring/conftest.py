"""A content folder, a workspace and settings for authoring."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.services.ids import new_id
from app.store.database import Database
from app.store.tables import workspaces
from config import Settings
from tests.services.authoring.content import write

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return write(tmp_path / "content")


@pytest.fixture
def settings(tmp_path: Path, content: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", content_dir=content, _env_file=None)


@pytest.fixture
def workspace_id(database: Database) -> UUID:
    workspace_id = new_id(NOW)
    with database.write() as connection:
        connection.execute(
            insert(workspaces).values(id=workspace_id, key="main", name="Main", is_demo=False, created_at=NOW)
        )
    return workspace_id
