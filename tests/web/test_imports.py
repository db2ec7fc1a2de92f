"""Contacts brought in the browser: a file, its columns, who left, a dry run, one confirmation; stopped, gone on with,
taken back. The engine's part is run by hand here, as its job does it.
"""

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, update
from werkzeug.test import TestResponse

from app.factory import create_app
from app.services.importing import jobs, keeping
from app.services.world import World
from app.store import tables as t
from app.store.database import Database
from tests.services.signals.conftest import lay_scene
from tests.support.line import NOW
from tests.support.seed import PASSWORD_HASH
from tests.web.conftest import PROOF, Browser, signed_in

LIST = (
    "E-Mail;Vorname;Firma;Wohnungen;Status\n"
    "ada@neu.example;Ada;Neu AG;12;Kunde neu\n"
    "bo@neu.example;=1+1;Neu AG;40;\n"
    "keine Adresse;Cy;;;\n"
).encode("cp1252")
REVISION = re.compile(r'name="revision" value="(\d+)"')


class Wizard:
    """One import, walked through as a browser would."""

    def __init__(self, browser: Browser, app: Flask, world: World) -> None:
        self.browser, self.app, self.world = browser, app, world
        self.database, self.settings = world.database, world.settings
        self.at = ""

    def upload(
        self, content: bytes = LIST, name: str = "people <b>.csv", to: str = "/imports/new"
    ) -> TestResponse:
        proof = PROOF.search(self.browser.page("/imports/new"))
        assert proof is not None
        fields = {"csrf_token": proof[1], "revision": self.revision() if self.at else ""}
        head = "".join(
            f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        )
        head += f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + b"\r\n--b--\r\n"
        answer = self.browser.client.post(to, data=body, content_type="multipart/form-data; boundary=b")
        if answer.status_code == 303 and not self.at:
            self.at = answer.location.removesuffix("/columns")
        return answer

    def revision(self) -> str:
        for step in ("columns", ""):
            found = REVISION.search(
                self.browser.client.get(f"{self.at}/{step}".rstrip("/")).get_data(as_text=True)
            )
            if found is not None:
                return found[1]
        return ""

    def post(self, act: str, revision: str | None = None, **form: str) -> TestResponse:
        given = self.revision() if revision is None else revision
        return self.browser.post(f"{self.at}/{act}", {"revision": given, **form}, on="/imports/new")

    def columns(self, *targets: str, **more: str) -> TestResponse:
        return self.post("columns", **{f"to-{place}": target for place, target in enumerate(targets)}, **more)

    def ready(self, **options: str) -> None:
        """As far as the confirmation."""
        self.upload()
        made = {"name-3": "Flats", "type-3": "number"}
        assert (
            self.columns("email", "first_name", "company.name", "new:contact", "stage", **made).status_code
            == 303
        )
        assert self.post("left", how="nobody").status_code == 303
        form = {"enroll": "no", "origin": "import", "unknown": "default", "tags": "fair, new", **options}
        assert self.post("options", **form).status_code == 303
        assert self.post("check").status_code == 303
        self.work()

    def work(self) -> None:
        jobs.work(self.world, lambda: NOW)

    def page(self) -> str:
        return self.browser.page(self.at)

    def row(self) -> object:
        with self.database.read() as connection:
            return connection.execute(select(t.imports).where(t.imports.c.id == UUID(self.at[-36:]))).one()

    def files(self) -> list[Path]:
        return sorted((self.settings.data_dir / keeping.FOLDER).glob("*"))

    def count(self, table: object) -> int:
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def colleague(role: str, name: str, world: World) -> dict[str, object]:
    return {
        "id": uuid4(), "workspace_id": world.workspace_id, "email": f"{name}@halden.example", "name": name.capitalize(),
        "title": "", "signature": "", "password_hash": PASSWORD_HASH, "role": role, "may_publish": False,
        "may_send": False, "must_change_password": False, "failed_sign_ins": 0, "created_at": NOW,
    }  # fmt: skip


@pytest.fixture
def wizard(sqlite_database: Database, tmp_path: Path) -> Wizard:
    world = lay_scene(sqlite_database, tmp_path, secret_key="k" * 32).world
    with sqlite_database.write() as connection:
        team = (("marketer", "marta"), ("sales", "jonas"), ("viewer", "vera"))
        connection.execute(insert(t.users), [colleague(role, name, world) for role, name in team])
    app = create_app(world.settings, sqlite_database, None, lambda: NOW, world)
    return Wizard(signed_in(app, "marta"), app, world)


