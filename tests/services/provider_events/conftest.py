"""An endpoint for each provider, and a mail that they tell about."""

from collections.abc import Sequence as Listed
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, insert, select

from app.core.ids import timed_id
from app.core.tokens import message_id
from app.services import provider_events as service
from app.services.provider_events.receiving import Answer
from app.services.secrets import Vault
from app.services.world import World
from app.store import provider_events as store
from app.store import tables
from app.store.database import Database
from tests.support import line
from tests.support.webhooks import (
    AT,
    CERTIFICATE,
    MAILGUN_KEY,
    PASSWORD,
    TOPIC,
    Request,
    certificate,
    public_key_text,
    sign,
)

SECRETS = {"mailgun": MAILGUN_KEY, "sendgrid": public_key_text()}


@dataclass(slots=True)
class Post:
    """`take` is a call over the wire, `work` one turn of the job until nothing is left."""

    world: World
    receiver: service.Receiver
    vault: Vault
    person: UUID
    keys: dict[str, str] = field(default_factory=dict)
    drawn: int = 0

    def add(self, provider: str, **wish: Any) -> service.Made:
        topics = (TOPIC,) if provider == "ses" else ()
        made = service.add(
            self.world.database, self.vault, self.world.workspace_id,
            service.Wish(provider, wish.pop("name", provider), SECRETS.get(provider, ""), topics, **wish), None, AT,
        )  # fmt: skip
        self.keys[provider] = made.path.rpartition("/")[2]
        if provider == "ses":
            service.install_certificate(
                self.world.database, self.world.workspace_id, "ses", CERTIFICATE, certificate(), None, AT
            )
        return made

    def take(self, provider: str, request: Request, now: datetime = AT, address: str = "192.0.2.1") -> Answer:
        if provider not in self.keys:
            made = self.add(provider)
            if made.password:
                self._know(made.id, made.password)
        return self.receiver.take(provider, self.keys[provider], request.headers, request.body, address, now)

    def _know(self, endpoint_id: UUID, password: str) -> None:
        """The password that was made is not the one the signers use."""
        import json

        with self.world.database.write() as connection:
            row = store.endpoint(connection, endpoint_id)
            assert row is not None
            opened = json.loads(self.vault.open(row.sealed))
            sealed = self.vault.seal(json.dumps({**opened, "secret": PASSWORD}))
            store.change_endpoint(connection, endpoint_id, {"sealed": sealed})

    def work(self, now: datetime = AT) -> int:
        done = 0
        while handled := service.work(self.world, now):
            done += handled
        return done

    def told(self, provider: str, *events: Any, now: datetime = AT, number: int = 1) -> None:
        """These events, each in a call of its own, taken and worked in."""
        for count, event in enumerate(events):
            assert self.take(provider, sign(provider, event, now, number * 100 + count), now) == "taken"
        self.work(now)

    def mail(self, **columns: Any) -> UUID:
        """A mail that left an hour ago, accepted unless said otherwise."""
        self.drawn += 1
        mail_id = timed_id(AT, b"delivery" + self.drawn.to_bytes(2, "big"))
        left = AT - timedelta(hours=1)
        row = {
            "id": mail_id, "workspace_id": self.world.workspace_id, "contact_id": self.person, "step": "hello",
            "definition_id": line.version_of(self.world).definition_id, "dedupe_key": f"test:{self.drawn}",
            "message_class": "marketing", "content_kind": "discovery", "topic": "guides", "template": "discovery/hello",
            "priority": 50, "once": True, "state": "accepted", "due_at": left, "planned_at": left, "intent_at": left,
            "accepted_at": left, "attempts": 1, "reason_code": "x", "reason_params": {},
            "address": line.address(0), **columns,
        }  # fmt: skip
        with self.world.database.write() as connection:
            connection.execute(insert(tables.deliveries), [row])
        return mail_id

    def message_id(self, mail_id: UUID) -> str:
        return message_id(self.world.keyring.seal_envelope(mail_id), "halden.example")

    def rows(self, table: Table, **equal: Any) -> Listed[Any]:
        query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
        with self.world.database.read() as connection:
            return connection.execute(query.order_by(*table.primary_key)).all()

    def results(self) -> list[tuple[str, str]]:
        return [(row.kind, row.result) for row in self.rows(tables.provider_events)]


def bounce(
    of: str, status: str = "5.1.1", at: datetime = AT, who: str = line.address(0), **more: Any
) -> dict[str, Any]:
    """A bounce that SendGrid tells, of the mail with this Message-ID."""
    return {
        "event": "bounce", "type": "bounce", "email": who, "status": status, "reason": f"550 {status} no",
        "timestamp": int(at.timestamp()), "smtp-id": of, "sg_event_id": f"b-{of}-{at.timestamp()}-{status}", **more,
    }  # fmt: skip


def simple(event: str, of: str, at: datetime = AT, who: str = line.address(0), **more: Any) -> dict[str, Any]:
    return {
        "event": event, "email": who, "timestamp": int(at.timestamp()), "smtp-id": of,
        "sg_event_id": f"{event}-{of}-{at.timestamp()}", **more,
    }  # fmt: skip


@pytest.fixture
def post(database: Database, tmp_path: Path) -> Post:
    world = line.lay(database, tmp_path, secret_key="k" * 32)
    [person] = line.people(world, 1)
    vault = Vault(world.settings)
    return Post(world, service.Receiver(database, world.workspace_id, vault), vault, person)
