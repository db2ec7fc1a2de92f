"""A whole installation on a moved clock: real starters, real mail catcher, real pages for recipients.

The clock stands still while the jobs tick, then goes on to the next instant at which something is due.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask
from sqlalchemy import func, insert, select

from app.factory import create_app
from app.runtime.catcher import Catcher
from app.runtime.engine import Engine, route_of
from app.runtime.jobs import tick_all
from app.services.events import record
from app.services.ids import new_id
from app.services.importing import (
    ImportOptions,
    ImportSummary,
    own_fields,
    read_table,
    resolve_mapping,
    run_import,
    start_import,
    suggest_mapping,
)
from app.services.importing.around import surroundings
from app.services.signals.settling import SETTLE
from app.services.starting import start
from app.services.world import World, open_world
from app.store.caught import CaughtMails
from app.store.contacts import field_types
from app.store.database import Database
from app.store.tables import (
    admissions,
    contact_stages,
    deliveries,
    enrollments,
    events,
    hits,
    identities,
    timeline,
    users,
)  # fmt: skip
from config import Settings

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SCANNER = "Mozilla/5.0 (compatible; Barracuda Sentinel)"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mail:
    """One caught mail. `to` is the address of its envelope."""

    to: str
    sender: str
    at: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None, f"the mail has no {kind} part"
        return str(part.get_content())

    def links(self, way: str) -> list[str]:
        """The paths of our own addresses in the HTML that begin with `way`, such as /c/."""
        found = re.findall(r'(?:href|src)="(http[^"]+)"', self.body("html"))
        return [urlsplit(url).path for url in found if urlsplit(url).path.startswith(way)]


class Stage:
    """The installation in `folder` on `database`; `clock` is where the time stands."""

    def __init__(self, database: Database, folder: Path, clock: datetime, **settings: Any) -> None:
        self.database = database
        self.clock = clock
        self.caught = CaughtMails(folder / "caught.db")
        self._catcher = Catcher(self.caught, "127.0.0.1", 0, self.now)
        port = self._catcher.start()
        self.settings = Settings(
            _env_file=None, data_dir=folder, secret_key="a key for tests", catcher_port=port,
            database_url=database.url.render_as_string(hide_password=False), smtp_connections=2, **settings,
        )  # fmt: skip
        workspace_id = start(
            database, self.settings, "admin@halden.example", clock, lambda line: None
        ).workspace_id
        self.world: World = open_world(database, workspace_id, self.settings)
        self.app: Flask = create_app(self.settings, database, self.caught, self.now, self.world)
        parts = self.app.extensions
        route = route_of(self.settings, port)
        self.engine = Engine(self.world, parts["spool"], parts["link_maps"], route, self.now)
        self.engine.recover()

    def now(self) -> datetime:
        return self.clock

    def close(self) -> None:
        self.engine.stop()
        self.engine.close()
        self._catcher.stop()
        self.caught.close()

    # The clock.

    def settle(self) -> None:
        """Tick until there is nothing to do at this instant."""
        for _ in range(60):
            if tick_all(self.engine) == 0:
                return
        raise AssertionError(f"the jobs do not come to rest at {self.clock}")

    def until(self, at: datetime) -> None:
        """Let everything happen that is due up to `at`, each thing at its own instant."""
        self.settle()
        while self.clock < at:
            due = self._next()
            # What is overdue and cannot move yet is looked at again tomorrow, and so is who has been silent.
            tomorrow = self.clock + DAY
            stop = due if due is not None and due > self.clock else tomorrow
            self.clock = min(stop, tomorrow, at)
            self.settle()

    def later(self, **span: float) -> None:
        self.until(self.clock + timedelta(**span))

    def _next(self) -> datetime | None:
        queries = (
            select(func.min(enrollments.c.due_at)).where(enrollments.c.state.in_(("due", "waiting"))),
            select(func.min(deliveries.c.due_at)).where(deliveries.c.state.in_(("queued", "deferred"))),
            select(func.min(admissions.c.due_at)).where(admissions.c.state == "waiting"),
            select(func.min(events.c.received_at)).where(events.c.processed_at.is_(None)),
        )
        with self.database.read() as connection:
            found = [connection.execute(query).scalar() for query in queries]
            hit = connection.execute(
                select(func.min(hits.c.received_at)).where(hits.c.verdict.is_(None))
            ).scalar()
        return min((at for at in (*found, hit + SETTLE if hit else None) if at is not None), default=None)

    # What comes in.

    def import_csv(
        self, text: str, enroll: str = "now", consents: Iterable[str] = ("guides", "offers")
    ) -> ImportSummary:
        path = self.settings.data_dir / "contacts.csv"
        path.write_text(text, "utf-8")
        around = surroundings(self.world, self.clock)
        header = read_table(path).header
        with self.database.read() as connection:
            own = field_types(connection, self.world.workspace_id)
        mapping = resolve_mapping(header, suggest_mapping(header, own), {}, [], own_fields(own))
        options = ImportOptions(
            enroll=enroll,
            consents=tuple(consents),
            basis="signed a list at the fair",
            consent_source="fair-2026",
        )
        import_id = start_import(
            self.database, self.world.workspace_id, path, mapping, options, around, self.clock, []
        )
        return run_import(self.database, import_id, around, self.clock)

    def event(self, email: str, kind: str, subject: str = "", topics: str = "", **payload: Any) -> None:
        """Something on our site, told by it."""
        record(
            self.world, self.contact(email), kind, subject=subject, topics=topics.split(",") if topics else (),
            occurred_at=self.clock, source="site", key=f"{email}:{kind}:{subject}", payload=payload, now=self.clock,
        )  # fmt: skip

    def visit(self, path: str, *, method: str = "GET", agent: str = BROWSER, address: str = "203.0.113.9",
              form: dict[str, str] | None = None) -> int:  # fmt: skip
        """Somebody follows an address of a mail; the status of the answer."""
        headers = {"User-Agent": agent}
        if agent == BROWSER:
            headers["Accept-Language"] = "en"
        answer = self.app.test_client().open(
            path, method=method, headers=headers, data=form, environ_base={"REMOTE_ADDR": address}
        )
        return answer.status_code

    # What can be seen.

    def contact(self, email: str) -> UUID:
        with self.database.read() as connection:
            query = select(identities.c.contact_id).where(identities.c.value == email)
            found: UUID = connection.execute(query).scalar_one()
        return found

    def stage_of(self, email: str) -> str:
        with self.database.read() as connection:
            query = select(contact_stages.c.stage).where(contact_stages.c.contact_id == self.contact(email))
            return str(connection.execute(query).scalar_one())

    def mails(self, email: str) -> list[Mail]:
        """What was caught for an address, in the order of its coming."""
        return [mail for mail in self._all_mails() if mail.to == email]

    def _all_mails(self) -> Iterator[Mail]:
        for number in range(1, self.caught.count() + 1):
            found = self.caught.get(number)
            assert found is not None
            message = message_from_bytes(found.raw, policy=policy.default)
            assert isinstance(message, EmailMessage)
            yield Mail(
                found.summary.recipients[0], found.summary.envelope_from, found.summary.received_at, message
            )

    def rows(self, table: Any, **wanted: Any) -> list[Any]:
        query = select(table)
        for name, value in wanted.items():
            query = query.where(table.c[name] == value)
        with self.database.read() as connection:
            return list(connection.execute(query).all())

    def of(self, table: Any, email: str) -> list[Any]:
        return self.rows(table, contact_id=self.contact(email))

    def sequence_of(self, definition_id: UUID) -> str:
        found = self.world.library.catalogue(self.clock).by_definition[definition_id]
        return found.sequence.key

    def story(self, email: str) -> list[Any]:
        """The contact's timeline, oldest first."""
        with self.database.read() as connection:
            query = select(timeline).where(timeline.c.contact_id == self.contact(email))
            return list(connection.execute(query.order_by(timeline.c.at, timeline.c.id)).all())

    def told(self, email: str, kind: str) -> list[str]:
        """The codes of one kind of line on a contact's timeline."""
        return [row.code for row in self.story(email) if row.kind == kind]

    def user(self, email: str, name: str, signature: str) -> UUID:
        """A sales person."""
        made = new_id(self.clock)
        with self.database.write() as connection:
            connection.execute(
                insert(users).values(
                    id=made, workspace_id=self.world.workspace_id, email=email, name=name, title="Sales",
                    signature=signature, role="sales", may_publish=False, may_send=False, must_change_password=False,
                    failed_sign_ins=0, created_at=self.clock,
                )
            )  # fmt: skip
        return made
