"""The first start makes everything once; each later one does nothing twice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, inspect, select

from app.services.authoring import look_at_live
from app.services.authoring.applying import Refused
from app.services.starting import is_current, migrate, start
from app.services.world import open_world
from app.store import tables
from app.store.database import Database
from app.store.tables import metadata
from config import ROOT, Settings
from tests.services.authoring import content
from tests.support.databases import Postgres

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ADMIN = "admin@halden.example"


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'var' / 'trellis.db'}")
        yield database
        database.close()
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    database = postgres.create(schema=False)
    yield database
    postgres.drop(database)


def settings_of(folder: Path, content_dir: Path, **more: Any) -> Settings:
    return Settings(_env_file=None, data_dir=folder, secret_key="k", content_dir=content_dir, **more)


def counts(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_a_first_start_and_a_second(bare: Database, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "var", content.write(tmp_path / "content"))
    said: list[str] = []
    first = start(bare, settings, ADMIN, NOW, said.append)
    assert is_current(bare)
    assert first.password
    assert said == [
        "The database is up to date.",
        "10 starter texts are in force: lifecycle, scoring, sequences, templates.",
    ]
    before = counts(bare)
    assert (before["workspaces"], before["users"], before["definition_versions"]) == (1, 1, 10)
    said.clear()
    second = start(bare, settings, "other@halden.example", NOW + timedelta(days=1), said.append)
    assert (second.workspace_id, second.password, said) == (first.workspace_id, None, [])
    assert counts(bare) == before
    catalogue = open_world(bare, first.workspace_id, settings).library.catalogue(NOW)
    assert set(catalogue.sequences) == {"guide", "case"}


def test_the_months_ahead_have_their_partitions_from_the_start(bare: Database, tmp_path: Path) -> None:
    start(bare, settings_of(tmp_path / "var", content.write(tmp_path / "content")), ADMIN, NOW, print)
    found = [name for name in inspect(bare.engine).get_table_names() if name.startswith("events__2")]
    assert sorted(found) == ([] if bare.is_sqlite else [
        "events__2026_11", "events__2026_12", "events__2027_01", "events__2027_02",
    ])  # fmt: skip


def test_a_starter_with_an_error_stops_the_start_with_its_place(bare: Database, tmp_path: Path) -> None:
    broken = content.GUIDE.replace("- pause: {wait: 2 days}", "- pause: {wait: 2 fortnights}")
    folder = content.write(tmp_path / "content", {"sequences/discovery/guide.yaml": broken})
    with pytest.raises(Refused) as refused:
        start(bare, settings_of(tmp_path / "var", folder), ADMIN, NOW, print)
    assert any(
        "guide.yaml" in str(finding) and "fortnights" in str(finding) for finding in refused.value.findings
    )
    assert counts(bare)["definition_versions"] == 0
    assert counts(bare)["users"] == 0
    # Mended, the start goes on where it stopped, and nobody's password was made and not shown.
    content.write(tmp_path / "content")
    again = start(bare, settings_of(tmp_path / "var", folder), ADMIN, NOW, print)
    assert counts(bare)["definition_versions"] == 10
    assert again.password


def test_starters_are_loaded_into_an_empty_base_only(bare: Database, tmp_path: Path) -> None:
    """What was changed here in the meantime is not overwritten by the files of a later release."""
    folder = content.write(tmp_path / "content")
    settings = settings_of(tmp_path / "var", folder)
    start(bare, settings, ADMIN, NOW, print)
    content.write(folder, {"sequences/discovery/guide.yaml": content.GUIDE.replace("2 days", "3 days")})
    start(bare, settings, ADMIN, NOW + timedelta(days=1), print)
    assert counts(bare)["definition_versions"] == 10


@pytest.mark.parametrize(
    ("preset", "entered"),
    [
        ("inbound", {"lead": ["discovery-guide"], "prospect": ["decision-case"]}),
        (
            "outbound",
            {
                "marketing-qualified-prospect": ["outbound-first"],
                "lead": ["outbound-questions"],
                "sales-qualified-prospect": ["outbound-next"],
            },
        ),
    ],
)
def test_the_shipped_starters_start(tmp_path: Path, preset: str, entered: dict[str, list[str]]) -> None:
    """Under each preset without a finding; and who reaches a stage enters the sequences of this preset alone."""
    database = Database(f"sqlite:///{tmp_path / 'trellis.db'}")
    settings = settings_of(tmp_path, ROOT, lifecycle_preset=preset)
    started = start(database, settings, ADMIN, NOW, lambda line: None)
    catalogue = open_world(database, started.workspace_id, settings).library.catalogue(NOW)
    assert catalogue.rules.lifecycle.key == preset
    shared = {
        "customer": ["adoption-start"],
        "ambassador": ["advocacy-referral"],
        "dormant": ["re-engagement"],
    }
    for stage in catalogue.rules.lifecycle.stages:
        found = sorted(version.sequence.key for version in catalogue.for_stage(stage))
        assert found == {**shared, **entered}.get(stage, []), stage
    looked = look_at_live(database, started.workspace_id, settings, NOW)
    assert looked.findings == ()
    with database.read() as connection:
        known = set(connection.execute(select(tables.field_definitions.c.key)).scalars())
    assert {"industry", "apartments", "satisfaction", "first_bill"} <= known
    database.close()


def test_migrating_twice_does_nothing(bare: Database) -> None:
    assert migrate(bare)
    assert not migrate(bare)
