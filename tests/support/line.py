"""A whole line for tests: a workspace with one short sequence and its mail, and people who stand in it."""

from collections.abc import Sequence as Listed
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from app.core.ids import timed_id
from app.services.authoring.applying import apply
from app.services.authoring.sources import load_folder
from app.services.library import SequenceVersion
from app.services.world import World, open_world
from app.store import tables
from app.store.accounts import main_workspace
from app.store.database import Database
from config import Settings
from tests.services.authoring import content

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # a Tuesday, eleven in Copenhagen
LINE = """\
sequence: line
series: {en: First steps, it: Primi passi}
for: lead
topic: guides
enter: {on: person}
steps:
  - hello: {send: discovery/hello}
  - pause: {wait: 30 days}
"""
MAIL = content.mail(body='Hello {{ contact.first_name }}. <a href="https://example.com/a">Read</a>')


def lay(
    database: Database,
    folder: Path,
    *,
    sequences: Listed[str] = (LINE,),
    mails: dict[str, str] | None = None,
    lifecycle: str = content.LIFECYCLE,
    **settings: Any,
) -> World:
    """Publish the sequences and mails (by template key) in an empty database."""
    texts = {"sequences/lifecycle.yaml": lifecycle, "sequences/scoring.yaml": content.SCORING}
    texts["email_templates/layouts/base.mjml"] = content.LAYOUT
    texts["email_templates/partials/foot.mjml"] = content.FOOT
    for number, text in enumerate(sequences):
        texts[f"sequences/discovery/{_key(text, number)}.yaml"] = text
    for key, text in (mails or {"discovery/hello": MAIL}).items():
        texts[f"email_templates/{key}.mjml"] = text
    for path, text in texts.items():
        (folder / "content" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "content" / path).write_text(text, "utf-8")
    workspace_id = timed_id(NOW, b"workspace-")
    row = {"id": workspace_id, "key": "main", "name": "Main", "is_demo": False, "created_at": NOW}
    with database.write() as connection:
        connection.execute(insert(tables.workspaces), [row])
    chosen = settings_for(folder, database, **settings)
    apply(database, workspace_id, load_folder(folder / "content"), chosen, NOW)
    return open_world(database, workspace_id, chosen)


def _key(text: str, number: int) -> str:
    first = text.splitlines()[0]
    return first.removeprefix("sequence:").strip() if first.startswith("sequence:") else f"sequence-{number}"


def settings_for(folder: Path, database: Database, **settings: Any) -> Settings:
    url = database.url.render_as_string(hide_password=False)
    return Settings(_env_file=None, data_dir=folder, database_url=url, **settings)


def reopen(database: Database, folder: Path, **settings: Any) -> World:
    """The same workspace as another process or worker sees it."""
    with database.read() as connection:
        workspace_id = main_workspace(connection)
    assert workspace_id is not None
    return open_world(database, workspace_id, settings_for(folder, database, **settings))


def people(world: World, count: int, *, first: int = 0, consent: str = "given", **columns: Any) -> list[UUID]:
    """Leads with an address each (`person<n>@example.com`) and consent to the topic of the line."""
    numbers = range(first, first + count)
    ids = [timed_id(NOW, b"person" + number.to_bytes(4, "big")) for number in numbers]
    mine = [{"contact_id": who, "workspace_id": world.workspace_id} for who in ids]
    reason = {"reason_code": "test", "reason_params": {}}
    rows = {
        "contacts": [
            {
                "id": who, "workspace_id": world.workspace_id, "first_name": f"Person {number}", "fields": {},
                "revision": 0, "created_at": NOW, "updated_at": NOW, **columns,
            }
            for number, who in zip(numbers, ids, strict=True)
        ],
        "identities": [
            {
                **one, "id": timed_id(NOW, b"mail  " + number.to_bytes(4, "big")), "kind": "email",
                "value": address(number), "shown_as": address(number), "is_primary": True, "created_at": NOW,
            }
            for number, one in zip(numbers, mine, strict=True)
        ],
        "contact_stages": [
            {**one, "lifecycle": "inbound", "stage": "lead", "since": NOW, "revision": 0, **reason} for one in mine
        ],
        "consents": [{**one, "purpose": "guides", "state": consent, "basis": "form", "at": NOW} for one in mine],
    }  # fmt: skip
    with world.database.write() as connection:
        for table, values in rows.items():
            connection.execute(insert(getattr(tables, table)), values)
    return ids


def address(number: int) -> str:
    return f"person{number}@example.com"


def version_of(world: World, sequence: str = "line") -> SequenceVersion:
    return world.library.catalogue(NOW).sequences[sequence]


def enroll(
    world: World, contact_ids: Listed[UUID], sequence: str = "line", at: datetime = NOW, **columns: Any
) -> list[UUID]:
    """Put people at the start of the sequence, due at `at`."""
    version = version_of(world, sequence)
    ids = [timed_id(at, who.bytes[6:]) for who in contact_ids]
    rows = [
        {
            "id": mine, "workspace_id": world.workspace_id, "definition_id": version.definition_id,
            "version_id": version.version_id, "contact_id": who, "entry_number": 1, "state": "due",
            "step": version.sequence.first, "visit": 0, "inside": False, "since": at, "due_at": at, "visits": {},
            "failures": 0, "entered_at": at, "entered_by": "test", "reason_code": "enrollment.entered",
            "reason_params": {}, "revision": 0, **columns,
        }
        for mine, who in zip(ids, contact_ids, strict=True)
    ]  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(tables.enrollments), rows)
    return ids
