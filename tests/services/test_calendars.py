"""Public holidays by country."""

from datetime import date

from app.services.calendars import calendar_for, unknown_countries


def test_holidays_of_the_countries_and_years_asked_for() -> None:
    calendar = calendar_for(["DK", "IT"], range(2026, 2028))
    assert calendar.is_holiday(date(2026, 12, 25), "DK")
    assert calendar.is_holiday(date(2027, 4, 25), "IT")
    assert not calendar.is_holiday(date(2027, 4, 25), "DK")
    assert not calendar.is_holiday(date(2030, 12, 25), "DK")
    assert not calendar.is_holiday(date(2026, 12, 25), "SE")


def test_a_country_nobody_knows_has_none_and_is_named() -> None:
    assert calendar_for(["XX", "DE"], [2026]).holidays.keys() == {"DE"}
    assert unknown_countries(["XX", "DE", "Atlantis"]) == ["XX", "Atlantis"]


def test_no_countries_no_holidays() -> None:
    assert calendar_for([], [2026]).holidays == {}
