"""A real web server: links lead on whatever happens to the database, and what was answered is never lost."""

import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.inbound.spool import RawHit, Spool, read_hits
from app.services.signals.hits import drain
from app.store import tables
from app.store.database import Database
from config import ROOT
from tests.services.signals.conftest import Scene, lay_scene
from tests.support.line import NOW

GONE = "postgresql+psycopg://nobody@127.0.0.1:1/none"


class Server:
    """The web server's process; `follow` a link of the scene's mail."""

    def __init__(self, folder: Path, url: str, most: int = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.web", str(folder), url, str(most)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("Location") or ""
        finally:
            connection.close()

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@contextmanager
def serving(scene: Scene, url: str = "", most: int = 0) -> Iterator[Server]:
    settings = scene.world.settings
    server = Server(settings.data_dir, url or settings.database_url, most)
    try:
        yield server
    finally:
        server.end()


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Scene:
    return lay_scene(database, tmp_path, secret_key="k" * 32)


def track(scene: Scene) -> str:
    return scene.world.keyring.seal_track(scene.delivery(), scene.person, scene.variant)


def spooled(scene: Scene) -> list[RawHit | str]:
    return [
        hit
        for path in sorted((scene.world.settings.data_dir / "spool").glob("*.hits"))
        for hit in read_hits(path)
    ]


def test_the_way_is_open_while_the_database_is_locked_away_or_the_person_erased(scene: Scene) -> None:
    token = track(scene)
    with serving(scene) as server:
        with scene.world.database.write() as connection:
            connection.execute(tables.contacts.update().values(revision=tables.contacts.c.revision))
            assert server.get(f"/c/{token}/1")[0] == 302
        scene.set_person(erased_at=NOW)
        assert server.get(f"/c/{token}/1") == server.get(f"/c/{token}/1")
        assert server.get(f"/c/{token}/0")[0] == 200
        # The server lives, and its hits are drained all the same; of the erased person nothing is kept.
        assert len(spooled(scene)) == 4
        assert drain(scene.world, Spool(scene.world.settings.data_dir / "spool"), NOW) == 0
        assert spooled(scene) == []
        assert server.get(f"/c/{token}/1")[0] == 302
        assert len(spooled(scene)) == 1


def test_the_way_is_open_while_there_is_no_database(scene: Scene) -> None:
    token = track(scene)
    with serving(scene, GONE) as server:
        status, place = server.get(f"/c/{token}/1")
        assert (status, place.split("?")[0]) == (302, "https://example.com/a")
        assert server.get(f"/c/{token}/0")[0] == 200
    assert len(spooled(scene)) == 2


def test_kill_minus_nine_loses_no_hit_that_was_answered(scene: Scene) -> None:
    token, answered, guard = track(scene), [0], threading.Lock()
    enough = threading.Event()
    with serving(scene) as server:

        def click() -> None:
            while True:
                try:
                    status, _ = server.get(f"/c/{token}/0")
                except (OSError, http.client.HTTPException):
                    return
                with guard:
                    answered[0] += status == 200
                    if answered[0] >= 60:
                        enough.set()

        threads = [threading.Thread(target=click) for _ in range(6)]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        server.process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join(60)
    # Killed before it answered, a hit may be there too; what is torn is told apart.
    whole = [hit for hit in spooled(scene) if isinstance(hit, RawHit)]
    assert answered[0] <= len(whole) <= answered[0] + 8
    assert len({hit.id for hit in whole}) == len(whole)
    taken = drain(scene.world, Spool(scene.world.settings.data_dir / "spool"), NOW)
    assert taken == len(scene.rows(tables.hits)) == len(whole)


def test_a_full_disk_costs_the_hit_and_never_the_visitor(scene: Scene) -> None:
    token = track(scene)
    with serving(scene, most=700) as server:
        statuses = [server.get(f"/c/{token}/1")[0] for _ in range(12)]
    assert statuses == [302] * 12
    # Half a line was taken here and there; each whole one is a hit, and none is glued to another.
    hits = [hit for hit in spooled(scene) if isinstance(hit, RawHit)]
    assert 0 < len(hits) < 12
    assert len({hit.id for hit in hits}) == len(hits)
