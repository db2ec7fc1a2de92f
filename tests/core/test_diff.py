"""Step by step: what publishing changes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.diff import diff, stands
from tests.core.sample import sequence

A, B, C = {"a": {"send": "x/a"}}, {"b": {"wait": "2 days"}}, {"c": {"task": "Call"}}


def changes(old: list[dict[str, Any]], new: list[dict[str, Any]], **top: Any) -> list[tuple[object, ...]]:
    found = diff(sequence(*old), sequence(*new, **top))
    return [(one.key, one.how, *one.what) for one in found.steps]


def test_nothing_changed() -> None:
    assert not diff(sequence(A, B, C), sequence(A, B, C))


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ([A, C], [("b", "removed")]),
        ([A, {"n": {"wait": "1 day"}}, B, C], [("n", "added")]),
        ([A, {"b": {"wait": "3 days"}}, C], [("b", "changed", "span")]),
        ([A, {"b": {"exit": "x"}}, C], [("b", "changed", "kind")]),
        ([A, B, {"c": {"task": "Call", "go": "a"}}], [("c", "changed", "next")]),
        ([{"a": {"send": "x/a", "go": "c"}}, B, C], [("a", "changed", "next")]),
        ([B, C, A], [("a", "moved")]),
        ([C, B, A], [("c", "moved"), ("b", "moved")]),
    ],
)
def test_a_step(new: list[dict[str, Any]], expected: list[tuple[object, ...]]) -> None:
    assert changes([A, B, C], new) == expected


def test_a_renamed_step_is_another_one() -> None:
    assert changes([A, B], [A, {"other": {"wait": "2 days"}}]) == [("other", "added"), ("b", "removed")]


@pytest.mark.parametrize(
    ("top", "word"),
    [
        ({"title": "Another"}, "title"), ({"priority": 9}, "priority"), ({"goal": {"tag": "x"}}, "goal"),
        ({"exit": ["replied", {"tag": "x"}]}, "exit"), ({"late": "1 day"}, "window, caps and lateness"),
        ({"enter": "api"}, "enter"), ({"again": "always"}, "again"), ({"topic": "offers"}, "topic"),
    ],
)  # fmt: skip
def test_the_head_is_told_once_and_not_at_each_step(top: dict[str, Any], word: str) -> None:
    found = diff(sequence(A, B), sequence(A, B, **top))
    assert (found.head, found.steps) == ((word,), ())


def test_who_stands_where() -> None:
    old, new = sequence(A, B, C), sequence(A, {"b": {"exit": "x"}})
    assert [stands(old, new, key) for key in ("a", "b", "c", "end", "gone")] == [
        True,
        False,
        False,
        True,
        False,
    ]


ORDERS = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1)


@settings(max_examples=200, deadline=None)
@given(ORDERS, ORDERS)
def test_keys_are_told_as_sets_say(before: list[str], after: list[str]) -> None:
    old, new = ([{key: {"exit": key}} for key in order] for order in (before, after))
    told = {
        how: {key for key, found, *_ in changes(old, new) if found == how}
        for how in ("added", "removed", "moved", "changed")
    }
    assert told["added"] == set(after) - set(before)
    assert told["removed"] == set(before) - set(after)
    assert told["changed"] == set()
    kept_before = [key for key in before if key in after and key not in told["moved"]]
    kept_after = [key for key in after if key in before and key not in told["moved"]]
    assert kept_before == kept_after