def test_a_file_comes_in_by_steps(wizard: Wizard) -> None:
    before = wizard.count(t.contacts)
    assert wizard.upload().status_code == 303
    page = wizard.browser.page(f"{wizard.at}/columns")
    assert "people &lt;b&gt;.csv" in page
    assert "ada@neu.example" in page
    assert '<option value=";" selected>semicolon' in page
    assert wizard.files()[0].stat().st_mode & 0o777 == 0o600
    made = {"name-3": "Flats", "type-3": "number"}
    answer = wizard.columns("email", "first_name", "company.name", "new:contact", "stage", **made)
    assert answer.location.endswith("/left")
    assert wizard.post("left", how="nobody").location.endswith("/options")
    page = wizard.browser.page(f"{wizard.at}/options")
    assert "Kunde neu" in page
    with wizard.database.read() as connection:
        stage = connection.execute(select(t.contact_stages.c.stage).limit(1)).scalar_one()
    form = {
        "enroll": "no",
        "origin": "import",
        "unknown": "reject",
        "word": "Kunde neu",
        "stage-of": stage,
        "tags": "fair",
    }
    assert wizard.post("options", **form).status_code == 303
    assert wizard.post("check").status_code == 303
    assert "Going through the file" in wizard.page()
    wizard.work()
    page = wizard.page()
    assert "Take in 2 of 3 rows?" in page
    assert "is not a mail address" in page
    assert "nobody gets mail by it" in page
    assert wizard.count(t.contacts) == before
    assert wizard.count(t.field_definitions) == 0
    assert wizard.post("run").status_code == 303
    assert "About to begin" in wizard.page()
    wizard.work()
    page = wizard.page()
    assert "What came of it" in page
    assert "Marta said yes" in page
    assert wizard.count(t.contacts) == before + 2
    assert wizard.files() == [p for p in wizard.files() if p.name.endswith("-results.csv")]
    with wizard.browser.get(f"{wizard.at}/results.csv") as told:
        assert "keine Adresse" in told.get_data(as_text=True)
    with wizard.database.read() as connection:
        fields = connection.execute(
            select(t.contacts.c.fields).where(t.contacts.c.first_name == "Ada")
        ).scalar_one()
    assert fields == {"flats": 12}
    assert "people &lt;b&gt;.csv" in wizard.browser.page("/imports")


def test_what_is_stale_or_sent_twice_does_nothing(wizard: Wizard) -> None:
    wizard.ready()
    old = wizard.revision()
    assert wizard.post("options", enroll="no", origin="import", unknown="default").status_code == 303
    refused = wizard.post("run", revision=old)
    assert refused.status_code == 422
    assert "Somebody changed this import" in refused.get_data(as_text=True)
    assert wizard.post("check", revision=old).status_code == 422
    wizard.post("check")
    wizard.work()
    seen = wizard.revision()
    assert [wizard.post("run", revision=seen).status_code for _ in range(2)] == [303, 303]
    wizard.work()
    count = wizard.count(t.contacts)
    wizard.post("run", revision=seen)
    wizard.work()
    assert wizard.count(t.contacts) == count
    # The steps of one that is in lead to how it went.
    assert wizard.browser.get(f"{wizard.at}/columns", 302).location.endswith(wizard.at)


def test_one_is_stopped_and_goes_on(wizard: Wizard) -> None:
    wizard.ready()
    wizard.post("run")
    assert wizard.post("stop").status_code == 303
    before = wizard.count(t.contacts)
    wizard.work()
    assert wizard.count(t.contacts) == before
    assert "Stopped; what came in stays" in wizard.page()
    wizard.post("resume")
    wizard.work()
    assert wizard.count(t.contacts) == before + 2
    # Stopping what is over, or resuming it, changes nothing.
    wizard.post("stop")
    wizard.post("resume")
    assert wizard.row().state == "done"  # type: ignore[attr-defined]


