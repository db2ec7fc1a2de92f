"""Time, asked of many zones and compared with oracles that share no code with the core."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.core.caps import FrequencyCap, free_at
from app.core.timing import (
    Calendar,
    QuietHours,
    Span,
    Window,
    Zone,
    add_span,
    local_instant,
    next_open,
    next_weekday,
    on_date,
    zone_of,
)
from app.core.timing.spans import UNITS

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "Antarctica/Troll",  # two hours
    "Africa/Casablanca",  # four changes a year, about Ramadan
    "Pacific/Apia",  # a day was skipped
    "America/Santiago",  # changes at midnight
    "Africa/Cairo",  # changes at midnight
    "America/Havana",  # midnight occurs twice
    "Asia/Kathmandu",  # UTC+5:45
    "Pacific/Chatham",  # UTC+12:45
    "America/St_Johns",
    "Asia/Tehran",
)
COUNTRIES = ("DE", "FR", None)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SCAN_DAYS = 4


@cache
def changes(name: str, first: int, last: int) -> tuple[datetime, ...]:
    """The instants at which the UTC offset of a zone changes, found by halving ten-day steps."""
    zone = zoneinfo.ZoneInfo(name)

    def offset(at: datetime) -> timedelta | None:
        return at.astimezone(zone).utcoffset()

    def found() -> Iterator[datetime]:
        at, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last, 1, 1, tzinfo=UTC)
        while at < end:
            low, high = at, at + 10 * DAY
            at = high
            if offset(low) == offset(high):
                continue
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            yield high.replace(microsecond=0)

    return tuple(found())


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and a whole minute in it, mostly near a change of its clocks."""
    name = draw(st.sampled_from(ZONES))
    near = changes(name, 2005, 2033)
    if near and draw(st.sampled_from([True, True, True, False])):
        change: datetime = draw(st.sampled_from(near))
        return name, change + draw(st.integers(-3 * 1440, 1440)) * MINUTE
    return name, datetime(2005, 1, 1, tzinfo=UTC) + draw(st.integers(0, 28 * 365 * 1440)) * MINUTE


CLOCKS = st.one_of(
    st.sampled_from(
        [time(0), time(0, 30), time(1), time(1, 30), time(2), time(2, 15), time(3), time(23, 30)]
    ),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
WINDOWS = st.builds(
    Window,
    days=st.sets(st.integers(0, 6), min_size=1).map(frozenset),
    opens=CLOCKS,
    closes=CLOCKS,
    zone=st.sampled_from(["contact", "contact", "contact", "Europe/Berlin", "Asia/Kathmandu"]),
    skip_holidays=st.booleans(),
)
QUIETS = (
    st.builds(tuple, st.tuples(CLOCKS, CLOCKS))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda p: QuietHours(*p))
)
SPANS = st.builds(Span, st.integers(0, 40), st.sampled_from(UNITS))


def calendar_near(at: datetime, picks: dict[str, set[int]]) -> Calendar:
    return Calendar(
        {key: frozenset(at.date() + timedelta(days=n) for n in days) for key, days in picks.items()}
    )


HOLIDAYS = st.dictionaries(st.sampled_from(["DE", "FR", "*"]), st.sets(st.integers(-1, 4), max_size=3))


def inside(wall: datetime, window: Window, calendar: Calendar, country: str | None) -> bool:
    """The oracle: some opening day's stretch, in naive clock time, holds the clock time."""
    minutes = [clock.hour * 60 + clock.minute for clock in (window.opens, window.closes)]
    length = timedelta(minutes=(minutes[1] - minutes[0]) % 1440 or 1440)
    naive = wall.replace(tzinfo=None)
    closed = {day for key in ("*", country) if key for day in calendar.holidays.get(key, ())}
    for day in (wall.date(), wall.date() - DAY):
        opened = datetime.combine(day, time()) + timedelta(minutes=minutes[0])
        opens = day.weekday() in window.days and not (window.skip_holidays and day in closed)
        if opens and opened <= naive < opened + length:
            return True
    return False


def quiet_at(wall: datetime, quiet: QuietHours) -> bool:
    """The oracle: how far the clock is into the quiet hours, round the dial."""
    now, start, end = (clock.hour * 60 + clock.minute for clock in (wall, quiet.start, quiet.end))
    return (now - start) % 1440 < (end - start) % 1440


