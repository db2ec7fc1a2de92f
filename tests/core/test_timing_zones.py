from datetime import UTC, date, datetime, time

import pytest

from app.core.timing import Calendar, local_instant, zone_of

BERLIN = zone_of("Europe/Berlin", "UTC")[0]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_a_known_zone_is_used_and_kept() -> None:
    zone, bad = zone_of("Asia/Kathmandu", "UTC")
    assert (zone.key, bad) == ("Asia/Kathmandu", False)
    assert zone_of("Asia/Kathmandu", "Europe/Paris")[0] is zone


def test_no_zone_is_not_a_bad_zone() -> None:
    assert zone_of(None, "Europe/Paris")[0].key == "Europe/Paris"
    assert zone_of(None, "Europe/Paris")[1] is False


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "../etc/passwd",
        "/etc/passwd",
        "Mars/Base",
        "a\0b",
        "x" * 100_000,
        "Zürich",
        "\ud800",
        "America",
        "localtime",
        "posix/UTC",
        "right/Europe/Berlin",
        "europe/berlin",
        "UTC\n",
        "tzdata.zi",
        ".",
        "Factory",
    ],
)
def test_an_unusable_zone_falls_back_and_says_so(name: str) -> None:
    zone, bad = zone_of(name, "Europe/Paris")
    assert (zone.key, bad) == ("Europe/Paris", True)


def test_an_unusable_fallback_is_utc() -> None:
    assert zone_of("Mars/Base", "Moon/Base")[0].key == "UTC"
    assert zone_of(None, "Moon/Base") == (zone_of("UTC", "UTC")[0], False)


@pytest.mark.parametrize(
    ("zone", "day", "at", "instant"),
    [
        ("Europe/Berlin", date(2026, 7, 1), time(9), utc(2026, 7, 1, 7)),
        # Gap 02:00 to 03:00.
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), utc(2026, 3, 29, 1)),
        ("Europe/Berlin", date(2026, 3, 29), time(3), utc(2026, 3, 29, 1)),
        # 02:00 to 03:00 occurs twice.
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), utc(2026, 10, 25, 0, 30)),
        ("Europe/Berlin", date(2026, 10, 25), time(3), utc(2026, 10, 25, 2)),
        # Half an hour is skipped from 02:00.
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 10), utc(2026, 10, 3, 15, 30)),
        # Two hours are skipped from 01:00.
        ("Antarctica/Troll", date(2026, 3, 29), time(2, 59), utc(2026, 3, 29, 1)),
        # Midnight itself is skipped.
        ("America/Santiago", date(2026, 9, 6), time(0), utc(2026, 9, 6, 4)),
        ("Africa/Cairo", date(2026, 4, 24), time(0, 15), utc(2026, 4, 23, 22)),
        # The whole day is skipped.
        ("Pacific/Apia", date(2011, 12, 30), time(9), utc(2011, 12, 30, 10)),
        ("Asia/Kathmandu", date(2026, 1, 1), time(0), utc(2025, 12, 31, 18, 15)),
    ],
)
def test_instants_of_clock_times(zone: str, day: date, at: time, instant: datetime) -> None:
    assert local_instant(day, at, zone_of(zone, "UTC")[0]) == instant


def test_the_fold_of_a_clock_time_does_not_matter() -> None:
    day = date(2026, 10, 25)
    assert local_instant(day, time(2, 30, fold=1), BERLIN) == local_instant(day, time(2, 30), BERLIN)


def test_dates_that_mean_never_stay_within_reach() -> None:
    assert local_instant(date.max, time(9), BERLIN).year == 9000
    assert local_instant(date.min, time(9), BERLIN).year == 1000


def test_holidays_of_a_country_and_of_everyone() -> None:
    unity, closed = date(2026, 10, 2), date(2026, 10, 5)
    calendar = Calendar({"DE": frozenset({unity}), "*": frozenset({closed})})
    assert calendar.is_holiday(unity, "DE")
    assert not calendar.is_holiday(unity, "FR")
    assert not calendar.is_holiday(unity, None)
    assert calendar.is_holiday(closed, "FR")
    assert calendar.is_holiday(closed, None)


def test_working_days_are_monday_to_friday_without_holidays() -> None:
    calendar = Calendar({"DE": frozenset({date(2026, 10, 2)})})
    working = [day for day in range(1, 8) if calendar.is_working(date(2026, 10, day), "DE")]
    assert working == [1, 5, 6, 7]
    assert Calendar().is_working(date(2026, 10, 2), "DE")