def test_one_is_taken_back(wizard: Wizard) -> None:
    with wizard.database.write() as connection:
        address = connection.execute(select(t.identities.c.value).limit(1)).scalar_one()
    wizard.upload(f"email,tags,city\n{address},vip,Ahlen\nnew@neu.example,vip,Ahlen\n".encode())
    wizard.columns("email", "tags", "city")
    wizard.post("left", how="nobody")
    wizard.post("options", enroll="no", origin="import", unknown="reject")
    wizard.post("check")
    wizard.work()
    wizard.post("run")
    wizard.work()
    tags = wizard.count(t.contact_tags)
    assert wizard.post("undo").status_code == 303  # not counted yet: nothing happens
    wizard.work()
    assert wizard.count(t.contact_tags) == tags
    wizard.post("weigh")
    wizard.work()
    page = wizard.page()
    assert "<b>1</b><span>came only by it and go" in page
    assert "gets back what it had: 3 values" in page
    assert wizard.count(t.contact_tags) == tags
    wizard.post("undo")
    wizard.work()
    assert wizard.count(t.contact_tags) == tags - 2
    with wizard.database.read() as connection:
        assert (
            connection.execute(
                select(t.identities.c.id).where(t.identities.c.value == "new@neu.example")
            ).first()
            is None
        )
        cities = connection.execute(select(func.count()).where(t.contacts.c.city == "Ahlen")).scalar_one()
    assert cities == 0
    assert "Taken back" in wizard.page()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"\x00" * 40, "The file is empty"),
        (b"PK\x03\x04" + b"x" * 50, "save it as"),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), "not text"),
        (b"email,name\n", "nothing below them"),
        (b"email,name\n,\n\n", "nothing below them"),
        (b"ann@example.org,Ann\n", "column titles should stand"),
        (b"email" + b",x" * 1_500 + b"\na@example.org\n", "at most 1000 are read"),
        (b"email" + b",x" * 1_000_000 + b"\na@example.org\n", "longer than a million characters"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(wizard: Wizard, content: bytes, said: str) -> None:
    answer = wizard.upload(content)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True).replace("&#39;", "'")
    assert wizard.files() == []
    assert wizard.count(t.imports) == 0


def test_quotes_nuls_formulas_and_titles_twice_are_borne_with(wizard: Wizard) -> None:
    wizard.upload(b'email,note,note\nann@example.org,"a\nb",=cmd()\nb\x00o@example.org,\xff,"open\n')
    page = wizard.browser.page(f"{wizard.at}/columns")
    assert "note (3)" in page
    assert "=cmd()" in page
    wizard.columns("email", "", "")
    wizard.post("left", how="nobody")
    wizard.post("options", enroll="no", origin="import", unknown="reject")
    wizard.post("check")
    wizard.work()
    assert "never closed" in wizard.page()


