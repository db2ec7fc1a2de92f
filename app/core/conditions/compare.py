"""Comparing one value: each operator as a function that is false for a missing value or another type."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import cast

from app.core.conditions.model import EQUALITY, HALF_MILLIONTH, PRESENCE, RELATIVE, Comparison
from app.core.facts import Value

Compare = Callable[[Value, datetime], bool]

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def comparer(comparison: Comparison) -> Compare:
    operator, operand = comparison.operator, comparison.operand
    if operator in PRESENCE:
        wanted = operator == "is known"
        return lambda value, now: (value is not None) is wanted
    if operator in EQUALITY:
        return _equality(operator, operand if isinstance(operand, tuple) else (operand,))
    if operator in RELATIVE:
        return _relative(operator, cast(timedelta, operand))
    if isinstance(operand, str):
        return _texts(operator, operand)
    within = number_test(operator, cast(float, operand))
    return lambda value, now: type(value) in (float, int) and within(cast(float, value))


def number_test(operator: str, bound: float) -> Callable[[float], bool]:
    """`at least`, `at most`, `more than`, `less than`: equal means within half a millionth."""
    low, high = bound - HALF_MILLIONTH, bound + HALF_MILLIONTH
    match operator:
        case "at least":
            return lambda number: number >= low
        case "at most":
            return lambda number: number <= high
        case "more than":
            return lambda number: number > high
        case "less than":
            return lambda number: number < low
    raise ValueError(f"{operator} does not compare numbers.")


def relative_dates(operator: str, days: timedelta, now: datetime) -> tuple[str, str]:
    """First and last date of `in the last` or `in the next`, counted from now's date in UTC, ends included."""
    today = now.date()
    try:
        other = today - days if operator == "in the last" else today + days
    except OverflowError:
        other = date.min if operator == "in the last" else date.max
    return min(today, other).isoformat(), max(today, other).isoformat()


def _equality(operator: str, wanted: tuple[object, ...]) -> Compare:
    positive = operator in ("is", "one of")
    if isinstance(wanted[0], str):
        texts = frozenset(wanted)

        def of_text(value: Value, now: datetime) -> bool:
            text = text_of(value)
            return text is not None and (text in texts) is positive

        return of_text
    if isinstance(wanted[0], bool):
        return lambda value, now: isinstance(value, bool) and (value in wanted) is positive
    numbers = cast(tuple[float, ...], wanted)

    def of_number(value: Value, now: datetime) -> bool:
        if type(value) not in (float, int):
            return False
        number = cast(float, value)
        return any(one - HALF_MILLIONTH <= number <= one + HALF_MILLIONTH for one in numbers) is positive

    return of_number


def _texts(operator: str, operand: str) -> Compare:
    test: Callable[[str], bool]
    match operator:
        case "contains":
            test = lambda text: operand in text  # noqa: E731
        case "starts with":
            test = lambda text: text.startswith(operand)  # noqa: E731
        case "before":
            test = lambda text: ISO_DATE.fullmatch(text) is not None and text < operand  # noqa: E731
        case _:
            test = lambda text: ISO_DATE.fullmatch(text) is not None and text > operand  # noqa: E731
    return lambda value, now: (text := text_of(value)) is not None and test(text)


def _relative(operator: str, days: timedelta) -> Compare:
    def compare(value: Value, now: datetime) -> bool:
        text = text_of(value)
        if text is None or not ISO_DATE.fullmatch(text):
            return False
        first, last = relative_dates(operator, days, now)
        return first <= text <= last

    return compare


def text_of(value: Value) -> str | None:
    """A text as it is and a date as its ISO text; None of anything else."""
    if isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else None