def scan(
    at: datetime,
    window: Window | None,
    quiet: QuietHours | None,
    zone: Zone,
    calendar: Calendar,
    country: str | None,
) -> datetime | None:
    """The first open minute of the next days, each asked in turn."""
    own = zone if window is None or window.zone == "contact" else zoneinfo.ZoneInfo(window.zone)
    for minutes in range(SCAN_DAYS * 1440):
        asked = at + minutes * MINUTE
        if window is not None and not inside(asked.astimezone(own), window, calendar, country):
            continue
        if quiet is None or not quiet_at(asked.astimezone(zone), quiet):
            return asked
    return None


@settings(max_examples=150, deadline=None)
@given(moments(), st.none() | WINDOWS, st.none() | QUIETS, HOLIDAYS, st.sampled_from(COUNTRIES))
@example(
    ("Pacific/Apia", datetime(2011, 12, 29, 22, tzinfo=UTC)),
    Window(frozenset({4}), time(22), time(6)),
    None,
    {},
    None,
)
@example(
    ("America/Havana", datetime(2026, 11, 1, 3, 50, tzinfo=UTC)),
    Window(frozenset({6}), time(0, 30), time(0, 40)),
    QuietHours(time(23), time(0, 35)),
    {},
    None,
)
def test_next_open_agrees_with_asking_every_minute(
    moment: tuple[str, datetime],
    window: Window | None,
    quiet: QuietHours | None,
    picks: dict[str, set[int]],
    country: str | None,
) -> None:
    name, at = moment
    zone, calendar = zone_of(name, "UTC")[0], calendar_near(at, picks)
    found = next_open(at, window, quiet, zone, calendar, country)
    expected = scan(at, window, quiet, zone, calendar, country)
    if expected is None:
        assert found is None or found >= at + SCAN_DAYS * DAY
    else:
        assert found == expected


@settings(max_examples=300, deadline=None)
@given(moments(), st.integers(0, 59_999_999), st.none() | WINDOWS, st.none() | QUIETS, HOLIDAYS)
def test_what_next_open_finds_is_open_and_stays(
    moment: tuple[str, datetime],
    micros: int,
    window: Window | None,
    quiet: QuietHours | None,
    picks: dict[str, set[int]],
) -> None:
    name, at = moment
    at += timedelta(microseconds=micros)
    zone, calendar = zone_of(name, "UTC")[0], calendar_near(at, picks)
    found = next_open(at, window, quiet, zone, calendar, "DE")
    assume(found is not None)
    assert found is not None
    assert found >= at
    assert found.tzinfo is UTC
    assert next_open(found, window, quiet, zone, calendar, "DE") == found
    assert window is None or window.contains(found, zone, calendar, "DE")
    assert quiet is None or not quiet.contains(found, zone)
    if found > at:
        # The earliest: just before it is closed.
        just_before = found - timedelta(microseconds=1)
        closed = window is not None and not window.contains(just_before, zone, calendar, "DE")
        assert closed or (quiet is not None and quiet.contains(just_before, zone))


@settings(max_examples=300, deadline=None)
@given(moments(), WINDOWS, QUIETS, HOLIDAYS, st.sampled_from(COUNTRIES))
def test_inside_and_quiet_agree_with_the_oracle(
    moment: tuple[str, datetime],
    window: Window,
    quiet: QuietHours,
    picks: dict[str, set[int]],
    country: str | None,
) -> None:
    name, start = moment
    zone, calendar = zone_of(name, "UTC")[0], calendar_near(start, picks)
    own = zone if window.zone == "contact" else zoneinfo.ZoneInfo(window.zone)
    for step in range(0, 2 * 1440, 13):
        at = start + step * MINUTE
        assert window.contains(at, zone, calendar, country) == inside(
            at.astimezone(own), window, calendar, country
        )
        assert quiet.contains(at, zone) == quiet_at(at.astimezone(zone), quiet)


def test_every_change_of_every_zone() -> None:
    """A gap opens at its end and a fold at its first pass, wherever clocks change in these years."""
    seen = 0
    every_day = frozenset(range(7))
    for name in sorted(zoneinfo.available_timezones()):
        zone, bad = zone_of(name, "UTC")
        if bad:
            continue
        for change in changes(name, 2020, 2028):
            before = (change - timedelta(microseconds=1)).astimezone(zone).replace(tzinfo=None)
            after = change.astimezone(zone).replace(tzinfo=None)
            jump = after - before
            middle = before + jump // 2
            clock = middle.time().replace(microsecond=0)
            expected = change if jump > timedelta() else change - (before - middle.replace(microsecond=0))
            expected = expected.replace(microsecond=0)
            window = Window(every_day, clock, time((clock.hour + 4) % 24))
            assert local_instant(middle.date(), clock, zone) == expected, (name, change)
            asked = change - timedelta(hours=8)
            assert next_open(asked, window, None, zone, Calendar(), None) == expected, (name, change)
            seen += 1
    assert seen > 500