@pytest.mark.parametrize(
    ("act", "form", "said"),
    [
        ("columns", {"to-0": "", "to-1": "first_name"}, "No column holds the mail address"),
        ("columns", {"to-0": "email", "to-1": "city", "to-2": "city"}, "is chosen for the columns 2, 3"),
        ("columns", {"to-0": "email", "to-1": "{{7*7}}"}, "Column 2 has no place"),
        ("columns", {"to-0": "email", "to-1": "new:contact", "type-1": "choice", "name-1": "S"}, "names too few"),
        ("reading", {"encoding": "zip", "delimiter": ","}, "is no encoding"),
        ("reading", {"encoding": "utf-8", "delimiter": "x"}, "one of the delimiters"),
        ("reading", {"encoding": "utf-8", "delimiter": ","}, ""),
        ("left", {}, "say that nobody did"),
        ("options", {"enroll": "a_day", "a_day": "9" * 30}, "whole number"),
        ("options", {"enroll": "soon"}, "no way to enroll"),
        ("options", {"topic": "nothing", "basis": "b", "consent_source": "s"}, "is no topic"),
        ("options", {"topic": "nothing"}, "needs its basis"),
        ("options", {"stage": "=1+1"}, "no stage"),
        ("options", {"owner": "x@x"}, "no user"),
        ("options", {"origin": "moon"}, "no origin"),
        ("options", {"tags": "x" * 200}, "A tag is longer"),
        ("check", {}, "Take it first"),
        ("run", {}, "Somebody changed"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(wizard: Wizard, act: str, form: dict[str, str], said: str) -> None:
    wizard.upload()
    answer = wizard.post(act, **form)
    if said:
        assert answer.status_code == 422, answer.status_code
        assert said in answer.get_data(as_text=True)
    assert wizard.count(t.field_definitions) == 0
    assert wizard.row().state == "draft"


def test_who_left_is_brought_first(wizard: Wizard) -> None:
    wizard.upload()
    wizard.columns("email", "first_name", "", "", "")
    answer = wizard.upload(b"Email Address\nada@neu.example\nx\n", to=f"{wizard.at}/left")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Suppress 1?" in page
    assert "row is left out" in page
    assert wizard.count(t.suppressions) == 0
    kept = re.search(r'name="kept" value="([^"]+)"', page)
    assert kept is not None
    assert wizard.post("left/bring", kept=kept[1]).location.endswith("/options")
    assert wizard.count(t.suppressions) == 1
    assert wizard.post("left/bring", kept=kept[1]).status_code == 422  # the file is gone with its use
    assert wizard.post("left/bring", kept="nothing").status_code == 400


def test_an_export_is_recognised_with_those_who_want_no_more(wizard: Wizard) -> None:
    wizard.upload(
        b"Record ID,First Name,Email,Company name,Unsubscribed from all email,Create Date\n"
        b"1,Ada,ada@neu.example,Neu,true,2024-01-01\n2,Bo,bo@neu.example,Neu,false,2024-01-01\n"
    )
    page = wizard.browser.page(f"{wizard.at}/columns")
    assert "export of HubSpot" in page
    assert '<option value="left" selected>' in page
    wizard.columns("", "first_name", "email", "company.name", "left", "")
    wizard.post("left", how="column")
    wizard.post("options", enroll="no", origin="import", unknown="reject")
    wizard.post("check")
    wizard.work()
    assert "<b>1</b><span>want no more mail by their column" in wizard.page()
    assert wizard.count(t.suppressions) == 0
    wizard.post("run")
    wizard.work()
    with wizard.database.read() as connection:
        assert connection.execute(select(t.suppressions.c.scope)).scalars().all() == ["marketing"]


def test_files_go_after_a_week_and_when_it_is_left(wizard: Wizard) -> None:
    wizard.upload()
    world = wizard.world
    assert keeping.forget_files(world, NOW + timedelta(days=6)) == 0
    assert keeping.overdue(wizard.settings, NOW + timedelta(days=9)) != []
    assert keeping.forget_files(world, NOW + timedelta(days=8)) == 1
    assert wizard.files() == []
    assert wizard.row().state == "cancelled"
    stray = wizard.settings.data_dir / keeping.FOLDER / f"{UUID(int=5)}.csv"
    stray.write_text("x")
    assert keeping.forget_files(world, NOW + timedelta(days=8)) == 1
    wizard.at = ""
    wizard.upload()
    wizard.post("discard")
    assert wizard.files() == []
    assert "left" in wizard.page()


def test_one_of_another_workspace_is_not_there(wizard: Wizard) -> None:
    wizard.upload()
    with wizard.database.write() as connection:
        other = uuid4()
        connection.execute(
            t.workspaces.insert().values(id=other, key="o", name="O", is_demo=False, created_at=NOW)
        )
        connection.execute(update(t.imports).values(workspace_id=other))
    for step in ("", "/columns", "/left", "/options", "/progress", "/results.csv"):
        wizard.browser.get(f"{wizard.at}{step}", 404)
    for act in ("run", "stop", "weigh", "undo", "discard", "columns", "options"):
        assert wizard.post(act, revision="0").status_code == 404
    assert "people &lt;b&gt;" not in wizard.browser.page("/imports").partition("<main")[2]


def test_sales_and_viewers_do_not_import(wizard: Wizard) -> None:
    wizard.upload()
    for name in ("jonas", "vera"):
        browser = signed_in(wizard.app, name)
        browser.get("/imports", 403)
        browser.get(wizard.at, 403)
        assert "Imports" not in browser.page("/contacts").partition("<main")[0]


def test_progress_is_told_until_it_is_over(wizard: Wizard) -> None:
    wizard.ready()
    wizard.post("run")
    answer = wizard.browser.get(f"{wizard.at}/progress")
    assert "HX-Refresh" not in answer.headers
    assert 'role="progressbar"' in answer.get_data(as_text=True)
    assert '<noscript><meta http-equiv="refresh"' in wizard.page()
    wizard.work()
    assert wizard.browser.get(f"{wizard.at}/progress").headers["HX-Refresh"] == "true"
