"""Time zones, and the instants of wall-clock times in them."""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

Zone = zoneinfo.ZoneInfo

# Dates outside these are moved to them ("9999-12-31" in a customer's data means never): sums of
# instants and spans then stay within what datetime can hold.
FIRST_DAY = date(1000, 1, 1)
LAST_DAY = date(9000, 1, 1)

_SECOND = timedelta(seconds=1)
# Files a zone directory may hold that name no place: what they mean differs by machine.
_NO_PLACE = frozenset({"localtime", "Factory"})


def zone_of(name: str | None, fallback: str) -> tuple[Zone, bool]:
    """The zone called `name`, or `fallback`; and whether a given `name` could not be used.

    Never raises: an unusable `fallback` gives UTC.
    """
    if name is not None:
        if name in _names():
            return _zone(name), False
        return zone_of(None, fallback)[0], True
    return _zone(fallback if fallback in _names() else "UTC"), False


def is_zone(name: object) -> bool:
    """Whether `name` is the IANA name of a zone known here."""
    return isinstance(name, str) and name in _names()


def local_instant(day: date, at: time, zone: Zone) -> datetime:
    """The UTC instant at which clocks in `zone` show `at` on `day`.

    When they skip it, the first instant after the gap; when they show it twice, the first.
    """
    day = min(max(day, FIRST_DAY), LAST_DAY)
    wall = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # In a gap the two folds stand for the offsets before and after it (PEP 495), so the
    # second reading lies before the change and the first one after it.
    return offset_change(wall.replace(fold=1).astimezone(UTC), instant, zone)


def offset_change(before: datetime, after: datetime, zone: Zone) -> datetime:
    """The first instant in (before, after] whose UTC offset is not that of `before`.

    UTC in and out. Between the two there must be exactly one change; the zone tables hold whole seconds.
    """
    old = before.astimezone(zone).utcoffset()
    low = before.replace(microsecond=0)
    seconds = -((low - after) // _SECOND)
    steps_old, steps_new = 0, seconds
    while steps_new - steps_old > 1:
        middle = (steps_old + steps_new) // 2
        if (low + middle * _SECOND).astimezone(zone).utcoffset() == old:
            steps_old = middle
        else:
            steps_new = middle
    return low + steps_new * _SECOND


@cache
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NO_PLACE


@cache
def _zone(name: str) -> Zone:
    # Kept here because ZoneInfo itself holds on to eight zones only. Called with known names only,
    # so odd input cannot fill the cache.
    return Zone(name)
