"""What surrounds a decision and is the same for every contact: lifecycle, programme, templates, segments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from app.core.conditions import Condition
from app.core.facts import Facts
from app.core.lifecycle import Lifecycle
from app.core.pieces import PieceInfo
from app.core.programme import Programme
from app.core.timing import zone_of


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """What the engine must know of a template: the stage gate reads its kind, the choice its topics.

    `pieces` are those of the library that its links lead to.
    """

    key: str
    content_kind: str
    message_class: str = "marketing"
    topics: tuple[str, ...] = ()
    repeat: bool = False
    ask: str | None = None
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    lifecycle: Lifecycle
    programme: Programme
    templates: Mapping[str, TemplateInfo] = field(default_factory=dict)
    segments: Mapping[str, Condition] = field(default_factory=dict)
    pieces: Mapping[str, PieceInfo] = field(default_factory=dict)

    def zone(self, facts: Facts) -> ZoneInfo:
        """The contact's zone, or the programme's where there is none or a bad one."""
        return zone_of(facts.zone_name(), self.programme.zone)[0]

    def country(self, facts: Facts) -> str:
        return facts.country() or self.programme.country
