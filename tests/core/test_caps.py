from datetime import UTC, datetime, timedelta

import pytest

from app.core.caps import FrequencyCap, free_at, parse_caps

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAILY, WEEKLY = parse_caps(["1 a day", "3 a week"])


@pytest.mark.parametrize(
    ("text", "cap"),
    [
        ("2 a week", FrequencyCap(2, 7 * DAY, "2 a week")),
        ("1 a day", FrequencyCap(1, DAY, "1 a day")),
        ("3 in 10 days", FrequencyCap(3, 10 * DAY, "3 in 10 days")),
        (" 4  per Month", FrequencyCap(4, 30 * DAY, "4 per month")),
        ("1 an hour", FrequencyCap(1, HOUR, "1 an hour")),
        ("1 in 90 minutes", FrequencyCap(1, 90 * timedelta(minutes=1), "1 in 90 minutes")),
    ],
)
def test_caps_are_read(text: str, cap: FrequencyCap) -> None:
    assert FrequencyCap.parse(text) == cap


@pytest.mark.parametrize(
    "text", ["week", "2", "two a week", "-1 a day", "2 a fortnight", "2 in 3 working days", 5, True]
)
def test_other_texts_are_refused_with_examples(text: object) -> None:
    with pytest.raises(ValueError, match="is not a cap") as refused:
        FrequencyCap.parse(text)
    assert str(text) in str(refused.value)
    assert 'such as "2' in str(refused.value)


@pytest.mark.parametrize("text", ["0", 0, "0 a week", "0 in 10 days"])
def test_nought_is_refused_with_the_remedy(text: object) -> None:
    with pytest.raises(
        ValueError, match=r'would hold back every mail for ever.*"none" for no cap.*pause the sequence'
    ):
        FrequencyCap.parse(text)


def test_a_cap_spans_some_time() -> None:
    with pytest.raises(ValueError, match='"1 in 0 days" spans no time'):
        FrequencyCap.parse("1 in 0 days")


@pytest.mark.parametrize("value", [None, "", " ", "none", "None", [], ["none"], [None, ""], ()])
def test_nothing_is_no_cap(value: object) -> None:
    assert parse_caps(value) == ()


def test_lists_and_single_caps_are_read() -> None:
    assert parse_caps(["1 a day", "3 a week"]) == (DAILY, WEEKLY)
    assert parse_caps("1 a day") == (DAILY,)


@pytest.mark.parametrize("value", [0, [0], False, {"1 a day": None}, 2.5])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="cap"):
        parse_caps(value)


def test_without_caps_or_mails_the_way_is_free() -> None:
    assert free_at((), [NOW] * 9, NOW) is None
    assert free_at((DAILY, WEEKLY), [], NOW) is None


def test_a_mail_counts_from_its_instant_until_just_before_the_end() -> None:
    tick = timedelta(microseconds=1)
    assert free_at((DAILY,), [NOW], NOW) == (NOW + DAY, DAILY)
    assert free_at((DAILY,), [NOW], NOW + DAY - tick) == (NOW + DAY, DAILY)
    assert free_at((DAILY,), [NOW], NOW + DAY) is None


def test_the_number_is_a_count_and_not_an_interval() -> None:
    assert free_at((WEEKLY,), [NOW - HOUR, NOW - DAY], NOW) is None
    assert free_at((WEEKLY,), [NOW - HOUR, NOW - DAY, NOW - 2 * DAY], NOW) == (NOW + 5 * DAY, WEEKLY)


def test_the_cap_that_holds_longest_is_named() -> None:
    sent = [NOW - HOUR, NOW - 3 * DAY, NOW - 6 * DAY]
    assert free_at((WEEKLY, DAILY), sent, NOW) == (NOW + DAY, WEEKLY)  # six days ago, and a week on
    sent = [NOW - HOUR, NOW - 3 * DAY, NOW - 6 * DAY - 2 * HOUR]
    assert free_at((WEEKLY, DAILY), sent, NOW) == (NOW + 23 * HOUR, DAILY)


def test_more_mails_than_the_cap_allows_hold_until_enough_are_past() -> None:
    sent = [NOW - HOUR * hours for hours in (5, 1, 3, 2, 4)]
    assert free_at((WEEKLY,), sent, NOW) == (NOW - 3 * HOUR + 7 * DAY, WEEKLY)


def test_a_mail_of_a_clock_ahead_counts_as_well() -> None:
    assert free_at((DAILY,), [NOW + HOUR], NOW) == (NOW + HOUR + DAY, DAILY)
