"""The surroundings of an import, taken from what is in force now."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.services.importing.options import Surroundings
from app.services.suppressing import ValueHash
from app.services.world import World


def surroundings(world: World, now: datetime) -> Surroundings:
    """Lifecycle, topics and live sequences of the workspace. Raises Unreadable where they cannot be read."""
    catalogue = world.library.catalogue(now)

    def sequences_for_stage(_connection: Connection, _workspace_id: UUID, stage: str) -> list[UUID]:
        return [version.definition_id for version in catalogue.for_stage(stage)]

    return Surroundings(
        catalogue.rules.lifecycle,
        world.settings.data_dir,
        ValueHash(world.settings),
        sequences_for_stage,
        tuple(catalogue.rules.programme.topics),
        catalogue.rules.programme.flags,
    )
