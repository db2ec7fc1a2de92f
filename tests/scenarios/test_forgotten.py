"""An erased person is nowhere: marks are planted through every input, and then searched for as bytes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.mail.smtp import SmtpRoute
from app.runtime.catcher import Catcher
from app.runtime.engine import Engine
from app.runtime.jobs import tick_all
from app.services import contacts as service
from app.services import events, importing, joining, privacy, tasks
from app.services.contacts import find_contact
from app.services.importing.around import surroundings
from app.services.privacy import asking
from app.services.returned import accept
from app.store import tables
from app.store.caught import CaughtMails
from app.store.database import Database
from tests.services.authoring import content
from tests.services.signals.conftest import CHROME, HELLO, Scene
from tests.support import line
from tests.support.joining import FORM, SERVICE
from tests.support.line import NOW
from tests.support.persons import found, plant

ADDRESS = "marked.person.xq7@example.com"
FILE = f"""email;first_name;phone;city;tags;pet;mishap
{ADDRESS};mark-first-xq7;+45 33 99 88 77;mark-city-xq7;mark-tag-xq7;mark-pet-xq7;
other@example.com;Other;;;;;
{ADDRESS.upper()} and more@x;mark-bad-row-xq7;;;;;
"""
MARKS = {
    ADDRESS, "mark-first-xq7", "33998877", "mark-city-xq7", "mark-tag-xq7", "mark-pet-xq7", "mark-bad-row-xq7",
    "mark-event-xq7", "mark-page-xq7", "mark-note-xq7", "mark-agent-xq7", "mark-reply-xq7", "mark-job-xq7",
    "mark-basis-xq7", "mark-stray-xq7",
}  # fmt: skip


class Clock:
    at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caught(tmp_path: Path) -> Iterator[CaughtMails]:
    made = CaughtMails(tmp_path / "caught.db")
    yield made
    made.close()


@pytest.fixture
def engine(database: Database, tmp_path: Path, clock: Clock, caught: CaughtMails) -> Iterator[Engine]:
    catcher = Catcher(caught, "127.0.0.1", 0, clock)
    world = line.lay(
        database, tmp_path, mails={"discovery/hello": HELLO, "internal/task": INTERNAL, **SERVICE},
        lifecycle=content.LIFECYCLE + FORM, smtp_connections=1,
    )  # fmt: skip
    route = SmtpRoute("127.0.0.1", catcher.start(), "none")
    made = Engine(world, Spool(tmp_path / "spool"), LinkMaps(tmp_path / "links"), route, clock)
    yield made
    made.stop()
    made.close()
    catcher.stop()


INTERNAL = """\
---
kind: internal
class: internal
topics: []
subject: "{{ contact.name }}: {{ task.title }}"
preheader: "Due {{ task.due }}"
layout: base
fallbacks: {task.due: soon}
repeat: true
---
<mj-section><mj-column><mj-text>{{ contact.city }} {{ task.url }}</mj-text></mj-column></mj-section>
"""


def live(engine: Engine, clock: Clock, folder: Path) -> Scene:
    """Everything that may bring a person's data in, each with a mark."""
    world = engine.world
    around = surroundings(world, NOW)
    (folder / "people.csv").write_text(FILE)
    table = importing.read_table(folder / "people.csv")
    fields = [importing.read_new_field("pet=pet:text")]
    own = importing.suggest_mapping(table.header, [])
    mapping = importing.resolve_mapping(table.header, own, {"pet": "pet", "mishap": "ignore"}, fields, {})
    started = importing.start_import(
        world.database, world.workspace_id, folder / "people.csv", mapping, importing.ImportOptions(), around, NOW,
        fields,
    )  # fmt: skip
    importing.run_import(world.database, started, around, NOW)
    (folder / "people.csv").unlink()
    who = find_contact(world.database, world.workspace_id, ADDRESS)
    assert who is not None
    args = (world.database, world.workspace_id, around, who)
    service.set_field(*args, "job_title", "mark-job-xq7", "system", NOW)
    service.record_consent(*args, "guides", "given", "mark-basis-xq7", "a fair", "system", NOW)
    events.record(
        world, who, "visited", subject="/mark-page-xq7", occurred_at=NOW, source="site", key="1",
        payload={"note": "mark-event-xq7"}, now=NOW,
    )  # fmt: skip
    line.enroll(world, [who])
    tick_all(engine)
    scene = Scene(world, Spool(folder / "spool"), LinkMaps(folder / "links"), who, who)
    with world.database.read() as connection:
        mail = connection.execute(
            select(tables.deliveries).where(tables.deliveries.c.contact_id == who)
        ).one()
    assert mail.state == "accepted"
    scene.extra["mail"] = mail.id
    scene.variant = mail.variant_id
    scene.spool.add(scene.hit(mail.id, user_agent=f"{CHROME} mark-agent-xq7"))
    scene.spool.keep_unreadable(f'{{"contact":"{who}","user_agent":"mark-agent-xq7"')
    raw = f"From: {ADDRESS}\r\nTo: hello@halden.example\r\nSubject: Re\r\n\r\nmark-reply-xq7\r\n".encode()
    accept(world, raw, "pipe", NOW)
    task(scene)
    return scene


