"""What can happen, and patterns over it: for conditions, wait-for steps and exits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.facts import Happening

MAIL_KINDS = ("sent", "opened", "clicked", "answered", "replied", "bounced", "complained", "unsubscribed")
SITE_KINDS = (
    "visited", "downloaded", "form_submitted", "quote_requested", "demo_requested", "trial_started",
    "meeting_booked", "call_recorded",
)  # fmt: skip
ENGINE_KINDS = ("stage_entered", "goal_reached", "imported", "tagged", "task_done", "silent")
KINDS = (*MAIL_KINDS, *SITE_KINDS, *ENGINE_KINDS)

# Of these nobody has to guess whether a person or a machine was at work.
CERTAIN_KINDS = frozenset({"sent", "bounced", "complained", "unsubscribed", *ENGINE_KINDS})


@dataclass(frozen=True, slots=True)
class EventPattern:
    """Any of `kinds`, about any of `subjects` and any of `topics` (empty: whatever), or one of `others`."""

    kinds: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    others: tuple["EventPattern", ...] = ()

    def matches(self, happening: Happening) -> bool:
        """Whether it is meant and counts: a human did it, or it is of a kind that no machine fakes."""
        here = (
            happening.kind in self.kinds
            and (happening.verdict == "human" or happening.kind in CERTAIN_KINDS)
            and (not self.subjects or happening.subject in self.subjects)
            and (not self.topics or any(topic in self.topics for topic in happening.topics))
        )
        return here or any(other.matches(happening) for other in self.others)

    def to_json(self) -> dict[str, Any]:
        return {
            "kinds": list(self.kinds),
            "subjects": list(self.subjects),
            "topics": list(self.topics),
            "others": [other.to_json() for other in self.others],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "EventPattern":
        """The pattern `to_json` wrote. Raises KeyError where a part is missing."""
        return cls(
            tuple(value["kinds"]),
            tuple(value["subjects"]),
            tuple(value["topics"]),
            tuple(cls.from_json(other) for other in value["others"]),
        )


def any_of(patterns: list[EventPattern]) -> EventPattern:
    """One pattern that matches what any of them matches; those that differ in their kinds only are joined."""
    joined: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}
    for pattern in patterns:
        about = (pattern.subjects, pattern.topics)
        joined[about] = tuple(dict.fromkeys((*joined.get(about, ()), *pattern.kinds)))
    if not joined:
        return EventPattern(())
    first, *rest = (EventPattern(kinds, *about) for about, kinds in joined.items())
    return EventPattern(first.kinds, first.subjects, first.topics, tuple(rest))
