"""The next instant at which a mail may leave."""

from datetime import datetime, time, timedelta

from app.core.timing.calendars import Calendar
from app.core.timing.windows import QuietHours, Window
from app.core.timing.zones import Zone, offset_change

HORIZON = timedelta(days=400)

_DAY = timedelta(days=1)


def next_open(
    at: datetime,
    window: Window | None,
    quiet: QuietHours | None,
    zone: Zone,
    calendar: Calendar,
    country: str | None,
) -> datetime | None:
    """The earliest instant from `at` (UTC) on that is inside `window` and outside `quiet`.

    `zone` and `country` are the contact's. None when there is none within 400 days, for
    instance because the window lies wholly inside the quiet hours.
    """
    window_zone = zone if window is None else window.zone_for(zone)
    last = None
    while True:
        wall = at.astimezone(zone)
        window_wall = wall if window_zone is zone else at.astimezone(window_zone)
        # Between two turns of a clock nothing opens, so going from turn to turn misses no instant.
        if window is not None and not window.shows(window_wall, calendar, country):
            turn = _turn(at, window_wall, window.opens, window_zone)
        elif quiet is not None and quiet.shows(wall.time()):
            turn = _turn(at, wall, quiet.end, zone)
        else:
            return at
        if last is None:
            if window and quiet and window_zone is zone and _hides(quiet, window):
                return None
            last = at + HORIZON
        if turn > last:
            return None
        at = turn


def _turn(at: datetime, wall: datetime, clock: time, zone: Zone) -> datetime:
    """The first instant after `at`, at which the clock shows `wall`, when it shows `clock` or is changed."""
    ahead = _clock_time(clock) - _clock_time(wall)
    turn = at + (ahead if ahead > timedelta() else ahead + _DAY)
    # No zone changes its offset and changes it back within a day.
    if turn.astimezone(zone).utcoffset() == wall.utcoffset():
        return turn
    return offset_change(at, turn, zone)


def _hides(quiet: QuietHours, window: Window) -> bool:
    """Whether every clock time inside `window` is quiet, both read on the same clock."""
    opens = _clock_time(window.opens)
    open_for = (_clock_time(window.closes) - opens) % _DAY or _DAY
    quiet_for = (_clock_time(quiet.end) - opens) % _DAY
    return quiet.shows(window.opens) and open_for <= quiet_for


def _clock_time(clock: time | datetime) -> timedelta:
    return timedelta(
        hours=clock.hour,
        minutes=clock.minute,
        seconds=clock.second,
        microseconds=clock.microsecond,
    )
