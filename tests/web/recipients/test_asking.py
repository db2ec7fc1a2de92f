"""A copy of one's data, and being forgotten: asked on the page, done by the button behind a mail's link."""

import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from app.store import persons, tables
from app.store.database import Database
from tests.services.signals.conftest import Scene, lay_scene
from tests.support.joining import SERVICE
from tests.support.line import NOW
from tests.support.persons import mark, plant


class Asking:
    """One person's page, and the links in the mails that it sends."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.at = scene, NOW
        app = create_app(scene.world.settings, scene.world.database, clock=lambda: self.at, world=scene.world)
        self.client: FlaskClient = app.test_client(use_cookies=False)
        self.mail = scene.delivery()
        self.page = f"/d/{scene.world.keyring.seal_manage(self.mail, scene.person, 'guides')}"

    def ask(self, kind: str) -> str:
        """Press the button on the page; the path of the link in the mail."""
        answer = self.client.post(self.page, data={"what": kind})
        assert answer.status_code == 200
        assert "A mail with a button is on its way to p•••0@example.com" in answer.get_data(as_text=True)
        [row] = [row for row in self.mails() if row.template == f"service/{kind}"]
        path: str = row.context["confirm"]["path"]
        return path

    def mails(self) -> list[Any]:
        found = self.scene.rows(tables.deliveries)
        return [row for row in found if row.template.startswith("service/")]


@pytest.fixture
def asking(database: Database, tmp_path: Path) -> Asking:
    mails = {name: text for name, text in SERVICE.items() if name != "service/confirm"}
    return Asking(lay_scene(database, tmp_path, mails, secret_key="k" * 32))


def test_the_copy_holds_every_personal_and_pseudonymous_column_of_the_person(asking: Asking) -> None:
    scene = asking.scene
    plant(scene.world.database, scene.world.workspace_id, scene.person, asking.mail, "person0@example.com")
    path = asking.ask("export")
    assert "my-data.json" in asking.client.get(path).get_data(as_text=True)
    for _ in range(2):
        answer = asking.client.post(path)
        assert answer.mimetype == "application/zip"
        assert "attachment" in answer.headers["Content-Disposition"]
        assert answer.headers["Cache-Control"] == "no-store"
    archive = ZipFile(BytesIO(answer.data))
    assert archive.namelist() == ["my-data.json", "my-data.html"]
    told = json.loads(archive.read("my-data.json"))["tables"]
    page = archive.read("my-data.html").decode()
    for place in persons.places():
        if not place.links and not place.via:
            continue
        rows = told[place.table.name] if place.table.name != "erasures" else []
        for column in persons.personal_columns(place.table) if rows else ():
            assert all(column.name in row for row in rows), column
            planted = mark(place.table.name, column.name)
            if place.table.name != "contacts" and column.type.python_type is not bytes:
                assert any(planted in json.dumps(row) for row in rows), column
                assert planted in page
    assert "person0@example.com" in archive.read("my-data.json").decode()
    assert "<script" not in page


def test_the_erasure_is_done_by_the_button_and_once(asking: Asking) -> None:
    path = asking.ask("erase")
    for send in (asking.client.get, asking.client.head):
        assert send(path).status_code == 200
    assert asking.scene.person_row().erased_at is None
    assert "Erase my data for good" in asking.client.get(path).get_data(as_text=True)
    for _ in range(2):
        assert "You are forgotten" in asking.client.post(path).get_data(as_text=True)
    row = asking.scene.person_row()
    assert (row.erased_at, row.first_name) == (NOW, None)
    assert "You are forgotten" in asking.client.get(path).get_data(as_text=True)
    [entry] = [row for row in asking.scene.rows(tables.audit_entries) if row.action == "contact.erased"]
    assert (entry.action, entry.subject, entry.detail["by"]) == (
        "contact.erased", str(asking.scene.person), "contact",
    )  # fmt: skip
    assert asking.client.get(asking.page).status_code == 404
    one_click = asking.client.post(asking.page.replace("/d/", "/u/"), data={"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 200


def test_after_an_hour_nothing_is_done_and_twice_at_once_is_one_mail(asking: Asking) -> None:
    paths = {kind: asking.ask(kind) for kind in ("export", "erase")}
    asking.client.post(asking.page, data={"what": "erase"})
    assert len(asking.mails()) == 2
    assert {row.expires_at for row in asking.mails()} == {NOW + timedelta(hours=1)}
    asking.at = NOW + timedelta(hours=1)
    for path in paths.values():
        for send in (asking.client.get, asking.client.post):
            answer = send(path)
            assert answer.status_code == 410
            assert "it held one hour" in answer.get_data(as_text=True)
    assert asking.scene.person_row().erased_at is None


def test_what_nobody_offers_is_refused(asking: Asking) -> None:
    assert asking.client.post(asking.page, data={"what": "sign-up"}).status_code == 400
    assert asking.client.post("/d/forged", data={"what": "erase"}).status_code == 404
    assert asking.mails() == []
