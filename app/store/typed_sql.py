"""A value of unknown type in SQL, and the comparisons of the condition language over it.

Mirrors `app.core.conditions.compare` on SQLite and PostgreSQL. Every comparison comes out true or
false, never NULL: a NULL below a NOT would drop the row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Double,
    String,
    and_,
    case,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    type_coerce,
)
from sqlalchemy import cast as sql_cast

from app.core.conditions.compare import relative_dates
from app.core.conditions.model import EQUALITY, HALF_MILLIONTH, NUMERIC, PRESENCE, RELATIVE, Comparison
from app.store.types import to_micros

Sql = ColumnElement[Any]
Test = ColumnElement[bool]

# Beyond so many half-lives a measure is worth nothing; computing it would underflow on PostgreSQL.
MOST_HALF_LIVES = 100.0
NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class TypedValue:
    """One expression a type, each NULL where the value is missing or of another type."""

    text: Sql
    number: Sql | None
    flag: Sql | None
    known: Test


def of_text(text: Sql) -> TypedValue:
    return TypedValue(text, None, None, text.is_not(None))


def of_json(document: Sql, key: str | None, dialect_name: str) -> TypedValue:
    """The value under `key` of a JSON object; without a key the document itself."""
    kind: Sql
    content: Sql
    if dialect_name == "sqlite":
        path = "$" if key is None else f'$."{key}"'
        kind, content = func.json_type(document, path), func.json_extract(document, path)
        names = (["text"], ["integer", "real"], ["true", "false"])
        is_true = kind == "true"
    else:
        value = document if key is None else func.jsonb_extract_path(document, key)
        kind, content = func.jsonb_typeof(value), value.op("#>>")(literal_column("'{}'"))
        names = (["string"], ["number"], ["boolean"])
        is_true = content == "true"
    texts, numbers, flags = names
    return TypedValue(
        case((kind.in_(texts), type_coerce(content, String))),
        case((kind.in_(numbers), sql_cast(content, Double))),
        case((kind.in_(flags), is_true)),
        kind.in_(texts + numbers + flags),
    )


def surely(test: Test) -> Test:
    """The test, false where it is NULL."""
    return func.coalesce(test, false())


def compare(value: TypedValue, comparison: Comparison, now: datetime, dialect_name: str) -> Test:
    operator, operand = comparison.operator, comparison.operand
    if operator in PRESENCE:
        known = surely(value.known)
        return known if operator == "is known" else not_(known)
    if operator in EQUALITY:
        return _equality(value, operator, operand if isinstance(operand, tuple) else (operand,))
    if operator in NUMERIC:
        return false() if value.number is None else surely(NUMBER_TESTS[operator](value.number, operand))
    if operator in RELATIVE:
        first, last = relative_dates(operator, cast(timedelta, operand), now)
        return _date(value.text, dialect_name, lambda text: and_(text >= first, text <= last))
    if operator == "before":
        return _date(value.text, dialect_name, lambda text: text < operand)
    if operator == "after":
        return _date(value.text, dialect_name, lambda text: text > operand)
    return _part(value.text, operator, cast(str, operand), dialect_name)


NUMBER_TESTS: dict[str, Callable[[Sql, Any], Test]] = {
    "at least": lambda number, bound: number >= bound - HALF_MILLIONTH,
    "at most": lambda number, bound: number <= bound + HALF_MILLIONTH,
    "more than": lambda number, bound: number > bound + HALF_MILLIONTH,
    "less than": lambda number, bound: number < bound - HALF_MILLIONTH,
}


def _equality(value: TypedValue, operator: str, wanted: tuple[Any, ...]) -> Test:
    equal: Test
    if isinstance(wanted[0], str):
        equal = value.text.in_(wanted)
    elif isinstance(wanted[0], bool):
        if value.flag is None:
            return false()
        equal = or_(*(value.flag if one else not_(value.flag) for one in set(wanted)))
    else:
        if value.number is None:
            return false()
        equal = or_(*(value.number.between(one - HALF_MILLIONTH, one + HALF_MILLIONTH) for one in wanted))
    return surely(equal if operator in ("is", "one of") else not_(equal))


def _part(text: Sql, operator: str, operand: str, dialect_name: str) -> Test:
    if operator == "starts with":
        return surely(func.substr(text, 1, len(operand)) == operand)
    return surely(holds_text(text, operand, dialect_name))


def holds_text(text: Sql, part: str, dialect_name: str) -> Test:
    """Whether `part` stands in `text`, letter case included (LIKE is blind to it on SQLite)."""
    position = func.instr if dialect_name == "sqlite" else func.strpos
    return position(text, part) > 0


def _date(text: Sql, dialect_name: str, test: Callable[[Sql], Test]) -> Test:
    if dialect_name == "sqlite":
        digit = "[0-9]"
        shape = text.op("GLOB")("-".join((digit * 4, digit * 2, digit * 2)))
        return surely(and_(shape, test(text)))
    shape = text.op("~")("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    return surely(and_(shape, test(text.collate("C"))))


def date_of(at: Sql, dialect_name: str) -> Sql:
    """The date of an instant in UTC, as its ISO text."""
    if dialect_name == "sqlite":
        return func.date(type_coerce(at, BigInteger).op("/")(1_000_000), "unixepoch", type_=String)
    return func.to_char(func.timezone("UTC", at), "YYYY-MM-DD", type_=String)


def worth(value: Sql, as_of: Sql, half_life: Sql, now: datetime, dialect_name: str) -> Sql:
    """What a decaying measure is worth at `now`; see `app.core.facts.Measure`."""
    if dialect_name == "sqlite":
        age = (to_micros(now) - type_coerce(as_of, BigInteger)) / literal(1e6)
    else:
        moment = DateTime(timezone=True)
        age = func.date_part("epoch", literal(now, moment) - type_coerce(as_of, moment), type_=Double)
    return case(
        (or_(half_life.is_(None), half_life < 1.0, age <= 0.0, func.abs(value) < NOTHING), value),
        (age / half_life > MOST_HALF_LIVES, 0.0),
        else_=value * func.pow(0.5, age / half_life, type_=Double),
    )


def start_of(now: datetime, window: timedelta | None) -> datetime | None:
    """The instant a window before `now` opens; None where it reaches back to the beginning of time."""
    if window is None or window > now - datetime.min.replace(tzinfo=UTC):
        return None
    return now - window
