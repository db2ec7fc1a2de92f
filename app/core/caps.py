"""Frequency caps: at most so many mails to one contact in any stretch of so long."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from app.core.timing.spans import Span
from app.core.timing.words import shown

_CAP = re.compile(r"([0-9]{1,6})\s+(?:(?:a|an|per)\s+([a-z]+)|in\s+([0-9].*))")
_EXAMPLES = '"2 a week", "1 a day" or "3 in 10 days"'


@dataclass(frozen=True, slots=True)
class FrequencyCap:
    """At most `count` mails in any stretch as long as `per`; `label` is the cap in words.

    A mail sent at t counts from t until just before t + per. A month is 30 days here.
    """

    count: int
    per: timedelta
    label: str

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(
                f"{shown(self.label)} would hold back every mail for ever: leave the cap out "
                'or write "none" for no cap, or pause the sequence to stop its mails.'
            )
        if self.per <= timedelta():
            raise ValueError(
                f"{shown(self.label)} spans no time: write a longer stretch, such as {_EXAMPLES}."
            )

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read "2 a week", "1 a day", "3 in 10 days". Raises ValueError."""
        label = " ".join(text.lower().split()) if isinstance(text, str) else ""
        if label == "0" or text == 0:
            return cls(0, timedelta(days=1), "0")
        found = _CAP.fullmatch(label)
        try:
            span = Span.parse(found[3] or f"1 {found[2]}") if found else None
        except ValueError as error:
            raise ValueError(f"{shown(text)} is not a cap: {error}") from None
        if found is None or span is None or span.unit == "working days":
            raise ValueError(
                f"{shown(text)} is not a cap: write how many mails in how long, such as {_EXAMPLES}."
            )
        return cls(int(found[1]), span.delta, label)


def parse_caps(value: object) -> tuple[FrequencyCap, ...]:
    """The caps in a list such as ["1 a day", "3 a week"], or in one such text.

    Nothing, an empty list or text, and "none" mean no cap. Raises ValueError.
    """
    entries = value if isinstance(value, list | tuple) else [value]
    return tuple(FrequencyCap.parse(entry) for entry in entries if not _is_none(entry))


def free_at(
    caps: Sequence[FrequencyCap], sent: Sequence[datetime], now: datetime
) -> tuple[datetime, FrequencyCap] | None:
    """None when a mail may go at `now`; else when it may, and the cap that holds it longest.

    `sent` are the instants of the mails that count, in any order. One later than `now`
    (another machine's clock) counts as well.
    """
    newest_first: list[datetime] | None = None
    held: tuple[datetime, FrequencyCap] | None = None
    for cap in caps:
        if len(sent) < cap.count:
            continue
        newest_first = newest_first or sorted(sent, reverse=True)
        # Once the count-th newest mail no longer counts, fewer than `count` do.
        free = newest_first[cap.count - 1] + cap.per
        if free > now and (held is None or free > held[0]):
            held = free, cap
    return held


def _is_none(entry: object) -> bool:
    return entry is None or (isinstance(entry, str) and entry.strip().lower() in ("", "none"))
