"""For each rule of the gate: the mail does not go, `explain` names the change, it is made, and the mail goes."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, update

from app.core import gate
from app.core.explain import Change, in_the_way, verdicts
from app.core.facts import Facts
from app.core.ids import content_id
from app.core.reasons import Reason
from app.services import explaining
from app.services.authoring.applying import apply
from app.services.authoring.sources import load_folder
from app.services.enrolling import ask_admission
from app.services.explaining import MailExplained, Words
from app.services.ids import new_id
from app.services.stages import StageMove, move_stage
from app.services.suppressing import suppress
from app.services.world import World, open_world
from app.store import definitions
from app.store.database import Database
from app.store.tables import (
    consents,
    contact_tags,
    contacts,
    deliveries,
    events,
    identities,
    sender_states,
    suppressions,
    workspaces,
)  # fmt: skip
from config import Settings
from tests.core.test_gate import mail as gate_mail
from tests.scenarios.living import FOLDER, Life, install
from tests.scenarios.small_programme import write
from tests.services.authoring.content import mail as template
from tests.support.databases import open_sqlite
from tests.support.people import WORKSPACE, write_people
from tests.support.smtp_server import ScriptedServer

HELLO = "discovery/hello"
WHO = UUID("019c0dbf-8060-7000-8000-00000000000d")
ADDRESS = "ines@example.com"
# Six in the morning in Copenhagen: the window opens at half past eight.
DAWN = datetime(2026, 3, 17, 5, 0, tzinfo=UTC)
OPEN = datetime(2026, 3, 17, 7, 30, tzinfo=UTC)
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
LATER = timedelta(hours=4)
PLAIN = """\
sequence: plain
for: lead
topic: guides
enter: {on: person}
again: always
window: {days: mon-fri, from: "08:30", to: "17:30", zone: contact}
goal: {tag: bought}
exit: [replied, {tag: competitor}]
late: 2 hours
steps:
  - hello: {send: discovery/hello}
"""


@pytest.fixture(scope="module")
def installed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the programme and one contact, to be copied for each rule."""
    folder = tmp_path_factory.mktemp("installed")
    database = open_sqlite(sqlite_template, folder / "trellis.db")
    files = {"sequences/discovery/plain.yaml": PLAIN}
    world = install(database, folder, DAWN, lambda content: write(content, files))
    fields = {"zone": "Europe/Copenhagen", "country": "DK", "email": ADDRESS}
    with database.write() as connection:
        healthy = Facts(WHO, "lead", DAWN, fields, consents={"guides": "given"})
        write_people(connection, [healthy], world.library.catalogue(DAWN).rules.lifecycle.key)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return folder


class Scene:
    """The copied installation, with everything a person may do to it."""

    def __init__(self, life: Life, server: ScriptedServer, folder: Path) -> None:
        self.life, self.server, self.folder = life, server, folder
        self.world: World = life.world

    @property
    def now(self) -> datetime:
        return self.life.clock.now

    def enter(self) -> None:
        version = self.world.library.catalogue(self.now).sequences["plain"]
        with self.world.database.write() as connection:
            ask_admission(
                connection, WORKSPACE, version.definition_id, WHO, trigger="person", occasion=str(new_id(self.now)),
                reason=Reason("enroll.person"), now=self.now,
            )  # fmt: skip
        self.tick()

    def tick(self) -> None:
        self.life.live_until(self.now)

    def wait(self, until: datetime) -> None:
        self.life.live_until(until)

    def write(self, *statements: Any) -> None:
        with self.world.database.write() as connection:
            for statement in statements:
                connection.execute(statement)

    def tag(self, tag: str, present: bool) -> None:
        if present:
            row = {"contact_id": WHO, "workspace_id": WORKSPACE, "tag": tag, "added_at": self.now}
            self.write(insert(contact_tags).values(**row))
        else:
            self.write(delete(contact_tags).where(contact_tags.c.tag == tag))
        self.write(update(contacts).values(judge_due_at=self.now))
        self.tick()

    def move(self, stage: str) -> None:
        rules = self.world.library.catalogue(self.now).rules
        with self.world.database.write() as connection:
            move = StageMove(WHO, stage, Reason("stage.by_person"), "person", "user")
            assert move_stage(connection, WORKSPACE, rules.lifecycle, move, self.now) is None
        self.tick()

    def turn(self, state: str) -> None:
        definition_id = self.world.library.catalogue(self.now).sequences["plain"].definition_id
        with self.world.database.write() as connection:
            definitions.set_state(connection, definition_id, state, self.now)
        self.tick()

    def stop(self, stopped: bool) -> None:
        self.write(update(workspaces).values(stopped_at=self.now if stopped else None))
        self.tick()

    def publish(self, path: str, text: str) -> None:
        content = self.folder / FOLDER
        (content / path).write_text(text)
        apply(self.world.database, WORKSPACE, load_folder(content), self.world.settings, self.now, force=True)

    def mails(self) -> int:
        return len(self.server.received)

    def explained(self) -> MailExplained:
        return explaining.mail(self.world, WHO, HELLO, self.now)[0]


