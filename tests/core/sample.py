"""Sequences, facts and settings for tests of the engine's core."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.engine import Advance, advance, enter
from app.core.enrollments import Enrollment
from app.core.facts import Facts, Happening
from app.core.lifecycle import Lifecycle, Stage, Transition
from app.core.programme import Programme
from app.core.reading import Node
from app.core.reasons import Reason
from app.core.sequences import Sequence, read_sequence
from app.core.setting import Setting, TemplateInfo
from app.core.timing import Calendar

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
CONTACT = UUID(int=7)
HOLIDAY = date(2026, 12, 25)

STAGES = {
    key: Stage(key, {"": key}, "main", frozenset(kinds), bool(kinds), order)
    for order, (key, kinds) in enumerate(
        {"lead": ("discovery",), "prospect": ("decision",), "gone": ()}.items()
    )
}
LIFECYCLE = Lifecycle(
    "inbound", STAGES, (Transition("lead", "prospect"), Transition("lead", "gone", "person"))
)
TEMPLATES = {
    key: TemplateInfo(key, key.partition("/")[0], topics=topics)
    for key, topics in {
        "discovery/hello": (), "discovery/guide": ("pricing",), "discovery/nudge": (), "discovery/case": ("billing",),
        "decision/offer": (),
    }.items()
} | {"discovery/ask": TemplateInfo("discovery/ask", "discovery", ask="means")}  # fmt: skip
SETTING = Setting(
    LIFECYCLE,
    Programme(zone="Europe/Copenhagen", country="DK", calendar=Calendar({"DK": frozenset({HOLIDAY})})),
    TEMPLATES,
)


def node(steps: list[dict[str, Any]], **top: Any) -> Node:
    return Node({"sequence": "walk", "for": "lead", "topic": "guides", "steps": steps, **top})


def sequence(*steps: dict[str, Any], **top: Any) -> Sequence:
    """A sequence of `steps`, such as {"hello": {"send": "discovery/hello"}}."""
    place = node(list(steps), **top)
    read = read_sequence(place)
    assert read is not None, place.findings
    return read


def faults(*steps: Any, **top: Any) -> list[str]:
    """What is told of a text with faults."""
    place = node(list(steps), **top)
    read_sequence(place)
    return [f"{finding.message} {finding.remedy}" for finding in place.findings]


def facts(**values: Any) -> Facts:
    return Facts(CONTACT, **{"stage": "lead", **values})


def entered(of: Sequence, at: datetime = MONDAY) -> Enrollment:
    return enter(of, UUID(int=1), CONTACT, 1, at, Reason("enrollment.entered"))


def run(
    of: Sequence,
    known: Facts | None = None,
    at: datetime = MONDAY,
    setting: Setting = SETTING,
    now: datetime | None = None,
) -> Advance:
    """Somebody enters at `at` and is taken on until `now`."""
    return advance(entered(of, at), of, known or facts(), setting, now or at)


def inside(enrollment: Enrollment, **values: Any) -> Enrollment:
    return replace(enrollment, **values)


def happened(
    kind: str,
    subject: str = "",
    at: datetime = MONDAY,
    *,
    topics: tuple[str, ...] = (),
    verdict: str = "human",
) -> Happening:
    return Happening(kind, subject, at, topics, verdict)


def after(**span: float) -> datetime:
    return MONDAY + timedelta(**span)


def effect_kinds(step: Advance) -> list[str]:
    return [type(effect).__name__ for effect in step.effects]


__all__ = [
    "CONTACT", "HOLIDAY", "LIFECYCLE", "MONDAY", "SETTING", "STAGES", "TEMPLATES", "after", "effect_kinds",
    "entered", "facts", "faults", "happened", "inside", "node", "run", "sequence",
]  # fmt: skip