@settings(max_examples=300, deadline=None)
@given(moments(), SPANS, HOLIDAYS)
@example(("Pacific/Apia", datetime(2011, 12, 30, 9, 59, tzinfo=UTC)), Span(1, "days"), {})
def test_adding_a_span_never_goes_backwards(
    moment: tuple[str, datetime], span: Span, picks: dict[str, set[int]]
) -> None:
    name, start = moment
    zone, calendar = zone_of(name, "UTC")[0], calendar_near(start, picks)
    reached = add_span(start, span, zone, calendar, "DE")
    longer = add_span(start, Span(span.amount + 1, span.unit), zone, calendar, "DE")
    assert start <= reached <= longer
    assert span.amount == 0 or start < reached


@settings(max_examples=300, deadline=None)
@given(moments(), st.integers(1, 40), st.sampled_from(["days", "weeks", "months", "working days"]), HOLIDAYS)
def test_the_clock_time_is_kept_unless_it_is_skipped(
    moment: tuple[str, datetime], amount: int, unit: str, picks: dict[str, set[int]]
) -> None:
    name, start = moment
    zone, calendar = zone_of(name, "UTC")[0], calendar_near(start, picks)
    reached = add_span(start, Span(amount, unit), zone, calendar, "DE")  # type: ignore[arg-type]
    wall = reached.astimezone(zone)
    if wall.time() != start.astimezone(zone).time():
        assert reached in changes(name, 2005, 2040)
    elif unit == "working days":
        days = [start.astimezone(zone).date() + timedelta(days=n) for n in range(1, 100)]
        closed = calendar.holidays.get("DE", frozenset()) | calendar.holidays.get("*", frozenset())
        assert wall.date() == [day for day in days if day.weekday() < 5 and day not in closed][amount - 1]


@settings(max_examples=300, deadline=None)
@given(moments(), st.integers(0, 6), CLOCKS)
def test_the_next_weekday_is_the_first_one_later(
    moment: tuple[str, datetime], weekday: int, clock: time
) -> None:
    name, at = moment
    zone = zone_of(name, "UTC")[0]
    reached = next_weekday(at, weekday, clock, zone)
    today = at.astimezone(zone).date()
    instants = [
        local_instant(today + timedelta(days=n), clock, zone)
        for n in range(-7, 15)
        if (today + timedelta(days=n)).weekday() == weekday
    ]
    assert reached == min(instant for instant in instants if instant > at)


@settings(max_examples=200, deadline=None)
@given(st.dates(), SPANS, CLOCKS, st.sampled_from(ZONES))
@example(date(400, 1, 1), Span(0, "months"), time(0), "UTC")
def test_before_and_after_lie_on_either_side_of_any_date(
    day: date, span: Span, clock: time, name: str
) -> None:
    zone = zone_of(name, "UTC")[0]
    earlier, itself, later = (
        on_date(day, offset, before, clock, zone, Calendar(), None)
        for offset, before in ((span, True), (None, False), (span, False))
    )
    assert earlier <= itself <= later


@settings(max_examples=200, deadline=None)
@given(SPANS)
def test_spans_are_read_back_as_written(span: Span) -> None:
    assert Span.parse(str(span)) == span


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.sampled_from(["/", "..", "Europe/", "Europe/Berlin/", "con", "\0"]))
def test_any_text_gives_some_zone(name: str) -> None:
    zone, bad = zone_of(name, "Europe/Berlin")
    assert zone.key == ("Europe/Berlin" if bad else name)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 30)), max_size=3),
    st.lists(st.integers(-60, 3), max_size=12),
)
def test_a_cap_is_free_at_the_first_hour_that_keeps_every_count(
    sizes: list[tuple[int, int]], hours: list[int]
) -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    caps = [FrequencyCap(count, timedelta(hours=per), f"{count} in {per} hours") for count, per in sizes]
    sent = [now + timedelta(hours=hour) for hour in hours]

    def held_by(at: datetime) -> list[FrequencyCap]:
        return [cap for cap in caps if sum(at - cap.per < mail for mail in sent) >= cap.count]

    first = next(at for at in (now + timedelta(hours=n) for n in range(100)) if not held_by(at))
    held = free_at(caps, sent, now)
    if held is None:
        assert first == now
    else:
        assert held[0] == first
        assert held[1] in held_by(first - timedelta(microseconds=1))


@pytest.mark.parametrize("name", ZONES)
def test_the_zones_of_these_properties_are_known(name: str) -> None:
    assert zone_of(name, "Moon/Base")[1] is False
