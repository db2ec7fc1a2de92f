"""A workspace with a person who got a mail of a sequence, and a desk to which mail comes back."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.core.ids import timed_id
from app.services.returned import accept, read_due
from app.services.world import World
from app.store import tables
from app.store.database import Database
from tests.support import line, returned
from tests.support.line import NOW
from tests.support.rules import one, owned_lead, programme, rows, settle


class Desk:
    """`who` is the person, `mail` what they were sent an hour ago; `take` keeps a message and reads it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = NOW
        self.drawn = 0
        self.who = owned_lead(world)
        line.enroll(world, [self.who], "discovery")
        settle(world)
        self.mail = self.sent()

    def sent(self, at: datetime | None = None, who: UUID | None = None, **columns: Any) -> UUID:
        """Another mail to the person, accepted at `at`."""
        self.drawn += 1
        at = at or NOW - timedelta(hours=1)
        mail_id = timed_id(at, b"mail    " + self.drawn.to_bytes(2, "big"))
        stay = one(self.world, tables.enrollments, contact_id=self.who)
        row = {
            "id": mail_id, "workspace_id": self.world.workspace_id, "contact_id": who or self.who, "step": "hello",
            "enrollment_id": stay.id, "definition_id": stay.definition_id, "dedupe_key": f"test:{self.drawn}",
            "visit": 1, "message_class": "marketing", "content_kind": "discovery", "topic": "guides",
            "template": "discovery/hello", "priority": 50, "once": True, "state": "accepted", "due_at": at,
            "planned_at": at, "intent_at": at, "accepted_at": at, "attempts": 1, "reason_code": "mail.accepted",
            "reason_params": {}, "address": line.address(0), "sender": "owner0@halden.example", **columns,
        }  # fmt: skip
        with self.world.database.write() as connection:
            connection.execute(insert(tables.deliveries), [row])
        return mail_id

    def take(self, raw: bytes, *, recipient: str = "", source: str = "pipe") -> Any:
        """The message's row after it was read."""
        kept = accept(self.world, raw, source, self.now, recipient=recipient)
        while read_due(self.world, self.now):
            pass
        return one(self.world, tables.inbound_messages, id=kept.id)

    def bounce(self, status: str = "5.1.1", mail: UUID | None = None, **more: Any) -> Any:
        return self.take(returned.report(self.verp(mail), line.address(0), status, **more))

    def verp(self, mail: UUID | None = None, prefix: str = "b") -> str:
        return returned.verp(self.world, mail or self.mail, prefix)

    def original(self, mail: UUID | None = None) -> str:
        """The head of our mail as others quote it."""
        token = self.world.keyring.seal_manage(mail or self.mail, self.who, "guides")
        return (
            f"From: Olga <owner0@halden.example>\nTo: redacted\nSubject: A subject\n"
            f"Message-ID: {returned.id_of(self.world, mail or self.mail)}\n"
            f"List-Unsubscribe: <https://t.example/u/{token}>"
        )

    def rows(self, name: str, **wanted: Any) -> list[Any]:
        return rows(self.world, getattr(tables, name), **wanted)

    def events(self, kind: str) -> list[Any]:
        return self.rows("events", contact_id=self.who, kind=kind)

    def suppressed(self) -> set[str]:
        return {row.scope for row in self.rows("suppressions") if row.lifted_at is None}

    def queue(self, **columns: Any) -> UUID:
        """A mail of the sequence that still waits."""
        late = NOW + timedelta(days=1)
        unsent = {"intent_at": None, "accepted_at": None, "attempts": 0, "address": None, "sender": None}
        return self.sent(state="queued", due_at=late, **unsent, **columns)

    def state_of(self, mail: UUID) -> str:
        return str(one(self.world, tables.deliveries, id=mail).state)

    def settle(self) -> None:
        settle(self.world, self.now)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(programme(database, tmp_path, reply_domain="re.halden.example"))
