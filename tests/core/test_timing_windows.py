from datetime import UTC, date, datetime, time

import pytest

from app.core.timing import Calendar, QuietHours, Window, zone_of

BERLIN = zone_of("Europe/Berlin", "UTC")[0]
TOKYO = zone_of("Asia/Tokyo", "UTC")[0]
NONE = Calendar()
OFFICE = Window(frozenset(range(5)), time(8, 30), time(17, 30))


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of October 2026 by a clock in Berlin; the 1st is a Thursday."""
    return datetime(2026, 10, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def test_a_window_is_read() -> None:
    tree = {"days": "mon-fri", "from": "08:30", "to": "17:30", "zone": "contact", "holidays": "skip"}
    assert Window.from_tree(tree) == OFFICE
    assert Window.from_tree(
        {"days": ["sat", "sun"], "from": "22:00", "to": "06:00", "zone": "Asia/Tokyo"}
    ) == Window(frozenset({5, 6}), time(22), time(6), "Asia/Tokyo")


def test_what_is_left_out_is_open() -> None:
    assert Window.from_tree({"days": "mon"}) == Window(frozenset({0}), time(0), time(0))
    assert Window.from_tree({"from": "09:00", "to": "17:00", "holidays": "send"}) == Window(
        frozenset(range(7)), time(9), time(17), skip_holidays=False
    )


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"form": "08:30", "to": "17:30"}, '"form" is not known here: use days, from, holidays, to, zone'),
        ({"from": "08:30"}, "to is missing: write both times"),
        ({"from": "08:30", "to": 1050}, 'to: 1050 is a number.*in quotes, such as "17:30"'),
        ({"from": "8 am", "to": "17:30"}, 'from: "8 am" is not a clock time.*such as "08:30"'),
        ({"days": "mon-fry"}, 'days: "fry" is not a day of the week'),
        ({"days": []}, 'days: .* names no days.*such as "mon-fri"'),
        ({"days": None}, "days: None names no days"),
        ({"zone": "Mars/Base"}, 'zone: "Mars/Base" is not a known time zone: write "contact"'),
        ({"zone": 7}, "zone: .*7.* is not a known time zone"),
        ({"holidays": False}, 'holidays: False is not known: write "skip" or "send"'),
        ({"holidays": "ignore"}, 'holidays: "ignore" is not known'),
    ],
)
def test_faults_name_the_key_and_the_remedy(tree: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Window.from_tree(tree)


@pytest.mark.parametrize("days", [set(), {7}, {-1, 2}])
def test_impossible_days_are_refused(days: set[int]) -> None:
    with pytest.raises(ValueError, match="is no choice of days"):
        Window(frozenset(days), time(8), time(9))


def test_office_hours_are_from_opening_to_just_before_closing() -> None:
    inside = [
        (hour, minute)
        for hour in (8, 17)
        for minute in (29, 30)
        if OFFICE.contains(berlin(1, hour, minute), BERLIN, NONE, None)
    ]
    assert inside == [(8, 30), (17, 29)]
    assert not OFFICE.contains(berlin(3, 12), BERLIN, NONE, None)  # Saturday


def test_the_clock_is_that_of_the_contact_or_of_the_zone_named() -> None:
    noon = berlin(1, 12)
    assert not OFFICE.contains(noon, TOKYO, NONE, None)
    named = Window(OFFICE.days, OFFICE.opens, OFFICE.closes, "Europe/Berlin")
    assert named.contains(noon, TOKYO, NONE, None)


def test_a_window_across_midnight_belongs_to_the_day_it_opens() -> None:
    friday_night = Window(frozenset({4}), time(22), time(6))
    asked = [(2, 5), (2, 21), (2, 22), (3, 0), (3, 5), (3, 6), (3, 22)]
    inside = [hour for hour in asked if friday_night.contains(berlin(*hour), BERLIN, NONE, None)]
    assert inside == [(2, 22), (3, 0), (3, 5)]


def test_equal_times_are_a_whole_day_from_the_opening() -> None:
    friday = Window(frozenset({4}), time(9), time(9))
    asked = [(2, 8), (2, 9), (2, 23), (3, 8), (3, 9)]
    inside = [hour for hour in asked if friday.contains(berlin(*hour), BERLIN, NONE, None)]
    assert inside == [(2, 9), (2, 23), (3, 8)]


def test_a_holiday_is_a_day_on_which_it_does_not_open() -> None:
    calendar = Calendar({"DE": frozenset({date(2026, 10, 2)})})
    nights = Window(frozenset(range(7)), time(22), time(6))
    asked = [(2, 5), (2, 23), (3, 5), (3, 23)]
    assert [hour for hour in asked if nights.contains(berlin(*hour), BERLIN, calendar, "DE")] == [
        (2, 5),
        (3, 23),
    ]
    assert all(nights.contains(berlin(*hour), BERLIN, calendar, "FR") for hour in asked)
    sending = Window(nights.days, nights.opens, nights.closes, skip_holidays=False)
    assert all(sending.contains(berlin(*hour), BERLIN, calendar, "DE") for hour in asked)


def test_an_hour_that_occurs_twice_counts_both_times() -> None:
    window = Window(frozenset({6}), time(2, 15), time(2, 45))
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert [window.contains(at, BERLIN, NONE, None) for at in twice] == [True, True]
    assert not window.contains(datetime(2026, 10, 25, 1, 0, tzinfo=UTC), BERLIN, NONE, None)


def test_quiet_hours_are_read_and_cross_midnight() -> None:
    quiet = QuietHours.from_tree({"from": "21:00", "to": "07:00"})
    assert quiet == QuietHours(time(21), time(7))
    hours = [hour for hour in range(24) if quiet.contains(berlin(1, hour), BERLIN)]
    assert hours == [0, 1, 2, 3, 4, 5, 6, 21, 22, 23]
    assert [
        hour for hour in range(24) if QuietHours(time(12), time(14)).contains(berlin(1, hour), BERLIN)
    ] == [12, 13]


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"from": "21:00"}, "to is missing"),
        ({"from": 1260, "to": "07:00"}, 'from: 1260 is a number.*"21:00"'),
        ({"from": "07:00", "to": "07:00"}, "both 07:00, which leaves no time to send"),
        ({"start": "21:00", "end": "07:00"}, '"start" is not known here: use from, to'),
    ],
)
def test_faults_in_quiet_hours(tree: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        QuietHours.from_tree(tree)
