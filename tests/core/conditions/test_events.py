"""Patterns of events: what they are read from, what they match, and how they are stored."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.conditions import EventPattern, is_event, parse_event
from app.core.facts import Happening
from app.core.reading import Node

STEPS = {"guide": "discovery/guide"}
AT = datetime(2026, 3, 10, tzinfo=UTC)


def read(written: Any) -> EventPattern:
    node = Node(written)
    pattern = parse_event(node, STEPS)
    assert node.findings == []
    return pattern


def test_short_forms_and_lists() -> None:
    assert read("replied") == EventPattern(("replied",))
    assert read({"clicked": "guide"}) == EventPattern(("clicked",), ("discovery/guide",))
    assert read({"event": "visited", "page": "prices", "topic": "pricing"}) == EventPattern(
        ("visited",), ("prices",), ("pricing",)
    )
    assert read(["replied", "unsubscribed", "bounced"]) == EventPattern(
        ("replied", "unsubscribed", "bounced")
    )


def test_a_list_does_not_lend_the_subject_of_one_entry_to_another() -> None:
    pattern = read(["replied", {"clicked": "guide"}, "bounced"])
    assert pattern.matches(Happening("replied", "other/mail", AT))
    assert pattern.matches(Happening("bounced", "", AT))
    assert pattern.matches(Happening("clicked", "discovery/guide", AT))
    assert not pattern.matches(Happening("clicked", "other/mail", AT))


@pytest.mark.parametrize(
    ("kind", "verdict", "counts"),
    [
        ("clicked", "human", True),
        ("clicked", "machine", False),
        ("clicked", "unknown", False),
        ("replied", "unknown", False),
        ("custom:demo", "unknown", False),
        ("unsubscribed", "unknown", True),
        ("bounced", "machine", True),
        ("complained", "machine", True),
        ("stage_entered", "unknown", True),
    ],
)
def test_a_human_is_needed_where_a_machine_could_have_done_it(kind: str, verdict: str, counts: bool) -> None:
    assert EventPattern((kind,)).matches(Happening(kind, "", AT, (), verdict)) is counts


def test_topics_and_subjects_narrow_it() -> None:
    pattern = EventPattern(("clicked",), ("a", "b"), ("pricing",))
    assert pattern.matches(Happening("clicked", "b", AT, ("demo", "pricing")))
    assert not pattern.matches(Happening("clicked", "b", AT, ("demo",)))
    assert not pattern.matches(Happening("clicked", "c", AT, ("pricing",)))
    assert not pattern.matches(Happening("opened", "a", AT, ("pricing",)))
    assert not EventPattern(()).matches(Happening("clicked", "a", AT))


def test_stored_and_read_again() -> None:
    pattern = read(["replied", {"clicked": "guide", "topic": ["a", "b"]}])
    assert EventPattern.from_json(pattern.to_json()) == pattern


@pytest.mark.parametrize(
    "written",
    [None, [], "clickd", {"tag": "a"}, {"clicked": "gude"}, {"clicked": "guide", "in": "3 days"}, 5],
)
def test_a_fault_is_told_and_matches_nothing(written: Any) -> None:
    node = Node(written)
    assert parse_event(node, STEPS) == EventPattern(())
    assert node.failed


def test_events_are_told_from_conditions() -> None:
    assert is_event("replied")
    assert is_event({"clicked": "guide"})
    assert is_event(["replied", {"clicked": "guide"}])
    assert not is_event({"tag": "competitor"})
    assert not is_event({"topic": "pricing", "at least": 2, "in": "14 days"})
