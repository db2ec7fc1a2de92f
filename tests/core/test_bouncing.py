"""Classes of bounces, and when they have added up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.core.bouncing import ENOUGH, STALE, bounce_score, class_of, is_dead_mailbox

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CLASSES = ("hard", "soft", "policy")


@pytest.mark.parametrize(("enhanced", "code", "class_"), [
    ("5.1.1", 550, "hard"), ("5.1.10", None, "hard"), ("5.1.2", None, "hard"), ("5.2.1", None, "hard"),
    ("5.2.2", 552, "soft"), ("5.3.0", 550, "soft"), ("5.4.4", None, "soft"), ("4.7.1", 450, "soft"),
    ("5.7.1", 550, "policy"), ("5.7.26", None, "policy"), ("5.6.0", None, "policy"), ("5.1.8", None, "policy"),
    ("5.3.4", None, "policy"), ("5.0.0", 550, None), (None, 550, None), (None, 451, "soft"), (None, None, None),
])  # fmt: skip
def test_the_class_of_a_code(enhanced: str | None, code: int | None, class_: str | None) -> None:
    assert class_of(enhanced, code) == class_


def test_only_a_missing_mailbox_is_dead() -> None:
    assert [code for code in ("5.1.1", "5.1.10", "5.1.2", "5.2.2", "5.7.1", "4.1.1", None) if is_dead_mailbox(code)] == [
        "5.1.1", "5.1.10",
    ]  # fmt: skip


def test_a_day_counts_once_and_its_worst() -> None:
    same_day = [(NOW, "soft"), (NOW + timedelta(hours=2), "hard"), (NOW + timedelta(hours=3), "hard")]
    assert bounce_score(same_day, None, NOW + DAY) == 1
    assert bounce_score([(NOW - DAY, "soft"), (NOW, "hard")], None, NOW) == 1.5


def test_policy_never_counts() -> None:
    assert bounce_score([(NOW - n * DAY, "policy") for n in range(50)], None, NOW) == 0


def test_what_is_stale_counts_no_more() -> None:
    bounces = [(NOW - STALE, "hard"), (NOW - STALE - timedelta(seconds=1), "hard")]
    assert bounce_score(bounces, None, NOW) == 1


def test_a_delivery_wipes_out_what_was_before_it() -> None:
    bounces = [(NOW - 3 * DAY, "hard"), (NOW - DAY, "hard")]
    assert bounce_score(bounces, NOW - 2 * DAY, NOW) == 1
    assert bounce_score(bounces, NOW, NOW) == 0


@given(
    some.lists(some.tuples(some.integers(0, 200), some.sampled_from(CLASSES))),
    some.none() | some.integers(0, 200),
    some.randoms(),
)
def test_the_order_of_hearing_says_nothing(
    days: list[tuple[int, str]], delivered: int | None, random: object
) -> None:
    bounces = [(NOW - n * DAY, class_) for n, class_ in days]
    at = None if delivered is None else NOW - delivered * DAY
    score = bounce_score(bounces, at, NOW)
    assert score == bounce_score(sorted(bounces, key=repr), at, NOW)
    assert 0 <= score <= len({at.date() for at, _ in bounces})
    assert ENOUGH > 1
