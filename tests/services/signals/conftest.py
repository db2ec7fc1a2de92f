"""A workspace with a mail that has links and a question, one person who got it, and another in the same place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, insert, select

from app.core.ids import timed_id
from app.core.tokens import ManageToken
from app.inbound.link_maps import LinkMaps
from app.inbound.spool import RawHit, Spool
from app.services.signals.links import keep_links
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.services.authoring import content
from tests.support import line
from tests.support.line import NOW

HELLO = content.mail(
    more="ask: means\nlinks:\n  prices: {to: '{{ brand.home }}/prices?a=1&b=2', topics: [pricing]}\n",
    body='Hello {{ contact.first_name }}. <a href="https://example.com/a">Read</a> <a href="link:prices">Prices</a>'
    ' <a href="{{ links.why }}">Why</a>',
).replace("</mj-text></mj-column>", "</mj-text><trellis-answers/></mj-column>")
SEQUENCES = (
    line.LINE,
    "sequence: offers\ntitle: Offers\nfor: lead\ntopic: offers\nenter: {on: person}\nexit: [unsubscribed]\n"
    "steps:\n  - deal: {send: discovery/deal}\n",
)
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"


@dataclass(slots=True)
class Scene:
    world: World
    spool: Spool
    links: LinkMaps
    person: UUID
    variant: UUID
    drawn: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    def delivery(self, **columns: Any) -> UUID:
        """A mail to the person, accepted an hour ago unless said otherwise."""
        self.drawn += 1
        mail_id = timed_id(NOW, b"delivery" + self.drawn.to_bytes(2, "big"))
        before = NOW - timedelta(hours=1)
        row = {
            "id": mail_id, "workspace_id": self.world.workspace_id, "contact_id": self.person, "step": "hello",
            "definition_id": line.version_of(self.world).definition_id, "dedupe_key": f"test:{self.drawn}",
            "message_class": "marketing", "content_kind": "discovery", "topic": "guides", "template": "discovery/hello",
            "variant_id": self.variant, "priority": 50, "once": True, "state": "accepted", "due_at": before,
            "planned_at": before, "intent_at": before, "accepted_at": before, "attempts": 1, "reason_code": "x",
            "reason_params": {}, **columns,
        }  # fmt: skip
        with self.world.database.write() as connection:
            connection.execute(insert(tables.deliveries), [row])
        return mail_id

    def hit(self, delivery: UUID, **changed: Any) -> RawHit:
        self.drawn += 1
        at = changed.pop("at", NOW)
        raw = {
            "id": str(timed_id(at, b"hit     " + self.drawn.to_bytes(2, "big"))), "kind": "click", "method": "GET",
            "at": at.isoformat(), "delivery": str(delivery), "contact": str(self.person), "variant": str(self.variant),
            "link": 1, "address": "203.0.113.7", "user_agent": CHROME, "headers": {"accept-language": "da"}, **changed,
        }  # fmt: skip
        return RawHit(**raw)

    def token(self, delivery: UUID, topic: str = "guides") -> ManageToken:
        return ManageToken(delivery, self.person, topic)

    def rows(self, table: Table, *order: Any) -> list[Any]:
        with self.world.database.read() as connection:
            return list(connection.execute(select(table).order_by(*order)).all())

    def set_person(self, **columns: Any) -> None:
        with self.world.database.write() as connection:
            connection.execute(
                tables.contacts.update().where(tables.contacts.c.id == self.person).values(**columns)
            )

    def person_row(self) -> Any:
        return next(row for row in self.rows(tables.contacts) if row.id == self.person)

    def consents(self) -> dict[str, str]:
        return {row.purpose: row.state for row in self.rows(tables.consents) if row.contact_id == self.person}


def lay_scene(
    database: Database, folder: Path, more_mails: Mapping[str, str] | None = None, **settings: Any
) -> Scene:
    mails = {"discovery/hello": HELLO, "discovery/deal": content.mail(), **(more_mails or {})}
    world = line.lay(
        database, folder, sequences=SEQUENCES, mails=mails,
        **settings,
    )  # fmt: skip
    (person,) = line.people(world, 1)
    spool, links = Spool(folder / "spool"), LinkMaps(folder / "links")
    catalogue = world.library.catalogue(NOW)
    keep_links(world, links, catalogue)
    variant = catalogue.templates["discovery/hello"].variants[""][0]
    return Scene(world, spool, links, person, variant)


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Scene:
    return lay_scene(database, tmp_path)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)
