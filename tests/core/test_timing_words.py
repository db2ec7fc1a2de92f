from datetime import time

import pytest

from app.core.timing import parse_time, parse_weekday
from app.core.timing.words import parse_days


@pytest.mark.parametrize(
    ("text", "expected"),
    [("08:30", time(8, 30)), ("8:30", time(8, 30)), (" 00:00 ", time(0)), ("23:59", time(23, 59))],
)
def test_clock_times_are_read(text: str, expected: time) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    "text", ["24:00", "08:60", "8", "8.30", "", "noon", "08:30:00", "٠٨:٣٠", None, True, 8.5]
)
def test_other_texts_are_refused_and_shown(text: object) -> None:
    with pytest.raises(ValueError, match="is not a clock time") as refused:
        parse_time(text)
    assert str(text) in str(refused.value)


def test_a_number_from_an_unquoted_time_is_answered_with_the_quoted_time() -> None:
    with pytest.raises(ValueError, match=r'1050 is a number.*put it in quotes, such as "17:30"'):
        parse_time(1050)
    with pytest.raises(ValueError, match=r'99999 is a number.*such as "08:30"'):
        parse_time(99999)


def test_long_input_is_cut_in_the_sentence() -> None:
    with pytest.raises(ValueError, match="clock time") as refused:
        parse_time("9" * 5000)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(("text", "number"), [("monday", 0), ("tue", 1), (" Tuesday ", 1), ("SUN", 6)])
def test_weekdays_are_read(text: str, number: int) -> None:
    assert parse_weekday(text) == number


@pytest.mark.parametrize("text", ["t", "tues day", "", "mittwoch", 1, None])
def test_other_words_are_no_weekdays(text: object) -> None:
    with pytest.raises(ValueError, match="is not a day of the week"):
        parse_weekday(text)


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("mon,wed-fri", {0, 2, 3, 4}),
        ("sat-mon", {5, 6, 0}),
        ("sun - sun", {6}),
        (["tue", "thursday-friday"], {1, 3, 4}),
        ("mon-sun", set(range(7))),
    ],
)
def test_days_are_read(value: object, days: set[int]) -> None:
    assert parse_days(value) == days


@pytest.mark.parametrize("value", ["", "mon-", "mon,,tue", "mon-wed-fri", [], [1], None, 3, {"mon": True}])
def test_other_days_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="day"):
        parse_days(value)
