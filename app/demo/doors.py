"""The doors of the house that users and machines come in by: pages over HTTP, files, events, the pipe of a mail server."""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.test import Client

from app.demo.machines import Machine, Request
from app.services import events, returned, tasks
from app.services.importing import ImportOptions, ImportSummary
from app.services.importing.whole import import_file
from app.services.moving import move_by_person
from app.services.viewing import Place
from app.services.viewing.tasks import Task, open_tasks
from app.services.world import World

ACTOR = "system"
_STAMP = re.compile(r'name="stamp" value="([^"]+)"')


class MovedClock:
    """The demo's time: it stands still until it is moved.

    Visitors come at their own instants, a little out of order, as to several servers; the engine only ever goes on.
    """

    def __init__(self, at: datetime) -> None:
        self._at = self._latest = at

    def __call__(self) -> datetime:
        return self._at

    def go(self, at: datetime) -> None:
        self._at, self._latest = at, max(at, self._latest)

    def go_on(self, at: datetime) -> datetime:
        """To `at`, or to the latest instant at which anything happened so far."""
        self.go(max(at, self._latest))
        return self._at


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page said: its status, where it leads to, and its text."""

    status: int
    location: str
    text: str


class Refused(Exception):
    """A door did not take what the story brought. The story is wrong then, or the house is."""


class Doors:
    """All doors of one installation. What happens at them happens at the clock's time."""

    def __init__(self, app: Flask, world: World, clock: MovedClock, folder: Path) -> None:
        self._client = Client(app, use_cookies=False)
        self._world, self._clock, self._folder = world, clock, folder
        self.home = world.settings.public_url

    def ask(self, request: Request, form: Mapping[str, Any] | None = None) -> Answer:
        """One request over HTTP, at its own instant."""
        self._clock.go(request.at)
        response = self._client.open(
            request.path, method=request.method, base_url=self.home, headers=request.machine.head(), data=form,
            environ_base={"REMOTE_ADDR": request.machine.address},
        )  # fmt: skip
        text = response.get_data(as_text=True) if response.mimetype == "text/html" else ""
        found = Answer(response.status_code, response.headers.get("Location", ""), text)
        response.close()
        if found.status >= 500:
            raise Refused(f"{request.method} {request.path}: {found.status}")
        return found

    def go(self, at: datetime) -> None:
        self._clock.go(at)

    def stamp(self, machine: Machine, path: str) -> str:
        """What a form's page proves with that it was open."""
        found = _STAMP.search(self.ask(Request(self._clock(), "GET", path, machine)).text)
        if found is None:
            raise Refused(f"The form at {path} has no stamp.")
        return found[1]

    def import_csv(
        self, name: str, rows: Sequence[Mapping[str, object]], options: ImportOptions
    ) -> ImportSummary:
        """A file as a colleague takes it out of a list or a CRM."""
        path = self._folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        summary = import_file(self._world, path, options, self._clock())
        path.unlink()
        if summary.state != "done" or summary.counts.get("rejected"):
            raise Refused(f"{name}.csv: {summary.state}, {summary.counts}, {summary.problem}")
        return summary

    def tell(self, lines: Iterable[Mapping[str, Any]], source: str) -> int:
        """Events as another system tells them, one JSON object a line; how many were new."""
        summary = events.import_lines(
            self._world, (json.dumps(line).encode() for line in lines), source, self._clock()
        )
        for problem in summary.problems:
            if problem.reason.code != "contact.unknown":
                raise Refused(f"An event of {source}: {problem.reason}")
        return summary.new

    def pipe(self, raw: bytes, recipient: str) -> None:
        """A message that came, as the mail server hands it over."""
        returned.accept(self._world, raw, "pipe", self._clock(), recipient=recipient)

    def open_tasks(self, most: int) -> tuple[Task, ...]:
        place = Place(self._world.database, self._world.workspace_id)
        return open_tasks(place, None, most).first

    def task_done(self, task_id: UUID, result: str) -> None:
        tasks.done(self._world.database, self._world.workspace_id, task_id, result, ACTOR, self._clock())

    def move(self, contact_id: UUID, stage: str, why: str) -> None:
        """A colleague moves somebody by hand."""
        move_by_person(self._world, contact_id, stage, why, ACTOR, self._clock())
