"""What publishing the files would change, and how many people are inside each touched step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from app.core.diff import SequenceDiff, diff
from app.core.sequences import Sequence, read_sequence
from app.files.trees import read_document
from app.services.authoring.sources import Name, Source, Sources, in_force
from app.store import authoring, definitions
from app.store.database import Database

State = Literal["new", "changed", "unchanged", "put away", "database only"]


@dataclass(frozen=True, slots=True)
class Item:
    """One definition. `base` is the number of the version in force (0: none); `people` counts those inside by step.

    `conflict`: somebody published since the file and the database last agreed, so the file would undo that.
    """

    kind: str
    key: str
    state: State
    path: str
    base: int = 0
    conflict: bool = False
    diff: SequenceDiff | None = None
    people: Mapping[str, int] = field(default_factory=dict)

    @property
    def inside(self) -> int:
        return sum(self.people.values())


@dataclass(frozen=True, slots=True)
class Plan:
    items: tuple[Item, ...]

    def of(self, *states: State) -> list[Item]:
        return [item for item in self.items if item.state in states]

    @property
    def conflicts(self) -> list[Item]:
        return [item for item in self.items if item.conflict]


def plan(database: Database, workspace_id: UUID, sources: Sources) -> Plan:
    """The difference between `sources` and what is in force. Nothing is changed."""
    with database.read() as connection:
        live = in_force(connection, workspace_id)
        agreed = authoring.in_files(connection, workspace_id)
        people = authoring.heads(connection, workspace_id)
    items = [_item(source, live.get(name), agreed, people) for name, source in sources.by_name.items()]
    items += [
        _unfiled(name, row, agreed, people)
        for name, row in live.items()
        if name not in sources.by_name and row.state != "archived"
    ]
    return Plan(tuple(items))


def read_text(text: str) -> Sequence | None:
    """The sequence in a text that may be broken."""
    document = read_document(text)
    node = document.node()
    return None if node.failed else read_sequence(node)


def _item(
    source: Source,
    live: definitions.Live | None,
    agreed: Mapping[str, Mapping[str, str]],
    people: Mapping[UUID, Mapping[str, int]],
) -> Item:
    if live is None:
        return Item(source.kind, source.key, "new", source.path)
    inside = people.get(live.id, {})
    if live.state == "archived":
        return Item(source.kind, source.key, "put away", source.path, live.number, people=inside)
    digest = definitions.digest(source.text)
    if digest == live.digest:
        return Item(source.kind, source.key, "unchanged", source.path, live.number, people=inside)
    conflict = agreed.get(str(live.id), {}).get("digest") != live.digest
    changes = _diff(live.source, source.text) if source.kind == "sequence" else None
    return Item(source.kind, source.key, "changed", source.path, live.number, conflict, changes, inside)


def _unfiled(
    name: Name,
    live: definitions.Live,
    agreed: Mapping[str, Mapping[str, str]],
    people: Mapping[UUID, Mapping[str, int]],
) -> Item:
    path = agreed.get(str(live.id), {}).get("path", "")
    return Item(*name, "database only", path, live.number, people=people.get(live.id, {}))


def _diff(before: str, after: str) -> SequenceDiff | None:
    """None where one of the two cannot be read: then there is nothing to say step by step."""
    old, new = read_text(before), read_text(after)
    return diff(old, new) if old and new else None
