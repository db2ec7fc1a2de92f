from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.core.timing import Calendar, QuietHours, Window, next_open, zone_of

NONE = Calendar()
EVERY_DAY = frozenset(range(7))
OFFICE = Window(frozenset(range(5)), time(8, 30), time(17, 30))
NIGHT = QuietHours(time(21), time(7))
BERLIN = zone_of("Europe/Berlin", "UTC")[0]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def opening(
    at: datetime, window: Window | None, quiet: QuietHours | None = None, zone: str = "Europe/Berlin"
) -> datetime | None:
    return next_open(at, window, quiet, zone_of(zone, "UTC")[0], NONE, None)


def test_an_open_instant_is_returned_as_it_is() -> None:
    at = utc(2026, 11, 24, 10, 0, 5, 7)
    assert opening(at, OFFICE, NIGHT) is at
    assert opening(at, None, None) is at


def test_a_closed_window_opens_on_its_next_day() -> None:
    assert opening(utc(2026, 11, 24, 3), OFFICE) == utc(2026, 11, 24, 7, 30)
    assert opening(utc(2026, 11, 24, 16, 30), OFFICE) == utc(2026, 11, 25, 7, 30)
    assert opening(utc(2026, 11, 27, 20, 1, 2, 3), OFFICE) == utc(2026, 11, 30, 7, 30)


def test_quiet_hours_alone() -> None:
    assert opening(utc(2026, 11, 24, 22), None, NIGHT) == utc(2026, 11, 25, 6)
    assert opening(utc(2026, 11, 24, 3), None, NIGHT) == utc(2026, 11, 24, 6)


def test_the_window_opens_within_quiet_hours() -> None:
    early = Window(EVERY_DAY, time(5), time(9))
    assert opening(utc(2026, 11, 24, 1), early, NIGHT) == utc(2026, 11, 24, 6)


def test_window_and_quiet_hours_on_different_clocks() -> None:
    tokyo = Window(EVERY_DAY, time(9), time(17), "Asia/Tokyo")  # 01:00 to 09:00 in Berlin
    assert opening(utc(2026, 11, 24, 1), tokyo, NIGHT) == utc(2026, 11, 24, 6)
    assert opening(utc(2026, 11, 24, 8), tokyo, NIGHT) == utc(2026, 11, 25, 6)


@pytest.mark.parametrize("zone", ["contact", "Europe/Berlin", "Europe/Paris"])
def test_a_window_inside_quiet_hours_never_opens(zone: str) -> None:
    assert opening(utc(2026, 11, 24, 1), Window(EVERY_DAY, time(22), time(6), zone), NIGHT) is None


def test_one_free_minute_is_found() -> None:
    window = Window(frozenset({2}), time(22), time(7, 1))
    assert opening(utc(2026, 11, 24, 1), window, NIGHT) == utc(2026, 11, 26, 6)
    assert opening(utc(2026, 11, 24, 1), Window(frozenset({2}), time(20, 59), time(6)), NIGHT) == utc(
        2026, 11, 25, 19, 59
    )


def test_holidays_are_passed_over_in_the_country_of_the_contact() -> None:
    calendar = Calendar({"DE": frozenset({date(2026, 12, 24), date(2026, 12, 25)})})
    at = utc(2026, 12, 23, 20)
    assert next_open(at, OFFICE, None, BERLIN, calendar, "DE") == utc(2026, 12, 28, 7, 30)
    assert next_open(at, OFFICE, None, BERLIN, calendar, "FR") == utc(2026, 12, 24, 7, 30)


def test_a_window_that_never_opens_ends_the_search_after_400_days() -> None:
    at = utc(2026, 1, 1)
    closed = frozenset(date(2026, 1, 1) + timedelta(days=day) for day in range(399))
    opened = next_open(at, OFFICE, None, BERLIN, Calendar({"*": closed}), None)
    assert opened == utc(2027, 2, 4, 7, 30)
    assert next_open(at, OFFICE, None, BERLIN, Calendar({"*": closed | {date(2027, 2, 4)}}), None) is None


@pytest.mark.parametrize(
    ("zone", "at", "opens", "expected"),
    [
        # The opening is skipped: the first instant after the gap.
        ("Europe/Berlin", utc(2026, 3, 28, 20), time(2, 30), utc(2026, 3, 29, 1)),
        ("Australia/Lord_Howe", utc(2026, 10, 3, 12), time(2, 10), utc(2026, 10, 3, 15, 30)),
        ("Antarctica/Troll", utc(2026, 3, 28, 20), time(1, 30), utc(2026, 3, 29, 1)),
        ("America/Santiago", utc(2026, 9, 6, 1), time(0), utc(2026, 9, 6, 4)),
        ("Africa/Cairo", utc(2026, 4, 23, 12), time(0), utc(2026, 4, 23, 22)),
        # The opening occurs twice: the first.
        ("Europe/Berlin", utc(2026, 10, 24, 20), time(2, 30), utc(2026, 10, 25, 0, 30)),
        # Set back to before the opening: it closes again and opens anew.
        ("Europe/Berlin", utc(2026, 10, 25, 1, 10), time(2, 30), utc(2026, 10, 25, 1, 30)),
        # A day that never was (30 December 2011).
        ("Pacific/Apia", utc(2011, 12, 30, 9, 30), time(20), utc(2011, 12, 31, 6)),
    ],
)
def test_openings_on_days_when_the_clocks_change(
    zone: str, at: datetime, opens: time, expected: datetime
) -> None:
    window = Window(EVERY_DAY, opens, opens.replace(hour=opens.hour + 3))
    assert opening(at, window, zone=zone) == expected


def test_quiet_hours_that_end_in_a_gap_end_with_it() -> None:
    assert opening(utc(2026, 3, 28, 22), None, QuietHours(time(21), time(2, 30))) == utc(2026, 3, 29, 1)


def test_quiet_hours_return_when_the_clocks_are_set_back_into_them() -> None:
    quiet = QuietHours(time(21), time(2, 30))
    assert opening(utc(2026, 10, 25, 0, 10), None, quiet) == utc(2026, 10, 25, 0, 30)
    assert opening(utc(2026, 10, 25, 1, 0), None, quiet) == utc(2026, 10, 25, 1, 30)
