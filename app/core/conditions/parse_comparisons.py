"""Reading the comparisons of a leaf: `at least: 50`, `one of: [a, b]`, `in the next: 30 days`."""

import math
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import cast

from app.core.conditions.model import (
    DATED,
    EQUALITY,
    NUMERIC,
    PRESENCE,
    RELATIVE,
    Comparison,
    Operand,
    Scalar,
)
from app.core.conditions.texts import read_text
from app.core.reading import Node
from app.core.timing import Span

MOST_VALUES = 1000
MOST_NUMBERS = 100
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_comparisons(node: Node, operators: Iterable[str]) -> list[Comparison]:
    """Every operator that stands in the mapping, in the order of `operators`; none is a fault."""
    allowed = tuple(operators)
    written = [(name, node.get(name)) for name in allowed]
    found = [_comparison(value, name) for name, value in written if value is not None]
    if not found:
        node.error("A comparison is missing.", f"Write one of: {', '.join(allowed)}.")
    return found


def _comparison(node: Node, operator: str) -> Comparison:
    if operator in PRESENCE:
        other = PRESENCE[1 - PRESENCE.index(operator)]
        return Comparison(operator if node.flag(True) else other)
    return Comparison(operator, _operand(node, operator))


def _operand(node: Node, operator: str) -> Operand:
    if operator in ("one of", "none of"):
        return _values(node)
    if operator in EQUALITY:
        return _value(node)
    if operator in NUMERIC:
        return read_number(node)
    if operator in DATED:
        return _date(node)
    if operator in RELATIVE:
        return _days(node)
    return read_text(node)


def _values(node: Node) -> Operand:
    items = node.items()
    values = tuple(dict.fromkeys(_value(item) for item in items[:MOST_VALUES]))
    if not values:
        node.error("Here is an empty list.", "Write at least one value.")
    if len(items) > MOST_VALUES:
        node.error(f"More than {MOST_VALUES} values.", "Tag the contacts instead and ask for the tag.")
    if len({type(value) for value in values}) > 1:
        node.error("These values are of different types.", "Write texts only, or numbers only.")
    elif values and isinstance(values[0], float) and len(values) > MOST_NUMBERS:
        node.error(f"More than {MOST_NUMBERS} numbers.", "Write a range with “at least” and “at most”.")
    return cast(Operand, values)


def _value(node: Node) -> Scalar:
    value = node.value
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return read_number(node)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return read_text(node)
    node.error("Here should stand one text, number, date, true or false.")
    return ""


def read_number(node: Node) -> float:
    try:
        number = node.number()
    except OverflowError:
        number = math.inf
    if math.isfinite(number):
        return number
    node.error("Here should stand a finite number.", "Write digits, such as 50.")
    return 0.0


def _date(node: Node) -> str:
    value = node.value
    text = value.isoformat() if isinstance(value, date) else value if isinstance(value, str) else ""
    try:
        if ISO_DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    node.error("Here should stand a date.", "Write year, month and day, such as 2026-03-31.")
    return "0001-01-01"


def read_span(node: Node) -> Span:
    """A span of fixed length. Working days have none without a calendar, so they are a fault."""
    try:
        span = Span.parse(node.value)
    except ValueError as error:
        node.error(str(error))
        return Span(0, "days")
    if span.unit == "working days":
        node.error("A condition counts plain days, not working days.", "Write days, such as “14 days”.")
    return span


def _days(node: Node) -> timedelta:
    span = read_span(node)
    if span.unit in ("minutes", "hours"):
        node.error("A date is compared by whole days.", "Write days, weeks or months, such as “30 days”.")
    return span.delta
