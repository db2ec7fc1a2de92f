"""Everything that is kept about one person, as JSON for a program and a page for a reader, in one archive.

What belongs in it is known from the tables' own declarations (`app.store.persons`): a new table is in the
export from its first day.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from app.services.sentences import UTC, moment, say
from app.services.world import World
from app.store import persons
from app.store import recipients as people

# How the machine does its work tells nothing about the person.
MACHINERY = frozenset(
    {
        "workspace_id", "claimed_by", "claim_token", "claimed_until", "revision", "dedupe_key", "failures",
        "judge_due_at", "traces",
    }
)  # fmt: skip
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}h2{margin-top:2rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;border-top:1px solid;padding:.5rem 0}"
    "dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}"
)


@dataclass(frozen=True, slots=True)
class Export:
    """The rows of one person by table, and when they were taken."""

    at: datetime
    tables: Mapping[str, list[dict[str, Any]]]

    def as_json(self) -> str:
        whole = {"made_at": self.at.isoformat(), "tables": self.tables}
        return json.dumps(whole, ensure_ascii=False, indent=2)

    def as_page(self, locale: str) -> str:
        """One page to read, without scripts and without anything to load."""
        title = escape(say("export.title", {}, locale))
        parts = [
            f'<!doctype html><html lang="{escape(locale)}"><meta charset="utf-8"><title>{title}</title>',
            f"<style>{_STYLE}</style><h1>{title}</h1>",
            f"<p>{escape(say('export.made', {'at': moment(self.at, UTC, locale)}, locale))}</p>",
        ]
        for name, rows in self.tables.items():
            parts.append(f"<h2>{escape(_readable(name))}</h2>")
            parts += ["<dl>" + "".join(_item(*pair) for pair in row.items()) + "</dl>" for row in rows]
        return "".join(parts) + "</html>\n"

    def as_archive(self, locale: str) -> bytes:
        """Both in a ZIP file."""
        made = BytesIO()
        when = self.at.timetuple()[:6]
        with ZipFile(made, "w", ZIP_DEFLATED) as archive:
            for name, text in (("my-data.json", self.as_json()), ("my-data.html", self.as_page(locale))):
                entry = ZipInfo(name, when)
                entry.external_attr = 0o600 << 16
                entry.compress_type = ZIP_DEFLATED
                archive.writestr(entry, text.encode())
        return made.getvalue()


def export(world: World, contact_id: UUID, now: datetime) -> Export | None:
    """A copy of every row about the contact and those merged into them. None: there is nobody."""
    with world.database.read() as connection:
        row = people.person(connection, world.workspace_id, contact_id)
        if row is None:
            return None
        group = persons.everybody_in(connection, row.id)
        found = {
            place.table.name: [_plain(one) for one in persons.rows_of(connection, place, group)]
            for place in persons.places()
        }
        # Rows that refer to nobody stay out: they may be about others too.
    first = {"contacts": found.pop("contacts")}
    return Export(now, first | {name: rows for name, rows in sorted(found.items()) if rows})


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _value(value) for name, value in row.items() if str(name) not in MACHINERY}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value


def _item(name: str, value: Any) -> str:
    if value is None or value == "" or value == {} or value == []:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"<dt>{escape(_readable(name))}</dt><dd>{escape(text)}</dd>"


def _readable(name: str) -> str:
    return name.replace("_", " ").capitalize()
