"""Suppressions: a keyed hash of the address, once each, over a rotation of keys."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.reasons import Reason
from app.services.suppressing import ValueHash, suppress
from app.services.world import World
from app.store.contacts import live_suppressions
from app.store.database import Database
from app.store.tables import suppressions
from tests.support.line import NOW
from tests.support.rules import one, programme, rows

WHY = Reason("suppressed.no_mailbox", {"code": 550})
ADDRESS = "Ann.Berg@berg.example"


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return programme(database, tmp_path)


def write(world: World, value: str = ADDRESS, scope: str = "address", topic: str = "", **also: Any) -> bool:
    how = {"reason": WHY, "source": "smtp", "now": NOW, "topic": topic, **also}
    with world.database.write() as connection:
        return suppress(connection, world, scope=scope, value=value, **how)


@pytest.mark.parametrize("also", [{"contact_id": UUID(int=1)}, {"source": "erasure"}])
def test_what_a_contact_has_and_who_is_erased_are_kept_as_a_hash_only(
    world: World, also: dict[str, Any]
) -> None:
    assert write(world, **also)
    assert "berg" not in str(one(world, suppressions))


def test_where_no_contact_has_it_the_value_stays_readable(world: World) -> None:
    assert write(world)
    row = one(world, suppressions)
    assert row.value == ADDRESS
    assert (row.reason_code, row.source, row.at) == ("suppressed.no_mailbox", "smtp", NOW)
    digest = ValueHash(world.settings)(ADDRESS.lower())
    with world.database.read() as connection:
        assert live_suppressions(connection, world.workspace_id, {digest}) == {
            digest: [("address", "", "smtp")]
        }


def test_one_that_stands_is_kept_and_other_scopes_are_their_own(world: World) -> None:
    assert write(world)
    assert not write(world, ADDRESS.upper())
    assert write(world, scope="marketing")
    assert write(world, scope="topic", topic="guides")
    assert write(world, scope="topic", topic="offers")
    assert len(rows(world, suppressions)) == 4


def test_a_lifted_one_may_be_written_again(world: World) -> None:
    write(world)
    with world.database.write() as connection:
        connection.execute(update(suppressions).values(lifted_at=NOW, lifted_why="a mistake"))
    assert write(world)
    with world.database.read() as connection:
        digest = ValueHash(world.settings)(ADDRESS)
        assert live_suppressions(connection, world.workspace_id, {digest}) == {
            digest: [("address", "", "smtp")]
        }


def test_a_rotation_of_keys_forgets_nobody(world: World) -> None:
    settings = world.settings
    rotated = settings.model_copy(update={"secret_key": "new", "retired_keys": [settings.secret_key]})
    assert ValueHash(rotated)(ADDRESS) == ValueHash(settings)(ADDRESS)


def test_another_installation_hashes_otherwise(world: World) -> None:
    other = world.settings.model_copy(update={"secret_key": "theirs"})
    assert ValueHash(other)(ADDRESS) != ValueHash(world.settings)(ADDRESS)
