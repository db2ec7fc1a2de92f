"""The live engine under a moved clock: real database, real SMTP to an accepting server, real jobs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from app.core.ids import content_id
from app.core.reasons import Reason
from app.core.simulator import Line, Responses
from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.mail.smtp import SmtpRoute
from app.runtime.engine import Engine
from app.services.authoring.applying import apply
from app.services.authoring.sources import load_folder
from app.services.world import World, open_world
from app.store.database import Database
from app.store.tables import (
    admissions,
    contacts,
    definitions,
    deliveries,
    enrollments,
    events,
    timeline,
    web_calls,
)
from config import Settings
from tests.support.people import WORKSPACE, write_workspace

FOLDER = "content"


@dataclass(slots=True)
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


class Life:
    """One installation whose time is moved by hand. `responses` are written as events, as hits would be."""

    def __init__(self, world: World, port: int, folder: Path, start: datetime, responses: Responses) -> None:
        self.world = world
        self.clock = Clock(start)
        self.responses = responses
        route = SmtpRoute("127.0.0.1", port, "none")
        self.engine = Engine(world, Spool(folder / "spool"), LinkMaps(folder / "links"), route, self.clock)
        self._answered: set[UUID] = set()

    def live_until(self, end: datetime) -> None:
        """Tick at every instant at which something is due, until nothing is, then go to the next one."""
        while True:
            while self.engine.react() + self.engine.run() + self.engine.send() + self.respond():
                pass
            at = self.next_at()
            if at is None or at > end:
                self.clock.now = end
                return
            self.clock.now = at

    def next_at(self) -> datetime | None:
        """The next instant after now; what is due by now and still lies there waits for a person."""
        due = (
            (enrollments.c.due_at, enrollments.c.state.in_(("due", "waiting"))),
            (deliveries.c.due_at, deliveries.c.state.in_(("queued", "deferred"))),
            (events.c.received_at, events.c.processed_at.is_(None)),
            (admissions.c.due_at, admissions.c.state == "waiting"),
            (contacts.c.judge_due_at, contacts.c.judge_due_at.is_not(None)),
        )
        with self.world.database.read() as connection:
            found = [
                connection.execute(select(func.min(at)).where(when, at > self.clock.now)).scalar()
                for at, when in due
            ]
        return min((at for at in found if at is not None), default=None)

    def respond(self) -> int:
        """Everybody's answers to the mails that have just been accepted."""
        query = (
            select(deliveries, definitions.c.key.label("sequence"))
            .join(definitions, definitions.c.id == deliveries.c.definition_id)
            .where(deliveries.c.state == "accepted", deliveries.c.accepted_at == self.clock.now)
        )
        rows: list[dict[str, Any]] = []
        with self.world.database.write() as connection:
            for mail in connection.execute(query).all():
                if mail.id in self._answered:
                    continue
                self._answered.add(mail.id)
                line = Line(
                    mail.contact_id, mail.sequence, mail.step, "mail_accepted", mail.accepted_at,
                    Reason("mail.accepted"), mail.template,
                )  # fmt: skip
                rows += self._events(mail.contact_id, line)
            if rows:
                connection.execute(insert(events), rows)
        return 0

    def _events(self, contact_id: UUID, line: Line) -> Iterable[dict[str, Any]]:
        for response in self.responses(contact_id, line):
            at = line.at + response.after
            yield {
                "id": content_id(at, "test", f"{contact_id}:{response}:{line.at}"),
                "workspace_id": self.world.workspace_id, "contact_id": contact_id, "kind": response.kind,
                "subject": response.subject, "topics": f",{','.join(response.topics)}," if response.topics else "",
                "verdict": response.verdict, "source": "response", "occurred_at": at, "received_at": at,
                "failures": 0, "payload": dict(response.payload),
            }  # fmt: skip

    def close(self) -> None:
        self.engine.stop()
        self.engine.close()


def install(
    database: Database, folder: Path, now: datetime, write: Callable[[Path], Path], **settings: Any
) -> World:
    """A workspace with the programme that `write` puts into a folder, published at `now`."""
    with database.write() as connection:
        write_workspace(connection)
    chosen = Settings(
        data_dir=folder, content_dir=write(folder / FOLDER), batch_size=1000, smtp_connections=1, _env_file=None,
        **settings,
    )  # type: ignore[call-arg]  # fmt: skip
    apply(database, WORKSPACE, load_folder(chosen.content_dir), chosen, now)
    return open_world(database, WORKSPACE, chosen)


# How a server's answer reads is not part of the reason.
SMTP = ("code", "enhanced", "phase", "response")
PLACE = ("sequence", "step", "template")
OWN = {
    "event": ("verdict", "topics"),
    "field": ("old", "new"),
    "tag": ("old", "new"),
    "criterion": ("old", "new"),
}

Told = tuple[Any, ...]


def lines_since(world: World, before: set[UUID]) -> list[Told]:
    """The timeline, but for the rows in `before`, and the web hooks, as the rehearsal tells them."""
    with world.database.read() as connection:
        rows = connection.execute(select(timeline)).all()
        calls = connection.execute(select(web_calls)).all()
    told = [_row(row) for row in rows if row.id not in before]
    for call in calls:
        if call.id not in before:
            told.append(
                _told(call.contact_id, "web_hook", call.created_at, call.reason_code, call.reason_params)
            )
    return sorted(told, key=repr)


def ids_now(world: World) -> set[UUID]:
    with world.database.read() as connection:
        return {
            *connection.execute(select(timeline.c.id)).scalars(),
            *connection.execute(select(web_calls.c.id)).scalars(),
        }


def _row(row: Any) -> Told:
    params = dict(row.params)
    if row.kind == "event":
        params = {"subject": params.get("subject")}
    return _told(row.contact_id, row.kind, row.at, row.code, params)


def _told(contact_id: UUID, kind: str, at: datetime, code: str, params: Any) -> Told:
    left = {
        name: value
        for name, value in params.items()
        if name not in (*SMTP, *PLACE, *OWN.get(kind, ())) and value is not None
    }
    place = tuple(params.get(name) for name in PLACE)
    return (str(contact_id), at.astimezone(UTC).isoformat(), kind, *place, code, repr(sorted(left.items())))


def line_told(line: Line) -> Told:
    """A line of the rehearsal in the same shape."""
    params = {
        "sequence": line.sequence, "step": line.step, **line.reason.params,
    }  # fmt: skip
    if line.sequence is not None:
        params["sequence"] = line.sequence
    if line.template is not None:
        params["template"] = line.template
    return _told(line.contact_id, line.action, line.at, line.reason.code, params)
