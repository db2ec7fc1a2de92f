"""Typed values of custom fields, read from text. What can be read in two ways is refused, not guessed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.core.contacts.words import LONGEST_TEXT, flag_of, folded, tidy
from app.core.reasons import Reason

TYPES = ("text", "number", "date", "flag", "choice")
Stored = str | int | float | bool

_BLANKS = str.maketrans("", "", " \u00a0\u202f\u2009'’€$£%")
_PLAIN_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,15}|[0-9]{1,15}[.,][0-9]{1,2}|[0-9]{4,15}[.,][0-9]+|0[.,][0-9]+)"
)
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*(?:(?!\1)[.,][0-9]+)?")
_LONG_FRACTION = re.compile(r"[+-]?[0-9]{1,15}[.,][0-9]{4,15}")
_ISO_DATE = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ].*)?")
_SHORT_DATE = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2\s?([0-9]{4})(?: .*)?")


@dataclass(frozen=True, slots=True)
class FieldType:
    """A custom field: `key` names it in conditions, `kind` is one of TYPES."""

    key: str
    kind: str
    choices: Sequence[str] = ()


class ValueFault(Exception):
    """The text does not fit the type; `reason` says how."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def typed_value(field: FieldType, text: str, day_first: bool | None = None) -> Stored:
    """The value in the form it is stored in JSON (a date as ISO text). Raises ValueFault.

    `day_first` decides dates such as 03/04/2026; None refuses them.
    """
    if field.kind == "number":
        return _number(field, text)
    if field.kind == "date":
        return _date(field, text, day_first).isoformat()
    if field.kind == "flag":
        flag = flag_of(text)
        if flag is None:
            raise _fault("flag", field, text)
        return flag
    if field.kind == "choice":
        return _choice(field, text)
    value = tidy(text)
    if len(value) > LONGEST_TEXT:
        raise ValueFault(Reason("import.value.long", {"field": field.key, "longest": LONGEST_TEXT}))
    return value


def as_text(value: Stored | None) -> str:
    """A stored value as a form shows it; `typed_value` reads it back."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.6f}".rstrip("0")
    return str(value)


def _number(field: FieldType, text: str) -> int | float:
    bare = text.translate(_BLANKS)
    if _PLAIN_NUMBER.fullmatch(bare) or _LONG_FRACTION.fullmatch(bare):
        return _as_number(bare.replace(",", "."))
    grouped = _GROUPED.fullmatch(bare)
    if grouped is None:
        raise _fault("number", field, text)
    sign = grouped[1]
    other = "," if sign == "." else "."
    # "1,500" is fifteen hundred to one reader and one and a half to the next.
    if bare.count(sign) == 1 and other not in bare:
        raise _fault("number_twofold", field, text)
    return _as_number(bare.replace(sign, "").replace(other, "."))


def _as_number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _date(field: FieldType, text: str, day_first: bool | None) -> date:
    found = _ISO_DATE.fullmatch(text.strip())
    if found:
        return _day(field, text, int(found[1]), int(found[2]), int(found[3]))
    short = _SHORT_DATE.fullmatch(text.strip())
    if short is None:
        raise _fault("date", field, text)
    first, second, year = int(short[1]), int(short[3]), int(short[4])
    if short[2] == "/" and day_first is None and first != second and first <= 12 and second <= 12:
        raise _fault("date_twofold", field, text)
    month_leads = short[2] == "/" and (second > 12 if day_first is None else not day_first)
    return _day(field, text, year, *((first, second) if month_leads else (second, first)))


def _day(field: FieldType, text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise _fault("date", field, text) from None


def _choice(field: FieldType, text: str) -> str:
    word = folded(text)
    for choice in field.choices:
        if folded(choice) == word:
            return choice
    raise ValueFault(
        Reason(
            "import.value.choice", {"field": field.key, "value": text[:60], "choices": list(field.choices)}
        )
    )


def _fault(code: str, field: FieldType, text: str) -> ValueFault:
    return ValueFault(Reason(f"import.value.{code}", {"field": field.key, "value": text[:60]}))
