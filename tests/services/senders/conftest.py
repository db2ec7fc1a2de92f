"""A world in which senders are set up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.services.senders import keeping
from app.services.senders.checking import Wish
from app.services.world import World
from app.store.database import Database
from tests.support import line

SHOP = "news@halden.example"


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return line.lay(database, tmp_path, smtp_host="relay.halden.example", default_zone="UTC")


@pytest.fixture
def add(world: World) -> Callable[..., str]:
    """Take a sender in; what is not said is a plain relay of marketing mail."""

    def added(address: str = SHOP, **given: Any) -> str:
        wish: dict[str, Any] = {"serves": "purpose", "match": "marketing", "host": "mail.example", **given}
        return keeping.add(world, Wish(address=address, **wish), line.NOW, None)

    return added
