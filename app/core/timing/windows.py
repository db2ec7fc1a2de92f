"""Send windows and quiet hours: what a recipient's clock must, or must not, show.

Both are judged by the clock on the wall. An hour that occurs twice is inside both times or
neither time, an hour that is skipped is never inside, and no mail ever arrives at a
clock time its reader ruled out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self

from app.core.timing.calendars import Calendar
from app.core.timing.words import parse_days, parse_time, refuse_unknown_keys, shown
from app.core.timing.zones import Zone, is_zone, zone_of

CONTACT = "contact"
EVERY_DAY = frozenset(range(7))

_DAY = timedelta(days=1)
_HOLIDAYS = {"skip": True, "send": False}


@dataclass(frozen=True, slots=True)
class Window:
    """When mail may leave.

    `days` are those on which it opens (0 = Monday); closing at or before the opening time
    means on the next day, so equal times are a whole 24 hours. A skipped holiday is
    one on which it does not open.
    """

    days: frozenset[int]
    opens: time
    closes: time
    zone: str = CONTACT
    skip_holidays: bool = True

    def __post_init__(self) -> None:
        if not self.days or not self.days <= EVERY_DAY:
            raise ValueError(f"days: {shown(sorted(self.days))} is no choice of days: use 0 (Monday) to 6.")
        if self.zone != CONTACT and not is_zone(self.zone):
            raise ValueError(
                f'zone: {shown(self.zone)} is not a known time zone: write "contact" '
                'for each reader\'s own, or a name such as "Europe/Berlin".'
            )

    @classmethod
    def from_tree(cls, tree: Mapping[str, object]) -> Self:
        """Read {days: mon-fri, from: "08:30", to: "17:30", zone: contact, holidays: skip}.

        Left out: every day, the whole day, the contact's zone, holidays skipped. Raises
        ValueError naming the key.
        """
        refuse_unknown_keys(tree, {"days", "from", "to", "zone", "holidays"})
        opens, closes = _hours(tree) if "from" in tree or "to" in tree else (time(), time())
        holidays = tree.get("holidays", "skip")
        if not isinstance(holidays, str) or holidays not in _HOLIDAYS:
            raise ValueError(f'holidays: {shown(holidays)} is not known: write "skip" or "send".')
        zone = tree.get("zone", CONTACT)
        return cls(
            days=_days(tree),
            opens=opens,
            closes=closes,
            zone=zone if isinstance(zone, str) else shown(zone),
            skip_holidays=_HOLIDAYS[holidays],
        )

    def zone_for(self, contact_zone: Zone) -> Zone:
        """The zone whose clock counts for a contact in `contact_zone`."""
        return contact_zone if self.zone == CONTACT else zone_of(self.zone, "UTC")[0]

    def contains(self, at: datetime, zone: Zone, calendar: Calendar, country: str | None) -> bool:
        """Whether the instant `at` is inside, for a contact in `zone` and `country`."""
        return self.shows(at.astimezone(self.zone_for(zone)), calendar, country)

    def shows(self, wall: datetime, calendar: Calendar, country: str | None) -> bool:
        """Whether a clock in the window's zone that shows `wall` is inside."""
        clock = wall.time()
        if clock >= self.opens:
            return (clock < self.closes or self.closes <= self.opens) and self._opens_on(
                wall, calendar, country
            )
        if clock < self.closes <= self.opens:
            return self._opens_on(wall - _DAY, calendar, country)
        return False

    def _opens_on(self, day: datetime, calendar: Calendar, country: str | None) -> bool:
        if day.weekday() not in self.days:
            return False
        return not (self.skip_holidays and calendar.is_holiday(day.date(), country))


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of each day, in the contact's zone, when no mail arrives; `end` may be past midnight."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(
                f"from and to are both {self.start:%H:%M}, which leaves no time to send: "
                'write two different times, such as from "21:00" to "07:00".'
            )

    @classmethod
    def from_tree(cls, tree: Mapping[str, object]) -> Self:
        """Read {from: "21:00", to: "07:00"}. Raises ValueError naming the key."""
        refuse_unknown_keys(tree, {"from", "to"})
        return cls(*_hours(tree))

    def contains(self, at: datetime, zone: Zone) -> bool:
        """Whether the instant `at` is quiet for a contact in `zone`."""
        return self.shows(at.astimezone(zone).time())

    def shows(self, clock: time) -> bool:
        """Whether a clock that shows `clock` is in the quiet hours."""
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


def _hours(tree: Mapping[str, object]) -> tuple[time, time]:
    first, last = (_clock(tree, key) for key in ("from", "to"))
    return first, last


def _clock(tree: Mapping[str, object], key: str) -> time:
    if key not in tree:
        raise ValueError(f'{key} is missing: write both times, such as from: "08:30" and to: "17:30".')
    try:
        return parse_time(tree[key])
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _days(tree: Mapping[str, object]) -> frozenset[int]:
    if "days" not in tree:
        return EVERY_DAY
    try:
        return parse_days(tree["days"])
    except ValueError as error:
        raise ValueError(f"days: {error}") from None
