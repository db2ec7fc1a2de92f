"""The list of contacts taken along as CSV: what the list shows, piece by piece, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import StringIO
from uuid import UUID

from app.services.ids import new_id
from app.services.importing.results import safe
from app.services.viewing import programme
from app.services.viewing.people import Asked, Person, people_of
from app.services.world import World
from app.store import accounts
from app.store.views import people as rows

BATCH = 500
ALWAYS = ("id", "name", "address")
# What a column of the page becomes in the file.
TITLES = {
    "company": ("company",), "stage": ("stage",), "scores": ("fit", "engagement"),
    "signal": ("last_signal", "last_signal_at"), "course": ("sequences",), "owner": ("owner",), "tags": ("tags",),
    "country": ("country",), "source": ("source",), "created": ("created_at",),
}  # fmt: skip


def note(world: World, asked: Asked, people: int | None, now: datetime, by: UUID) -> None:
    """Who took which list along: an entry in the audit log, before the first row leaves."""
    with world.database.write() as connection:
        accounts.audit(
            connection,
            {
                "id": new_id(now), "workspace_id": world.workspace_id, "at": now, "user_id": by,
                "action": "contacts.exported", "subject_kind": "contacts", "subject": asked.stage or "",
                "detail": {"query": asked.as_json(), "ticked": people, "through": "page"},
            },
        )  # fmt: skip


def as_csv(world: World, asked: Asked, ids: tuple[UUID, ...] | None, now: datetime) -> Iterator[str]:
    """Everybody the search finds, or those who were ticked alone, oldest first."""
    yield "\ufeff" + _line((*ALWAYS, *(title for column in asked.columns for title in TITLES[column])))
    place: tuple[rows.Key, UUID] | None = None
    while True:
        with world.database.read() as connection:
            names = programme.names(connection, world.workspace_id, world.settings.lifecycle_preset or None)
            wanted = replace(
                replace(asked, order="newest").wanted(world.workspace_id, names.key, now)
                if ids is None
                else rows.Wanted(world.workspace_id, names.key, now, ids=ids),
                upwards=True,
                after=place,
                limit=BATCH,
            )
            found = rows.page(connection, wanted)
            people = people_of(connection, found[:BATCH], asked.columns, now)
        yield "".join(_line(_cells(person, asked.columns)) for person in people)
        if len(found) <= BATCH:
            return
        place = (None, people[-1].id)


def _cells(person: Person, columns: tuple[str, ...]) -> tuple[str, ...]:
    signal = person.signal
    told = {
        "company": (person.company or "",), "stage": (person.stage or "",),
        "scores": (_figure(person.fit), _figure(person.engagement)),
        "signal": (f"{signal.kind} {signal.subject}".strip(), signal.at.isoformat()) if signal else ("", ""),
        "course": (", ".join(f"{course.sequence}: {course.step}" for course in person.courses),),
        "owner": (person.owner or "",), "tags": (", ".join(person.tags),), "country": (person.country or "",),
        "source": (person.source or "",), "created": (person.created_at.isoformat(),),
    }  # fmt: skip
    cells = (str(person.id), person.name, person.address or "")
    return (*cells, *(cell for column in columns for cell in told[column]))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _line(cells: tuple[str, ...]) -> str:
    out = StringIO()
    csv.writer(out).writerow([safe(cell) for cell in cells])
    return out.getvalue()
