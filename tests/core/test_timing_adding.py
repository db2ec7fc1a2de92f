from datetime import UTC, date, datetime, time

import pytest

from app.core.timing import Calendar, Span, add_span, next_weekday, on_date, zone_of
from app.core.timing.spans import Unit

NONE = Calendar()
GERMANY = Calendar({"DE": frozenset({date(2026, 12, 25), date(2026, 12, 24)})})
BERLIN = zone_of("Europe/Berlin", "UTC")[0]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("start", "span", "expected"),
    [
        # Minutes and hours pass over a change of the clocks as they are.
        (utc(2026, 3, 28, 12), "24 hours", utc(2026, 3, 29, 12)),
        (utc(2026, 3, 29, 0, 59), "2 minutes", utc(2026, 3, 29, 1, 1)),
        # Days, weeks and months keep the clock time.
        (utc(2026, 3, 28, 12), "1 day", utc(2026, 3, 29, 11)),
        (utc(2026, 10, 20, 12, 0, 0, 9), "1 week", utc(2026, 10, 27, 13, 0, 0, 9)),
        (utc(2026, 3, 28, 1, 30), "1 day", utc(2026, 3, 29, 1)),
        (utc(2026, 10, 24, 0, 30), "1 day", utc(2026, 10, 25, 0, 30)),
        (utc(2026, 10, 25, 1, 30), "1 day", utc(2026, 10, 26, 1, 30)),
        (utc(2026, 1, 31, 9), "1 month", utc(2026, 2, 28, 9)),
        (utc(2028, 1, 31, 9), "1 month", utc(2028, 2, 29, 9)),
        (utc(2026, 1, 31, 9), "2 months", utc(2026, 3, 31, 8)),
        (utc(2026, 11, 30, 9), "13 months", utc(2027, 12, 30, 9)),
        # Nothing is nothing, also in the second of two equal hours.
        (utc(2026, 10, 25, 1, 30), "0 days", utc(2026, 10, 25, 1, 30)),
        (utc(2026, 11, 28, 9), "0 working days", utc(2026, 11, 28, 9)),
    ],
)
def test_adding_spans(start: datetime, span: str, expected: datetime) -> None:
    assert add_span(start, Span.parse(span), BERLIN, NONE, None) == expected


@pytest.mark.parametrize(
    ("start", "days", "country", "expected"),
    [
        (utc(2026, 11, 27, 9), 1, "DE", utc(2026, 11, 30, 9)),
        (utc(2026, 11, 28, 9), 1, "DE", utc(2026, 11, 30, 9)),
        (utc(2026, 11, 26, 9), 7, "DE", utc(2026, 12, 7, 9)),
        (utc(2026, 12, 23, 9), 1, "DE", utc(2026, 12, 28, 9)),
        (utc(2026, 12, 23, 9), 1, "FR", utc(2026, 12, 24, 9)),
        # 23:30 UTC on Thursday is Friday in Berlin.
        (utc(2026, 11, 26, 23, 30), 1, "DE", utc(2026, 11, 29, 23, 30)),
    ],
)
def test_working_days_are_those_of_the_contact(
    start: datetime, days: int, country: str, expected: datetime
) -> None:
    assert add_span(start, Span(days, "working days"), BERLIN, GERMANY, country) == expected


def test_a_day_that_never_was_is_passed_over() -> None:
    apia = zone_of("Pacific/Apia", "UTC")[0]
    assert add_span(utc(2011, 12, 29, 20), Span(1, "days"), apia, NONE, None) == utc(2011, 12, 30, 10)


@pytest.mark.parametrize("unit", ["weeks", "months", "working days"])
def test_spans_beyond_the_calendar_end_at_its_last_day(unit: Unit) -> None:
    assert add_span(utc(8999, 12, 1, 9), Span(100_000, unit), BERLIN, NONE, None) == utc(9000, 1, 1, 9)


def test_the_next_weekday_is_strictly_later() -> None:
    nine = utc(2026, 11, 24, 8)  # Tuesday, 09:00 in Berlin
    assert next_weekday(nine, 1, time(9), BERLIN) == utc(2026, 12, 1, 8)
    assert next_weekday(nine, 1, time(9, 1), BERLIN) == utc(2026, 11, 24, 8, 1)
    assert next_weekday(nine, 0, time(9), BERLIN) == utc(2026, 11, 30, 8)
    assert next_weekday(nine, 2, time(9), BERLIN) == utc(2026, 11, 25, 8)


def test_the_weekday_is_that_of_the_zone() -> None:
    late = utc(2026, 11, 23, 23, 30)  # Tuesday 00:30 in Berlin
    assert next_weekday(late, 1, time(0, 15), BERLIN) == utc(2026, 11, 30, 23, 15)


@pytest.mark.parametrize(
    ("offset", "before", "expected"),
    [
        (None, False, utc(2026, 12, 28, 8)),
        ("3 days", True, utc(2026, 12, 25, 8)),
        ("3 days", False, utc(2026, 12, 31, 8)),
        ("2 weeks", True, utc(2026, 12, 14, 8)),
        ("1 month", True, utc(2026, 11, 28, 8)),
        ("6 months", True, utc(2026, 6, 28, 7)),
        ("2 months", False, utc(2027, 2, 28, 8)),
        ("2 hours", True, utc(2026, 12, 28, 6)),
        ("90 minutes", False, utc(2026, 12, 28, 9, 30)),
        ("1 working day", True, utc(2026, 12, 23, 8)),
        ("5 working days", False, utc(2027, 1, 4, 8)),
        ("0 days", True, utc(2026, 12, 28, 8)),
    ],
)
def test_before_and_after_a_date(offset: str | None, before: bool, expected: datetime) -> None:
    span = None if offset is None else Span.parse(offset)
    assert on_date(date(2026, 12, 28), span, before, time(9), BERLIN, GERMANY, "DE") == expected


@pytest.mark.parametrize("unit", ["days", "weeks", "months", "working days"])
@pytest.mark.parametrize(("day", "before", "year"), [(date.max, False, 9000), (date.min, True, 1000)])
def test_dates_that_mean_never_do_not_break_the_sum(unit: Unit, day: date, before: bool, year: int) -> None:
    assert on_date(day, Span(1000, unit), before, time(9), BERLIN, NONE, None).year == year


def test_hours_beside_a_date_that_means_never() -> None:
    after = on_date(date.max, Span(100_000, "hours"), False, time(9), BERLIN, NONE, None)
    assert after.year == 9011
