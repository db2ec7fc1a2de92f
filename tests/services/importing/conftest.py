from pathlib import Path

import pytest

from app.store.database import Database
from tests.support.importing import House


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    return House(database, data_dir)