def task(scene: Scene) -> None:
    row = {
        "id": scene.person, "workspace_id": scene.world.workspace_id, "contact_id": scene.person, "kind": "call",
        "title": "Call mark-note-xq7", "body": "mark-note-xq7", "state": "open", "dedupe_key": "t", "reason_code": "x",
        "reason_params": {}, "created_at": NOW,
    }  # fmt: skip
    with scene.world.database.write() as connection:
        connection.execute(tables.tasks.insert().values(**row))
    tasks.done(
        scene.world.database, scene.world.workspace_id, scene.person, "said mark-note-xq7", "system", NOW
    )


def test_nothing_of_an_erased_person_is_left_in_database_log_and_files(
    engine: Engine, clock: Clock, caught: CaughtMails, tmp_path: Path
) -> None:
    world = engine.world
    scene = live(engine, clock, tmp_path)
    clock.at = NOW + timedelta(minutes=5)
    tick_all(engine)
    # One hit is in the store by now, and one still lies in the spool of a web server that was ended.
    scene.spool.add(scene.hit(scene.extra["mail"], user_agent="mark-agent-xq7"))
    scene.spool.turn()
    stray = tmp_path / "inbound" / "stray.eml"
    stray.parent.mkdir()
    stray.write_text(f"To: {ADDRESS}\n\nmark-stray-xq7\n")
    planted = plant(world.database, world.workspace_id, scene.person, scene.extra["mail"], ADDRESS)
    before = found(world.database, tmp_path, MARKS | planted)
    assert MARKS | planted == set(before), "every mark is somewhere"
    assert caught.count() >= 1
    statistics = counts(world)

    erased = privacy.erase(world, scene.person, by="contact", why=f"{ADDRESS} asked for it", now=clock.at)

    assert erased is not None
    assert erased.left == ()
    clock.at += timedelta(minutes=11)
    tick_all(engine)
    world.database.empty_log()
    assert found(world.database, tmp_path, MARKS | planted) == {}
    assert counts(world) == statistics, "statistics stay"
    assert caught.count() == 0


def counts(world: object) -> dict[str, int]:
    """What reports count."""
    database: Database = world.database  # type: ignore[attr-defined]
    kept = (
        tables.contacts,
        tables.deliveries,
        tables.hits,
        tables.enrollments,
        tables.consent_entries,
        tables.attempts,
    )
    with database.read() as connection:
        return {table.name: len(connection.execute(select(table)).all()) for table in kept}


def test_an_import_does_not_bring_them_back_and_their_own_button_does(
    engine: Engine, clock: Clock, tmp_path: Path
) -> None:
    world = engine.world
    scene = live(engine, clock, tmp_path)
    privacy.erase(world, scene.person, by="system", why="asked", now=NOW)
    around = surroundings(world, NOW)
    (tmp_path / "again.csv").write_text(f"email\n{ADDRESS}\n")
    table = importing.read_table(tmp_path / "again.csv")
    mapping = importing.resolve_mapping(table.header, importing.suggest_mapping(table.header, []), {}, [], {})
    started = importing.start_import(
        world.database, world.workspace_id, tmp_path / "again.csv", mapping, importing.ImportOptions(), around, NOW
    )  # fmt: skip
    summary = importing.run_import(world.database, started, around, NOW)
    assert summary.counts["rejected"] == 1
    with world.database.read() as connection:
        said = connection.execute(
            select(tables.import_rows.c.reason_code).where(tables.import_rows.c.import_id == started)
        ).scalars()
        assert list(said) == ["import.row.erased"]
    assert find_contact(world.database, world.workspace_id, ADDRESS) is None
    form = joining.form_of(world, "guides", NOW)
    assert form is not None
    visit = joining.Visit("en", "198.51.100.7")
    assert joining.sign_up(world, form, form.topics, {"email": ADDRESS}, visit, NOW) == "taken"
    who = find_contact(world.database, world.workspace_id, ADDRESS)
    assert who is not None
    assert who != scene.person
    with world.database.read() as connection:
        request = connection.execute(
            select(tables.confirmations.c.id).where(tables.confirmations.c.contact_id == who)
        ).scalar_one()
    opened = asking.opened(world, world.keyring.seal_request(request), NOW)
    assert opened is not None
    assert joining.confirm(world, opened, visit, NOW)
    with world.database.read() as connection:
        live_ones = connection.execute(
            select(tables.suppressions).where(tables.suppressions.c.lifted_at.is_(None))
        ).all()
    assert live_ones == []
