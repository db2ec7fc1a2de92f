"""The team's pages of the library: who read what out of a mail, machines beside, and who has seen everything."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from app.core.ids import timed_id
from app.store import tables
from app.store.database import Database
from tests.support.line import NOW, enroll
from tests.support.seed import PASSWORD_HASH
from tests.web.conftest import Browser, signed_in
from tests.web.recipients.conftest import Visitor
from tests.web.recipients.test_library import BROWSER, events, landed, lay_library


@pytest.fixture
def read(sqlite_database: Database, tmp_path: Path) -> Visitor:
    """A library of which the scene's person read one piece and a scanner another."""
    visitor = lay_library(sqlite_database, tmp_path)
    there = landed(visitor)
    visitor.page(there, headers=BROWSER)
    visitor.get(there.replace("/library/heat?", "/library/heat/heat.pdf?"), headers=BROWSER)
    visitor.at += timedelta(hours=2)
    visitor.page(landed(visitor, 2), headers={"User-Agent": "python-requests/2.31"})
    assert len(events(visitor)) == 5
    user = {
        "id": timed_id(NOW, b"viewer----"), "workspace_id": visitor.scene.world.workspace_id,
        "email": "viewer@halden.example", "name": "Vera", "title": "", "signature": "", "password_hash": PASSWORD_HASH,
        "role": "viewer", "may_publish": False, "may_send": False, "must_change_password": False,
        "failed_sign_ins": 0, "created_at": NOW,
    }  # fmt: skip
    with visitor.scene.world.database.write() as connection:
        connection.execute(insert(tables.users), [user])
    return visitor


def cells(page: str, key: str) -> list[str]:
    """The numbers in a piece's row: mails, people, machines."""
    row = page.partition(f'href="/pieces/of/{key}"')[2].partition("</tr>")[0]
    return [part.partition(">")[2].partition("<")[0] for part in row.split('<td class="n')[1:]]


def test_the_team_sees_who_read_what(read: Visitor) -> None:
    vera: Browser = signed_in(read.app, "viewer")
    page = vera.page("/pieces")
    assert cells(page, "heat") == ["1", "1", "0"]
    assert cells(page, "leaks") == ["1", "0", "1"]
    assert cells(page, "elsewhere") == ["0", "0", "0"]
    assert "Nobody so far" in page
    heat = vera.page("/pieces/of/heat")
    for words in (
        f'href="/contacts/{read.scene.person}"',
        "opened the file",
        "library:heat",
        "discovery/hello",
        "1 person, 1 opened the file",
    ):
        assert words in heat
    assert "https://other.example/guide" in vera.page("/pieces/of/elsewhere")
    assert "not in the open list" in vera.page("/pieces/of/prices")
    vera.page("/pieces/of/none", 404)


def test_the_team_sees_who_has_seen_everything(read: Visitor) -> None:
    world = read.scene.world
    [stay] = enroll(world, [read.scene.person])
    row = {
        "id": timed_id(NOW, b"line------"), "workspace_id": world.workspace_id, "contact_id": read.scene.person, "at": NOW,
        "kind": "step", "code": "send.all_seen", "params": {"step": "hello", "count": 2}, "actor": "engine",
        "enrollment_id": stay,
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(tables.timeline), [row])
    vera = signed_in(read.app, "viewer")
    assert "1 step found nothing left for somebody." in vera.page("/pieces")
    page = vera.page("/pieces/seen")
    assert "line, hello" in page
    assert f'href="/contacts/{read.scene.person}"' in page
    read.scene.set_person(erased_at=NOW)
    assert "Nobody so far" in vera.page("/pieces/seen")
