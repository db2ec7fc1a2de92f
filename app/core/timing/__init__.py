"""Time: spans, zones, calendars, send windows, quiet hours, and the instants they lead to.

All instants in and out are aware UTC datetimes. Nothing here asks what time it is.
"""

from app.core.timing.adding import add_span, next_weekday, on_date
from app.core.timing.calendars import Calendar
from app.core.timing.opening import next_open
from app.core.timing.spans import Span
from app.core.timing.windows import QuietHours, Window
from app.core.timing.words import parse_time, parse_weekday
from app.core.timing.zones import Zone, local_instant, zone_of

__all__ = [
    "Calendar",
    "QuietHours",
    "Span",
    "Window",
    "Zone",
    "add_span",
    "local_instant",
    "next_open",
    "next_weekday",
    "on_date",
    "parse_time",
    "parse_weekday",
    "zone_of",
]
