"""Hits told from outside, one JSON object a line, as `trellis hits judge` reads them. Any member may be missing."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.inbound.judging.hits import Hit
from app.inbound.judging.networks import parsed

LONGEST = 1_000_000
_OPENS = re.compile(r"open|pixel|image|img|gif|view", re.I)
_PAGES = re.compile(r"page|answer|unsub|prefer", re.I)
# Beyond this a number counts milliseconds.
_MILLISECONDS = 1e11


class BadLine(ValueError):
    """The line is no hit; the text says what is wrong with it."""


def read_line(text: str, number: int) -> Hit:
    """The hit of a line; its id is the number of the line. Raises BadLine."""
    if len(text) > LONGEST:
        raise BadLine(f"the line is longer than {LONGEST:,} characters")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadLine("this is no JSON") from None
    if not isinstance(data, dict):
        raise BadLine("this is no JSON object")
    head = _headers(data.get("headers"))
    agent = data.get("user_agent")
    version = data.get("http_version") or data.get("protocol")
    if isinstance(version, str | float):
        head.setdefault("http-version", str(version))
    return Hit(
        id=str(number),
        kind=_kind(data),
        method=_text(data.get("method")).upper() or "GET",
        at=_instant(data.get("at"), "at"),
        user_agent=_text(agent if agent is not None else head.get("user-agent")),
        address=_address(data.get("ip") if data.get("ip") is not None else data.get("address")),
        link=_link(data),
        delivery=_text(data.get("delivery")) or None,
        headers=head,
        accepted_at=_instant(data.get("accepted_at"), "accepted_at"),
        domain=_domain(data.get("recipient_domain")),
        gateway=_domain(data.get("mx")),
    )


def _kind(data: Mapping[str, Any]) -> str:
    said = _text(data.get("kind"))
    if _PAGES.search(said):
        return "page"
    return "open" if _OPENS.search(said) or (not said and data.get("link") == 0) else "click"


def _link(data: Mapping[str, Any]) -> int | str | None:
    for name in ("link", "url", "path", "target"):
        value = data.get(name)
        if isinstance(value, int | str) and value != "":
            return value
    return None


def _headers(found: object) -> dict[str, str]:
    pairs: list[Any] = []
    if isinstance(found, Mapping):
        pairs = list(found.items())
    elif isinstance(found, str):
        pairs = [line.partition(":")[::2] for line in found.splitlines()]
    elif isinstance(found, list):
        pairs = [one.partition(":")[::2] if isinstance(one, str) else one for one in found]
    head: dict[str, str] = {}
    for pair in pairs:
        if isinstance(pair, Mapping) and "name" in pair:
            pair = (pair["name"], pair.get("value"))
        if isinstance(pair, list | tuple) and len(pair) == 2:
            head[_text(pair[0]).lower().replace("_", "-")] = _text(pair[1])
    head.pop("", None)
    return head


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return str(value).strip()


def _address(value: object) -> str:
    """The first address of the list that proxies make, without its port."""
    first = _text(value).split(",")[0].strip()
    port = re.fullmatch(r"\[?(.*?)\]?:(\d{1,5})", first)
    if parsed(first) is None and port is not None and parsed(port[1]) is not None:
        return port[1]
    return first


def _domain(value: object) -> str:
    name = _text(value).split(",")[0].rpartition("@")[2].lower()
    return name.rpartition(" ")[2].strip(".")


def _instant(value: object, name: str) -> datetime | None:
    """An ISO instant, in UTC where it names no zone, or seconds (or milliseconds) since 1970."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and not re.fullmatch(r"\d+(\.\d+)?", value.strip()):
            at = datetime.fromisoformat(value.strip())
            return _sane(at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC))
        seconds = float(value)  # type: ignore[arg-type]
        if isinstance(value, bool) or not math.isfinite(seconds):
            raise ValueError
        return _sane(datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC))
    except (ValueError, TypeError, OverflowError, OSError):
        raise BadLine(f"“{name}” is no time; write 2026-11-24T10:00:00Z, or seconds since 1970") from None


def _sane(at: datetime) -> datetime:
    if not 1970 <= at.year < 9000:
        raise ValueError
    return at
