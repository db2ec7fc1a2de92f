"""Instants reached by adding spans, by weekday, or from a date field."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta

from app.core.timing.calendars import Calendar
from app.core.timing.spans import Span
from app.core.timing.zones import FIRST_DAY, LAST_DAY, Zone, local_instant

_DAYS = {"days": 1, "weeks": 7}


def add_span(start: datetime, span: Span, zone: Zone, calendar: Calendar, country: str | None) -> datetime:
    """The UTC instant `span` after `start`; never before `start`.

    Minutes and hours are absolute. The other units keep the clock time in `zone`, as
    `local_instant` reads it; 31 January and a month is the last of February; working days are
    those of `country`.
    """
    if span.amount == 0:
        return start  # which can be the second pass of an hour that occurs twice
    if span.unit in ("minutes", "hours"):
        return start + span.delta
    wall = start.astimezone(zone)
    day = _shift(wall.date(), span, 1, calendar, country)
    return local_instant(day, wall.time(), zone)


def next_weekday(at: datetime, weekday: int, local: time, zone: Zone) -> datetime:
    """The first UTC instant after `at` when it is `local` o'clock on `weekday` (0 = Monday) in `zone`."""
    today = at.astimezone(zone).date()
    day = _days_on(today, (weekday - today.weekday()) % 7)
    instant = local_instant(day, local, zone)
    return instant if instant > at else local_instant(_days_on(day, 7), local, zone)


def on_date(
    day: date,
    offset: Span | None,
    before: bool,
    local: time,
    zone: Zone,
    calendar: Calendar,
    country: str | None,
) -> datetime:
    """The UTC instant of `local` o'clock in `zone`, `offset` before or after the date `day`.

    Minutes and hours are taken from the instant, the other units from the date.
    """
    if offset is None:
        return local_instant(day, local, zone)
    sign = -1 if before else 1
    if offset.unit in ("minutes", "hours"):
        return local_instant(day, local, zone) + sign * offset.delta
    return local_instant(_shift(day, offset, sign, calendar, country), local, zone)


def _shift(day: date, span: Span, sign: int, calendar: Calendar, country: str | None) -> date:
    if span.unit == "working days":
        return _working_days_on(day, span.amount, sign, calendar, country)
    if span.unit == "months":
        return _months_on(day, sign * span.amount)
    return _days_on(day, sign * span.amount * _DAYS[span.unit])


def _working_days_on(day: date, amount: int, sign: int, calendar: Calendar, country: str | None) -> date:
    left = amount
    while left and FIRST_DAY < day < LAST_DAY:
        day += timedelta(days=sign)
        left -= calendar.is_working(day, country)
    return day


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year < FIRST_DAY.year:
        return FIRST_DAY
    if year >= LAST_DAY.year:
        return LAST_DAY
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _days_on(day: date, days: int) -> date:
    return date.fromordinal(min(max(day.toordinal() + days, FIRST_DAY.toordinal()), LAST_DAY.toordinal()))
