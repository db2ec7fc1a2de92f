"""Looking twice checks once, and never shows what was."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.core.ids import timed_id
from app.services.authoring import looking
from app.services.authoring.applying import apply
from app.services.authoring.sources import Source, Sources, load_folder
from app.store import tables
from app.store.database import Database
from config import Settings
from tests.services.authoring import content
from tests.support.line import NOW

PAST = "sequence: guide\nfor: lead\ntopic: guides\nenter: {on: person}\nsteps:\n  - out: {exit: done}\n"
NOTHING = Sources()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Sources]:
    """What was checked, in order."""
    seen: list[Sources] = []
    real = looking.check

    def check(sources: Sources, *given: object, **named: object) -> object:
        seen.append(sources)
        return real(sources, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(looking, "check", check)
    return seen


def test_a_look_is_kept_while_nothing_changes(
    database: Database, workspace_id: UUID, settings: Settings, tmp_path: Path, checks: list[Sources]
) -> None:
    apply(database, workspace_id, load_folder(content.write(tmp_path / "texts")), settings, NOW)
    checks.clear()

    def look(
        sources: Sources = NOTHING, settings: Settings = settings, later: timedelta = timedelta()
    ) -> int:
        looking.look_over_live(database, workspace_id, sources, settings, NOW + later)
        return len(checks)

    assert [look(), look(), look(later=timedelta(days=3))] == [1, 1, 1]
    draft = Sources(
        {("sequence", "guide"): Source("sequence", "guide", PAST, {"": "sequences/discovery/guide.yaml"})}
    )
    assert [look(draft), look(draft), look()] == [2, 2, 2]
    assert look(later=timedelta(days=60)) == 3, "another year has other holidays"
    assert look(settings=settings.model_copy(update={"brand_name": "Another"})) == 4
    with database.write() as connection:
        row = {
            "id": timed_id(NOW, b"field     "), "workspace_id": workspace_id, "subject": "contact", "key": "flats",
            "label": "Flats", "type": "number", "choices": [], "created_at": NOW,
        }  # fmt: skip
        connection.execute(insert(tables.field_definitions).values(row))
    assert look() == 5
    apply(database, workspace_id, draft, settings, NOW, from_files=False)
    checks.clear()
    found = looking.look_over_live(database, workspace_id, Sources(), settings, NOW)
    assert list(found.books.sequences["guide"].steps) == ["out"]


def test_what_could_not_be_compiled_is_tried_again(
    database: Database, workspace_id: UUID, settings: Settings, tmp_path: Path, checks: list[Sources]
) -> None:
    """It may have been in want of time."""
    files = content.write(
        tmp_path / "texts", {"email_templates/discovery/hello.mjml": content.mail(body="{% if %}")}
    )
    for count in (1, 2):
        found = looking.look_over_live(database, workspace_id, load_folder(files), settings, NOW)
        assert found.errors
        assert len(checks) == count
