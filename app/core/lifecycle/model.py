"""The values of a lifecycle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.core.conditions import Condition
from app.core.labels import Labels
from app.core.lifecycle.criteria import CriterionDef
from app.core.timing import Span

By = Literal["automation", "person", "any"]


@dataclass(frozen=True, slots=True)
class Stage:
    """`content_kinds` are what may be mailed here; a stage that is not `mailable` gets no marketing at all."""

    key: str
    label: Labels
    kind: Literal["main", "side"]
    content_kinds: frozenset[str]
    mailable: bool
    order: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transition:
    frm: str
    to: str
    by: By = "any"


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task for the contact's owner, due `due` after its occasion (None: without a date)."""

    kind: str
    title: str
    due: Span | None = None


@dataclass(frozen=True, slots=True)
class EntryRule:
    """When automation moves a contact from one of `frm` to `stage`.

    `condition` (None: always) must hold and every criterion of `required` be yes. Those of `asked` are
    asked for as well: unknown holds nobody back there, a clear no does.
    """

    stage: str
    frm: tuple[str, ...]
    required: tuple[str, ...]
    condition: Condition | None
    task: TaskSpec | None = None
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`stages` and `criteria` stand in their order; `entries` are asked in theirs, the first that holds wins."""

    key: str
    stages: Mapping[str, Stage]
    transitions: tuple[Transition, ...] = ()
    entries: tuple[EntryRule, ...] = ()
    criteria: Mapping[str, CriterionDef] = field(default_factory=dict)

    def declares(self, frm: str, to: str, by: str) -> bool:
        """Whether a transition from `frm` to `to` is open to `by` (automation or person)."""
        return any(t.frm == frm and t.to == to and t.by in ("any", by) for t in self.transitions)
