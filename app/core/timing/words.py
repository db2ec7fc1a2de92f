"""Clock times and weekdays as people write them in a sequence file."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import time

DAY_NAMES = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)

_WEEKDAYS = {name: number for number, full in enumerate(DAY_NAMES) for name in (full, full[:3])}
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_SHOWN = 60


def shown(value: object) -> str:
    """What was read, for an error sentence: quoted when it is text, and never long."""
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def parse_time(text: object) -> time:
    """A clock time from "08:30" or "8:30". Raises ValueError."""
    found = _CLOCK.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise _no_clock_time(text)
    hours, minutes = int(found[1]), int(found[2])
    if hours > 23 or minutes > 59:
        raise ValueError(f'{shown(text)} is not a clock time: they run from "00:00" (midnight) to "23:59".')
    return time(hours, minutes)


def _no_clock_time(value: object) -> ValueError:
    if not isinstance(value, int) or isinstance(value, bool):
        return ValueError(f'{shown(value)} is not a clock time: write hours and minutes, such as "08:30".')
    # YAML 1.1 reads an unquoted 17:30 as the number 1050 (base sixty). It may have been meant,
    # so it is shown back and not taken.
    hours, minutes = divmod(value, 60)
    example = f"{hours:02}:{minutes:02}" if 0 <= hours < 24 else "08:30"
    return ValueError(f'{shown(value)} is a number, not a clock time: put it in quotes, such as "{example}".')


def parse_weekday(text: object) -> int:
    """The number of a weekday, 0 = Monday, from "tuesday" or "tue". Raises ValueError."""
    number = _WEEKDAYS.get(text.strip().lower()) if isinstance(text, str) else None
    if number is None:
        raise ValueError(f'{shown(text)} is not a day of the week: write a name such as "tue" or "tuesday".')
    return number


def parse_days(value: object) -> frozenset[int]:
    """Weekdays from "mon-fri", "mon, wed-fri", "sat-mon" or a list of such. Raises ValueError."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not parts:
        raise ValueError(f'{shown(value)} names no days: write them such as "mon-fri" or "mon, wed-fri".')
    return frozenset().union(*(_day_range(part) for part in parts))


def _day_range(part: object) -> frozenset[int]:
    if not isinstance(part, str) or "-" not in part:
        return frozenset({parse_weekday(part)})
    first, last = (parse_weekday(end) for end in part.split("-", 1))
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))


def refuse_unknown_keys(tree: Mapping[str, object], known: AbstractSet[str]) -> None:
    """Raise ValueError naming the first key of `tree` that is not among `known`."""
    for key in tree:
        if key not in known:
            raise ValueError(f"{shown(key)} is not known here: use {', '.join(sorted(known))}.")
