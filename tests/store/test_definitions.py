"""Versions are immutable, numbered, and based on the newest."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from app.services.ids import new_id
from app.store import definitions
from app.store.database import Database
from app.store.definitions import NotNewest
from app.store.tables import workspaces

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WORKSPACE, OTHER = UUID(int=1), UUID(int=2)
SOURCE = "sequence: guide\r\n# “Ünïcode”, tabs\tand a last line without an end"


@pytest.fixture(autouse=True)
def _two_workspaces(database: Database) -> None:
    with database.write() as connection:
        for number, made in enumerate((WORKSPACE, OTHER)):
            row = {"id": made, "key": str(number), "name": "M", "is_demo": False, "created_at": NOW}
            connection.execute(insert(workspaces).values(**row))


def publish(database: Database, source: str = SOURCE, **given: Any) -> tuple[UUID, int]:
    chosen: dict[str, Any] = {
        "workspace_id": WORKSPACE, "kind": "sequence", "key": "guide", "definition_id": new_id(NOW),
        "version_id": new_id(NOW), "base_version_id": None, "author_id": None, "note": None, "now": NOW, **given,
    }  # fmt: skip
    with database.write() as connection:
        return definitions.publish(connection, source=source, **chosen)


def live(database: Database, workspace: UUID = WORKSPACE, kind: str | None = None) -> list[definitions.Live]:
    with database.read() as connection:
        return definitions.live(connection, workspace, kind)


def test_the_text_is_kept_byte_for_byte(database: Database) -> None:
    publish(database)
    (found,) = live(database)
    assert found.source == SOURCE
    assert (found.number, found.state, found.digest) == (1, "live", definitions.digest(SOURCE))


def test_a_change_is_a_new_version_and_the_old_one_stays(database: Database) -> None:
    first, second = new_id(NOW), new_id(NOW)
    definition, number = publish(database, version_id=first)
    again, next_number = publish(database, "sequence: guide\n", version_id=second, base_version_id=first)
    assert (again, number, next_number) == (definition, 1, 2)
    with database.read() as connection:
        assert [row.source for row in definitions.versions(connection, definition)] == [
            "sequence: guide\n",
            SOURCE,
        ]
        old = definitions.version(connection, first)
        assert old is not None
        assert (old.source, old.key, old.kind) == (SOURCE, "guide", "sequence")
        assert definitions.version(connection, new_id(NOW)) is None
    assert live(database)[0].version_id == second


@pytest.mark.parametrize("base", [None, UUID(int=77)])
def test_what_was_based_on_an_older_version_is_refused_and_nothing_stays(
    database: Database, base: UUID | None
) -> None:
    publish(database)
    with pytest.raises(NotNewest):
        publish(database, "sequence: guide\n# other", base_version_id=base)
    assert live(database)[0].source == SOURCE


def test_workspaces_and_kinds_do_not_meet(database: Database) -> None:
    publish(database)
    publish(database, workspace_id=OTHER)
    publish(database, kind="template")
    assert [found.kind for found in live(database)] == ["sequence", "template"]
    assert len(live(database, kind="template")) == len(live(database, OTHER)) == 1


def test_publishing_keeps_a_pause(database: Database) -> None:
    first = new_id(NOW)
    definition, _ = publish(database, version_id=first)
    with database.write() as connection:
        definitions.set_state(connection, definition, "paused", NOW)
    publish(database, "sequence: guide\n", base_version_id=first)
    assert live(database)[0].state == "paused"
    with database.write() as connection:
        found = definitions.find(connection, WORKSPACE, "sequence", "guide")
        assert found is not None
        assert found.paused_at == NOW
        definitions.set_state(connection, definition, "live", NOW)
        again = definitions.find(connection, WORKSPACE, "sequence", "guide")
        assert again is not None
        assert again.paused_at is None


def test_the_stamp_changes_with_every_publication_and_state(database: Database) -> None:
    def stamp() -> object:
        with database.read() as connection:
            return definitions.stamp(connection, WORKSPACE)

    seen = [stamp()]
    first = new_id(NOW)
    definition, _ = publish(database, version_id=first)
    seen.append(stamp())
    assert stamp() == seen[-1]
    publish(database, "sequence: guide\n", base_version_id=first)
    seen.append(stamp())
    with database.write() as connection:
        definitions.set_state(connection, definition, "paused", NOW)
    seen.append(stamp())
    assert len(set(map(str, seen))) == 4
    publish(database, workspace_id=OTHER)
    assert stamp() == seen[-1]


def test_of_each_locale_the_newest_compilation_counts(database: Database) -> None:
    version = new_id(NOW)
    publish(database, kind="template", version_id=version)
    with database.write() as connection:
        for locale, digest, minute in (("", "a", 0), ("", "b", 5), ("it", "c", 1)):
            definitions.add_variant(
                connection,
                {
                    "id": new_id(NOW), "workspace_id": WORKSPACE, "version_id": version, "locale": locale,
                    "source": "", "digest": digest, "compiled": "{}", "compiled_at": NOW.replace(minute=minute),
                },
            )  # fmt: skip
        found = {row.locale: row.digest for row in definitions.variants(connection, [version])[version]}
    assert found == {"": "b", "it": "c"}
