"""Mails of every kind to contacts of every kind, sent for real and taken by a strict server once for all tests."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update

from app.core.ids import timed_id
from app.mail.journal import Journal
from app.mail.smtp import SmtpRoute
from app.mail.smtp_pool import SmtpPool
from app.services import dkim_keys
from app.services.running import run_due
from app.services.sending.worker import Sender
from app.services.world import World
from app.store import tables
from tests.services.authoring import content
from tests.support import line
from tests.support.databases import open_sqlite
from tests.support.line import NOW
from tests.support.strict_server import StrictServer, Taken, strict_server

OWNER, COMPANY = timed_id(NOW, b"owner     "), timed_id(NOW, b"company   ")
DOMAIN, BOUNCES, PUBLIC = "halden.example", "bounce.halden.example", "https://mail.halden.example"
HELLO = """\
---
kind: discovery
class: marketing
topics: [pricing]
subject: "{{ contact.first_name }}, twelve pages for {{ company.name }}"
preheader: "What we found in 41 buildings"
ask: means
fallbacks: {contact.first_name: there, contact.last_name: Friend, company.name: your house, contact.city: your town, contact.job_title: you, contact.link: none}
---
<mj-section><mj-column><mj-text>
Good morning {{ contact.first_name }} {{ contact.last_name }}, {{ contact.job_title }} in {{ contact.city }}.
Write to {{ contact.email }}? .
. A line of the text that begins with a dot.
<a href="https://example.com/guide?a=1&amp;b=2#part">Read the guide</a>
<a href="https://example.com/own?x={{ contact.link }}">Your page</a>
</mj-text><mj-image src="https://example.com/mark.png" alt="Our mark" href="https://example.com/mark"/>
<trellis-answers/></mj-column></mj-section>
"""
RECEIPT = """\
---
kind: discovery
class: service
topics: []
subject: "Your receipt"
repeat: true
---
<mj-section><mj-column><mj-text>Thank you. <a href="https://example.com/a">Read</a></mj-text></mj-column></mj-section>
"""
TASK = """\
---
kind: internal
class: internal
topics: []
subject: "{{ contact.name }}: {{ task.title }}"
repeat: true
---
<mj-section><mj-column><mj-text>{{ task.title }} <a href="{{ task.url }}">Open</a></mj-text></mj-column></mj-section>
"""
SEQUENCES = tuple(
    f"sequence: {key}\nfor: lead\ntopic: guides\nenter: {{on: person}}\nsteps:\n  - one: {step}\n  - pause: {{wait: 30 days}}\n"
    for key, step in (
        ("line", "{send: discovery/hello}"),
        ("receipt", "{send: discovery/receipt}"),
        ("tasks", "{task: Call them, kind: call, due: 1 working day}"),
    )
)
ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version")
LIST = ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID")
HOSTILE = "Eve\r\nBcc: all@evil.example\r\n\r\n<script>x()</script>\x00\x1b"
PEOPLE: Mapping[str, dict[str, Any]] = {
    "plain": {"first_name": "Ada", "last_name": "Lovelace", "city": "London", "job_title": "Countess"},
    "hostile": {
        "first_name": HOSTILE, "last_name": "=?utf-8?q?=0D=0ABcc:_all@evil.example?=",
        "city": "{{ 7 * 7 }}{% raw %} \u2028 \x85", "job_title": "=HYPERLINK(\"http://evil.example\")",
        "fields": {"link": "javascript:alert(document.cookie)"},
    },
    "accents": {"first_name": "Łukasz", "last_name": 'O\'Brien, "Jr." (Żółć)', "city": "Århus", "job_title": "雪印"},
    "long": {"first_name": "Á" * 300, "last_name": "word " * 60, "city": "x" * 2000, "job_title": "."},
    "empty": {"first_name": None, "last_name": None},
    "idn": {"first_name": "Bücher", "address": "info@bücher.example"},
    "local": {"first_name": "Jörg", "address": "jörg@example.com"},
    "percent": {"first_name": "{{ secret }} %s %(x)s {0}", "last_name": ".", "city": "=20=\t", "job_title": "..",
                "fields": {"link": "https://example.com/?q=a&b=ü#ö"}},
}  # fmt: skip


@dataclass
class Mail:
    """A mail that was taken, whose it is, and its text read by the standard library."""

    who: str
    kind: str
    delivery: UUID
    taken: Taken

    @property
    def data(self) -> bytes:
        return self.taken.data

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @cached_property
    def read(self) -> EmailMessage:
        message = message_from_bytes(self.data, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def fields(self) -> list[tuple[str, bytes]]:
        """Names and raw values, unfolded, in order; nothing decoded."""
        unfolded = re.sub(rb"\r\n(?=[ \t])", b"", self.head)
        split = (one.partition(b":") for one in unfolded.split(b"\r\n"))
        return [(name.decode(), value.strip()) for name, _, value in split]

    def values(self, name: str) -> list[bytes]:
        return [value for found, value in self.fields if found.lower() == name.lower()]

    def part(self, kind: str) -> str:
        body = self.read.get_body((kind,))
        assert body is not None
        return str(body.get_content())

    def __repr__(self) -> str:
        return f"{self.kind} to {self.who}"


def head_lines(mail: Mail, name: str) -> list[bytes]:
    """A field as it was written, its folds still in it."""
    found = re.search(rb"(?im)^%b:[^\r]*(?:\r\n[ \t][^\r]*)*" % name.encode(), mail.head)
    assert found is not None, (name, mail)
    return found[0].split(b"\r\n")


@dataclass
class Post:
    """The installation, the server, and what it took."""

    world: World
    server: StrictServer
    mails: list[Mail]
    keys: tuple[dkim_keys.Key, ...]

    def of(self, *kinds: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.kind in kinds]

    def one(self, who: str, kind: str = "marketing") -> Mail:
        (found,) = (mail for mail in self.mails if (mail.who, mail.kind) == (who, kind))
        return found

    @property
    def records(self) -> dict[str, str]:
        return {key.name: key.record for key in self.keys}

    def rows(self, table: str) -> list[Any]:
        with self.world.database.read() as connection:
            return list(connection.execute(select(getattr(tables, table))))

    def count(self, table: str) -> int:
        with self.world.database.read() as connection:
            return int(
                connection.execute(select(func.count()).select_from(getattr(tables, table))).scalar_one()
            )


def settle(world: World) -> dict[UUID, str]:
    """An owner, a company, keys and everybody of PEOPLE, each with three things due; their names by id."""
    here = {"workspace_id": world.workspace_id, "created_at": NOW}
    with world.database.write() as connection:
        connection.execute(insert(tables.users).values(
            id=OWNER, email="marta@halden.example", name='Märta, "the" Lindqvist', title="Advice", signature="M",
            role="marketer", may_publish=False, may_send=False, must_change_password=False, failed_sign_ins=0, **here,
        ))  # fmt: skip
        connection.execute(insert(tables.companies).values(
            id=COMPANY, domain="engines.example", name="Analytical, Engines & Söhne", fields={}, **here,
        ))  # fmt: skip
    names = {}
    for number, (name, columns) in enumerate(PEOPLE.items()):
        columns = dict(columns)
        address, fields = columns.pop("address", None), columns.pop("fields", {})
        company = None if name == "empty" else COMPANY
        (who,) = line.people(world, 1, first=number, owner_id=OWNER, company_id=company, **columns)
        names[who] = name
        with world.database.write() as connection:
            connection.execute(
                update(tables.contacts).where(tables.contacts.c.id == who).values(fields=fields)
            )
            if address:
                connection.execute(
                    update(tables.identities)
                    .where(tables.identities.c.contact_id == who)
                    .values(value=address, shown_as=address)
                )
        for minutes, sequence in enumerate(("line", "receipt", "tasks")):
            line.enroll(world, [who], sequence, NOW - timedelta(minutes=minutes))
    while run_due(world, NOW).taken:
        pass
    return names


def lay(folder: Path, template: Path, **settings: Any) -> World:
    database = open_sqlite(template, folder / "trellis.db")
    mails = {"discovery/hello": HELLO, "discovery/receipt": RECEIPT, "internal/task": TASK}
    return line.lay(
        database, folder, sequences=SEQUENCES, mails=mails, base_url=PUBLIC, bounce_domain=BOUNCES,
        lifecycle=content.LIFECYCLE.replace("caps: [1 a day, 3 a week]", "caps: [9 a day]"), **settings,
    )  # fmt: skip


def send(world: World, folder: Path, port: int, at: datetime = NOW) -> None:
    pool = SmtpPool(SmtpRoute("127.0.0.1", port, "none", timeout=10), 1)
    journal = Journal(folder / "journal", "main")
    try:
        Sender(world, pool, journal, lambda: at, connections=1).send_due()
    finally:
        pool.close()
        journal.close()


def received(world: World, server: StrictServer, names: Mapping[UUID, str]) -> list[Mail]:
    """Which delivery each mail is, by the Message-ID made of its id."""
    ids = {}
    with world.database.read() as connection:
        for row in connection.execute(select(tables.deliveries)):
            ids[world.keyring.seal_envelope(row.id)] = row
    found = []
    for taken in server.taken:
        token = re.search(rb"(?m)^Message-ID: <([^@>]+)@", taken.data)
        assert token is not None
        row = ids[token[1].decode()]
        found.append(Mail(names[row.contact_id], row.message_class, row.id, taken))
    return found


@pytest.fixture(scope="session")
def post(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Post]:
    folder = tmp_path_factory.mktemp("contract")
    world = lay(folder, sqlite_template)
    keys = dkim_keys.make(world, DOMAIN, NOW)
    for key in keys:
        dkim_keys.activate(world, key, NOW)
    names = settle(world)
    with strict_server() as server:
        send(world, folder, server.port)
        yield Post(world, server, received(world, server, names), keys)
    world.database.close()
