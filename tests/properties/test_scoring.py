"""A score is the fold of its entries, in whatever order they come."""

from datetime import UTC, datetime, timedelta
from math import isclose

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core.effects import AddScore
from app.core.facts import Measure
from app.core.reasons import Reason
from app.core.scoring import Limit, add_to, fold

START = datetime(2026, 1, 1, tzinfo=UTC)
WHY = Reason("score.event")

points = st.floats(-1000, 1000, allow_nan=False)
half_lives = st.none() | st.timedeltas(timedelta(hours=1), timedelta(days=3650))
instants = st.timedeltas(timedelta(0), timedelta(days=2000)).map(lambda after: START + after)
entries = st.lists(st.builds(lambda p, at: AddScore("engagement", "r", "o", p, at, WHY), points, instants))


def added(ledger: list[AddScore], half_life: timedelta | None) -> Measure | None:
    measure = None
    for entry in ledger:
        measure = add_to(measure, entry.points, entry.at, half_life)
    return measure


@settings(max_examples=200, deadline=None)
@given(
    entries, half_lives, st.randoms(use_true_random=False), st.timedeltas(timedelta(0), timedelta(days=99))
)
@example([], None, None, timedelta(0))
def test_adding_one_by_one_equals_the_fold_in_any_order(ledger, half_life, chance, later) -> None:  # type: ignore[no-untyped-def]
    """The projection in the store, late entries included, is what the ledger says, now and later."""
    shuffled = list(ledger)
    if chance is not None:
        chance.shuffle(shuffled)
    folded, kept = fold(ledger, half_life), added(shuffled, half_life)
    assert (folded is None) == (kept is None) == (not ledger)
    if folded is None or kept is None:
        return
    assert folded.as_of == kept.as_of
    scale = sum(abs(entry.points) for entry in ledger) or 1.0
    assert isclose(folded.value, kept.value, rel_tol=1e-9, abs_tol=1e-9 * scale)
    at = folded.as_of + later
    assert isclose(folded.at(at), kept.at(at), rel_tol=1e-9, abs_tol=1e-9 * scale)


@settings(max_examples=100, deadline=None)
@given(entries, half_lives, st.randoms(use_true_random=False))
def test_the_fold_does_not_look_at_the_order(ledger, half_life, chance) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(ledger)
    chance.shuffle(shuffled)
    assert fold(shuffled, half_life) == fold(ledger, half_life)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 400), max_size=40),
    st.integers(1, 4),
    st.integers(1, 72),
)
def test_no_stretch_ever_holds_more_than_the_limit(hours: list[int], count: int, span: int) -> None:
    """In the order in which they are told, late ones in between; asked against a count of every stretch."""
    limit = Limit(count, timedelta(hours=span))
    kept: list[int] = []
    for hour in hours:
        if limit.leaves_room([START + timedelta(hours=one) for one in kept], START + timedelta(hours=hour)):
            kept.append(hour)
        else:
            inside = [one for one in (*kept, hour) if abs(one - hour) < span]
            assert len(inside) > count
    assert all(sum(first <= one < first + span for one in kept) <= count for first in kept)
