"""A whole installation under attack: a programme, a mail with links and a question, a team, caught mails."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.core.ids import timed_id
from app.factory import create_app
from app.services import (
    account_mails,
    bulk_acts,
    colleagues,
    companies,
    custom_fields,
    hook_subscriptions,
    merging,
    saved_views,
)
from app.services.broadcasts.deciding import Wish as BroadcastWish
from app.services.broadcasts.deciding import draft
from app.services.dkim_keys import make
from app.services.importing import ImportOptions, drafts, jobs
from app.services.privacy.asking import HOLDS, write_request
from app.services.returned import accept, read_due
from app.services.segments.changing import publish
from app.services.segments.reading import fields_of
from app.services.suppressions import Asked, add, find
from app.services.users import Wish
from app.services.viewing import Place, people
from app.store import account_mails as account_rows
from app.store import tables
from app.store.caught import CaughtMails
from app.store.database import Database
from tests.services.authoring import content
from tests.services.signals.conftest import Scene, lay_scene
from tests.support.joining import FORM
from tests.support.library import PDF, piece, write_pieces
from tests.support.line import NOW, enroll
from tests.support.line import people as people_of
from tests.support.seed import PASSWORD_HASH
from tests.web.conftest import Browser, signed_in
from tests.web.recipients.conftest import Visitor

ROLES = ("admin", "marketer", "sales", "viewer")
# A title is one line of YAML between quotes.
HOSTILE_PIECE = "'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}{% raw %}"
SEGMENT = 'segment: warm\nlabel: "\'><script>alert(1)</script>{{7*7}}"\nif: {tag: "<b>"}\n'
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}{% raw %}=1+1"


@dataclass(slots=True)
class Site:
    """`visitor` follows the links of one mail; `as_role` is somebody of the team, `stranger` nobody."""

    scene: Scene
    app: Flask
    visitor: Visitor
    caught: CaughtMails
    returned: UUID
    request: str
    mail: UUID
    suppression: UUID
    invitation: UUID
    colleague: UUID
    draft: UUID
    imported: UUID
    field: UUID
    task: UUID
    stay: UUID
    broadcast: UUID
    bulk_act: UUID
    view: UUID
    receiver: UUID
    call: UUID
    twins: tuple[UUID, UUID]
    company: UUID

    def as_role(self, role: str) -> Browser:
        return signed_in(self.app, role)

    def stranger(self) -> Browser:
        return Browser(self.app.test_client())

    def paths(self) -> dict[str, str]:
        """A working address for every route that answers a GET, by its endpoint."""
        track, manage = self.visitor.track, self.visitor.manage()
        known = {
            "static": "/static/tokens.css",
            "htmx": "/static/htmx.js",
            "recipients.static": "/r/recipients.css",
            "talks.show": f"/contacts/{self.scene.person}/talk",
            "tasks.show": f"/tasks/{self.task}",
            "contacts.show": f"/contacts/{self.scene.person}",
            **{
                f"contact.{page}": f"/contacts/{self.scene.person}/{path}"
                for page, path in (
                    ("ways", "move"),
                    ("doors", "enroll"),
                    ("holding", "hold"),
                    ("facts", "facts"),
                    ("consents", "consents"),
                    ("why", "why?mail=discovery/hello"),
                    ("stay", f"stays/{self.stay}"),
                )
            },
            "merging.find": f"/contacts/{self.scene.person}/merge",
            "merging.compare": f"/contacts/{self.scene.person}/merge/{self.twins[0]}",
            "merging.parting": f"/contacts/{self.scene.person}/merged/{self.twins[1]}",
            "companies.show": f"/companies/{self.company}",
            "companies.edit": f"/companies/{self.company}/edit",
            "acting.prepare": f"/contacts/acts/new?act=tag&give_tag=fair&who={self.scene.person}",
            "acting.show": f"/contacts/acts/{self.bulk_act}",
            "views.show": f"/contacts/views/{self.view}",
            "sequences.show": "/sequences/line",
            "sequences.write": "/sequences/line/text",
            "sequences.prepare": "/sequences/line/publish",
            "sequences.running": "/sequences/line/running",
            "templates.show": "/templates/of/discovery/hello",
            "templates.html": "/templates/html/discovery/hello",
            "templates.prepare": "/templates/publish/discovery/hello",
            "templates.history": "/templates/versions/discovery/hello",
            "sequences.history": "/sequences/line/versions",
            "broadcasts.show": f"/broadcasts/{self.broadcast}",
            "broadcasts.edit": f"/broadcasts/{self.broadcast}/edit",
            "segments.show": "/segments/of/warm",
            "segments.edit": "/segments/of/warm/edit",
            "catcher.show": "/catcher/1",
            "catcher.html": "/catcher/1/html",
            "returned.show": f"/returned/{self.returned}",
            "returned.raw": f"/returned/{self.returned}/raw",
            "deliveries.show": f"/deliveries/{self.mail}",
            "outgoing.show": f"/outgoing/calls/{self.call}",
            "outgoing.receiver": f"/outgoing/receivers/{self.receiver}",
            "senders.show": f"/senders/one?address={self.scene.world.settings.sender_address}",
            "keys.show": "/senders/keys/one?domain=halden.example&selector=m1",
            "colleagues.show": f"/colleagues/{self.colleague}",
            "rules.show": "/settings/lifecycle",
            "rules.version": "/settings/lifecycle/versions/1",
            "fields.show": f"/settings/fields/{self.field}",
            "entry.invited": "/invited/invite-link",
            "entry.reset": "/reset/reset-link",
            "entry.code": "/sign-in/code",
            "suppressions.show": f"/suppressions/{self.suppression}",
            **{
                f"imports.{step}": f"/imports/{self.draft}/{step}"
                for step in ("columns", "left", "options", "progress")
            },
            "imports.show": f"/imports/{self.imported}",
            "imports.results": f"/imports/{self.imported}/results.csv",
            "recipients.follow": f"/c/{track}/1",
            "recipients.ask": f"/a/{manage}/100",
            "recipients.join": "/join/guides",
            "recipients.recommended": f"/i/{self.scene.world.keyring.seal_referral(self.scene.person)}",
            "recipients.read": "/library/heat",
            "recipients.document": "/library/heat.pdf",
            "recipients.file": "/library/heat/heat.pdf",
            "library.show": "/pieces/of/heat",
            "recipients.confirming": f"/k/{self.request}",
        }
        for rule in self.app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and rule.endpoint not in known:
                known[rule.endpoint] = rule.rule.replace("<token>", manage)
        assert not [path for path in known.values() if "<" in path], "a route without an address here"
        return known


@pytest.fixture(autouse=True)
def no_time_for_passwords(quick_passwords: None) -> None:
    """Most tests sign somebody in."""


@pytest.fixture
def caught(tmp_path: Path) -> Iterator[CaughtMails]:
    mails = CaughtMails(tmp_path / "caught.db")
    yield mails
    mails.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.prove)])
def database(request: pytest.FixtureRequest) -> Database:
    """What is attacked here are pages: on PostgreSQL they are so in the deep rounds."""
    chosen: Database = request.getfixturevalue(
        "sqlite_database" if request.param == "sqlite" else "postgres_database"
    )
    return chosen


@pytest.fixture
def site(database: Database, tmp_path: Path, caught: CaughtMails) -> Site:
    return lay_site(database, tmp_path, caught)


def lay_site(database: Database, folder: Path, caught: CaughtMails) -> Site:
    """In an empty database."""
    write_pieces(folder / "content", {"heat.md": piece(HOSTILE_PIECE, file="heat.pdf"), "heat.pdf": PDF})
    scene = lay_scene(database, folder, secret_key="k" * 32, lifecycle=content.LIFECYCLE + FORM)
    [stay] = enroll(scene.world, [scene.person], due_at=NOW + timedelta(days=1))
    colleague = _team(scene)
    invitation = _links(scene, colleague)
    raw = (
        f"From: a@x.example\r\nTo: b@x.example\r\nSubject: {HOSTILE}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        f"<p>{HOSTILE}</p><meta http-equiv=refresh content='0;url=https://evil.example/'>"
    )
    caught.add("a@x.example", [f"{HOSTILE}@x.example"], raw.encode(), NOW)
    returned = accept(scene.world, raw.encode(), "pipe", NOW, recipient=f"{HOSTILE}@x.example").id
    while read_due(scene.world, NOW):
        pass
    add(scene.world, "address", "gone@x.example", HOSTILE, None, NOW)
    make(scene.world, "halden.example", NOW, selector="m1", algorithms=("ed25519",))
    [suppression], _ = find(scene.world, Asked("gone@x.example"), 10)
    publish(scene.world, SEGMENT, fields_of(scene.world), NOW, None, base=0)
    wish = BroadcastWish(HOSTILE[:100], "discovery/hello", "warm", "guides")
    broadcast = draft(scene.world, wish, NOW, None)
    wanted = hook_subscriptions.Wish(
        HOSTILE[:80], f"https://hooks.example/?{HOSTILE[:3]}", ("stage_entered",)
    )
    receiver = hook_subscriptions.add(scene.world, wanted, None, NOW)
    mail = scene.delivery()
    visitor: Visitor
    app = create_app(scene.world.settings, database, caught, lambda: visitor.at, scene.world)
    visitor = Visitor(scene, app, app.test_client(use_cookies=False), mail)
    return Site(
        scene, app, visitor, caught, returned, _request(scene), mail, suppression.id, invitation, colleague,
        *_imports(scene),
        _field(scene), _task(scene), stay, broadcast, _bulk_act(scene, colleague), _view(scene, colleague),
        receiver, _call(scene),
        _twins(scene),
        _company(scene),
    )  # fmt: skip


def _field(scene: Scene) -> UUID:
    """A custom field with a hostile title and hostile choices."""
    wish = {
        "subject": "contact",
        "key": "flats",
        "label": HOSTILE[:80],
        "type": "choice",
        "choices": HOSTILE[:80],
    }
    return custom_fields.add(scene.world, wish, NOW, None).id


def _company(scene: Scene) -> UUID:
    """A company with a hostile name, and the person of the scene in it."""
    company, _ = companies.make(scene.world, HOSTILE, "", None, NOW)
    companies.put_in(scene.world, company, "person0@example.com", "system", NOW)
    return company


def _bulk_act(scene: Scene, by: UUID) -> UUID:
    """A tag given to everybody, under a hostile name; it waits for its first batch."""
    wish = bulk_acts.Wish("tag", tag=HOSTILE[:60].replace(",", " "))
    return bulk_acts.begin(scene.world, "a form of its own", wish, bulk_acts.Chosen(people.Asked()), NOW, by)


def _twins(scene: Scene) -> tuple[UUID, UUID]:
    """Somebody with a hostile name who may be the person of the scene, and the merge of another one into them."""
    twin, merged = people_of(scene.world, 2, first=50, last_name=HOSTILE)
    return twin, merging.merge(scene.world, scene.person, merged, "system", NOW)


def _view(scene: Scene, by: UUID) -> UUID:
    """A view of the list that the viewer shares, with a hostile title and a hostile search."""
    place = Place(scene.world.database, scene.world.workspace_id, None)
    view = saved_views.save(place, HOSTILE[:80], people.Asked(text=HOSTILE), NOW, by)
    saved_views.share(place, view, 1, True, NOW, by)
    return view


def _call(scene: Scene) -> UUID:
    """A call that was given up, with hostile things in it."""
    row = {
        "id": timed_id(NOW, b"call------"), "workspace_id": scene.world.workspace_id, "contact_id": scene.person,
        "dedupe_key": "call", "url": "https://hooks.example/in", "payload": {"event": "visited", "subject": HOSTILE},
        "state": "dead", "due_at": NOW, "attempts": 10, "response": HOSTILE, "reason_code": "hook.refused",
        "reason_params": {"to": HOSTILE, "status": 410}, "created_at": NOW, "ended_at": NOW,
    }  # fmt: skip
    with scene.world.database.write() as connection:
        connection.execute(insert(tables.web_calls).values(row))
    return UUID(str(row["id"]))


def _request(scene: Scene) -> str:
    """The token in a mail that asks for a confirmation."""
    with scene.world.database.write() as connection:
        request = write_request(
            connection, scene.world, "erase", scene.person, "person0@example.com", "", {}, NOW, HOLDS
        )
    return scene.world.keyring.seal_request(request)


def _task(scene: Scene) -> UUID:
    """An open task about the person of the scene, with hostile words."""
    row = {
        "id": timed_id(NOW, b"task------"), "workspace_id": scene.world.workspace_id, "contact_id": scene.person,
        "kind": HOSTILE, "title": HOSTILE, "body": HOSTILE, "due_at": NOW, "state": "open", "dedupe_key": "task",
        "reason_code": "task.by_step", "reason_params": {"step": HOSTILE, "sequence": HOSTILE}, "created_at": NOW,
    }  # fmt: skip
    with scene.world.database.write() as connection:
        connection.execute(insert(tables.tasks).values(row))
    return UUID(str(row["id"]))


def _imports(scene: Scene) -> tuple[UUID, UUID]:
    """A file whose columns are asked about, and one that came in; both say hostile things."""
    world, quoted = scene.world, HOSTILE.replace('"', '""')
    content = f'email,"{quoted}"\nhostile@x.example,"{quoted}"\n"{quoted}",x\n'.encode()
    with world.database.read() as connection:
        by = connection.execute(select(tables.users.c.id).limit(1)).scalar_one()
    made = [drafts.upload(world, BytesIO(content), f"{HOSTILE}.csv", by, NOW) for _ in range(2)]

    def shown() -> drafts.Shown:
        found = drafts.find(world, made[1])
        assert found is not None
        return found

    drafts.set_columns(world, shown(), 0, ["email", "city"], {})
    drafts.set_left(world, shown(), 1, "nobody")
    drafts.set_options(world, shown(), 2, ImportOptions(), NOW)
    drafts.ask_check(world, shown(), 3)
    jobs.work(world, lambda: NOW)
    drafts.confirm(world, shown(), 4, by, NOW)
    jobs.work(world, lambda: NOW)
    return made[0], made[1]


def _team(scene: Scene) -> UUID:
    """One of each role; the id of the viewer."""
    rows = [
        {
            "id": timed_id(NOW, b"user" + role[:6].encode().ljust(6)), "workspace_id": scene.world.workspace_id,
            "email": f"{role}@halden.example", "name": role.capitalize(), "title": "", "signature": "",
            "password_hash": PASSWORD_HASH, "role": role, "may_publish": role == "admin", "may_send": role == "admin",
            "must_change_password": False, "failed_sign_ins": 0, "created_at": NOW,
        }
        for role in ROLES
    ]  # fmt: skip
    with scene.world.database.write() as connection:
        connection.execute(insert(tables.users), rows)
    return UUID(str(rows[-1]["id"]))


def _links(scene: Scene, colleague: UUID) -> UUID:
    """An invitation and a link for a new password, as their mails hold them: `invite-link` and `reset-link`."""
    world = scene.world
    invitation = colleagues.invite(world, "ada@halden.example", Wish(name="Ada", role="sales"), NOW, None).id
    with world.database.write() as connection:
        reset = account_mails.ask(connection, world, "reset", "viewer@halden.example", NOW, user_id=colleague)
        for mail, kind in ((invitation, "invite"), (reset, "reset")):
            account_rows.change(
                connection, mail, token_hash=account_mails.digest(f"{kind}-link"), due_at=None, sent_at=NOW
            )
    return invitation
