"""Ids of one instant sort in the order in which they were drawn."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from app.services.ids import new_id

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_ids_of_one_instant_keep_their_order() -> None:
    drawn = [new_id(NOW) for _ in range(40_000)]
    assert drawn == sorted(drawn)
    assert len(set(drawn)) == len(drawn)


def test_a_later_instant_sorts_later() -> None:
    later = new_id(NOW + timedelta(milliseconds=1))
    assert new_id(NOW) < later
    assert (later.version, later.variant) == (7, RFC_4122)


def test_two_processes_do_not_draw_the_same() -> None:
    """Beside the counter there is chance."""
    assert len({new_id(NOW).int & (1 << 48) - 1 for _ in range(1000)}) == 1000
