"""What is in force, for programs that only look: sequences, templates, segments, topics."""

from dataclasses import dataclass
from datetime import datetime

from app.core.labels import label_in
from app.services.world import World
from app.store import definitions


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition with its text in force. `version` is 0 while nothing was published."""

    key: str
    state: str
    version: int
    source: str


def of_kind(world: World, kind: str) -> list[Defined]:
    """All of a kind, by their keys."""
    with world.database.read() as connection:
        found = definitions.live(connection, world.workspace_id, kind)
    return [Defined(one.key, one.state, one.number, one.source) for one in found]


def topics(world: World, now: datetime) -> dict[str, str]:
    """Key and English label. Raises Unreadable."""
    known = world.library.catalogue(now).rules.programme.topics
    return {key: label_in(topic.label, "en") for key, topic in sorted(known.items())}
