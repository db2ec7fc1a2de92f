"""The starters in English, four kinds of people, and a clock: what each of them gets, mail by mail."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from app.core.facts import Facts, Happening, Measure
from app.core.simulator import Response
from app.services.gathering import gather
from app.services.starting import add_starter_fields
from app.services.world import World
from app.store.database import Database
from app.store.tables import definitions, deliveries, enrollments, tasks, timeline, users
from config import ROOT
from tests.scenarios.living import Life, install
from tests.support.people import WORKSPACE, write_people
from tests.support.smtp_server import ScriptedServer

BEGIN = datetime(2026, 1, 12, 8, 0, tzinfo=UTC)  # a Monday, nine in Copenhagen
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
DAY = timedelta(days=1)
CONSENTS = {"guides": "given", "offers": "given", "news": "given"}
OWNER = "jonas@halden.example"

# What somebody does after a mail: its template, and what happens how long after it came.
Doings = Mapping[str, Sequence[Response]]


def after(
    kind: str,
    subject: str = "",
    *,
    days: float = 0,
    hours: float = 2,
    topics: Sequence[str] = (),
    **payload: Any,
) -> Response:
    """Something that a person does so long after a mail came."""
    return Response(timedelta(days=days, hours=hours), kind, subject, tuple(topics), payload=payload)


def click(template: str, *topics: str, days: float = 0) -> Response:
    return after("clicked", template, topics=topics, days=days)


def answer(criterion: str, value: str, days: float = 0) -> Response:
    return after("answered", criterion, days=days, answer=value)


@dataclass(frozen=True)
class Somebody:
    """A manager of 900 apartments in Denmark who agreed to everything, unless it says otherwise."""

    name: str
    stage: str
    does: Doings = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    consents: Mapping[str, str] = field(default_factory=lambda: CONSENTS)
    interests: Mapping[str, float] = field(default_factory=dict)
    did: Sequence[Happening] = ()

    @property
    def id(self) -> UUID:
        return uuid5(WORKSPACE, self.name)

    @property
    def address(self) -> str:
        return f"{self.name}@example.com"

    def facts(self) -> Facts:
        fields = {
            "email": self.address, "first_name": self.name.capitalize(), "owner": OWNER, "country": "DK",
            "zone": "Europe/Copenhagen", "job_title": "Manager", "company.name": "Lindehaven", "company.domain": f"{self.name}.example",
            "company.industry": "housing association", "company.apartments": 900, **self.fields,
        }  # fmt: skip
        entered = Happening("stage_entered", self.stage, BEGIN)
        return Facts(
            self.id, self.stage, BEGIN, fields, self.tags, consents=self.consents, happenings=[*self.did, entered],
            interests={topic: Measure(worth, BEGIN, 45 * DAY) for topic, worth in self.interests.items()},
        )  # fmt: skip


class House:
    """An installation in which these people live, from the same Monday on."""

    def __init__(self, life: Life, people: Sequence[Somebody], server: ScriptedServer) -> None:
        self.life = life
        self.people = people
        self.server = server

    def live(self, days: int) -> None:
        """So many days from the beginning; each morning it is looked who came into a segment."""
        for day in range(days):
            gather(self.life.world, BEGIN + day * DAY)
            self.life.live_until(BEGIN + (day + 1) * DAY)

    def rows(self, table: Any, who: Somebody | None = None, **wanted: Any) -> list[Any]:
        query = select(table).where(*(table.c[name] == value for name, value in wanted.items()))
        if who is not None:
            query = query.where(table.c.contact_id == who.id)
        with self.life.world.database.read() as connection:
            return list(connection.execute(query).all())

    def sent(self, who: Somebody) -> list[Any]:
        """Their deliveries that were accepted, in their order."""
        found = self.rows(deliveries, who, state="accepted", recipient_user_id=None)
        return sorted(found, key=lambda row: row.accepted_at)

    def mails(self, who: Somebody) -> list[str]:
        """The day on their clock and the template of each, such as "Mon 12 Jan decision/case"."""
        days = [row.accepted_at.astimezone(COPENHAGEN) for row in self.sent(who)]
        return [
            f"{at:%a} {at.day} {at:%b} {row.template}" for at, row in zip(days, self.sent(who), strict=True)
        ]

    def letters(self, who: Somebody) -> list[EmailMessage]:
        """The bytes that went out to them, in the order of `sent`."""
        raw = [one.data for one in self.server.received if one.recipient == who.address]
        found = [message_from_bytes(one, policy=policy.default) for one in raw]
        return [one for one in found if isinstance(one, EmailMessage)]

    def tasks(self, who: Somebody) -> list[str]:
        return [row.title for row in sorted(self.rows(tasks, who), key=lambda row: row.id)]

    def stages(self, who: Somebody) -> list[str]:
        """Where they began, and each stage they were moved to."""
        moves = sorted(self.rows(timeline, who, kind="stage"), key=lambda row: (row.at, row.id))
        return [who.stage, *(row.params["to"] for row in moves)]

    def stays(self, who: Somebody) -> list[tuple[str, str]]:
        """The sequences they were in, and how each stay ended (its state while it lasts)."""
        named = {row.id: row.key for row in self.rows(definitions, kind="sequence")}
        found = sorted(self.rows(enrollments, who), key=lambda row: (row.entered_at, row.id))
        return [
            (named[row.definition_id], row.reason_code if row.state == "ended" else row.state)
            for row in found
        ]


def write_starters(folder: Path) -> Path:
    """The content that ships, without its translations."""
    for part in ("sequences", "email_templates"):
        shutil.copytree(ROOT / part, folder / part, ignore=_translations)
    return folder


def _translations(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name.count(".") > 1]


def published(database: Database, folder: Path, people: Sequence[Somebody], preset: str = "inbound") -> World:
    """Published on Sunday; on Monday morning everybody enters their stage."""
    world = install(database, folder, BEGIN - DAY, write_starters, lifecycle_preset=preset)
    with database.write() as connection:
        add_starter_fields(connection, WORKSPACE, BEGIN - DAY)
        write_people(connection, [who.facts() for who in people], preset)
        connection.execute(update(users).values(name="Jonas Weber", signature="Jonas Weber, +45 55 51 23 40"))
    return world


@contextmanager
def house(
    database: Database, folder: Path, people: Sequence[Somebody], preset: str = "inbound"
) -> Iterator[House]:
    """These people in an installation of their own."""
    world = published(database, folder, people, preset)
    does = {who.id: who.does for who in people}
    with ScriptedServer() as server:
        life = Life(
            world, server.port, folder, BEGIN, lambda who, line: does[who].get(line.template or "", ())
        )
        try:
            yield House(life, people, server)
        finally:
            life.close()
