"""The recipients' pages over a real line, seen by a client without cookies."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.factory import create_app
from app.inbound.spool import RawHit, Spool, read_hits
from app.store.database import Database
from tests.services.signals.conftest import Scene, lay_scene
from tests.support.line import NOW


@dataclass(slots=True)
class Visitor:
    """One mail of the scene's person, and a browser that follows its links."""

    scene: Scene
    app: Flask
    client: FlaskClient
    mail: UUID
    at: datetime = NOW

    @property
    def track(self) -> str:
        return self.scene.world.keyring.seal_track(self.mail, self.scene.person, self.scene.variant)

    def manage(self, topic: str = "guides") -> str:
        return self.scene.world.keyring.seal_manage(self.mail, self.scene.person, topic)

    def get(self, path: str, **options: object) -> TestResponse:
        return self.client.get(path, **options)  # type: ignore[arg-type]

    def page(self, path: str, status: int = 200, **options: object) -> str:
        answer = self.get(path, **options)
        assert answer.status_code == status, (path, answer.status_code, answer.get_data(as_text=True)[:300])
        return answer.get_data(as_text=True)

    def post(self, path: str, status: int = 200, **form: object) -> str:
        answer = self.client.post(path, data=form)
        assert answer.status_code == status, (path, answer.status_code, answer.get_data(as_text=True)[:300])
        return answer.get_data(as_text=True)

    def hits(self) -> list[RawHit]:
        """What is on the disk now; it stays there."""
        spool: Spool = self.app.extensions["spool"]
        spool.turn()
        found = [hit for path in sorted(self.spool_folder.glob("*.hits")) for hit in read_hits(path)]
        return [hit for hit in found if isinstance(hit, RawHit)]

    @property
    def spool_folder(self) -> Path:
        return self.scene.world.settings.data_dir / "spool"


@pytest.fixture
def visitor(database: Database, tmp_path: Path) -> Visitor:
    return lay_visitor(lay_scene(database, tmp_path, secret_key="k" * 32))


def lay_visitor(scene: Scene) -> Visitor:
    visitor: Visitor
    app = create_app(scene.world.settings, scene.world.database, clock=lambda: visitor.at, world=scene.world)
    visitor = Visitor(scene, app, app.test_client(use_cookies=False), scene.delivery())
    return visitor
