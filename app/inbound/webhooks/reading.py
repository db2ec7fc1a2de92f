"""Reading what providers write: JSON of any form, times of many forms, texts that may hold anything."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

from app.inbound.webhooks.base import ProviderEvent, Refused

LONGEST = 500
MOST_EVENTS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([245]\d\d)(?![\d.])")
_FRACTION = re.compile(r"(\.\d{6})\d+")


def load_json(body: bytes) -> Any:
    """The JSON of a body. Raises Refused for what is none, too deep, or has numbers that are none."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused("webhook.not_json") from None


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text_of(value: Any, most: int = LONGEST) -> str:
    """One printable line; numbers as they are written, everything else is nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)[: 4 * most]
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())[:most]


def number_of(value: Any) -> int | None:
    """A whole number of three digits, as SMTP replies have; anything else is None."""
    text = text_of(value, 12)
    return int(text) if text.isascii() and len(text) == 3 and text.isdigit() else None


def enhanced_in(*values: Any) -> str | None:
    """The first enhanced status code (RFC 3463) in these texts."""
    for value in values:
        found = _ENHANCED.search(text_of(value, 2000))
        if found:
            return found[1]
    return None


def code_in(*values: Any) -> int | None:
    """The first SMTP reply code in these texts (RFC 5321, 4.2)."""
    for value in values:
        found = _CODE.search(text_of(value, 2000))
        if found:
            return int(found[1])
    return None


def instant_of(value: Any) -> datetime | None:
    """An instant of seconds or milliseconds since 1970, ISO 8601 or RFC 5322; None where it is none."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _within(_EPOCH + timedelta(seconds=value / 1000 if value > 10**11 else value))
        text = text_of(value, 60)
        if text.replace(".", "", 1).isdigit() and text.isascii():
            return instant_of(float(text))
        if text[:4].isdigit():
            at = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
        else:
            at = parsedate_to_datetime(text)
        return _within(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _within(at: datetime) -> datetime | None:
    at = at.astimezone(UTC)
    return at if _FIRST <= at <= _LAST else None


def texts(*values: Any) -> tuple[str, ...]:
    """Those of the values that are texts with something in them."""
    return tuple(text for value in values if (text := text_of(value)))


def digest(*values: Any) -> str:
    """A key for an event whose provider gives none: of what it says."""
    return sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:40]


def each(
    items: Iterable[Any], read: Callable[[Mapping[str, Any]], Iterable[ProviderEvent]]
) -> Iterator[ProviderEvent | Exception]:
    """Every item read by itself: one that cannot be read comes as its fault, and the rest goes on."""
    for number, item in enumerate(items):
        if number >= MOST_EVENTS:
            yield ValueError(f"more than {MOST_EVENTS} events in one call")
            return
        try:
            if not isinstance(item, dict):
                raise ValueError("an event is an object")
            yield from list(read(item))
        except Exception as fault:
            yield fault
