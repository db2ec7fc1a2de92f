from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.throttling import (
    BURST,
    LEAST,
    RESTS,
    WARM_UP,
    Throttle,
    eased,
    in_turn,
    pressed,
    warm_up_limit,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def slots(throttle: Throttle, lane: str, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        found.append(throttle.slot(lane))
        throttle.take(lane)
    return found


def test_a_burst_leaves_at_once_and_the_rest_evenly() -> None:
    found = slots(Throttle(60, {}, NOW, ["a"]), "a", 20)
    assert found[:11] == [NOW] * 11  # ten seconds' worth at one a second, and the one of this moment
    assert found[11:] == [NOW + timedelta(seconds=number) for number in range(1, 10)]


@given(st.floats(1, 10_000), st.integers(1, 300), st.integers(1, 5))
def test_never_more_than_the_rate_and_a_burst(rate: float, count: int, lanes: int) -> None:
    names = [str(number) for number in range(lanes)]
    throttle = Throttle(rate, {}, NOW, names)
    found = sorted(at for name in names for at in slots(throttle, name, count))
    for minutes in (1, 2, 5):
        within = sum(at < NOW + minutes * MINUTE for at in found)
        assert within <= rate * (minutes + BURST / MINUTE) + lanes + 1


def test_a_small_sequence_does_not_wait_behind_a_large_one() -> None:
    large = Throttle(60, {}, NOW, ["large"])
    slots(large, "large", 600)
    both = Throttle(60, large.lanes, NOW, ["small"])
    assert slots(both, "small", 5)[-1] == NOW
    # While both have mails waiting each gets half.
    later = slots(both, "small", 20)
    assert later[-1] - later[-2] == timedelta(seconds=2)


def test_slots_go_on_where_the_last_batch_ended() -> None:
    first = Throttle(60, {}, NOW, ["a"])
    whole = slots(Throttle(60, {}, NOW, ["a"]), "a", 40)
    assert slots(first, "a", 25) + slots(Throttle(60, first.lanes, NOW, ["a"]), "a", 15) == whole


def test_slowing_down_halves_and_an_hour_of_peace_gives_it_back() -> None:
    one = pressed(None, NOW)
    assert (one.factor, one.rest_until) == (0.5, NOW + RESTS[0])
    assert one.factor_at(one.rest_until) == 0.5
    assert one.factor_at(one.rest_until + timedelta(minutes=30)) < 1.0
    assert one.factor_at(one.rest_until + timedelta(hours=1)) == 1.0
    assert one.factor_at(NOW + timedelta(days=3650)) == 1.0


def test_told_again_and_again_it_rests_longer_and_never_stops() -> None:
    pressure, now = pressed(None, NOW), NOW
    for _ in range(20):
        assert pressed(pressure, now) is pressure, "told while it rests, nothing new was learnt"
        now = pressure.rest_until
        pressure = pressed(pressure, now)
    assert pressure.factor == LEAST
    assert pressure.rest_until - now == RESTS[-1]


def test_what_the_server_asks_for_is_kept_to() -> None:
    assert pressed(None, NOW, timedelta(hours=4)).rest_until == NOW + timedelta(hours=4)
    assert eased(pressed(None, NOW), NOW).factor_at(NOW) == 1.0


def test_a_new_domain_grows_day_by_day_until_it_is_known() -> None:
    limits = [warm_up_limit(day) for day in range(len(WARM_UP) + 2)]
    assert limits[: len(WARM_UP)] == sorted(WARM_UP)
    assert limits[-2:] == [None, None]
    assert warm_up_limit(-1) == WARM_UP[0], "a clock that goes back opens nothing"


@given(st.dictionaries(st.text(max_size=3), st.lists(st.integers(), min_size=1, max_size=9), max_size=5))
def test_lanes_take_turns_and_nobody_is_left_out(lanes: dict[str, list[int]]) -> None:
    order = in_turn(lanes)
    assert sorted(order) == sorted(number for members in lanes.values() for number in members)
    assert order[: len(lanes)] == [members[0] for members in lanes.values()]