@pytest.fixture
def scene(installed: Path, tmp_path: Path) -> Iterator[Scene]:
    shutil.copytree(installed, tmp_path, dirs_exist_ok=True)
    database = Database(f"sqlite:///{tmp_path / 'trellis.db'}")
    settings = Settings(
        data_dir=tmp_path, content_dir=tmp_path / FOLDER, batch_size=1000, smtp_connections=1, _env_file=None
    )  # type: ignore[call-arg]
    world = open_world(database, WORKSPACE, settings)
    with ScriptedServer() as server:
        life = Life(world, server.port, tmp_path, DAWN, lambda contact_id, line: ())
        yield Scene(life, server, tmp_path)
        life.close()
    database.close()


# What stands in the mail's way, each in a contact who would get it otherwise.


def _at_dawn(act: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """The mail is planned at dawn for the morning; in between something happens."""

    def arrange(scene: Scene) -> None:
        scene.enter()
        act(scene)
        scene.wait(OPEN)

    return arrange


def _before(act: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """Something is so already when the mail is planned."""

    def arrange(scene: Scene) -> None:
        scene.wait(OPEN)
        act(scene)
        scene.enter()

    return arrange


def _replies(scene: Scene) -> None:
    row = {
        "id": content_id(scene.now, "test", "reply"), "workspace_id": WORKSPACE, "contact_id": WHO, "kind": "replied",
        "subject": HELLO, "topics": "", "verdict": "human", "source": "inbound", "occurred_at": scene.now,
        "received_at": scene.now, "failures": 0, "payload": {},
    }  # fmt: skip
    scene.write(insert(events).values(**row))
    scene.tick()


def _suppressed(scene: Scene) -> None:
    with scene.world.database.write() as connection:
        suppress(
            connection, scene.world, scope="address", value=ADDRESS, reason=Reason("suppressed.no_mailbox"),
            source="smtp", now=scene.now, contact_id=WHO,
        )  # fmt: skip


def _had_it(scene: Scene) -> None:
    scene.wait(OPEN)
    scene.enter()
    assert scene.mails() == 1
    scene.wait(OPEN + timedelta(days=2))
    scene.enter()


def _stopped_too_long(scene: Scene) -> None:
    scene.stop(True)
    scene.enter()
    scene.wait(OPEN + LATER)


def _sick_sender(scene: Scene) -> None:
    settings = scene.world.settings
    scene.write(
        insert(sender_states).values(
            workspace_id=WORKSPACE, sender=settings.sender_address, problem_until=OPEN + timedelta(hours=1), problems=1,
            reason_code="sender.paused", reason_params={}, at=scene.now,
        )
    )  # fmt: skip


def _mailed_today(scene: Scene) -> None:
    """A mail of last evening, from elsewhere, fills the cap of the day until a quarter past eight."""
    at = OPEN - timedelta(hours=23)
    row = {
        "id": new_id(at), "workspace_id": WORKSPACE, "contact_id": WHO, "dedupe_key": "other",
        "message_class": "marketing", "content_kind": "discovery", "template": "discovery/case", "priority": 50,
        "once": True, "state": "accepted", "due_at": at, "planned_at": at, "accepted_at": at, "attempts": 1,
        "reason_code": "mail.accepted", "reason_params": {},
    }  # fmt: skip
    scene.write(insert(deliveries).values(**row))


OBSTACLES: Mapping[str, Callable[[Scene], None]] = {
    "enrollment": _at_dawn(_replies),
    "archived": _at_dawn(lambda scene: scene.turn("archived")),
    "goal": _at_dawn(lambda scene: scene.tag("bought", True)),
    "exits": _at_dawn(lambda scene: scene.tag("competitor", True)),
    "address": _before(lambda scene: scene.write(delete(identities))),
    "suppression": _before(_suppressed),
    "consent": _before(lambda scene: scene.write(delete(consents))),
    "stage": _before(lambda scene: scene.move("prospect")),
    "once": _had_it,
    "late": _stopped_too_long,
    "stopped": _before(lambda scene: scene.stop(True)),
    "sender": _before(_sick_sender),
    "sequence": _at_dawn(lambda scene: scene.turn("paused")),
    "pause": _before(lambda scene: scene.write(update(contacts).values(paused_until=OPEN + timedelta(hours=1)))),
    "away": _before(lambda scene: scene.write(update(contacts).values(away_until=OPEN + timedelta(hours=1)))),
    "cap": _before(_mailed_today),
    "window": lambda scene: scene.enter(),
}  # fmt: skip

# What nothing in the product sets yet; the rule is there, and its change is made on the facts of the mail.
ON_FACTS: Mapping[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "holdout": ({"holdout": True}, "release_from_holdout", {"holdout": False}),
    "person": ({"person_has_word": Reason("gate.person")}, "let_machine_speak", {"person_has_word": None}),
}


# What explain may name, carried out to the letter.


def _give_address(scene: Scene, params: Mapping[str, Any]) -> None:
    row = {"id": new_id(scene.now), "workspace_id": WORKSPACE, "contact_id": WHO, "kind": "email", "value": ADDRESS,
           "shown_as": ADDRESS, "is_primary": True, "created_at": scene.now}  # fmt: skip
    scene.write(insert(identities).values(**row))


def _lift(scene: Scene, params: Mapping[str, Any]) -> None:
    scene.write(
        update(suppressions).where(suppressions.c.scope == params["scope"]).values(lifted_at=scene.now)
    )


def _consent(scene: Scene, params: Mapping[str, Any]) -> None:
    scene.write(
        insert(consents).values(
            contact_id=WHO, workspace_id=WORKSPACE, purpose=params["topic"], state="given", basis="form", at=scene.now
        )
    )  # fmt: skip


def _repeat(scene: Scene, params: Mapping[str, Any]) -> None:
    scene.publish(f"email_templates/{params['template']}.mjml", template(more="repeat: true\n"))


MADE: Mapping[str, Callable[[Scene, Mapping[str, Any]], None]] = {
    "wait": lambda scene, params: scene.wait(datetime.fromisoformat(params["until"])),
    "give_address": _give_address,
    "lift_suppression": _lift,
    "give_consent": _consent,
    "move_stage": lambda scene, params: scene.move(params["to"][0]),
    "repeat_template": _repeat,
    "bring_back_sequence": lambda scene, params: scene.turn("live"),
    "resume_sequence": lambda scene, params: scene.turn("live"),
    "resume_sending": lambda scene, params: scene.stop(False),
    "remove_tag": lambda scene, params: scene.tag(params["tag"], False),
    "enroll_again": lambda scene, params: scene.enter(),
}


def test_every_rule_of_the_gate_has_its_scenario() -> None:
    assert {rule.__name__ for rule in gate.RULES} == {*OBSTACLES, *ON_FACTS}


def test_without_an_obstacle_the_mail_goes(scene: Scene) -> None:
    scene.wait(OPEN)
    scene.enter()
    assert scene.mails() == 1


@pytest.mark.parametrize("rule", OBSTACLES)
def test_the_change_that_explain_names_lets_the_mail_go(scene: Scene, rule: str) -> None:
    OBSTACLES[rule](scene)
    before = scene.mails()
    told = scene.explained()

    assert not told.goes
    objections = {verdict.rule: verdict for verdict in told.verdicts if verdict.reason is not None}
    assert objections[rule].changes
    assert not [line for line in Words(COPENHAGEN).mail(told) if "change." in line]
    scene.tick()
    assert scene.mails() == before, "nothing was changed yet"
    for change in _in_order(told.changes):
        MADE[change.kind](scene, change.params)
    # What a person held back is looked at again within minutes.
    scene.wait(scene.now + gate.RECHECK)

    assert scene.mails() == before + 1
    assert scene.server.received[-1].recipient == ADDRESS


def _in_order(changes: tuple[Change, ...]) -> list[Change]:
    """Whoever is to enter again does so when everything else is in place."""
    return sorted(changes, key=lambda change: change.kind.startswith("enroll"))


@pytest.mark.parametrize("rule", ON_FACTS)
def test_a_rule_that_nothing_sets_yet_names_its_change_too(rule: str) -> None:
    facts, kind, undone = ON_FACTS[rule]
    held = replace(gate_mail(), **facts)
    now = held.planned_at
    found = verdicts(held, now)
    assert [change.kind for change in in_the_way(found)] == [kind]
    assert in_the_way(verdicts(replace(held, **undone), now)) == []
